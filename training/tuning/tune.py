"""A tuning run from data to adapter, in a folder that a killed run goes on from."""

import hashlib
import os
import resource
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from dossier.adapters import install
from dossier.errors import EnvironmentProblem, TuningError
from dossier.records import Progress
from dossier.weights import folder_digest, sha256_of
from training.tuning.chart import draw_loss
from training.tuning.checkpoint import clear_checkpoints, read_best
from training.tuning.items import read_items
from training.tuning.loss import require_exact
from training.tuning.model import Learner, load_learner, load_tokenizer, require_device, resolved, save_weights
from training.tuning.packing import Packed, pack_all
from training.tuning.recipe import Recipe, recipe_from
from training.tuning.rendering import render
from training.tuning.run_folder import (
    CHART,
    RUN,
    RunRecord,
    RunState,
    held,
    installed_versions,
    read_metrics,
    read_run,
    require_same,
    weights_folder,
    write_run,
)
from training.tuning.session import Session, Watch, computing
from training.tuning.trunk import Sequences, Trunk, Whole, layers_of

_PREPARING = "Preparing (parts)"


@dataclass(frozen=True, slots=True)
class Task:
    """What is tuned on what: a verified base model folder with its name, training and dev data, the run's folder.

    `form` and `prompt` are those of a dressed set, `device` is cpu or cuda.
    """

    base: str
    base_folder: Path
    data: Path
    dev: Path | None
    out: Path
    form: str = ""
    prompt: str = ""
    device: str = "cpu"


def tune_model(task: Task, given: Mapping[str, object], resume: bool, watch: Watch) -> RunRecord:
    """Tune, or go on with what a stopped or killed run left; returns the record as it stands then.

    `given` are the recipe's values that differ from the defaults (when going on: from the run's own). A run that went
    on ends with the weights of one that never stopped, bit for bit. Raises SettingsError, WeightsError, TuningError,
    EnvironmentProblem.
    """
    require_device(task.device)
    with held(task.out):
        record = _opened(task, given, resume)
        import torch  # takes seconds, and whoever is refused needn't wait for them

        if record.state is RunState.FINISHED:
            clear_checkpoints(task.out)  # a run that was killed in its last moment left them
            return record
        torch.set_num_threads(record.threads)
        started = datetime.now(UTC)
        train, dev = prepared(task, record.recipe)
        watch.on_progress(Progress(_PREPARING, 1, 3, started, "questions read"))
        learner = load_learner(task.base_folder, record.recipe, task.device)
        watch.on_progress(Progress(_PREPARING, 2, 3, started, "model loaded"))
        with computing(record.recipe, task.device):
            require_exact(learner.causal)
        watch.on_progress(Progress(_PREPARING, 3, 3, started, "packing is exact for this model"))
        with computing(record.recipe, task.device):
            sequences = [_sequences(task, record, learner, packed, watch) for packed in (train, dev) if packed.packs]
        session = Session(task.out, learner, record.recipe, *sequences)
        record = replace(record, counts=_counts(train, dev, session, learner))
        write_run(task.out, record)
        with _writing(task.out):
            if session.go_on(watch):
                return _finished(task, record, learner, session)
            record = replace(record, state=RunState.STOPPED, outcome=_outcome(session))
            write_run(task.out, record)
            return record


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """A full disk or a folder that is taken away is said as such. Raises EnvironmentProblem."""
    from safetensors import SafetensorError

    try:
        yield
    except (OSError, SafetensorError) as error:
        raise EnvironmentProblem(
            f"{folder} can't be written ({error}). Correct this, then go on from the last checkpoint by --resume."
        ) from error


def prepared(task: Task, recipe: Recipe) -> tuple[Packed, Packed]:
    """The packed training and dev data. Raises SettingsError, TuningError where nothing is left to learn from."""
    tokenizer = load_tokenizer(task.base_folder)
    packed = []
    for file in (task.data, task.dev):
        items = [render(item, tokenizer) for item in read_items(file)] if file else []
        packed.append(pack_all(items, recipe.batch_tokens, recipe.longest))
        if file and not packed[-1].packs:
            raise TuningError(
                f"every question of {file} is longer than {recipe.longest} tokens. Shorten the contexts, or raise "
                "--longest."
            )
    return packed[0], packed[1]


