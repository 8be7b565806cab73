"""Sentence embeddings with a local sentence-transformers model."""

import json
import logging
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer

    from retrieval.encoder import Encoder

Vectors = NDArray[np.float32]

BATCH = 8
"""Texts per forward pass. On a CPU small batches of similar length waste least on padding (measured: see DECISIONS)."""
BLOCK = 512
"""Texts that are sorted by length together, and between two reports of progress."""
_USUAL_MOST_TOKENS = 256
_log = logging.getLogger(__name__)


class Embedder:
    """An embedding model. Vectors are float32 of unit length, so that the inner product is the cosine.

    The weights are loaded at first use: a run that has nothing to embed never pays for them.
    """

    def __init__(self, folder: Path, name: str, digest: str, dimension: int | None = None, precision: str = "") -> None:
        """Describe the verified model in `folder`; `digest` identifies its weights in index manifests.

        A `dimension` below the model's keeps that many first values, for models trained so (Matryoshka representation
        learning, Kusupati et al. 2022, section 3). `precision` is for measurements; empty: what the processor has.
        """
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        self.name, self.digest, self._folder, self._precision = name, digest, folder, precision
        self.dimension: int = min(dimension or int(config["hidden_size"]), int(config["hidden_size"]))
        self.max_tokens = _most_tokens(folder, int(config.get("max_position_embeddings", _USUAL_MOST_TOKENS)))

    @cached_property
    def backend(self) -> str:
        """What computes the vectors: `openvino f32`, `openvino bf16`, `openvino int8` or `sentence-transformers`."""
        return f"openvino {self._encoder.precision}" if self._encoder else "sentence-transformers"

    @cached_property
    def _encoder(self) -> "Encoder | None":
        from retrieval.encoder import Encoder, can_encode

        encoder = Encoder(self._folder, self._precision) if can_encode(self._folder) else None
        _log.info("embedding with %s", f"OpenVINO in {encoder.precision}" if encoder else "sentence-transformers")
        return encoder

    @cached_property
    def _model(self) -> "SentenceTransformer":
        # torch takes seconds and half a GiB to import: only models that the encoder can't build pay for it
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging as transformers_logging

        transformers_logging.disable_progress_bar()
        # without the instructions for it, bf16 is computed piecemeal and five times slower than fp32
        dtype = torch.bfloat16 if torch.ops.mkldnn._is_mkldnn_bf16_supported() else torch.float32
        return SentenceTransformer(
            str(self._folder), device="cpu", local_files_only=True, model_kwargs={"dtype": dtype}
        )

    @cached_property
    def _tokenizer(self) -> "Tokenizer":
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

    def warm_up(self) -> None:
        """Load the weights now, so that the first question doesn't wait for them."""
        self.embed(["ready"])

    def embed(self, texts: Sequence[str], on_done: Callable[[int], None] | None = None) -> Vectors:
        """Embed texts; returns (len(texts), dimension). `on_done` hears the number embedded so far.

        A text longer than the model reads is embedded in windows, whose vectors are averaged by their length: nothing
        is cut away. Documents come in chunks that fit; this is for long questions.
        """
        result = np.empty((len(texts), self.dimension), np.float32)
        for start in range(0, len(texts), BLOCK):
            block = list(texts[start : start + BLOCK])
            vectors = self._embed_block(block)[:, : self.dimension]
            # rounding, averaging and cutting leave lengths off 1: scale again so that scores are true cosines
            lengths = np.linalg.norm(vectors, axis=1, keepdims=True).clip(1e-12)
            result[start : start + len(block)] = vectors / lengths
            if on_done:
                on_done(start + len(block))
        return result

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without the two that frame a sequence."""
        return [len(encoding) for encoding in self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]

    def _embed_block(self, texts: list[str]) -> Vectors:
        if self._encoder is None:
            return self._embed_elsewhere(texts)
        windows: list[list[int]] = []
        owners: list[int] = []
        for row, encoding in enumerate(self._tokenizer.encode_batch_fast(texts)):
            for window in _windows(encoding.ids, self.max_tokens):
                windows.append(window)
                owners.append(row)
        vectors = self._encoder.encode(windows, BATCH)
        if len(windows) == len(texts):
            return vectors
        sums = np.zeros((len(texts), vectors.shape[1]), np.float32)
        np.add.at(sums, owners, vectors * np.array([[len(window)] for window in windows], np.float32))
        return sums

    def _embed_elsewhere(self, texts: list[str]) -> Vectors:
        vectors = self._model.encode(
            texts, batch_size=BATCH, normalize_embeddings=True, convert_to_tensor=True, show_progress_bar=False
        )
        return np.asarray(vectors.float().numpy(), np.float32)


def _windows(ids: Sequence[int], most: int) -> list[list[int]]:
    """Token ids in windows of at most `most`, each framed by the first and the last id (the special tokens)."""
    if len(ids) <= most:
        return [list(ids)]
    inner, step = ids[1:-1], most - 2
    return [[ids[0], *inner[start : start + step], ids[-1]] for start in range(0, len(inner), step)]


def _most_tokens(folder: Path, positions: int) -> int:
    """Tokens that the model reads at most, the two that frame a sequence included."""
    file = folder / "sentence_bert_config.json"
    if not file.is_file():
        return min(_USUAL_MOST_TOKENS, positions)
    said = json.loads(file.read_text(encoding="utf-8")).get("max_seq_length")
    return min(int(said or _USUAL_MOST_TOKENS), positions)
