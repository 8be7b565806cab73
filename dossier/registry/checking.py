"""Checks of an adapter, before it is registered and again before every load: what was recorded, and nothing that harms.

Weights are safetensors alone, read by the library that never runs what it reads; every layer has to be one of the base
model's, of its shape and within the server's rank.
"""

import hashlib
import json
import math
import stat
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dossier.adapters import ADAPTER, CONFIG, MANIFEST, NUMBERS, narrowed, widened
from dossier.errors import AdapterError
from dossier.weights import folder_digest

RUN_FILES = frozenset([ADAPTER, CONFIG, MANIFEST, "README.md"])
"""What may lie in the folder of an adapter that tuning made."""
_KNOWN = frozenset(
    ["peft_type", "task_type", "r", "lora_alpha", "target_modules", "use_rslora", "bias", "init_lora_weights"]
    + ["base_model_name_or_path", "peft_version", "inference_mode", "lora_dropout", "megatron_core"]
    + ["qalora_group_size", "use_dora", "revision"]
)
"""Settings of PEFT that are checked by name or change nothing of a finished LoRA; all others must be empty."""
_START, _DOWN, _UP = "base_model.model.", ".lora_A.weight", ".lora_B.weight"


@dataclass(frozen=True, slots=True)
class Base:
    """The base model that adapters are for.

    `layers` gives each layer's shape (outputs, inputs), `highest_rank` what its server takes.
    """

    name: str
    digest: str
    layers: Mapping[str, tuple[int, int]]
    highest_rank: int

    @property
    def most_bytes(self) -> int:
        """No adapter of this base is larger: every layer, at the highest rank, in float32, and a header."""
        sides = sum(outputs + inputs for outputs, inputs in self.layers.values())
        return 4 * self.highest_rank * sides + (1 << 20)


@dataclass(frozen=True, slots=True)
class Contents:
    """The two files of an adapter as they were read: all checks speak of these bytes."""

    config: bytes
    weights: bytes

    @property
    def digest(self) -> str:
        """What identifies the adapter: SHA-256 over both files' digests, in hexadecimal."""
        lines = [f"{name}:{found}\n" for name, found in sorted(self.files.items())]
        return hashlib.sha256("".join(lines).encode()).hexdigest()

    @property
    def files(self) -> dict[str, str]:
        """Each file's SHA-256."""
        return {CONFIG: hashlib.sha256(self.config).hexdigest(), ADAPTER: hashlib.sha256(self.weights).hexdigest()}


def read_base(name: str, folder: Path, highest_rank: int) -> Base:
    """What a verified model folder offers adapters. Reads its weights once, for the digest. Raises AdapterError."""
    from safetensors import SafetensorError, safe_open

    layers = {}
    try:
        for file in sorted(folder.glob("*.safetensors")):
            with safe_open(file, framework="numpy") as opened:
                for tensor in opened.keys():  # noqa: SIM118 (no mapping)
                    shape = opened.get_slice(tensor).get_shape()
                    if len(shape) == 2 and tensor.endswith(".weight"):
                        layers[tensor.removesuffix(".weight")] = (int(shape[0]), int(shape[1]))
    except (OSError, SafetensorError) as error:
        raise AdapterError(f"the base model in {folder} can't be read ({error}). Restore it.") from error
    return Base(name, folder_digest(folder), layers, highest_rank)


def read_contents(folder: Path, allowed: frozenset[str], base: Base) -> Contents:
    """The files of an adapter folder that holds nothing but `allowed`. Raises AdapterError."""
    try:
        if folder.is_symlink() or not folder.is_dir():
            raise AdapterError(f"{folder} isn't a folder of its own. Name the folder that the adapter is in.")
        for path in folder.iterdir():
            _require_allowed(path, allowed, base)
        return Contents((folder / CONFIG).read_bytes(), (folder / ADAPTER).read_bytes())
    except OSError as error:
        raise AdapterError(f"{folder} isn't a whole adapter ({error}). Register it again from its run.") from error


def in_bf16(contents: Contents, where: Path) -> Contents:
    """The adapter with its weights rounded to bf16, half as large as float32. Raises AdapterError."""
    from safetensors import TensorSpec, serialize

    tensors = _tensors(contents.weights, where)
    kept = {name: narrowed(_values(tensor), "BF16") for name, tensor in tensors.items()}
    written = {
        name: TensorSpec(
            dtype="bfloat16", shape=tensors[name]["shape"], data_ptr=values.ctypes.data, data_len=values.nbytes
        )
        for name, values in kept.items()
    }
    return replace(contents, weights=bytes(serialize(written, {"format": "pt"})))


def check_contents(contents: Contents, base: Base, where: Path) -> None:
    """Refuse an adapter that can't be served on the base. Raises AdapterError naming what is wrong with `where`."""
    config = _config(contents.config, where)
    _require_served_kind(config, where)
    rank = config["r"]
    if rank > base.highest_rank:
        raise AdapterError(
            f"{where} has rank {rank}, but the model server takes at most {base.highest_rank}. Raise the setting "
            "adapter_rank, or tune with a lower rank."
        )
    shapes = _shapes(contents.weights, where)
    wanted = _wanted(config["target_modules"], rank, base, where)
    missing, foreign = sorted(wanted.keys() - shapes.keys()), sorted(shapes.keys() - wanted.keys())
    if missing:
        raise AdapterError(f"{where} lacks weights that its settings promise, as {missing[0]!r}. Tune it again.")
    if foreign:
        raise AdapterError(f"{where} holds weights that don't belong in it, as {foreign[0]!r}. Don't use it.")
    for name, shape in wanted.items():
        if shapes[name] != shape:
            raise AdapterError(
                f"{where} doesn't fit the base model {base.name}: {name} is {shapes[name]}, not {shape}. Tune it on "
                "the base model that is served."
            )


