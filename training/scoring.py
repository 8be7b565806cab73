"""Whether an answer is right: exact match with scale, numbers after rounding, token F1 for words.

The rules of TAT-QA (Zhu et al. 2021, section 5): a number is right when value and scale agree after rounding, words
when they are the same after normalisation (Rajpurkar et al. 2016, section 4). A percentage may be
written as `22` percent or as `0.22`.
"""

import re
import string
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from dossier.amounts import POWERS, Scale, amount_in
from dossier.excerpts import Excerpt
from dossier.grounding import Verified
from dossier.reply import ReplyKind
from dossier.settling import check_reply
from training.data.example import AnswerKind, Labelled

_ARTICLES = re.compile(r"\b(?:a|an|the)\b")
_PUNCTUATION = str.maketrans(dict.fromkeys(string.punctuation + "‘’“”–—−€£¥", " "))
HALF = Decimal("0.5")
_JUST_OVER = Decimal("1.000001")


class Outcome(StrEnum):
    """How an answer compares with what was expected. A refusal is right only where nothing could be answered."""

    RIGHT = "right"
    WRONG = "wrong"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Expected:
    """The right answer: one text, or several in any order; none: it can't be answered."""

    texts: tuple[str, ...] = ()
    scale: Scale = Scale.ONES


def expected_of(answer: Labelled) -> Expected:
    """What an example's label expects; nothing, where it can't be answered."""
    if answer.kind is AnswerKind.UNANSWERABLE:
        return Expected()
    scale = Scale.ONES if answer.kind is AnswerKind.COUNT else answer.scale
    return Expected(answer.texts, scale)


@dataclass(frozen=True, slots=True)
class Score:
    """What an answer earned.

    `exact` is value and scale, or words (exact match); `value` the number alone, whatever its scale; `f1` the share of
    words in common. `grounded` whether the excerpts bear it out, with the reason where they don't.
    """

    outcome: Outcome
    exact: bool
    value: bool
    f1: float
    grounded: bool
    reason: str = ""


def score_reply(
    text: str, excerpts: Sequence[Excerpt], expected: Expected, asked: str = "", labels: Collection[str] = ()
) -> Score:
    """Score what a model wrote. `asked` is the question with its history, whose numbers may be computed with."""
    return score(check_reply(text, excerpts, asked, labels), expected)


def score(found: Verified, expected: Expected) -> Score:
    """Score a reply that was verified; what isn't grounded is scored by what it says all the same."""
    refused = found.reply is not None and found.reply.kind is ReplyKind.NONE
    if refused or not expected.texts:
        right = refused and not expected.texts
        outcome = Outcome.RIGHT if right else Outcome.REFUSED if refused else Outcome.WRONG
        return Score(outcome, right, right, float(right), found.grounded, found.reason)
    texts = said(found)
    exact = agree(texts, found.scale, expected)
    value = exact or agree(texts, expected.scale, expected)
    f1 = 1.0 if exact else _f1(texts, expected.texts)
    return Score(Outcome.RIGHT if exact else Outcome.WRONG, exact, value, f1, found.grounded, found.reason)


def said(found: Verified) -> tuple[str, ...]:
    """The answer's texts: the value where there is one, else the words."""
    return found.texts if found.value is None else (f"{found.value:f}",)


def agree(texts: Sequence[str], scale: Scale, expected: Expected) -> bool:
    """Whether an answer is the expected one: numbers with their scale after rounding, else the same words."""
    if len(texts) != len(expected.texts):
        return False
    if len(texts) == 1 and (value := amount_in(texts[0])) is not None:
        stated = amount_in(expected.texts[0])
        if stated is not None:
            return same_number(value, scale, expected.texts[0], expected.scale)
    return scale == expected.scale and _bag(texts) == _bag(expected.texts)


def same_number(value: Decimal, scale: Scale, text: str, expected: Scale, units: Decimal = HALF) -> bool:
    """Whether a value is the stated one after rounding: within `units` of the text's last decimal.

    Both are brought to ones, so that 1,500 thousand is 1.5 million and 0.22 is 22 percent, as in TAT-QA's own measure.
    """
    stated = amount_in(text)
    if stated is None:
        return False
    if "%" in text and expected is Scale.ONES:
        expected = Scale.PERCENT
    decimals = len(text.partition(".")[2].rstrip("%) "))
    slack = Decimal(1).scaleb(-decimals) * units * _JUST_OVER
    return abs(_in_ones(value, scale) - _in_ones(stated, expected)) <= _in_ones(slack, expected)


def _in_ones(value: Decimal, scale: Scale) -> Decimal:
    return value.scaleb(-2 if scale is Scale.PERCENT else POWERS.get(scale, 0))


def _bag(texts: Sequence[str]) -> Counter[str]:
    return Counter(" ".join(_words(text)) for text in texts)


def _words(text: str) -> list[str]:
    value = amount_in(text)
    if value is not None:
        return [f"{value.normalize():f}"]
    return _ARTICLES.sub(" ", text.replace("$", "").lower().translate(_PUNCTUATION)).split()


def _f1(texts: Sequence[str], expected: Sequence[str]) -> float:
    """Words in common, as the harmonic mean of their shares of both sides."""
    one = Counter(word for text in texts for word in _words(text))
    other = Counter(word for text in expected for word in _words(text))
    common = (one & other).total()
    return 2 * common / (one.total() + other.total()) if common else 0.0
