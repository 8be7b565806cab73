"""Adapters as files: LoRA weights in PEFT's format with their description, and model folders with their digests."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dossier.durable import flush_all
from dossier.errors import WeightsError

MANIFEST = "dossier-weights.json"
ADAPTER = "adapter_model.safetensors"
CONFIG = "adapter_config.json"
Tensors = dict[str, NDArray[np.generic]]
NUMBERS: dict[str, np.dtype[Any]] = {"F32": np.dtype("<f4"), "F16": np.dtype("<f2"), "BF16": np.dtype("<u2")}
"""How safetensors' types are kept: numpy doesn't know bf16, the upper half of a float32."""


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


def widened(values: NDArray[np.generic], kind: str) -> NDArray[np.float32]:
    """Numbers as they are kept, of a type in NUMBERS, in float32: exact."""
    if kind == "BF16":
        return (values.astype("<u4") << 16).view("<f4")
    return values.astype(np.float32)


def narrowed(values: NDArray[np.float32], kind: str) -> NDArray[np.generic]:
    """Finite float32 numbers rounded to the nearest of a type in NUMBERS, to the even one of two, as they are kept."""
    if kind == "BF16":
        bits = np.ascontiguousarray(values, "<f4").view("<u4")
        upper: NDArray[np.uint16] = ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype("<u2")
        return upper
    return values.astype(NUMBERS[kind])
