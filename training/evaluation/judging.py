"""How many were right: each model's replies judged, by kind of question, and models compared question by question."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from dossier.amounts import Scale, numbers_in
from dossier.prompt import NOT_IN_DOCUMENTS
from dossier.registry import Comparison
from dossier.reply import NOT_HERE
from retrieval.evaluation.measures import Figure
from training.evaluation.answers import Replied
from training.evaluation.contexts import Asked, QuestionSet
from training.evaluation.intervals import by_chance, clustered
from training.scoring import Expected, Outcome, Score, agree, same_number, score_reply

ALL = "all questions"
REFUSALS = "unanswerable"
"""The kind of the questions that the excerpts don't answer."""
_MOST_WORDS = 12


@dataclass(frozen=True, slots=True)
class Judged:
    """One question with what a model replied.

    `right` is what a reader would get right: right, and borne out by the excerpts. `generous` counts it also where the
    right value only stands somewhere in what was written: a model that never learned the short form isn't to be
    counted out for its form.
    """

    asked: Asked
    place: int
    reply: str
    score: Score
    generous: bool

    @property
    def right(self) -> bool:
        """Right and borne out."""
        return self.score.outcome is Outcome.RIGHT and self.score.grounded

    @property
    def refused(self) -> bool:
        """Whether it said that the answer isn't there."""
        told = self.score.outcome is Outcome.REFUSED or (self.score.outcome is Outcome.RIGHT and not self.answerable)
        return told or _says_refusal(self.reply)

    @property
    def answerable(self) -> bool:
        """Whether the excerpts answer it."""
        return bool(self.asked.expected.texts)


MEASURES: Mapping[str, Callable[[Judged], float]] = {
    "right": lambda one: float(one.right),
    "right, generously": lambda one: float(one.generous),
    "exact match": lambda one: float(one.score.exact),
    "number right, whatever its scale": lambda one: float(one.score.value),
    "words in common (F1)": lambda one: one.score.f1,
    "borne out by the excerpts": lambda one: float(one.score.grounded),
    "refused": lambda one: float(one.refused),
}
"""What is measured of every question, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The later model's gain with its interval, and how likely chance alone makes one so large."""

    comparison: Comparison
    chance: float


def judge(questions: QuestionSet, found: Mapping[tuple[str, int], Replied], model: str) -> list[Judged]:
    """Judge everything that a model replied."""
    labels = questions.labels
    return [
        _judged(one, context.place, reply, score_reply(reply, context.excerpts, one.expected, one.text, labels))
        for context in questions.contexts
        for one, reply in zip(context.asked, found[model, context.place].replies, strict=True)
    ]


def figures(judged: Sequence[Judged]) -> dict[str, dict[str, Figure]]:
    """Every measure by kind of question, with intervals by context; refusals are measured apart from the rest."""
    kinds = sorted({one.asked.kind for one in judged})
    groups: dict[str, Sequence[Judged]] = {ALL: judged}
    groups |= {kind: [one for one in judged if one.asked.kind == kind] for kind in kinds}
    return {
        kind: {
            name: clustered([measure(one) for one in group], [one.place for one in group])
            for name, measure in MEASURES.items()
        }
        for kind, group in groups.items()
    }


def compare(later: Sequence[Judged], earlier: Sequence[Judged], generous: bool) -> Difference:
    """The paired difference in right answers; `generous` credits the earlier model wherever the right value stands."""
    now = [float(one.right) for one in later]
    before = [float(one.generous if generous else one.right) for one in earlier]
    differences = [one - other for one, other in zip(now, before, strict=True)]
    places = [one.place for one in later]
    gain = clustered(differences, places, (-1, 1))
    shares = (sum(now) / len(now), sum(before) / len(before))
    made = Comparison(*shares, gain.value, max(-1.0, gain.low), min(1.0, gain.high), len(now))
    return Difference(made, by_chance(differences, places))


def _judged(asked: Asked, place: int, reply: str, score: Score) -> Judged:
    return Judged(asked, place, reply, score, _is_right_generously(reply, asked.expected, score))


def _is_right_generously(reply: str, expected: Expected, score: Score) -> bool:
    if score.outcome is Outcome.RIGHT:
        return True
    if not expected.texts or _says_refusal(reply):
        return not expected.texts and _says_refusal(reply)
    return all(_stands_in(text, reply, expected) for text in expected.texts)


def _stands_in(text: str, reply: str, expected: Expected) -> bool:
    scales: Collection[Scale] = (expected.scale, Scale.ONES)
    values: list[Decimal] = [number.value for number in numbers_in(reply)]
    if any(same_number(value, scale, text, expected.scale) for value in values for scale in scales):
        return True
    if agree((reply,), expected.scale, expected):
        return True
    return len(text.split()) <= _MOST_WORDS and f" {_plain(text)} " in f" {_plain(reply)} "


def _plain(text: str) -> str:
    return " ".join(word.strip('.,;:"()').lower() for word in text.split())


def _says_refusal(reply: str) -> bool:
    plain = reply.lower()
    return NOT_HERE in plain or NOT_IN_DOCUMENTS.rstrip(".").lower() in plain
