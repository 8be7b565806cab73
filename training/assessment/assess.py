"""Assesses candidates one after the other, so that none takes another's memory or processor."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dossier.base_model import prepare_base_model
from dossier.errors import DossierError, WeightsError
from dossier.records import Question
from dossier.settings import Settings
from dossier.weights import BASE_MODELS
from training.assessment.asking import Candidate
from training.assessment.facts import facts_of
from training.assessment.record import Assessed, Cost, Facts, Served
from training.assessment.sample import Asked, draw, tuning_lines
from training.assessment.server import ALONE, Command, OnProgress, running
from training.assessment.trial import STEPS, tuning_cost

_LONGEST = 2048


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked: the pack's questions and tone, how many, and whether tuning is tried. `command` serves a model."""

    questions: Sequence[Question]
    tone: str
    sample: int
    tuning: bool = True
    command: Command = ALONE


def named_folder(settings: Settings, name: str, on_progress: OnProgress) -> Path:
    """The verified folder of a candidate: a packaged model or a local folder. Raises WeightsError."""
    if name not in BASE_MODELS and not Path(name).is_dir():
        hub = name.count("/") == 1 and not name.startswith((".", "/", "~"))
        what = (
            "Names of a model hub aren't fetched from here: download it where the hub is reachable "
            f"(`hf download {name} --local-dir {name.split('/')[-1]}`), copy the folder, and name the folder."
            if hub
            else f"Name a folder with safetensors, or a packaged model ({', '.join(BASE_MODELS)})."
        )
        raise WeightsError(f"there is no model {name!r} on this machine. {what}")
    return prepare_base_model(settings, name, on_progress)


def assess(
    settings: Settings, candidates: Sequence[tuple[str, Path]], plan: Plan, on_progress: OnProgress
) -> list[Assessed]:
    """Measure each candidate (name and verified folder). What one can't do is told of it and stops nobody else."""
    sample = draw(plan.questions, plan.sample, plan.tone)
    found = []
    for name, folder in candidates:
        facts = facts_of(name, folder, settings.device)
        tell = _named(on_progress, name)
        served, problem = _served(settings, folder, facts, sample, plan.command, tell)
        cost = _cost(settings, folder, facts, plan, tell) if plan.tuning else None
        found.append(Assessed(facts, served, cost, problem))
    return found


def _named(on_progress: OnProgress, name: str) -> OnProgress:
    """Progress that says which candidate it is about."""
    short = name.rstrip("/").rsplit("/", 1)[-1]
    return lambda progress: on_progress(replace(progress, stage=f"{short}: {progress.stage}"))


def _served(
    settings: Settings, folder: Path, facts: Facts, sample: Sequence[Asked], command: Command, on_progress: OnProgress
) -> tuple[Served | None, str]:
    try:
        with running(settings, folder, facts.context or settings.engine_context, on_progress, command) as server:
            client = Candidate(server)
            try:
                said = client.ask_all(sample, on_progress)
                pace = client.pace(sample)
            finally:
                client.close()
        return Served(said, pace, server.memory_gib, server.start_seconds), ""
    except DossierError as error:
        return None, str(error)


def _cost(settings: Settings, folder: Path, facts: Facts, plan: Plan, on_progress: OnProgress) -> Cost:
    with tempfile.TemporaryDirectory(prefix="dossier-assess-") as place:
        data = Path(place) / "questions.jsonl"
        data.write_text(tuning_lines(plan.questions, plan.tone), encoding="utf-8")
        told = {
            "folder": str(folder), "data": str(data), "out": str(Path(place) / "run"), "device": settings.device,
            "longest": min(_LONGEST, facts.context or _LONGEST), "steps": STEPS,
        }  # fmt: skip
        return tuning_cost(told, on_progress)
