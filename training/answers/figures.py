"""Figures of an evaluation of the product, by kind of question, and the difference between two."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dossier.errors import DataError
from retrieval.evaluation.measures import Figure
from training.answers.record import Answered, ProductRun
from training.evaluation.intervals import FEWEST, by_chance, clustered
from training.scoring import Outcome

ALL, ANSWERABLE = "all questions", "answerable"
Measure = Callable[[Answered], float | None]
RIGHT, REFUSED, WRONG = "right", "refused", "wrong"
ANSWERS: Mapping[str, Measure] = {
    RIGHT: lambda one: float(one.judgement.outcome is Outcome.RIGHT),
    REFUSED: lambda one: float(_refuses(one)),
    WRONG: lambda one: float(one.judgement.outcome is Outcome.WRONG),
    "right, no other amount": lambda one: float(one.judgement.exact) if one.answerable else None,
    "number right, any scale": lambda one: float(one.judgement.value) if one.answerable else None,
}
SUPPORTED = "citation bears it out"
SOURCES: Mapping[str, Measure] = {
    "evidence among passages shown": lambda one: one.judgement.found,
    "cited page is right (precision)": lambda one: one.judgement.precision,
    "evidence cited (recall)": lambda one: one.judgement.recall,
    SUPPORTED: lambda one: one.judgement.supported,
}
TRACED, MARKED = "numbers traced", "no number without a mark"
NUMBERS: Mapping[str, Measure] = {
    TRACED: lambda one: one.numbers.traced / one.numbers.said if one.numbers and one.numbers.said else None,
    MARKED: lambda one: float(not one.numbers.unmarked) if one.numbers and one.numbers.said else None,
}
MEASURES: Mapping[str, Measure] = {**ANSWERS, **SOURCES, **NUMBERS}
"""What is measured of a question, from 0 to 1; None where it doesn't apply. An unanswerable one is right if refused."""
SECONDS: Mapping[str, Measure] = {
    "first words": lambda one: None if one.problem else one.first,
    "end": lambda one: None if one.problem else one.total,
}


@dataclass(frozen=True, slots=True)
class Measured:
    """A share with its interval; `questions` it could be measured on."""

    figure: Figure
    questions: int


@dataclass(frozen=True, slots=True)
class Times:
    """Median and 95th percentile, in seconds."""

    median: float
    high: float


@dataclass(frozen=True, slots=True)
class Change:
    """One measure of the same questions in two runs.

    `gain` is later minus earlier with its interval; `chance` how likely chance alone makes so large a one.
    """

    before: float
    after: float
    gain: Figure
    chance: float
    questions: int


def kinds_of(answers: Sequence[Answered]) -> dict[str, list[Answered]]:
    """The answers by kind of question: all, the answerable ones, and each kind."""
    groups = {ALL: list(answers), ANSWERABLE: [one for one in answers if one.answerable]}
    for kind in sorted({one.kind for one in answers}):
        groups[kind] = [one for one in answers if one.kind == kind]
    return {kind: group for kind, group in groups.items() if group}


def clusters_of(answers: Sequence[Answered]) -> tuple[dict[str, int], str]:
    """The number of the cluster that each question belongs to, by its id, and what clusters are.

    Questions about one document stand and fall together; where fewer than ten documents were asked about, those about
    one page do. A question that nothing answers stands alone.
    """
    documents = {one.places[0][0] for one in answers if one.answerable}
    whole = len(documents) >= FEWEST
    names: dict[object, int] = {}
    found = {}
    for one in answers:
        place: object = one.places[0][0] if whole and one.answerable else one.places[0] if one.answerable else one.id
        found[one.id] = names.setdefault(place, len(names))
    return found, "documents" if whole else "pages"


def figures_of(run: ProductRun) -> dict[str, dict[str, Measured]]:
    """Every measure by kind of question, with 95% intervals over documents (or pages)."""
    clusters, _ = clusters_of(run.answers)
    return {
        kind: {name: _measured(group, measure, clusters) for name, measure in MEASURES.items()}
        for kind, group in kinds_of(run.answers).items()
    }


def times_of(run: ProductRun) -> dict[str, dict[str, Times]]:
    """How long answers took, by kind of question."""
    return {
        kind: {name: _times([measure(one) for one in group]) for name, measure in SECONDS.items()}
        for kind, group in kinds_of(run.answers).items()
    }


def changes_of(earlier: ProductRun, later: ProductRun) -> tuple[dict[str, dict[str, Change]], int]:
    """Every measure and the times of the questions that both runs asked, and how many only one of them did.

    Raises DataError where they share none.
    """
    before = {(one.id, one.question): one for one in earlier.answers}
    shared = [(before[one.id, one.question], one) for one in later.answers if (one.id, one.question) in before]
    if not shared:
        raise DataError(f"the two evaluations ({earlier.questions}, {later.questions}) share no question.")
    clusters, _ = clusters_of([one for _, one in shared])
    groups = kinds_of([one for _, one in shared])
    pairs = {after.id: (first, after) for first, after in shared}
    found: dict[str, dict[str, Change]] = {}
    for kind, group in groups.items():
        some = [pairs[one.id] for one in group]
        made = {name: _change(some, measure, clusters, (-1, 1)) for name, measure in MEASURES.items()}
        made |= {name: _change(some, measure, clusters, (-np.inf, np.inf)) for name, measure in SECONDS.items()}
        found[kind] = {name: change for name, change in made.items() if change is not None}
    return found, len(earlier.answers) + len(later.answers) - 2 * len(shared)


def _refuses(one: Answered) -> bool:
    right = one.judgement.outcome is Outcome.RIGHT
    return one.judgement.outcome is Outcome.REFUSED or (right and not one.answerable)


def _measured(group: Sequence[Answered], measure: Measure, clusters: Mapping[str, int]) -> Measured:
    found = [(value, clusters[one.id]) for one in group if (value := measure(one)) is not None]
    return Measured(clustered([value for value, _ in found], [cluster for _, cluster in found]), len(found))


def _times(values: Sequence[float | None]) -> Times:
    found = [value for value in values if value is not None]
    return Times(*(float(np.percentile(found, share)) for share in (50, 95))) if found else Times(np.nan, np.nan)


def _change(
    pairs: Sequence[tuple[Answered, Answered]],
    measure: Measure,
    clusters: Mapping[str, int],
    span: tuple[float, float],
) -> Change | None:
    values = [
        (before, after, clusters[later.id])
        for earlier, later in pairs
        if (before := measure(earlier)) is not None and (after := measure(later)) is not None
    ]
    if not values:
        return None
    differences, places = [after - before for before, after, _ in values], [place for *_, place in values]
    return Change(
        before=sum(before for before, _, _ in values) / len(values),
        after=sum(after for _, after, _ in values) / len(values),
        gain=clustered(differences, places, span),
        chance=by_chance(differences, places),
        questions=len(values),
    )
