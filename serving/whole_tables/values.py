"""What the cells of a column are: numbers in their many spellings, dates, or text."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from retrieval.metadata import MONTH
from retrieval.query import stem

_UNITS = re.compile(r"US\$|[$€£¥%]|\b[A-Z]{3}\b")
_AMOUNT = re.compile(
    r"(?P<open>\()?\s*(?P<sign>[-+−–])?\s*(?P<digits>[\d.,'’ \u00a0\u202f]*\d)\s*(?P<rest>-)?\s*(?P<close>\))?"
)
_POINT = re.compile(r"\d*\.\d+|\d+|\d{1,3}(?:[,'’ \u00a0\u202f]\d{3})+(?:\.\d+)?")
_COMMA = re.compile(r"\d*,\d+|\d+|\d{1,3}(?:[.'’ \u00a0\u202f]\d{3})+(?:,\d+)?")
_LEADING_ZERO = re.compile(r"0\d+")
_LONGEST = 18
"""Digits before the point: sums of as many rows as a reader keeps can't overflow then."""
_NOTHING = frozenset(["", "-", "–", "—", "n/a", "n.a.", "na", "null", "tbd", "?"])
_DASHES = frozenset(["", "-", "–", "—"])
_ENOUGH = 0.8
"""Share of the filled cells of a column that must be numbers or dates for it to count as one of these."""
_SAMPLE = 200
_ISO = re.compile(r"((?:19|20)\d\d)-(\d\d)-(\d\d)(?:[ T][\d:.]+)?")
_NUMERIC_DATE = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2((?:19|20)\d\d)")
_SHORT = [name[:3] for name in MONTH.split("|")]
_WORD_DATE = re.compile(r"(?:(\d{1,2})\.? )?([a-z]{3,9})\.? (?:(\d{1,2}),? )?((?:19|20)\d\d)", re.IGNORECASE)
TOKEN = re.compile(r"[^\W_]+(?:[.,'’/&-][^\W_]+)*%?|[<>]=?|=")


class Kind(StrEnum):
    """What a column holds."""

    NUMBER = "number"
    DATE = "date"
    TEXT = "text"


Value = Decimal | str | None
"""A number, a date in ISO 8601 or a text's key; None: the cell is empty, or not what its column holds."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column with its values by row. `unread`: filled cells that aren't what the column holds.

    `units` are the currencies or `%` that its numbers carry (empty: none; several: they can't be added up).
    """

    head: str
    kind: Kind
    values: tuple[Value, ...]
    unread: int = 0
    units: frozenset[str] = frozenset()


def column_of(head: str, texts: Sequence[str]) -> Column:
    """Read a column's cells. A column of numbers with leading zeros holds codes, so that it counts as text."""
    filled = [text for text in texts if text.strip().casefold() not in _NOTHING]
    sample = filled[:_SAMPLE]
    if sample and not any(_LEADING_ZERO.fullmatch(text.strip()) for text in filled):
        for read, kind in ((_number_reader(filled), Kind.NUMBER), (_date_reader(filled), Kind.DATE)):
            if sum(read(text) is not None for text in sample) < _ENOUGH * len(sample) / 2:
                continue
            values = tuple(read(text) for text in texts)
            known = sum(value is not None for value in values)
            if known >= _ENOUGH * len(filled):
                units = frozenset(unit for text in filled for unit in _UNITS.findall(text))
                return Column(head, kind, values, len(filled) - known, units if kind is Kind.NUMBER else frozenset())
    return Column(head, Kind.TEXT, tuple(key_of(text) or None for text in texts))


def key_of(text: str) -> str:
    """What a text is compared by: its words in lower case. Empty for a cell that says nothing."""
    return "" if text.strip() in _DASHES else " ".join(TOKEN.findall(text.casefold())) or text.strip().casefold()


def root(word: str) -> str:
    """A word's stem, the same for `country` and `countries`, `status` and `statuses`."""
    return stem(stem(f"{word[:-3]}y" if word.endswith("ies") and len(word) > 4 else word))


def roots(text: str) -> frozenset[str]:
    """The roots of a text's words."""
    return frozenset(root(word) for word in re.findall(r"[^\W_]+", text.casefold()))


def number_in(text: str, pattern: re.Pattern[str] = _POINT) -> Decimal | None:
    """The number that a cell is, with its sign (brackets and a minus behind it are one); None: something else."""
    match = _AMOUNT.fullmatch(_UNITS.sub(" ", text).strip())
    if not match or bool(match["open"]) is not bool(match["close"]) or not pattern.fullmatch(match["digits"]):
        return None
    digits = match["digits"]
    point = "," if pattern is _COMMA else "."
    whole, _, fraction = digits.rpartition(point) if point in digits else (digits, "", "")
    whole = re.sub(r"\D", "", whole)
    if len(whole) > _LONGEST:
        return None
    value = Decimal(f"{whole or 0}.{fraction or 0}") if fraction else Decimal(whole or 0)
    negative = match["open"] or match["rest"] or (match["sign"] or "+") != "+"
    return -value if negative else value


def date_of(text: str, day_first: bool | None = None) -> str | None:
    """The date that a text is, in ISO 8601; None: something else, or a day that can't be told from a month."""
    text = " ".join(text.split())
    if match := _ISO.fullmatch(text):
        return _iso(match[1], match[2], match[3])
    if match := _NUMERIC_DATE.fullmatch(text):
        first = match[2] == "." or day_first
        if not first and day_first is None:
            return None
        return _iso(match[4], *((match[3], match[1]) if first else (match[1], match[3])))
    if (match := _WORD_DATE.fullmatch(text)) and match[2][:3].lower() in _SHORT and (match[1] or match[3]):
        return _iso(match[4], month_number(match[2]), match[1] or match[3])
    return None


def month_number(word: str) -> str:
    """The month that a word is as `03`; empty for other words."""
    names = [name for name in MONTH.split("|") if name == word.lower() or name[:3] == word.lower().rstrip(".")]
    return f"{MONTH.split('|').index(names[0]) + 1:02}" if names else ""


def _iso(year: str, month: str, day: str) -> str | None:
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:  # a 31st of February is no date
        return None


def _number_reader(filled: Sequence[str]) -> Callable[[str], Value]:
    """Reads a column's numbers with the decimal sign under which more of its cells are numbers."""
    point, comma = (sum(number_in(text, one) is not None for text in filled) for one in (_POINT, _COMMA))
    pattern = _COMMA if comma > point else _POINT
    return lambda text: number_in(text, pattern)


def _date_reader(filled: Sequence[str]) -> Callable[[str], Value]:
    """Reads a column's dates; which of `3/4/2024` is the day is told by another cell of the column, or unknown."""
    pairs = [(int(match[1]), int(match[3])) for text in filled if (match := _NUMERIC_DATE.fullmatch(text.strip()))]
    day, month = any(first > 12 for first, _ in pairs), any(second > 12 for _, second in pairs)
    first = None if day is month else day
    return lambda text: date_of(text, first)
