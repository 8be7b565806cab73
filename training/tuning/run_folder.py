"""A run's folder: what was tuned how (`run.json`), its figures (`metrics.jsonl`), and who is at work on it."""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from dossier.errors import EnvironmentProblem, TuningError
from dossier.weights import replace_file, sha256_of
from training.tuning.recipe import Method, Recipe, recipe_from

RUN, METRICS, CHART = "run.json", "metrics.jsonl", "loss.svg"
_LIBRARIES = ("torch", "transformers", "peft", "safetensors", "bitsandbytes")


class RunState(StrEnum):
    """Where a run stands."""

    RUNNING = "running"
    STOPPED = "stopped"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What `run.json` holds.

    `data`, `dev` and `base_digest` are SHA-256 digests, `files` the adapter's files with theirs; `threads` of
    computation and the `device` are part of the result, since they cut sums; `counts` tells what the data came to,
    `outcome` how it went. `form` and `prompt` are the format of replies and the prompts' version of a dressed set,
    empty for own lines.
    """

    base: str
    base_digest: str
    data: str
    dev: str
    recipe: Recipe
    threads: int
    versions: Mapping[str, str] = field(default_factory=dict)
    state: RunState = RunState.RUNNING
    counts: Mapping[str, int] = field(default_factory=dict)
    outcome: Mapping[str, float] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    form: str = ""
    prompt: str = ""
    device: str = "cpu"


def installed_versions() -> dict[str, str]:
    """Versions of the libraries that the result depends on. Raises EnvironmentProblem where one isn't installed."""
    try:
        return {name: version(name) for name in _LIBRARIES}
    except PackageNotFoundError as error:
        raise EnvironmentProblem(
            f"{error.name} isn't installed, which tuning needs. Install the extra: pip install 'dossier[train]'"
        ) from error


def weights_folder(folder: Path, recipe: Recipe) -> Path:
    """Where a run puts what it learned: an adapter, or a whole model when all weights were trained."""
    return folder / ("model" if recipe.method is Method.FULL else "adapter")


def finished_weights(folder: Path, record: RunRecord) -> Path:
    """Where a finished run's weights are, its files as the run wrote them. Raises TuningError."""
    if record.state is not RunState.FINISHED:
        raise TuningError(f"the run in {folder} isn't finished. Go on with it first: dossier tune run ... --resume")
    weights = weights_folder(folder, record.recipe)
    for name, digest in record.files.items():
        if not (weights / name).is_file() or sha256_of(weights / name) != digest:
            raise TuningError(f"{weights / name} isn't what the run wrote. Restore it, or tune again.")
    return weights


def write_run(folder: Path, record: RunRecord) -> None:
    """Replace `run.json`."""
    replace_file(folder / RUN, json.dumps(asdict(record), indent=1, ensure_ascii=False) + "\n")


def read_run(folder: Path) -> RunRecord:
    """What `run.json` says. Raises TuningError where there is none or it can't be read."""
    file = folder / RUN
    if not file.is_file():
        raise TuningError(f"{folder} isn't the folder of a tuning run (no {RUN}). `dossier tune run` makes one.")
    try:
        raw = json.loads(file.read_text(encoding="utf-8"))
        raw["recipe"] = recipe_from(raw["recipe"])
        raw["state"] = RunState(raw["state"])
        return RunRecord(**raw)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise TuningError(f"{file} can't be read ({error!r}). Restore it, or remove the folder.") from error


def require_same(folder: Path, old: RunRecord, new: RunRecord) -> None:
    """Refuse to go on with other data, settings, base model or libraries. Raises TuningError naming the difference."""
    told = {
        "the training data differ": (old.data, new.data),
        "the dev data differ": (old.dev, new.dev),
        f"the base model differs ({old.base} then, {new.base} now)": (old.base_digest, new.base_digest),
        f"the device was {old.device} and is {new.device} now": (old.device, new.device),
    }
    different = [reason for reason, (before, now) in told.items() if before != now]
    then, now_set = old.recipe.as_json(), new.recipe.as_json()
    different += [f"{name} was {then[name]} and is {now_set[name]} now" for name in then if then[name] != now_set[name]]
    different += [
        f"{name} was {old.versions.get(name)} and is {new.versions[name]} now"
        for name in new.versions
        if old.versions.get(name) != new.versions[name]
    ]
    if different:
        raise TuningError(
            f"{folder} can't go on: {'; '.join(different)}. Go on with the same, or start in another folder."
        )


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold the run's folder. Raises TuningError where another process does or it can't be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise TuningError(f"{folder} can't be written: {error.strerror}. Choose another folder.") from error
    try:
        _lock(handle, folder)
        yield
    finally:
        os.close(handle)


def _lock(handle: int, folder: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise TuningError(f"another process is tuning in {folder}. Wait until it ends, or end it.") from error


def append_metric(folder: Path, values: Mapping[str, float]) -> None:
    """Add a line to the figures."""
    with (folder / METRICS).open("a", encoding="utf-8") as stream:
        stream.write(json.dumps(values) + "\n")


def read_metrics(folder: Path) -> list[dict[str, float]]:
    """The figures so far; a last line that was cut by a kill is left out."""
    file = folder / METRICS
    lines = file.read_text(encoding="utf-8").split("\n") if file.is_file() else []
    return [json.loads(line) for line in lines if line.endswith("}")]


def cut_metrics(folder: Path, step: int) -> None:
    """Forget figures of steps that are done again."""
    kept = [values for values in read_metrics(folder) if values["step"] <= step]
    replace_file(folder / METRICS, "".join(json.dumps(values) + "\n" for values in kept))
