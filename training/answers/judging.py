"""Judges an answer of the product: right, wrong or refused, exact or not, and whether its sources hold the evidence."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from dossier.amounts import numbers_in
from dossier.prompt import NOT_IN_DOCUMENTS
from dossier.records import Question, Verdict
from retrieval.evaluation.cases import Hit, Level, Target, case_of
from training.answers.expected import Amount, Reference, all_said, reference_of, stated_amounts, words_of
from training.answers.supporting import citations_supported
from training.scoring import Outcome

_MARKER = re.compile(r"\[\d{1,3}\]")
_LIST_NUMBER = re.compile(r"(?m)^\s*\d{1,2}[.)]\s")


@dataclass(frozen=True, slots=True)
class Source:
    """A passage that came with an answer: file name, page from 1, its text, and whether the answer cites it."""

    document: str
    page: int
    text: str
    cited: bool


@dataclass(frozen=True, slots=True)
class Mark:
    """What an answer says of one of its numbers: the character where that begins, and whether its origin is known."""

    start: int
    traced: bool


@dataclass(frozen=True, slots=True)
class Numbers:
    """How many numbers an answer says, of how many it tells the origin, and how many it says nothing about."""

    said: int = 0
    traced: int = 0
    unmarked: int = 0


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one answer is worth.

    `exact`: it says the right answer and no other amount; `value`: the number is right, whatever its scale. Of an
    answer to an answerable question: `precision` is the share of the cited passages that stand on a page of evidence
    (None: it cites none), `recall` the share of the places needed that are cited, `found` of those among all passages.
    `supported` is the share of its citations that bear out what cites them, right or wrong.
    """

    outcome: Outcome
    exact: bool = False
    value: bool = False
    precision: float | None = None
    recall: float | None = None
    found: float | None = None
    supported: float | None = None


def judge_answer(question: Question, text: str, verdict: str, sources: Sequence[Source]) -> Judgement:
    """Judge an answer to one question of a set."""
    refused = verdict == Verdict.NOT_IN_DOCUMENTS or NOT_IN_DOCUMENTS.rstrip(".").lower() in text.lower()
    supported = None if refused else citations_supported(text, [source.text for source in sources])
    if not question.evidence:
        return Judgement(Outcome.RIGHT if refused else Outcome.WRONG, refused, refused, supported=supported)
    targets = case_of(question).targets[Level.PAGE]
    found = _met(targets, sources)
    if refused:
        return Judgement(Outcome.REFUSED, found=found)
    reference, said = reference_of(question), " ".join(_MARKER.sub(" ", text).split())
    amounts = stated_amounts(said)
    right = all_said(reference, amounts, said)
    cited = [source for source in sources if source.cited]
    return Judgement(
        Outcome.RIGHT if right else Outcome.WRONG,
        exact=right and _says_nothing_else(reference, question.answer, said),
        value=right or (bool(reference.amounts) and _numbers_alone(reference, amounts)),
        precision=_on_evidence(targets, cited),
        recall=_met(targets, cited),
        found=found,
        supported=supported,
    )


def numbers_of(text: str, marks: Sequence[Mark]) -> Numbers:
    """Count an answer's numbers against its traces. Citations, list numbers and names such as `Q1` are no numbers."""
    blank = text
    for other in (_MARKER, _LIST_NUMBER):
        blank = other.sub(lambda match: " " * len(match[0]), blank)
    starts = [one.start for one in numbers_in(blank) if not blank[max(one.start - 1, 0) : one.start].isalpha()]
    traced = {mark.start: mark.traced for mark in marks}
    known = [traced[start] for start in starts if start in traced]
    return Numbers(len(starts), sum(known), len(starts) - len(known))


def _says_nothing_else(reference: Reference, answer: str, said: str) -> bool:
    """Whether the answer proper (what stands before ` = ` or behind the label) is the right one and no more."""
    proper = said.split(" = ")[0] if " = " in said else said.rpartition(": ")[2] or said
    if not reference.amounts:
        return words_of(said) == words_of(answer)
    amounts = stated_amounts(proper if " = " in said else f"{proper} {_unit_of(said)}")
    return bool(amounts) and all(any(one.is_said_by(other, True) for one in reference.amounts) for other in amounts)


def _unit_of(said: str) -> str:
    """The unit that a row states once for all its cells, as `(in millions)`."""
    match = re.search(r"\(?\bin (?:thousand|million|billion)s\)?", said, re.IGNORECASE)
    return match[0] if match else ""


def _numbers_alone(reference: Reference, amounts: Sequence[Amount]) -> bool:
    return all(any(one.value == other.value for other in amounts) for one in reference.amounts)


def _met(targets: Sequence[Target], sources: Sequence[Source]) -> float:
    hits = [_hit(source) for source in sources]
    met = sum(any(place.is_met_by(hit) for place in target.places for hit in hits) for target in targets)
    return met / len(targets)


def _on_evidence(targets: Sequence[Target], cited: Sequence[Source]) -> float | None:
    if not cited:
        return None
    places = [place for target in targets for place in target.places]
    return sum(any(place.is_met_by(_hit(source)) for place in places) for source in cited) / len(cited)


def _hit(source: Source) -> Hit:
    return Hit(source.document, source.page, source.text)
