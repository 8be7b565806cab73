"""The `dossier tune` commands."""

import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from dossier.base_model import prepare_base_model
from dossier.command_group import command_group
from dossier.errors import SettingsError
from dossier.packs import load_pack
from dossier.progress import ProgressDisplay
from dossier.settings import load_settings
from training.dressing.dressed import Dressed, read_dressed
from training.tuning.recipe import Method, Precision, Recipe, Schedule
from training.tuning.report import as_text, trials_text
from training.tuning.run_folder import RunRecord, RunState, read_run, weights_folder
from training.tuning.session import Watch
from training.tuning.tune import Task, tune_model

tune_commands = command_group("Fine-tune the language model on questions and answers of your own.")
_USUAL = Recipe()
Data = Annotated[
    Path, typer.Argument(help="JSON lines: a context with its questions and answers each; or a dressed set's folder.")
]


def _option(says: str, name: str) -> typer.models.OptionInfo:
    return typer.Option(help=f"{says} (default: {getattr(_USUAL, name)})")  # type: ignore[no-any-return]


@tune_commands.command("run")
def run_command(  # noqa: PLR0913 (options of a command)
    data: Data,
    out: Annotated[Path, typer.Option(help="Folder of this run.")],
    dev: Annotated[Path | None, typer.Option(help="The same kind of file, to measure on: the best is kept.")] = None,
    method: Annotated[Method | None, _option("What is trained.", "method")] = None,
    rank: Annotated[int | None, _option("Rank of the adapter.", "rank")] = None,
    alpha: Annotated[float | None, _option("Weight of the adapter.", "alpha")] = None,
    dropout: Annotated[float | None, _option("Share of the adapter's inputs left out.", "dropout")] = None,
    targets: Annotated[str | None, _option("attention, all-linear, or names of layers with commas.", "targets")] = None,
    layers: Annotated[
        int | None, _option("Uppermost blocks that learn; 0: all. Half is over twice as fast.", "layers")
    ] = None,
    rate: Annotated[float | None, _option("How fast it learns.", "rate")] = None,
    ratio: Annotated[float | None, _option("lora+: how much faster B learns than A.", "ratio")] = None,
    epochs: Annotated[int | None, _option("How often everything is seen.", "epochs")] = None,
    batch_tokens: Annotated[int | None, _option("Most tokens of a batch: memory follows.", "batch_tokens")] = None,
    longest: Annotated[int | None, _option("Longer questions (in tokens) are left out.", "longest")] = None,
    accumulate: Annotated[int | None, _option("Batches of one step.", "accumulate")] = None,
    warmup: Annotated[float | None, _option("Share of the steps in which the rate rises.", "warmup")] = None,
    schedule: Annotated[Schedule | None, _option("How the rate falls then.", "schedule")] = None,
    clip: Annotated[float | None, _option("Longest gradient.", "clip")] = None,
    decay: Annotated[float | None, _option("Weight decay.", "decay")] = None,
    dev_every: Annotated[int | None, _option("Steps between two measurements; 0: once an epoch.", "dev_every")] = None,
    patience: Annotated[int | None, _option("Measurements without gain before it ends; 0: never.", "patience")] = None,
    save_every: Annotated[int | None, _option("Steps between two checkpoints.", "save_every")] = None,
    precision: Annotated[Precision | None, _option("auto: bf16 where the processor has it.", "precision")] = None,
    seed: Annotated[int | None, _option("The same seed learns the same.", "seed")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a stopped or killed run.")] = False,
) -> None:
    """Tune the base model of the settings. Ctrl-C stops after the step at hand; --resume goes on.

    Example: dossier tune run train.jsonl --dev dev.jsonl --out runs/first
    """
    chosen = {name: value for name, value in locals().items() if name in _USUAL.as_json() and value is not None}
    settings = load_settings()
    base = load_pack(settings).base_model
    dressed = read_dressed(data) if data.is_dir() else None
    with ProgressDisplay() as display, _stopping() as stop:
        folder = prepare_base_model(settings, base, display)
        task = _task_of(dressed, dev, out, base, folder) if dressed else Task(base, folder, data, dev, out)
        task = replace(task, device=settings.device)
        record = tune_model(task, chosen, resume, Watch(display, stop))
    _end(task, record)


def _task_of(dressed: Dressed, dev: Path | None, out: Path, base: str, folder: Path) -> Task:
    """Tuning on a dressed set; a dev file that is named is taken as it is."""
    train = dressed.file("train")
    if train is None:
        raise SettingsError(f"{dressed.folder} has no questions to learn from. Dress a set with more examples.")
    return Task(base, folder, train, dev or dressed.file("dev"), out, dressed.form, dressed.prompt)


def _end(task: Task, record: RunRecord) -> None:
    """Say how the run ended and what comes next; a stopped one ends with the status of an interruption."""
    print(as_text(task.out, record))
    if record.state is RunState.STOPPED:
        measured = f" --dev {shlex.quote(str(task.dev))}" if task.dev else ""
        line = f"dossier tune run {shlex.quote(str(task.data))}{measured} --out {shlex.quote(str(task.out))} --resume"
        print(f"Stopped. Go on with: {line}", file=sys.stderr)
        raise typer.Exit(130)
    merge_line = f"dossier tune merge {shlex.quote(str(task.out))} --out MODEL_FOLDER"
    print(f"What was learned is in {weights_folder(task.out, record.recipe)}. As a model to serve: {merge_line}")


@tune_commands.command("search")
def search_command(
    data: Data,
    dev: Annotated[Path, typer.Option(help="The same kind of file, whose loss decides.")],
    out: Annotated[Path, typer.Option(help="Folder of the search; a run in it for each trial.")],
    trials: Annotated[int, typer.Option(help="Trials to have in the end, with those that are there.")] = 12,
    epochs: Annotated[int, typer.Option(help="Most epochs of a trial.")] = 3,
    seed: Annotated[int, typer.Option(help="Where the drawing of settings begins.")] = 7,
) -> None:
    """Search for the rate, rank, targets and epochs with the lowest dev loss. The same command again goes on.

    Example: dossier tune search train.jsonl --dev dev.jsonl --out runs/search --trials 12
    """
    from training.tuning.search import Space, search

    settings = load_settings()
    base = load_pack(settings).base_model
    with ProgressDisplay() as display, _stopping() as stop:
        folder = prepare_base_model(settings, base, display)
        task = Task(base, folder, data, dev, out, device=settings.device)
        found = search(task, Space(epochs=epochs), trials, seed, display, stop)
    print(trials_text(found))
    if stop():
        raise typer.Exit(130)


@tune_commands.command("show")
def show(folder: Annotated[Path, typer.Argument(help="Folder of a run.")]) -> None:
    """Show what a run was, how far it is and how it went."""
    print(as_text(folder, read_run(folder)))


@tune_commands.command("merge")
def merge(
    folder: Annotated[Path, typer.Argument(help="Folder of a finished run.")],
    out: Annotated[Path, typer.Option(help="Folder of the model, which must not exist yet.")],
) -> None:
    """Add what was learned to the base model, for serving.

    Example: dossier tune merge runs/first --out models/first
    """
    from training.tuning.merge import merge_run

    with ProgressDisplay() as display:
        base = prepare_base_model(load_settings(), read_run(folder).base, display)
        merge_run(folder, base, out, display)
    print(f'{out} is a whole model. Use it by the setting: base_model = "{out}"')


@contextmanager
def _stopping() -> "Iterator[_Stop]":
    """Ctrl-C and SIGTERM ask for a stop after the step at hand; a second one ends at once."""
    stop = _Stop()
    before = {number: signal.signal(number, stop.ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class _Stop:
    """Whether a stop was asked for."""

    def __init__(self) -> None:
        self._asked = False

    def __call__(self) -> bool:
        return self._asked

    def ask(self, number: int, frame: FrameType | None) -> None:
        """The handler of the signals."""
        if self._asked:
            raise KeyboardInterrupt
        self._asked = True
        print("Stopping after this step. Once more ends at once.", file=sys.stderr, flush=True)
