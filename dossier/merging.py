"""An adapter added to its base model: `W + (alpha / r) * B A` (Hu et al. 2022, section 4.1), without torch.

The result is an ordinary model folder, as fast as its base. Each weight is added to in float32 and rounded once, to the
type that the base keeps it in; one weight at a time is in memory.
"""

import json
import os
import shutil
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dossier.adapters import ADAPTER, MANIFEST, NUMBERS, Adapter, install, narrowed, widened
from dossier.durable import require_free
from dossier.errors import WeightsError
from dossier.records import Progress

PROVENANCE = "dossier-provenance.json"
"""File of a model folder that Dossier made, which tells what it was made of."""
_STAGE = "Adding the adapter to its base model"
_KEPT = frozenset([".json", ".txt", ".jinja", ".model"])
"""What belongs to a model beside its weights: configuration, tokenizer and chat template."""
_START, _DOWN, _UP = "base_model.model.", ".lora_A.weight", ".lora_B.weight"
_KEPT_FREE = 1 << 30
Halves = dict[str, tuple[NDArray[np.float32], NDArray[np.float32]]]
OnProgress = Callable[[Progress], None]


def merge(
    adapter: Adapter,
    base: Path,
    folder: Path,
    told: Mapping[str, Any] | None = None,
    on_progress: OnProgress = lambda progress: None,
) -> None:
    """Write the base with the adapter added as a model folder: built aside, flushed, renamed.

    `base` is a verified model folder; `folder` must not exist, and keeps what is `told` of its origin. A process killed
    in between leaves a hidden folder that the next one clears. Raises WeightsError, EnvironmentProblem.
    """
    halves = _halves(adapter)
    folder.parent.mkdir(parents=True, exist_ok=True)
    for leftover in folder.parent.glob(f".{folder.name}-*"):
        shutil.rmtree(leftover)
    weights = sum(file.stat().st_size for file in base.rglob("*.safetensors"))
    require_free(folder.parent, weights + _KEPT_FREE, "the merged model")
    building = folder.parent / f".{folder.name}-{os.getpid()}"
    try:
        _build(adapter, halves, base, building, on_progress)
    except WeightsError:
        shutil.rmtree(building)
        raise
    if told is not None:
        (building / PROVENANCE).write_text(json.dumps(told, indent=1), encoding="utf-8")
    install(building, folder)


def _build(adapter: Adapter, halves: Halves, base: Path, building: Path, on_progress: OnProgress) -> None:
    """Copy the base and change its weights in the copy."""
    _copy_rest(base, building)
    total, started = len(halves), datetime.now(UTC)
    for file in sorted(base.rglob("*.safetensors")):
        target = building / file.relative_to(base)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)
        for name, place in _places(target, halves).items():
            _add(adapter, target, place, halves.pop(name))
            on_progress(Progress(_STAGE, total - len(halves), total, started))
    if halves:
        raise WeightsError(f"{adapter.folder} doesn't fit its base {adapter.base}: {min(halves)} isn't there.")


def _halves(adapter: Adapter) -> Halves:
    """For each weight that the adapter changes its A and B, in float32."""
    from safetensors import SafetensorError, deserialize

    try:
        parts: dict[str, dict[str, Any]] = dict(deserialize((adapter.folder / ADAPTER).read_bytes()))  # type: ignore[no-untyped-call]
        found = {name: _numbers(part) for name, part in parts.items()}
    except (OSError, SafetensorError, KeyError) as error:
        raise WeightsError(f"{adapter.folder / ADAPTER} can't be read ({error!r}). Restore or remove it.") from error
    halves = {}
    for name in [name for name in found if name.endswith(_DOWN)]:
        up = found.pop(name.removesuffix(_DOWN) + _UP, None)
        if up is None:
            raise WeightsError(f"{adapter.folder} isn't whole: {name} has no other half. Restore it.")
        halves[f"{name.removeprefix(_START).removesuffix(_DOWN)}.weight"] = (found.pop(name), up)
    if found:
        raise WeightsError(f"{adapter.folder} holds more than LoRA weights, as {min(found)}. It can't be merged here.")
    return halves


def _numbers(part: Mapping[str, Any]) -> NDArray[np.float32]:
    kind = part["dtype"]
    return widened(np.frombuffer(part["data"], NUMBERS[kind]), kind).reshape(part["shape"])


def _places(file: Path, wanted: Mapping[str, object]) -> dict[str, tuple[str, tuple[int, ...], int]]:
    """Type, shape and offset in bytes of the wanted tensors of a safetensors file. Raises WeightsError."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(file, framework="numpy"), file.open("rb") as stream:  # the library checks the header
            size = int.from_bytes(stream.read(8), "little")
            header = json.loads(stream.read(size))
    except (OSError, ValueError, SafetensorError) as error:
        raise WeightsError(f"{file} can't be read as safetensors ({error}). Restore or remove it.") from error
    return {
        name: (tensor["dtype"], tuple(tensor["shape"]), 8 + size + tensor["data_offsets"][0])
        for name, tensor in header.items()
        if name in wanted
    }


def _add(
    adapter: Adapter,
    file: Path,
    place: tuple[str, tuple[int, ...], int],
    halves: tuple[NDArray[np.float32], NDArray[np.float32]],
) -> None:
    """Change one weight where it stands in the file."""
    kind, shape, offset = place
    down, up = halves
    if kind not in NUMBERS:
        raise WeightsError(f"{file} keeps weights as {kind}. An adapter can be added to F32, F16 and BF16.")
    if (up.shape[0], *down.shape[1:]) != shape or up.shape[1] != down.shape[0]:
        raise WeightsError(
            f"{adapter.folder} doesn't fit its base {adapter.base}: {up.shape} {down.shape} for {shape}."
        )
    weight = np.memmap(file, NUMBERS[kind], "r+", offset, shape)
    with np.errstate(over="ignore", invalid="ignore"):  # looked for in the next line
        summed = widened(weight, kind) + np.float32(adapter.factor) * (up @ down)
    if not np.isfinite(summed).all():
        raise WeightsError(f"{adapter.folder} makes weights that are no numbers. Tune it again.")
    weight[:] = narrowed(summed, kind)
    weight.flush()


def _copy_rest(base: Path, building: Path) -> None:
    building.mkdir()
    for file in base.rglob("*"):
        if file.is_file() and file.suffix in _KEPT and file.name not in (MANIFEST, PROVENANCE):
            target = building / file.relative_to(base)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
