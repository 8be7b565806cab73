"""Amounts as documents write them, and what they count in."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

_AMOUNT = re.compile(
    r"[$€£]?\s*(?P<open>\(?)\s*(?P<sign>[-−–]?)\s*[$€£]?\s*(?P<rest>-?)(?P<digits>\d[\d,]*(?:\.\d+)?|\.\d+)\s*%?\s*\)?\s*%?"
)
_NUMBER = re.compile(
    r"(?P<sign>\(\s*[$€£]?\s*(?=[\d.,]+\s?%?\s*\))"
    r"|(?<![\w.)])[-−–]\s?[$€£]?\s*)?"
    r"(?P<digits>(?<![\d.,a-z])(?:\d{1,3}(?:,\d{3})+(?!\d)(?:\.\d+)?|\d+(?:\.\d+)?|\.\d+))(?P<percent>\s*\)?\s*%)?"
)
_SCALE = re.compile(
    r"\b(thousand|million|billion)s?\b|(?<![\w,.])[$€£]?\s?[’']?(000)[’']?s?\b(?![,.]\d)|(?<=\d)\s?(mn|bn)\b"
    r"|(?:[$€£]|(?-i:\b[A-Z]{3}))\s?[’']?(mn|m|bn|k)\b",
    re.IGNORECASE,
)

_UNLIKE = re.compile(
    r"\bper\b|\bshares?\b(?!-based)|\bunits\b|%|\bpercent|\brates?\b|\bratio|\bmargin|\bnumber\b|\bemployees\b|\byears?\b|\bdays\b"
    r"|\bmonths\b|\bheadcount\b",
    re.IGNORECASE,
)
_PER_UNIT = re.compile(r"\bper\b|\bshares?\b(?!-based)|\bnumber\b|%|\bpercent|\brates?\b|\bratio", re.IGNORECASE)
_GAIN_OR_LOSS = re.compile(
    r"\b(?:loss(?:es)?|income|profit|earnings|margin|deficit|equity|gains?|change|used in|provided by)\b(?! tax)",
    re.IGNORECASE,
)
_PERCENT = re.compile(r"%|\bpercent|\brates?\b|\bmargin|\byield\b", re.IGNORECASE)


class Scale(StrEnum):
    """What a number counts in; empty: ones."""

    ONES = ""
    THOUSAND = "thousand"
    MILLION = "million"
    BILLION = "billion"
    PERCENT = "percent"


POWERS = {Scale.THOUSAND: 3, Scale.MILLION: 6, Scale.BILLION: 9}
"""The power of ten of each scale that has one."""
_SHORT = {
    **dict.fromkeys(("000", "k"), Scale.THOUSAND),
    **dict.fromkeys(("mn", "m"), Scale.MILLION),
    "bn": Scale.BILLION,
}


@dataclass(frozen=True, slots=True)
class Number:
    """A number within a text: its digits as they stand there, its value with its sign, and where the digits are."""

    digits: str
    value: Decimal
    start: int
    percent: bool = False

    @property
    def size(self) -> Decimal:
        """The value without its sign."""
        return abs(self.value)


def amount_in(text: str) -> Decimal | None:
    """The number that a text is (`$1,496.5`, `(12.6)`, `-3%`), None when it is something else."""
    match = _AMOUNT.fullmatch(text.strip())
    if not match:
        return None
    value = Decimal(match["digits"].replace(",", ""))
    return -value if match["open"] or match["sign"] or match["rest"] else value


def numbers_in(text: str) -> Iterator[Number]:
    """The numbers within a text, in order; one in brackets or behind a minus sign is negative."""
    for match in _NUMBER.finditer(text):
        value = Decimal(match["digits"].replace(",", ""))
        start = match.start("digits")
        yield Number(match["digits"], -value if match["sign"] else value, start, bool(match["percent"]))


def scales_in(text: str) -> frozenset[Scale]:
    """The scales that a text names: `in millions`, `$ 000s`, `2.3bn`."""
    found = (next(part for part in match if part).lower() for match in _SCALE.findall(text))
    return frozenset(_SHORT.get(word) or Scale(word) for word in found)


def names_other_unit(text: str) -> bool:
    """Whether a label or head says that its values aren't amounts: per share, percent, a number of something."""
    return _UNLIKE.search(text) is not None


def is_per_unit(label: str) -> bool:
    """Whether a row isn't in the table's thousands or millions where the table makes exceptions."""
    return _PER_UNIT.search(label) is not None


def tells_loss(label: str) -> bool:
    """Whether a row may be a gain or a loss, so that brackets mean less than nothing, not that something went out."""
    return _GAIN_OR_LOSS.search(label.rpartition(": ")[2]) is not None


def names_percent(text: str) -> bool:
    """Whether a label or head says that its values are percentages."""
    return _PERCENT.search(text) is not None
