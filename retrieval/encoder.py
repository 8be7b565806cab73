"""A BERT sentence encoder as an OpenVINO graph, built straight from its safetensors.

Neither torch nor transformers is imported: a process that only embeds starts in a second and stays small. The layers
are those of Devlin et al. 2019 (section 3) with mean pooling as in Reimers and Gurevych 2019 (section 3).
"""

import json
import math
import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import openvino
import openvino.opset15 as ops
from numpy.typing import NDArray
from safetensors.numpy import load_file

Vectors = NDArray[np.float32]
_FEW = 4
"""Batches that aren't worth a graph of their own."""
_GROUP = 384
"""Numbers of an activation that share a scale where bytes are multiplied: taken anew for each token (see DECISIONS)."""
_LEAST_SCALE = 1e-12
_NOTHING = -10_000.0
"""Added to the attention logits of padding."""


def can_encode(folder: Path) -> bool:
    """Whether a sentence-transformers folder holds what this module builds: BERT, mean pooling, normalised or not."""
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        modules = [str(module["type"]) for module in json.loads((folder / "modules.json").read_text(encoding="utf-8"))]
        pooling = json.loads((folder / "1_Pooling" / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError):
        return False
    names = [module.rsplit(".", 1)[-1] for module in modules]
    means = pooling.get("pooling_mode_mean_tokens") is True or pooling.get("pooling_mode") == "mean"
    others = [name for name, value in pooling.items() if name.startswith("pooling_mode_") and value is True]
    return (
        config.get("model_type") == "bert"
        and config.get("hidden_act") == "gelu"
        and config.get("position_embedding_type", "absolute") == "absolute"
        and names in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"])
        and means
        and others in ([], ["pooling_mode_mean_tokens"])
        and (folder / "model.safetensors").is_file()
        and (folder / "tokenizer.json").is_file()
    )


class Encoder:
    """Token ids to unit vectors. One compiled graph, shared by threads."""

    def __init__(self, folder: Path, precision: str = "") -> None:
        """Build and compile the graph of a verified folder.

        `precision`: `f32`, `bf16`, or `int8`, whose linear layers multiply bytes and whose rest is bf16; empty: what
        the processor does fastest. One that has bf16 multiplies bytes natively too (AVX512 VNNI came before it).
        """
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        self._core = openvino.Core()
        native = "BF16" in self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        self.precision = precision or ("int8" if native else "f32")
        self.dimension = int(config["hidden_size"])
        self._model = _Graph(config, _weights(folder), self.precision == "int8").model()
        self._local = threading.local()

    @cached_property
    def _one(self) -> openvino.CompiledModel:
        """All cores on one batch: questions."""
        return self._compiled("LATENCY")

    @cached_property
    def _many(self) -> openvino.CompiledModel:
        """A batch for each core: documents."""
        return self._compiled("THROUGHPUT")

    def _compiled(self, hint: str) -> openvino.CompiledModel:
        bytewise = self.precision == "int8"
        hints: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": "bf16" if bytewise else self.precision,
            "ENABLE_CPU_PINNING": False,
            "PERFORMANCE_HINT": hint,
            "DYNAMIC_QUANTIZATION_GROUP_SIZE": math.gcd(self.dimension, _GROUP) if bytewise else 0,
        }
        return self._core.compile_model(self._model, "CPU", hints)

    def encode(self, tokens: Sequence[Sequence[int]], batch: int) -> Vectors:
        """Unit vectors (len(tokens), dimension) of token id sequences, each framed by its special tokens.

        Sequences of similar length go together, so that little is computed for padding.
        """
        result = np.empty((len(tokens), self.dimension), np.float32)
        order = sorted(range(len(tokens)), key=lambda row: len(tokens[row]))
        blocks = [order[start : start + batch] for start in range(0, len(order), batch)]
        if len(blocks) <= _FEW:
            for rows in blocks:
                result[rows] = self._infer_one(*_padded(tokens, rows))
            return result
        queue = openvino.AsyncInferQueue(self._many)

        def keep(request: Any, rows: list[int]) -> None:  # noqa: ANN401 (OpenVINO's request has no public type)
            result[rows] = request.get_output_tensor(0).data

        queue.set_callback(keep)
        for rows in blocks:
            ids, mask = _padded(tokens, rows)
            queue.start_async({0: ids, 1: mask}, rows)
        queue.wait_all()
        return result

    def _infer_one(self, ids: NDArray[np.int32], mask: Vectors) -> Vectors:
        """One batch, now: each thread has a request of its own, so that questions don't wait for each other's."""
        request = getattr(self._local, "request", None)
        if request is None:
            request = self._local.request = self._one.create_infer_request()
        request.infer({0: ids, 1: mask})
        return np.array(request.get_output_tensor(0).data, np.float32)


def _padded(tokens: Sequence[Sequence[int]], rows: Sequence[int]) -> tuple[NDArray[np.int32], Vectors]:
    longest = max(len(tokens[row]) for row in rows)
    ids, mask = np.zeros((len(rows), longest), np.int32), np.zeros((len(rows), longest), np.float32)
    for place, row in enumerate(rows):
        ids[place, : len(tokens[row])] = tokens[row]
        mask[place, : len(tokens[row])] = 1
    return ids, mask


