"""The record of one evaluation of the product: every answer with what it is worth, kept as JSON to be compared."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import dossier
from dossier.errors import DataError
from dossier.records import Question
from dossier.registry.promotion import now
from training.answers.asking import Said
from training.answers.judging import Judgement, Numbers, Source, judge_answer, numbers_of
from training.scoring import Outcome

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Answered:
    """One question with its answer. `places` are the documents and pages of its evidence, none: it can't be answered.

    `problem` is why there is no answer, which counts as a wrong one. `before` are the questions that came before it;
    `numbers` are None in records that don't know them.
    """

    id: str
    kind: str
    question: str
    expected: str
    places: tuple[tuple[str, int], ...]
    text: str
    note: str
    answered_by: str
    sources: tuple[Source, ...]
    judgement: Judgement
    first: float
    total: float
    problem: str = ""
    before: tuple[str, ...] = ()
    numbers: Numbers | None = None

    @property
    def answerable(self) -> bool:
        """Whether the documents answer it."""
        return bool(self.places)


@dataclass(frozen=True, slots=True)
class ProductRun:
    """One evaluation. `model` as the gateway calls it; `answered_by` the models behind it, with their adapter."""

    questions: str
    digest: str
    address: str
    model: str
    answered_by: tuple[str, ...]
    generations: tuple[str, ...]
    created: str
    version: str
    answers: tuple[Answered, ...]

    @property
    def failed(self) -> list[Answered]:
        """The questions that got no answer."""
        return [one for one in self.answers if one.problem]


def run_of(file: Path, address: str, model: str, questions: Sequence[Question], said: Sequence[Said]) -> ProductRun:
    """Judge all answers and put them together."""
    told = json.dumps([(one.id, one.question, one.answer, *one.before) for one in questions], ensure_ascii=False)
    return ProductRun(
        questions=file.name,
        digest=hashlib.sha256(told.encode()).hexdigest(),
        address=address,
        model=model,
        answered_by=tuple(sorted({one.answered_by for one in said if one.answered_by})),
        generations=tuple(sorted({one.generation for one in said if one.generation})),
        created=now(),
        version=dossier.__version__,
        answers=tuple(_answered(one, found) for one, found in zip(questions, said, strict=True)),
    )


def run_text(run: ProductRun) -> str:
    """The record as JSON; `read_product_run` reads it."""
    return json.dumps({"format": _FORMAT, **asdict(run)}, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def read_product_run(file: Path) -> ProductRun:
    """Read a record. Raises DataError naming the file and what is wrong."""
    try:
        raw = json.loads(file.read_text(encoding="utf-8"))
        if raw.pop("format") != _FORMAT:
            raise DataError(f"{file} is of another version of Dossier. Ask again with this one.")
        answers = tuple(_read_answer(one) for one in raw.pop("answers"))
        raw |= {name: tuple(raw[name]) for name in ("answered_by", "generations")}
        return ProductRun(**raw, answers=answers)
    except OSError as error:
        raise DataError(f"{file} can't be read: {error.strerror}. Name a answers.json of an evaluation.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{file} isn't an evaluation of the product ({error!r}). Name a answers.json of one."
        ) from error


def _answered(question: Question, said: Said) -> Answered:
    judgement = (
        Judgement(Outcome.WRONG) if said.problem else judge_answer(question, said.text, said.verdict, said.sources)
    )
    return Answered(
        id=question.id,
        kind=question.kind,
        question=question.question,
        expected=question.answer,
        places=tuple(dict.fromkeys((item.document, item.page) for item in question.evidence)),
        text=said.text,
        note=said.note,
        answered_by=said.answered_by,
        sources=said.sources,
        judgement=judgement,
        first=round(said.first, 3),
        total=round(said.total, 3),
        problem=said.problem,
        before=question.before,
        numbers=numbers_of(said.text, said.marks),
    )


def _read_answer(raw: dict[str, Any]) -> Answered:
    judgement = Judgement(**{**raw["judgement"], "outcome": Outcome(raw["judgement"]["outcome"])})
    made = {
        "judgement": judgement,
        "sources": tuple(Source(**one) for one in raw["sources"]),
        "places": tuple((str(document), int(page)) for document, page in raw["places"]),
        "before": tuple(map(str, raw.get("before", ()))),
        "numbers": Numbers(**raw["numbers"]) if raw.get("numbers") else None,
        "first": float(raw["first"]),
        "total": float(raw["total"]),
    }
    if unknown := raw.keys() - {field.name for field in fields(Answered)}:
        raise KeyError(*sorted(unknown))
    return Answered(**{**raw, **made})