def _require_allowed(path: Path, allowed: frozenset[str], base: Base) -> None:
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode):
        raise AdapterError(f"{path} is a link. An adapter's files must lie in its own folder.")
    if path.name not in allowed:
        raise AdapterError(
            f"{path} doesn't belong in an adapter: only {ADAPTER} and {CONFIG} are ever read. Remove it, or don't use "
            "this adapter: other weight files may run code when they are loaded."
        )
    if path.name in (ADAPTER, CONFIG) and not (stat.S_ISREG(found.st_mode) and found.st_size <= base.most_bytes):
        raise AdapterError(f"{path} is no ordinary file of an adapter's size. Tune with a rank that is served.")


def _config(content: bytes, where: Path) -> dict[str, Any]:
    try:
        config = json.loads(content.decode())
    except (ValueError, RecursionError) as error:
        raise AdapterError(f"{where / CONFIG} can't be read ({error}). Register the adapter again.") from error
    if not isinstance(config, dict):
        raise AdapterError(f"{where / CONFIG} holds no settings. Register the adapter again.")
    return config


def _require_served_kind(config: Mapping[str, Any], where: Path) -> None:
    """Refuse what the model server can't add to its base as it runs."""
    if config.get("use_dora"):
        raise AdapterError(f"{where} is a DoRA adapter, which can't be loaded. Serve it merged: dossier tune merge.")
    rank, alpha, names = (config.get(name) for name in ("r", "lora_alpha", "target_modules"))
    right = {
        "peft_type": config.get("peft_type") == "LORA",
        "task_type": config.get("task_type") == "CAUSAL_LM",
        "bias": config.get("bias", "none") == "none",
        "r": type(rank) is int and rank >= 1,
        "lora_alpha": isinstance(alpha, int | float) and math.isfinite(alpha) and alpha > 0,
        "target_modules": isinstance(names, list) and bool(names) and all(isinstance(one, str) for one in names),
        "use_rslora": isinstance(config.get("use_rslora", False), bool),
        "init_lora_weights": config.get("init_lora_weights", True) in (True, False, "gaussian", "eva", "orthogonal"),
    }
    wrong = [name for name, holds in right.items() if not holds]
    wrong += [name for name, value in config.items() if name not in _KNOWN and value]
    if wrong:
        value = f"{config.get(wrong[0])!r}"[:80]
        raise AdapterError(
            f"{where / CONFIG}: {wrong[0]} is {value}, which the model server can't serve beside its base model. "
            "Tune it as lora, rslora, lora+ or qlora, or serve it merged: dossier tune merge."
        )


def _tensors(content: bytes, where: Path) -> dict[str, dict[str, Any]]:
    """Type, shape and bytes of each tensor. Raises AdapterError for what isn't safetensors of a type that is read."""
    from safetensors import SafetensorError, deserialize

    try:
        tensors: dict[str, dict[str, Any]] = dict(deserialize(content))  # type: ignore[no-untyped-call]
    except SafetensorError as error:
        raise AdapterError(
            f"{where / ADAPTER} isn't a whole safetensors file ({error}). Whatever its name says, don't load it; "
            "register the adapter again from its run."
        ) from error
    for name, tensor in tensors.items():
        if tensor["dtype"] not in NUMBERS:
            raise AdapterError(f"{where / ADAPTER}: {name!r} is of type {tensor['dtype']}. Tune in float32 or bf16.")
    return tensors


def _values(tensor: Mapping[str, Any]) -> NDArray[np.float32]:
    return widened(np.frombuffer(tensor["data"], NUMBERS[tensor["dtype"]]), tensor["dtype"])


def _shapes(content: bytes, where: Path) -> dict[str, tuple[int, ...]]:
    """Name and shape of each tensor. Raises AdapterError where one holds no proper numbers."""
    shapes = {}
    for name, tensor in _tensors(content, where).items():
        if not np.isfinite(_values(tensor)).all():
            raise AdapterError(f"{where / ADAPTER}: {name!r} has values that are no numbers. Tune it again.")
        shapes[name] = tuple(tensor["shape"])
    return shapes


def _wanted(names: list[str], rank: int, base: Base, where: Path) -> dict[str, tuple[int, ...]]:
    """The tensors that an adapter of these layers has, with their shapes; layers are named as PEFT matches them."""
    wanted: dict[str, tuple[int, ...]] = {}
    for target in names:
        found = [layer for layer in base.layers if layer == target or layer.endswith(f".{target}")]
        if not found:
            raise AdapterError(
                f"{where} changes {target!r}, which the base model {base.name} doesn't have. Tune it on the base "
                "model that is served."
            )
        for layer in found:
            outputs, inputs = base.layers[layer]
            wanted[f"{_START}{layer}{_DOWN}"] = (rank, inputs)
            wanted[f"{_START}{layer}{_UP}"] = (outputs, rank)
    return wanted