def _weights(folder: Path) -> dict[str, Vectors]:
    """The tensors in float32, by their names without a leading `bert.`."""
    return {
        name.removeprefix("bert."): np.asarray(tensor, np.float32)
        for name, tensor in load_file(folder / "model.safetensors").items()
        if np.issubdtype(tensor.dtype, np.floating)
    }


class _Graph:
    """Writes the encoder's graph. Shapes: ids and mask (batch, tokens), output (batch, hidden)."""

    def __init__(self, config: dict[str, Any], weights: dict[str, Vectors], bytewise: bool) -> None:
        self._weights, self._bytewise = weights, bytewise
        self._hidden, self._heads = int(config["hidden_size"]), int(config["num_attention_heads"])
        self._layers, self._epsilon = int(config["num_hidden_layers"]), float(config["layer_norm_eps"])

    def model(self) -> openvino.Model:
        ids = ops.parameter([-1, -1], np.int32, name="ids")
        mask = ops.parameter([-1, -1], np.float32, name="mask")
        hidden = self._embedded(ids)
        blocked = ops.multiply(ops.subtract(_floats(1.0), mask), _floats(_NOTHING))
        blocked = ops.unsqueeze(ops.unsqueeze(blocked, _ints(1)), _ints(1))
        for layer in range(self._layers):
            hidden = self._layer(f"encoder.layer.{layer}", hidden, blocked)
        return openvino.Model([self._pooled(hidden, mask)], [ids, mask], "encoder")

    def _embedded(self, ids: openvino.Node) -> openvino.Node:
        tables = "embeddings.{}_embeddings.weight"
        length = ops.gather(ops.shape_of(ids, output_type="i64"), _ints([1]), _ints(0))
        places = ops.slice(self._tensor(tables.format("position")), _ints([0]), length, _ints([1]), _ints([0]))
        words = ops.gather(self._tensor(tables.format("word")), ids, _ints(0))
        segment = _floats(self._weights[tables.format("token_type")][:1])
        return self._normed("embeddings.LayerNorm", ops.add(ops.add(words, segment), places))

    def _layer(self, name: str, hidden: openvino.Node, blocked: openvino.Node) -> openvino.Node:
        attention = f"{name}.attention.self"
        parts = [self._split(self._linear(f"{attention}.{part}", hidden)) for part in ("query", "key", "value")]
        mixed = ops.transpose(ops.scaled_dot_product_attention(*parts, blocked), _ints([0, 2, 1, 3]))
        mixed = ops.reshape(mixed, _ints([0, 0, self._hidden]), True)
        mixed = self._linear(f"{name}.attention.output.dense", mixed)
        hidden = self._normed(f"{name}.attention.output.LayerNorm", ops.add(hidden, mixed))
        wide = ops.gelu(self._linear(f"{name}.intermediate.dense", hidden), "erf")
        wide = self._linear(f"{name}.output.dense", wide)
        return self._normed(f"{name}.output.LayerNorm", ops.add(hidden, wide))

    def _split(self, node: openvino.Node) -> openvino.Node:
        """(batch, tokens, hidden) to (batch, heads, tokens, hidden / heads)."""
        shape = _ints([0, 0, self._heads, self._hidden // self._heads])
        return ops.transpose(ops.reshape(node, shape, True), _ints([0, 2, 1, 3]))

    def _linear(self, name: str, node: openvino.Node) -> openvino.Node:
        weight = self._quantised(f"{name}.weight") if self._bytewise else self._tensor(f"{name}.weight")
        return ops.add(ops.matmul(node, weight, False, True), self._tensor(f"{name}.bias"))

    def _quantised(self, name: str) -> openvino.Node:
        """A weight as signed bytes with a scale for each output (symmetric, Jacob et al. 2018, section 2.1)."""
        weight = self._weights[name]
        scale = np.maximum(np.abs(weight).max(axis=1, keepdims=True), _LEAST_SCALE) / 127
        whole = ops.constant(np.round(weight / scale).astype(np.int8))
        return ops.multiply(ops.convert(whole, np.float32), _floats(scale))

    def _normed(self, name: str, node: openvino.Node) -> openvino.Node:
        scaled = ops.mvn(node, _ints([-1]), True, self._epsilon, "inside_sqrt")
        return ops.add(ops.multiply(scaled, self._tensor(f"{name}.weight")), self._tensor(f"{name}.bias"))

    def _pooled(self, hidden: openvino.Node, mask: openvino.Node) -> openvino.Node:
        column = ops.unsqueeze(mask, _ints(2))
        total = ops.reduce_sum(ops.multiply(hidden, column), _ints([1]), False)
        mean = ops.divide(total, ops.reduce_sum(column, _ints([1]), False))
        return ops.normalize_l2(mean, _ints([1]), 1e-12, "max")

    def _tensor(self, name: str) -> openvino.Node:
        return _floats(self._weights[name])


def _floats(values: float | Vectors) -> openvino.Node:
    return ops.constant(np.ascontiguousarray(values, np.float32))


def _ints(values: int | list[int]) -> openvino.Node:
    return ops.constant(np.asarray(values, np.int64))
