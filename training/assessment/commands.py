"""The command `dossier models assess`."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from dossier.errors import DataError, EnvironmentProblem, SettingsError
from dossier.packs import load_pack, load_questions
from dossier.progress import ProgressDisplay
from dossier.settings import load_settings
from dossier.weights import replace_file
from training.assessment.assess import Plan, assess, named_folder
from training.assessment.page import page_of
from training.assessment.recommend import limits_of, recommend
from training.assessment.record import Advice, Assessed
from training.assessment.text import assessment_text

RECORD, PAGE = "assessment.json", "assessment.html"
_LIBRARIES = ("peft", "matplotlib")


def assess_models(
    out: Annotated[Path, typer.Option("--out", help="Folder for the record and the page.")],
    models: Annotated[
        list[str] | None, typer.Argument(help="Folders of models, or packaged ones (none: the pack's own).")
    ] = None,
    memory: Annotated[str, typer.Option(help="Most memory of the model server, such as 8G.")] = "",
    first_token: Annotated[str, typer.Option(help="Longest wait for the first token, such as 2s.")] = "",
    questions: Annotated[int, typer.Option(min=1, help="How many of the pack's questions each is asked.")] = 20,
    tuning: Annotated[bool, typer.Option(help="Also tune each for a few steps.")] = True,
) -> None:
    """Set base models side by side on this machine: licence, size, memory, speed, right answers, cost of tuning.

    Each is served as answers are and asked a sample of the pack's questions; minutes for each model.
    Example: dossier models assess smollm2-135m-instruct models/larger --memory 8G --first-token 2s --out assessment
    """
    _need_libraries()
    limits = limits_of(memory, first_token)
    settings = load_settings()
    pack = load_pack(settings)
    if pack.questions is None:
        raise SettingsError("the pack has no questions to assess models by. Choose one that has: DOSSIER_PACK=finance")
    if (out / RECORD).exists():
        raise DataError(f"{out} holds an assessment already. Name another folder with --out.")
    plan = Plan(load_questions(pack.questions), pack.tone, questions, tuning)
    with ProgressDisplay() as display:
        named = dict.fromkeys(models or [pack.base_model])
        candidates = [(name, named_folder(settings, name, display)) for name in named]
        found = assess(settings, candidates, plan, display)
    advice = recommend(found, limits)
    try:
        out.mkdir(parents=True, exist_ok=True)
        replace_file(out / RECORD, record_text(found, advice))
        replace_file(out / PAGE, page_of(found, advice, limits, settings.device))
    except OSError as error:
        raise DataError(f"{out} can't be written: {error.strerror}. Name another with --out.") from error
    print(f"{assessment_text(found, advice)}\n\nThe page with pictures: {out / PAGE}")


def record_text(found: Sequence[Assessed], advice: Advice) -> str:
    """The figures as JSON."""
    body = {"candidates": [asdict(one) for one in found], "recommended": asdict(advice)}
    return json.dumps(body, indent=1, ensure_ascii=False) + "\n"


def _need_libraries() -> None:
    missing = [name for name in _LIBRARIES if find_spec(name) is None]
    if missing:
        raise EnvironmentProblem(
            f"{', '.join(missing)} isn't installed. Install what training needs: python3 deploy/install.py cpu train"
        )
