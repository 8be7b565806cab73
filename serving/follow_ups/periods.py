"""Years and quarters that a question names, and those that it names by others: `the year before`."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

_YEAR = re.compile(
    r"(?<![\w$€£.,])(?P<short>FY\s?['’]?)(?P<two>\d\d)(?!\d)|(?<![\d$€£.,])(?P<year>(?:19|20)\d\d)(?![\d,.]\d|%)"
)
_QUARTER = re.compile(
    r"\bQ(?P<number>[1-4])\b|\b(?P<word>first|second|third|fourth)(?P<rest>[- ](?:fiscal )?quarter)\b", re.IGNORECASE
)
_ORDINALS = ("first", "second", "third", "fourth")
_COUNTS = {"two": 2, "three": 3, "four": 4, "five": 5}
_END = r"(?=\s*(?:[?.!,;]|$|and\b|or\b))"
_RELATIVE = re.compile(
    r"(?:\b(?P<lead>in|for|of|from|to|than|with|during|over)\s+)?"
    r"(?:\b(?:the|a|one|an)\s+)?(?:"
    r"(?:\b(?P<count>two|three|four|five|[2-9])\s+)?\b(?:fiscal\s+)?(?P<unit>year|quarter)s?\s+"
    rf"(?P<way>before(?:\s+that)?{_END}|after(?:\s+that)?{_END}|earlier|prior{_END}|previously|later|ago{_END})"
    r"|\b(?P<way2>previous|prior|preceding|following|next|subsequent)\s+(?:fiscal\s+)?(?P<unit2>year|quarter)\b)",
    re.IGNORECASE,
)
_BACK = ("before", "earlier", "prior", "previous", "preceding", "ago")


@dataclass(frozen=True, slots=True)
class Named:
    """A year, or a quarter from 1 to 4, at characters `start` to `end` of a question, and how it is written."""

    number: int
    start: int
    end: int
    write: Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Relative:
    """A period named by another: so many years or quarters `by` later (negative: earlier).

    `start` and `end` are its characters, with the preposition `lead` in front of it.
    """

    by: int
    is_quarter: bool
    start: int
    end: int
    lead: str


def years_in(text: str) -> tuple[Named, ...]:
    """The years that a question names, in order."""
    return tuple(_years(text))


def quarters_in(text: str) -> tuple[Named, ...]:
    """The quarters that a question names, in order."""
    return tuple(_quarters(text))


def relative_in(text: str) -> Relative | None:
    """The first period that a question names by another."""
    found = _RELATIVE.search(text)
    if found is None:
        return None
    way = (found["way"] or found["way2"]).lower()
    count = found["count"] or "1"
    by = _COUNTS.get(count.lower()) or int(count)
    back = way.startswith(_BACK)
    unit = (found["unit"] or found["unit2"]).lower()
    return Relative(-by if back else by, unit == "quarter", *found.span(), (found["lead"] or "").lower())


def replaced(text: str, named: Sequence[Named], numbers: Sequence[int]) -> str:
    """The text with other years or quarters in the places of those named, written as those were."""
    for one, number in sorted(zip(named, numbers, strict=True), key=lambda pair: -pair[0].start):
        text = text[: one.start] + one.write(number) + text[one.end :]
    return text


def shifted(text: str, relative: Relative) -> str | None:
    """A question moved in time; None where it names no period that could be moved."""
    years = years_in(text)
    if not years:
        return None
    if not relative.is_quarter:
        return replaced(text, years, [one.number + relative.by for one in years])
    quarters = quarters_in(text)
    if len(quarters) != 1 or len(years) != 1:
        return None
    count = years[0].number * 4 + quarters[0].number - 1 + relative.by
    text = replaced(text, years, [count // 4])
    return replaced(text, quarters_in(text), [count % 4 + 1])


def period_of(text: str) -> str:
    """The quarter and year of a question, as they are said behind `in`; empty unless it names one year at most."""
    years, quarters = years_in(text), quarters_in(text)
    if len(years) > 1 or len(quarters) > 1:
        return ""
    quarter = [f"Q{one.number}" for one in quarters]
    return " ".join((*quarter, *(_as_written(text, one) for one in years)))


def _as_written(text: str, year: Named) -> str:
    fiscal = "fiscal " if re.search(r"\bfiscal (?:year )?$", text[: year.start], re.IGNORECASE) else ""
    return fiscal + text[year.start : year.end]


def _years(text: str) -> Iterator[Named]:
    for match in _YEAR.finditer(text):
        if match["year"]:
            yield Named(int(match["year"]), *match.span(), str)
        else:
            front = match["short"]
            yield Named(2000 + int(match["two"]), *match.span(), partial(_short_year, front))


def _quarters(text: str) -> Iterator[Named]:
    for match in _QUARTER.finditer(text):
        if match["number"]:
            yield Named(int(match["number"]), *match.span(), lambda number: f"Q{number}")
        else:
            rest = match["rest"]
            number = _ORDINALS.index(match["word"].lower()) + 1
            yield Named(number, *match.span(), partial(_ordinal, rest))


def _short_year(front: str, year: int) -> str:
    return f"{front}{year % 100:02d}"


def _ordinal(rest: str, number: int) -> str:
    return f"{_ORDINALS[number - 1]}{rest}"
