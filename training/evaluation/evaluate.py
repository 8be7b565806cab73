"""Ask base, tuned and what answers now, and put everything that is found into the record that promotion judges by."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dossier.errors import TuningError
from dossier.prompt import PROMPT_VERSION
from dossier.records import Progress
from dossier.registry import Entry, Evaluation, Served
from dossier.registry.checking import Base
from dossier.registry.promotion import now
from dossier.reply import TargetFormat
from training.dressing.dressed import Dressed
from training.evaluation.answers import AnswersFile, ask_all
from training.evaluation.audit import Finding, audit_model, verdict
from training.evaluation.contexts import QuestionSet
from training.evaluation.general import General, ask_general, forgetting_of
from training.evaluation.judging import Difference, Judged, compare, judge
from training.evaluation.lab import BASE, Lab
from training.tuning.recipe import Precision
from training.tuning.run_folder import installed_versions
from training.tuning.session import resident_gib

TUNED, IN_USE = "tuned", "in use"
"""The models beside the base: the one that is judged, and the adapter that answers now."""
ANSWERS = "answers.jsonl"
OnProgress = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Candidate:
    """The adapter that is judged: its checked folder and digest, its base model, and what it was trained on.

    `form` and `prompt` are what it was tuned to read and write, empty where that isn't known. `entry` is its place in
    the registry, `in_use` the adapter that answers now, None: the base model alone.
    """

    name: str
    folder: Path
    digest: str
    base: Base
    base_folder: Path
    data: str
    form: str
    prompt: str
    entry: Entry | None = None
    in_use: Entry | None = None


@dataclass(frozen=True, slots=True)
class How:
    """How it is asked: which split, most tokens of a reply, and the precision of the computation."""

    split: str
    reply_tokens: int
    precision: Precision = Precision.AUTO


@dataclass(frozen=True, slots=True)
class Measured:
    """Everything that was found, by model, and the record of it. `before` names the model compared with.

    `apart`: the questions are of the set that the adapter was trained on, whose parts share nothing.
    """

    judged: Mapping[str, list[Judged]]
    before: str
    difference: Difference
    general: Mapping[str, General]
    findings: Mapping[str, list[Finding]]
    seconds: Mapping[str, float]
    memory_gib: float
    apart: bool
    evaluation: Evaluation


def require_fitting(candidate: Candidate, dressed: Dressed) -> None:
    """Raises TuningError where the set is worded otherwise than the adapter, or the one in use, was tuned to read."""
    asked = (dressed.form, dressed.prompt)
    tuned = {candidate.name: (candidate.form, candidate.prompt)}
    if candidate.in_use is not None:
        run = candidate.in_use.origin.run
        tuned[f"{candidate.in_use.name}, which answers now,"] = (str(run.get("form", "")), str(run.get("prompt", "")))
    for name, known in tuned.items():
        if known[0] and known != asked:
            raise TuningError(
                f"{name} was tuned on replies of the form {known[0]} (prompt version {known[1]}), but {dressed.folder} "
                f"has {asked[0]} (version {asked[1]}). Dress a set in that form: dossier data dress SET --form "
                f"{known[0]} --out FOLDER."
            )


def evaluate(
    candidate: Candidate, dressed: Dressed, questions: QuestionSet, how: How, out: Path, on_progress: OnProgress
) -> Measured:
    """Ask and judge everything. `out` keeps the replies, from which a killed evaluation goes on. Raises DataError."""
    adapters = {TUNED: candidate.folder}
    if candidate.in_use is not None:
        adapters[IN_USE] = candidate.in_use.folder
    kept = AnswersFile(out / ANSWERS, _about(candidate, questions, how))
    lab = Lab(candidate.base_folder, adapters, how.precision)
    ask_all(lab, questions.contexts, kept, how.reply_tokens, on_progress)
    judged = {name: judge(questions, kept.found, name) for name in lab.names}
    general = {name: ask_general(lab, name, on_progress) for name in (BASE, TUNED)}
    form = TargetFormat(dressed.form)
    findings = {name: audit_model(lab, name, form, on_progress) for name in (BASE, TUNED)}
    spent = {
        name: sum(kept.found[name, one.place].seconds for one in questions.contexts) / questions.questions
        for name in lab.names
    }
    before = IN_USE if candidate.in_use is not None else BASE
    # the base never learned the short form of a reply: it is credited wherever the right value stands
    difference = compare(judged[TUNED], judged[before], generous=before == BASE)
    made = Evaluation(
        own=difference.comparison,
        forgetting=forgetting_of(general[BASE], general[TUNED]),
        audit=verdict(findings[TUNED], findings[BASE]),
        served=Served(0, 0),  # compared elsewhere; until then promotion says that it wasn't
        **_identity(candidate, dressed, questions),
    )
    apart = candidate.data == dressed.manifest["files"]["train.jsonl"]
    return Measured(judged, before, difference, general, findings, spent, resident_gib(), apart, made)


def _identity(candidate: Candidate, dressed: Dressed, questions: QuestionSet) -> dict[str, Any]:
    """What the record is about."""
    return {
        "adapter": candidate.digest,
        "base": candidate.base.digest,
        "data": candidate.data,
        "questions": questions.digest,
        "reference": candidate.in_use.digest if candidate.in_use is not None else "",
        "created": now(),
        "versions": {**installed_versions(), "prompt": PROMPT_VERSION, "set": str(dressed.manifest["digest"])},
    }


def _about(candidate: Candidate, questions: QuestionSet, how: How) -> dict[str, str]:
    """What replies depend on."""
    return {
        "adapter": candidate.digest,
        "base": candidate.base.digest,
        "adapter in use": candidate.in_use.digest if candidate.in_use is not None else "",
        "questions": questions.digest,
        **{name.replace("_", " "): str(value) for name, value in asdict(how).items()},
        "prompt version": PROMPT_VERSION,
        "libraries": ", ".join(f"{name} {value}" for name, value in installed_versions().items()),
    }
