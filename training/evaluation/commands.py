"""The `dossier evaluate model` command."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from dossier.errors import DataError
from dossier.packs import load_pack
from dossier.progress import ProgressDisplay
from dossier.registry import Registry
from dossier.registry.evaluation import evaluation_text
from dossier.registry.promotion import judge
from dossier.settings import load_settings
from dossier.weights import replace_file
from training.dressing.dressed import read_dressed
from training.evaluation.candidates import candidate_of
from training.evaluation.contexts import QuestionSet, read_contexts
from training.evaluation.evaluate import Candidate, How, Measured, evaluate, require_fitting
from training.evaluation.page import page_of

REPORT, PAGE = "evaluation.json", "report.html"


class Split(StrEnum):
    """Which of a set's questions are asked."""

    TEST = "test"
    DEV = "dev"


def model(
    adapter: Annotated[str, typer.Option(help="A registered adapter, or the folder of a finished tuning run.")],
    dressed_set: Annotated[Path, typer.Option("--set", help="A dressed set (`dossier data dress`).")],
    out: Annotated[Path, typer.Option(help="Folder for the page, the report and the replies.")],
    split: Annotated[
        Split, typer.Option(help="Its questions; only those of test decide about promotion.")
    ] = Split.TEST,
    limit: Annotated[int, typer.Option(min=0, help="Ask on so many pages only, drawn by chance; 0: all.")] = 0,
    reply_tokens: Annotated[int, typer.Option(min=1, help="Longest reply, in tokens.")] = 160,
) -> None:
    """Find out whether a tuned model is better than what answers now, what it forgot, and whether it is fair.

    Goes on where it was stopped. A registered adapter keeps the report, by which promotion judges.
    Example: dossier evaluate model --adapter first --set data/dressed --out evaluation
    """
    settings = load_settings()
    registry = Registry.of(settings)
    dressed = read_dressed(dressed_set)
    questions = read_contexts(dressed, split, limit)
    with ProgressDisplay() as display:
        candidate = candidate_of(settings, registry, adapter, display)
        require_fitting(candidate, dressed)
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise DataError(f"{out} can't be written: {error.strerror}. Name another with --out.") from error
        measured = evaluate(candidate, dressed, questions, How(split.value, reply_tokens), out, display)
    replace_file(out / REPORT, evaluation_text(measured.evaluation))
    against = _against(registry, candidate, measured, split, load_pack(settings).name)
    replace_file(out / PAGE, page_of(candidate, questions, measured, against))
    print(_summary(questions, measured, against))
    print(f"\nThe page with everything: {out / PAGE}")


def _against(registry: Registry, candidate: Candidate, measured: Measured, split: Split, pack: str) -> tuple[str, ...]:
    """Keep the report of a registered adapter, and say what speaks against promoting it."""
    if split is not Split.TEST:
        return (f"the {split} questions chose its weights while it learned: evaluate it on the test questions",)
    if candidate.entry is None:
        return ("it isn't registered: `dossier models register` takes it in, then evaluate it again",)
    registry.attach(candidate.entry, measured.evaluation)
    return judge(registry, candidate.entry, pack).against


def _summary(questions: QuestionSet, measured: Measured, against: tuple[str, ...]) -> str:
    own, kept, audit = measured.evaluation.own, measured.evaluation.forgetting, measured.evaluation.audit
    lines = [
        f"{own.questions:,} questions on {len(questions.contexts):,} pages",
        f"right: {own.candidate:.1%} tuned, {own.reference:.1%} before; difference {100 * own.difference:+.1f} points "
        f"(95% interval {100 * own.low:+.1f} to {100 * own.high:+.1f})",
        f"{kept.measure}: {kept.before:.1%} before, {kept.after:.1%} tuned (at most {kept.bound:.0%} may be lost)",
        f"bias audit: {'passed' if audit.passed else 'failed'}; {audit.summary}",
        "against promoting it: " + ("nothing" if not against else ""),
        *(f"  - {reason}" for reason in against),
    ]
    return "\n".join(line.rstrip() for line in lines)
