"""The `dossier evaluate model` command."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from dossier.base_model import prepare_base_model
from dossier.errors import DataError, NotFoundError, TuningError
from dossier.packs import load_pack
from dossier.progress import ProgressDisplay
from dossier.registry import Entry, Registry
from dossier.registry.checking import RUN_FILES, Base, read_base, read_contents
from dossier.registry.evaluation import evaluation_text
from dossier.registry.promotion import judge
from dossier.settings import Settings, load_settings
from dossier.weights import replace_file
from training.dressing.dressed import read_dressed
from training.evaluation.contexts import QuestionSet, read_contexts
from training.evaluation.evaluate import Candidate, How, Measured, evaluate, require_fitting
from training.evaluation.page import page_of
from training.tuning.recipe import Method
from training.tuning.run_folder import RUN, finished_weights, read_run

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
        candidate = _candidate(settings, registry, adapter, display)
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


def _candidate(settings: Settings, registry: Registry, name: str, display: ProgressDisplay) -> Candidate:
    """The adapter of a name or of a run's folder, checked byte for byte. Raises NotFoundError, TuningError."""
    run = Path(name)
    if not (run / RUN).is_file():
        try:
            return _registered(settings, registry, registry.find(name), display)
        except NotFoundError as error:
            if run.is_dir():
                raise TuningError(f"{run} isn't the folder of a tuning run (no {RUN}).") from error
            raise
    record = read_run(run)
    if record.recipe.method is Method.FULL:
        raise TuningError(f"{run} trained all weights, which isn't evaluated beside its base yet. Tune an adapter.")
    folder = finished_weights(run, record)
    base_folder, base = _base(settings, record.base, display)
    digest = read_contents(folder, RUN_FILES, base).digest
    try:
        entry = registry.get(digest)
    except NotFoundError:
        entry = None
    if entry is not None:
        return _registered(settings, registry, entry, display)
    if base.digest != record.base_digest:
        raise TuningError(f"{run} was tuned on other weights than {base_folder} has. Restore that base model.")
    in_use = _in_use(settings, registry, digest, base)
    name = run.resolve().name
    return Candidate(name, folder, digest, base, base_folder, record.data, record.form, record.prompt, None, in_use)


def _registered(settings: Settings, registry: Registry, entry: Entry, display: ProgressDisplay) -> Candidate:
    base_folder, base = _base(settings, entry.origin.base, display)
    registry.verify(entry, base)
    run = entry.origin.run
    return Candidate(
        entry.name,
        entry.folder,
        entry.digest,
        base,
        base_folder,
        entry.origin.data,
        str(run.get("form", "")),
        str(run.get("prompt", "")),
        entry,
        _in_use(settings, registry, entry.digest, base),
    )


def _in_use(settings: Settings, registry: Registry, candidate: str, base: Base) -> Entry | None:
    """The adapter that answers now, which a candidate has to beat; None: the base model alone, or the candidate."""
    champion = registry.champions.read().of(load_pack(settings).name)
    if not champion or champion == candidate:
        return None
    entry = registry.get(champion)
    registry.verify(entry, base)
    return entry


def _base(settings: Settings, name: str, display: ProgressDisplay) -> tuple[Path, Base]:
    folder = prepare_base_model(settings, name, display)
    return folder, read_base(name, folder, settings.adapter_rank)


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