def _sequences(task: Task, record: RunRecord, learner: Learner, packed: Packed, watch: Watch) -> Sequences:
    """How a file's sequences are computed: through all layers, or from where layers learn on."""
    if not record.recipe.layers:
        return Whole(learner.causal, packed.packs)
    words = (packed.digest, record.base_digest, record.recipe.method, record.recipe.precision)
    identity = hashlib.sha256(" ".join(words).encode()).hexdigest()
    lower = len(layers_of(learner.causal)) - record.recipe.layers
    trunk = Trunk(task.out / f"trunk-{identity[:12]}.f32", learner.causal, lower, packed.packs)
    trunk.prepare(identity, watch.on_progress)
    return trunk


def _opened(task: Task, given: Mapping[str, object], resume: bool) -> RunRecord:
    """The record to work by: a new one, or the run's own when it goes on."""
    there = (task.out / RUN).is_file()
    if there and not resume:
        raise TuningError(f"{task.out} holds a run already. Go on with it by --resume, or choose another folder.")
    import torch

    old = read_run(task.out) if there else None
    recipe = recipe_from({**(old.recipe.as_json() if old else {}), **given})
    new = RunRecord(
        base=task.base,
        base_digest=folder_digest(task.base_folder),
        data=_digest(task.data),
        dev=_digest(task.dev) if task.dev else "",
        recipe=replace(recipe, precision=resolved(recipe.precision, task.device)),
        device=task.device,
        threads=old.threads if old else torch.get_num_threads(),
        versions=installed_versions(),
        form=task.form,
        prompt=task.prompt,
    )
    if old is None:
        return new
    require_same(task.out, old, new)
    return old if old.state is RunState.FINISHED else replace(old, state=RunState.RUNNING)


def _digest(file: Path) -> str:
    if not file.is_file():
        raise TuningError(f"there is no file {file}. Name a file of JSON lines.")
    return sha256_of(file)


def _counts(train: Packed, dev: Packed, session: Session, learner: Learner) -> dict[str, int]:
    return {
        "questions": train.questions,
        "questions_left_out_as_too_long": train.too_long,
        "questions_that_share_nothing": train.alone,
        "sequences": len(train.packs),
        "tokens_an_epoch": train.tokens,
        "tokens_an_epoch_without_sharing": train.plain_tokens,
        "tokens_with_loss": train.targets,
        "dev_questions": dev.questions,
        "dev_questions_left_out_as_too_long": dev.too_long,
        "steps": session.steps,
        "trained_weights": sum(value.numel() for value in learner.trained.values()),
    }


def _outcome(session: Session) -> dict[str, float]:
    import torch

    state = session.state
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20)  # Linux counts in KiB
    found = {"step": state.step, "seconds": state.seconds, "tokens": state.tokens, "most_memory_gib": peak}
    if torch.cuda.is_initialized():
        found["most_gpu_memory_gib"] = torch.cuda.max_memory_allocated() / (1 << 30)
    return {**found, "best_step": state.best, "best_dev_loss": state.best_loss} if state.best else found


def _finished(task: Task, record: RunRecord, learner: Learner, session: Session) -> RunRecord:
    """Write what was learned, at the best measured step, and close the run."""
    if session.state.best:
        read_best(task.out, learner, session.state.best)
    folder = weights_folder(task.out, record.recipe)
    building = task.out / f".{folder.name}-{os.getpid()}"
    for leftover in (*task.out.glob(f".{folder.name}-*"), folder):
        if leftover.exists():
            shutil.rmtree(leftover)
    save_weights(learner, record.base, building)
    install(building, folder)
    draw_loss(read_metrics(task.out), task.out / CHART)
    files = {file.name: sha256_of(file) for file in sorted(folder.iterdir()) if file.is_file()}
    record = replace(record, state=RunState.FINISHED, files=files, outcome=_outcome(session))
    write_run(task.out, record)
    clear_checkpoints(task.out)
    return record
