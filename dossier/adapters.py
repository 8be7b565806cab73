"""Embedders that ship as a small adapter: LoRA weights in PEFT's format, added to a packaged base once.

`W + (alpha / r) * B A` (Hu et al. 2022, section 4.1) is plain arithmetic on safetensors: no torch is needed, and the
result is an ordinary model folder, as fast as its base.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dossier.durable import flush_all
from dossier.errors import WeightsError

MANIFEST = "dossier-weights.json"
ADAPTER = "adapter_model.safetensors"
CONFIG = "adapter_config.json"
_WEIGHTS = "model.safetensors"
_KEPT = frozenset([".json", ".txt"])
_PREFIX = "base_model.model."
Tensors = dict[str, NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class Adapter:
    """An adapter folder: the base that it was trained on, the factor of `B A`, and the digest of its weights."""

    folder: Path
    base: str
    factor: float
    sha256: str

    def digest(self, base_sha256: str) -> str:
        """What identifies the merged weights on every machine: both origins, not the rounding of their sum."""
        return hashlib.sha256(f"{base_sha256}+{self.sha256}*{self.factor!r}".encode()).hexdigest()


def is_adapter(folder: Path) -> bool:
    """Whether a folder holds an adapter rather than a whole model."""
    return (folder / CONFIG).is_file() and (folder / ADAPTER).is_file()


def read_adapter(folder: Path) -> Adapter:
    """Read an adapter's description. Raises WeightsError."""
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        rank, alpha = int(config["r"]), float(config["lora_alpha"])
        factor = alpha / (rank**0.5 if config.get("use_rslora") else rank)
        base = str(config["base_model_name_or_path"])
        if config.get("use_dora"):
            raise WeightsError(f"{folder} is a DoRA adapter, which can't be merged here. Train it as LoRA.")
        digest = sha256_of(folder / ADAPTER)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"{folder} isn't a readable adapter ({error!r}). Restore or remove the folder.") from error
    return Adapter(folder, base, factor, digest)


def merge(adapter: Adapter, base: Path, folder: Path) -> None:
    """Write the base with the adapter added as a model folder: built aside, flushed, renamed. Raises WeightsError.

    `base` is a verified model folder in fp32; `folder` must not exist. A process killed in between leaves a hidden
    folder that the next one clears.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    for leftover in folder.parent.glob(f".{folder.name}-*"):
        shutil.rmtree(leftover)
    building = folder.parent / f".{folder.name}-{os.getpid()}"
    for file in base.rglob("*"):
        if file.is_file() and file.suffix in _KEPT:
            target = building / file.relative_to(base)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
    save_tensors(_added(adapter, load_tensors(base / _WEIGHTS)), building / _WEIGHTS)
    install(building, folder)


def install(building: Path, folder: Path) -> None:
    """Flush a finished folder with its digests to the disk and give it its name."""
    write_manifest(building)
    flush_all(building)
    building.rename(folder)


def write_manifest(folder: Path) -> None:
    """Record the SHA-256 of every file of a model folder that Dossier made."""
    digests = {
        file.relative_to(folder).as_posix(): sha256_of(file)
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.name != MANIFEST
    }
    (folder / MANIFEST).write_text(json.dumps(digests, indent=1), encoding="utf-8")


def sha256_of(file: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def load_tensors(file: Path) -> Tensors:
    """The tensors of a safetensors file. Raises WeightsError when it isn't one."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return dict(load_file(file))
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"{file} can't be read as safetensors ({error}). Restore or remove it.") from error


def save_tensors(tensors: Mapping[str, NDArray[np.generic]], file: Path) -> None:
    """Write a safetensors file."""
    from safetensors.numpy import save_file

    save_file({name: np.ascontiguousarray(value) for name, value in tensors.items()}, file, {"format": "pt"})


def _added(adapter: Adapter, weights: Tensors) -> Tensors:
    """The base's weights with each `factor * B A` added."""
    parts = load_tensors(adapter.folder / ADAPTER)
    for name, down in parts.items():
        if not name.endswith(".lora_A.weight"):
            continue
        up = parts.get(name.replace(".lora_A.", ".lora_B."))
        target = name.removeprefix(_PREFIX).replace(".lora_A.weight", ".weight")
        if up is None or target not in weights:
            raise WeightsError(f"{adapter.folder} doesn't fit its base {adapter.base}: {name} isn't there.")
        weights[target] = np.asarray(weights[target], np.float32) + _product(adapter, up, down, weights[target])
    return weights


def _product(
    adapter: Adapter, up: NDArray[np.generic], down: NDArray[np.generic], weight: NDArray[np.generic]
) -> NDArray[np.float32]:
    change = adapter.factor * (up.astype(np.float32) @ down.astype(np.float32))
    if change.shape != weight.shape:
        raise WeightsError(f"{adapter.folder} doesn't fit its base {adapter.base}: {change.shape} for {weight.shape}.")
    return np.asarray(change, np.float32)
