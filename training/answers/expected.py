"""What an answer in a product's own words must say to be right: amounts with their scale and unit, and words.

Reference answers are short (`$1,284.6 million`; `12 to 18 months to qualify another supplier`), answers are sentences.
An amount is said when value, scale and unit agree after rounding, wherever it stands; words when most of them stand.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from dossier.amounts import Scale, numbers_in
from dossier.records import Question
from training.scoring import same_number

LEAST_WORDS = 0.6
"""Share of a reference answer's telling words that must stand in an answer."""
_NUMBERS = "one two three four five six seven eight nine ten eleven twelve"
_DIGITS = {word: str(number) for number, word in enumerate(_NUMBERS.split(), start=1)}
_SPELLED = re.compile(rf"\b({'|'.join(_DIGITS)})\b", re.IGNORECASE)
_BEHIND = re.compile(
    r"\s*\)?\s*(?:(thousand|million|billion)s?\b|(percent|percentage points?|%)|(mn|bn)\b)", re.IGNORECASE
)
_STATED = re.compile(r"\bin (thousand|million|billion)s\b", re.IGNORECASE)
_RANGE = re.compile(r"\s*(?:to|and|or|[-–])\s*[$€£]?\d[\d,.]*", re.IGNORECASE)
_UNIT = re.compile(r"[\s-]*(?:business |calendar )?(minute|hour|day|week|month|year|time)s?\b", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+")
_SHORT = {"mn": Scale.MILLION, "bn": Scale.BILLION}
_MONTH_NAMES = "january february march april june july august september october november december"
MONTHS = frozenset(_MONTH_NAMES.split())
_PLAIN_WORDS = """
a about above after against all an and approximately are around as at be been between but by each for from had has
have her his i in into is it its least more most nearly no not of on one only or our over per roughly s than that the
their them there these they this those to under up us was were when which who will with within would you your usd
million millions billion billions thousand thousands percent percentage point points
"""
_PLAIN = frozenset(_PLAIN_WORDS.split())
_NUMERIC = frozenset({"lookup", "arithmetic"})
FOLLOW_UP = "follow-up"
_FELL = re.compile(r"\b(?:fell|fall|decreas|declin|lower|down|drop|less|reduc)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount as a text says it: its digits with their sign, its value, what it counts in, and a unit of time."""

    digits: str
    value: Decimal
    scale: Scale
    unit: str

    def is_said_by(self, other: "Amount", fell: bool) -> bool:
        """Whether another amount is this one after rounding. With `fell` a fall may be said without its sign."""
        if self.unit and other.unit and self.unit != other.unit:
            return False
        values = {other.value, -other.value} if fell and self.value < 0 else {other.value}
        return any(same_number(value, other.scale, self.digits, self.scale) for value in values)


@dataclass(frozen=True, slots=True)
class Reference:
    """A right answer taken apart: its amounts, the words of each of its parts, and its years and months."""

    amounts: tuple[Amount, ...]
    parts: tuple[frozenset[str], ...]
    dates: frozenset[str]


def reference_of(question: Question) -> Reference:
    """What the right answer of an answerable question must say."""
    answer = question.answer
    parts: list[str] = answer.split(";") if question.kind == "list" else [answer]
    amounts = stated_amounts(answer, _scale_of(question.unit or ""))
    said = words_of(answer)
    dates = frozenset(word for word in said if is_year(word) or word in MONTHS)
    if amounts and (question.kind in _NUMERIC or (question.kind == FOLLOW_UP and question.unit)):
        return Reference(amounts, (), dates)
    return Reference(amounts, tuple(found for part in parts if (found := telling_words(part))), dates)


def stated_amounts(text: str, default: Scale = Scale.ONES) -> tuple[Amount, ...]:
    """The amounts of a text; years, and numbers that belong to a word (`Q1`), are none.

    A number without a scale of its own counts in what the text states (`in millions`), else in `default`.
    """
    text = _SPELLED.sub(lambda match: _DIGITS[match[0].lower()], text)
    stated = _STATED.findall(text)
    general = Scale(stated[-1].lower()) if stated else default
    found = []
    for number in numbers_in(text):
        behind = text[number.start + len(number.digits) :]
        own = _scale_behind(behind, number.percent)
        if (number.start and text[number.start - 1].isalpha()) or (own is None and is_year(number.digits)):
            continue
        digits = f"{'-' if number.value < 0 else ''}{number.digits}"
        unit = _UNIT.match(behind)
        # a time or a ratio never counts in millions
        scale = own or (Scale.ONES if unit else general)
        found.append(Amount(digits, number.value, scale, unit[1].lower() if unit else ""))
    return tuple(found)


def words_of(text: str) -> list[str]:
    """The words of a text in lower case, numbers among them."""
    return _WORD.findall(_SPELLED.sub(lambda match: _DIGITS[match[0].lower()], text).lower())


def all_said(reference: Reference, amounts: Sequence[Amount], text: str) -> bool:
    """Whether a text with these amounts says everything that the right answer does."""
    fell, words = bool(_FELL.search(text)), frozenset(words_of(text))
    return (
        all(any(one.is_said_by(other, fell) for other in amounts) for one in reference.amounts)
        and reference.dates <= words
        and all(len(part & words) >= LEAST_WORDS * len(part) for part in reference.parts)
    )


def is_year(digits: str) -> bool:
    """Whether digits are a year's."""
    return len(digits) == 4 and digits.isdecimal() and 1900 <= int(digits) <= 2100


def telling_words(text: str) -> frozenset[str]:
    """The words of a text that tell something, without numbers."""
    words = frozenset(words_of(text)) - _PLAIN
    return frozenset(word for word in words if not word.isdecimal())


def _scale_behind(behind: str, percent: bool) -> Scale | None:
    """The scale that stands behind a number, or behind the other end of its range: `12 to 18 million`."""
    match = _BEHIND.match(behind)
    if percent or (match and match[2]):
        return Scale.PERCENT
    if match is None:
        other = _RANGE.match(behind)
        return _scale_behind(behind[other.end() :], percent) if other else None
    return Scale(match[1].lower()) if match[1] else _SHORT[match[3].lower()]


def _scale_of(unit: str) -> Scale:
    """What the numbers of an answer count in by its unit: `USD millions`, `percent`."""
    if "percent" in unit:
        return Scale.PERCENT
    return next((scale for scale in (Scale.THOUSAND, Scale.MILLION, Scale.BILLION) if scale in unit), Scale.ONES)
