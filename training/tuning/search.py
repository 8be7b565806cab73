"""Searches for the settings with the lowest dev loss, by Optuna (Akiba et al. 2019)."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dossier.errors import TuningError
from dossier.weights import folder_digest, sha256_of
from training.tuning.recipe import ALL_LINEAR, ATTENTION
from training.tuning.run_folder import held
from training.tuning.session import OnProgress, Watch
from training.tuning.tune import Task, tune_model

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.trial import FrozenTrial

TRIALS, IMPORTANCES = "trials.sqlite", "importances.svg"
_NAME = "tuning"
_ENOUGH_FOR_IMPORTANCES = 4


@dataclass(frozen=True, slots=True)
class Space:
    """Between which values is searched: rates (on a logarithmic scale), ranks, targets, and at most so many epochs."""

    slowest: float = 5e-5
    fastest: float = 2e-3
    ranks: tuple[int, ...] = (8, 16, 32, 64)
    targets: tuple[str, ...] = (ATTENTION, ALL_LINEAR)
    epochs: int = 3


@dataclass(frozen=True, slots=True)
class Found:
    """One trial: how it ended (`complete`, `pruned`, `fail`), its settings and its lowest dev loss (None: unknown)."""

    number: int
    state: str
    settings: dict[str, Any]
    loss: float | None


def search(
    task: Task, space: Space, trials: int, seed: int, on_progress: OnProgress, stop: Callable[[], bool]
) -> list[Found]:
    """Run trials until the folder `task.out` holds so many finished ones; the best come first. Raises TuningError.

    Each trial is a run in its own folder. One whose dev loss is worse than the median of the others' at the same step
    ends early. A trial that was killed counts as failed and another takes its place.
    """
    if task.dev is None:
        raise TuningError("a search needs data to measure on. Name them by --dev.")
    with held(task.out):
        study = _opened(task, task.dev)
        while (done := _finished(study)) < trials and not stop():
            _try_one(study, task, space, seed + done, on_progress, stop)
        found = [_found(trial) for trial in study.trials]
        draw_importances(study, task.out / IMPORTANCES)
        return sorted(found, key=lambda one: (one.state != "complete", one.loss or float("inf")))


def _opened(task: Task, dev: Path) -> "Study":
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(
        study_name=_NAME,
        storage=f"sqlite:///{(task.out / TRIALS).resolve()}",
        pruner=optuna.pruners.MedianPruner(n_startup_trials=3),
        load_if_exists=True,
    )
    same = {"data": sha256_of(task.data), "dev": sha256_of(dev), "base": folder_digest(task.base_folder)}
    if study.user_attrs.get("inputs", same) != same:
        raise TuningError(f"{task.out} holds a search on other data or another base model. Choose another folder.")
    study.set_user_attr("inputs", same)
    for trial in study.get_trials(states=(optuna.trial.TrialState.RUNNING,)):  # its process was killed
        study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
        shutil.rmtree(_folder(task, trial.number), ignore_errors=True)
    return study


def _finished(study: "Study") -> int:
    from optuna.trial import TrialState

    return len(study.get_trials(states=(TrialState.COMPLETE, TrialState.PRUNED)))


def _try_one(
    study: "Study", task: Task, space: Space, seed: int, on_progress: OnProgress, stop: Callable[[], bool]
) -> None:
    """Run one trial; a stop asked for leaves it as failed."""
    import optuna

    study.sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=3)
    trial = study.ask()
    given = _drawn(trial, space)
    losses: list[float] = []

    def measured(step: int, loss: float) -> None:
        losses.append(loss)
        trial.report(loss, step)
        if trial.should_prune():
            raise optuna.TrialPruned

    def shown(progress: Any) -> None:  # noqa: ANN401 (a Progress, whose stage is told apart by trial)
        on_progress(replace(progress, stage=f"Trial {trial.number + 1}: {progress.stage}"))

    folder = _folder(task, trial.number)
    try:
        tune_model(replace(task, out=folder), given, False, Watch(shown, stop, measured))
    except optuna.TrialPruned:
        shutil.rmtree(folder)
        study.tell(trial, state=optuna.trial.TrialState.PRUNED)
        return
    if stop():
        shutil.rmtree(folder)
        study.tell(trial, state=optuna.trial.TrialState.FAIL)
        return
    study.tell(trial, min(losses))


def _drawn(trial: "Trial", space: Space) -> dict[str, object]:
    """A trial's settings."""
    return {
        "rate": trial.suggest_float("rate", space.slowest, space.fastest, log=True),
        "rank": trial.suggest_categorical("rank", space.ranks),
        "targets": trial.suggest_categorical("targets", space.targets),
        "epochs": trial.suggest_int("epochs", 1, space.epochs),
    }


def _folder(task: Task, number: int) -> Path:
    return task.out / f"trial-{number + 1:03d}"


def _found(trial: "FrozenTrial") -> Found:
    values = trial.intermediate_values.values()
    return Found(trial.number + 1, trial.state.name.lower(), dict(trial.params), min(values, default=None))


def draw_importances(study: "Study", file: Path) -> None:
    """Draw how much each setting moved the dev loss (PED-ANOVA, Watanabe et al. 2023), once enough trials tell."""
    import optuna
    from matplotlib.figure import Figure

    complete = study.get_trials(states=(optuna.trial.TrialState.COMPLETE,))
    if len(complete) < _ENOUGH_FOR_IMPORTANCES or len({trial.value for trial in complete}) == 1:
        return
    found = optuna.importance.get_param_importances(study, evaluator=optuna.importance.PedAnovaImportanceEvaluator())
    figure = Figure(figsize=(6, 3), layout="constrained")
    axes = figure.subplots()
    axes.barh([*reversed(found)], [*reversed(found.values())], color="#1f5f8b")
    axes.set(xlabel="share of what moved the dev loss", xlim=(0, 1))
    axes.spines[["top", "right"]].set_visible(False)
    building = file.with_name(f".{file.name}-{os.getpid()}")
    figure.savefig(building, format="svg", metadata={"Date": None})
    building.replace(file)
