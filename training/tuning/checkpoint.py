"""Checkpoints: everything that a run needs to go on as if it hadn't stopped, written aside, flushed and renamed."""

import json
import os
import shutil
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dossier.adapters import install
from dossier.errors import TuningError, WeightsError
from dossier.weights import verify_folder
from training.tuning.model import Learner
from training.tuning.trunk import FILES

if TYPE_CHECKING:
    import torch

_NAME, _BEST = "checkpoint-", "best-"
_WEIGHTS, _OPTIMIZER, _STATE = "weights.safetensors", "optimizer.safetensors", "state.json"
_RANDOM, _GPU_RANDOM = "random-state", "gpu-random-state"
_MOMENTS = ("step", "exp_avg", "exp_avg_sq")


@dataclass(frozen=True, slots=True)
class TuneState:
    """How far a run has come after `step` optimizer steps.

    `best` is the step of the lowest dev loss and `best_loss` that loss (0 and infinity: not measured yet); `waited`
    counts measurements since; `seconds` and `tokens` are sums over all sessions.
    """

    step: int = 0
    best: int = 0
    best_loss: float = float("inf")
    waited: int = 0
    seconds: float = 0.0
    tokens: int = 0


def write_checkpoint(run: Path, learner: Learner, optimizer: "torch.optim.Optimizer", state: TuneState) -> None:
    """Write the checkpoint of a step, then remove what it replaces."""
    from safetensors.torch import save_file

    folder = run / f"{_NAME}{state.step:06d}"
    if not folder.exists():
        building = _begun(folder)
        save_file(_plain(learner), building / _WEIGHTS)
        tensors = dict(_moments(learner, optimizer))
        save_file({**tensors, **_random_states()}, building / _OPTIMIZER)
        (building / _STATE).write_text(json.dumps(asdict(state)), encoding="utf-8")
        _finish(building, folder)
    kept = {folder.name, f"{_BEST}{state.best:06d}"}
    for old in (*run.glob(f"{_NAME}*"), *run.glob(f"{_BEST}*")):
        if old.name not in kept:
            shutil.rmtree(old)


def newest_checkpoint(run: Path) -> Path | None:
    """The checkpoint to go on from; None where there is none. A half-written one is never taken for one."""
    return max(run.glob(f"{_NAME}*"), default=None)


def read_checkpoint(folder: Path, learner: Learner, optimizer: "torch.optim.Optimizer") -> TuneState:
    """Put a checkpoint's weights, moments and random state back. Raises TuningError where it is damaged."""
    import torch

    weights, tensors = _checked(folder, _WEIGHTS), _checked(folder, _OPTIMIZER)
    _put_back(learner, weights, folder)
    for name, value in learner.trained.items():
        # fresh memory: how a tensor lies in a mapped file could change the order of sums
        optimizer.state[value] = {kind: _moved(tensors[f"{name}/{kind}"], kind, value) for kind in _MOMENTS}
    torch.set_rng_state(tensors[_RANDOM].clone())
    if _GPU_RANDOM in tensors:
        torch.cuda.set_rng_state(tensors[_GPU_RANDOM].clone())
    return TuneState(**json.loads((folder / _STATE).read_text(encoding="utf-8")))


def write_best(run: Path, learner: Learner, step: int) -> None:
    """Keep the weights of the best step so far; the one before stays until the next checkpoint names this one."""
    from safetensors.torch import save_file

    folder = run / f"{_BEST}{step:06d}"
    if not folder.exists():
        building = _begun(folder)
        save_file(_plain(learner), building / _WEIGHTS)
        _finish(building, folder)


def read_best(run: Path, learner: Learner, step: int) -> None:
    """Put the weights of the best step back. Raises TuningError where they are damaged."""
    folder = run / f"{_BEST}{step:06d}"
    _put_back(learner, _checked(folder, _WEIGHTS), folder)


def clear_checkpoints(run: Path) -> None:
    """Remove what only a run that isn't finished needs."""
    for kind in (_NAME, _BEST, f".{_NAME}", f".{_BEST}"):
        for folder in run.glob(f"{kind}*"):
            shutil.rmtree(folder)
    for file in run.glob(FILES):
        file.unlink()


def _plain(learner: Learner) -> "dict[str, torch.Tensor]":
    return {name: value.detach().contiguous() for name, value in learner.trained.items()}


def _moments(learner: Learner, optimizer: "torch.optim.Optimizer") -> "Iterable[tuple[str, torch.Tensor]]":
    for name, value in learner.trained.items():
        for kind in _MOMENTS:
            yield f"{name}/{kind}", optimizer.state[value][kind]


def _moved(moment: "torch.Tensor", kind: str, value: "torch.Tensor") -> "torch.Tensor":
    """A moment beside the weights that it belongs to; AdamW counts steps on the processor."""
    return moment.clone() if kind == "step" else moment.to(value.device, copy=True)


def _random_states() -> "dict[str, torch.Tensor]":
    """What dropout draws from."""
    import torch

    gpu = {_GPU_RANDOM: torch.cuda.get_rng_state()} if torch.cuda.is_initialized() else {}
    return {_RANDOM: torch.get_rng_state(), **gpu}


def _begun(folder: Path) -> Path:
    for leftover in folder.parent.glob(f".{folder.name}-*"):
        shutil.rmtree(leftover)
    building = folder.parent / f".{folder.name}-{os.getpid()}"
    building.mkdir()
    return building


def _finish(building: Path, folder: Path) -> None:
    install(building, folder)
    handle = os.open(folder.parent, os.O_RDONLY)  # the new name, too, must outlive a power cut
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _checked(folder: Path, name: str) -> "dict[str, torch.Tensor]":
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        verify_folder(folder)
        return dict(load_file(folder / name))
    except (OSError, SafetensorError, WeightsError) as error:
        raise TuningError(
            f"the checkpoint {folder} is damaged ({error}). Remove the run's folder {folder.parent} and start again."
        ) from error


def _put_back(learner: Learner, weights: "dict[str, torch.Tensor]", folder: Path) -> None:
    import torch

    if weights.keys() != learner.trained.keys():
        raise TuningError(f"the checkpoint {folder} holds other weights than are trained. Remove {folder.parent}.")
    with torch.no_grad():
        for name, value in learner.trained.items():
            value.copy_(weights[name])
