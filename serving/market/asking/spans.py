"""The period that a question about prices names, in the calendar's years and months."""

import calendar
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

_MONTHS = {
    name: number
    for number in range(1, 13)
    for name in (calendar.month_name[number].lower(), calendar.month_abbr[number].lower())
}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_YEAR = r"(?:19|20)\d\d"
_DAY = (
    rf"(?:{_YEAR}-\d\d-\d\d"
    rf"|\d{{1,2}}(?:st|nd|rd|th)?(?: of)? (?:{_MONTH})\b\.?,?(?: {_YEAR})?"
    rf"|(?:{_MONTH})\b\.? \d{{1,2}}(?:st|nd|rd|th)?\b,?(?: {_YEAR})?"
    rf"|(?:{_MONTH})\b\.?,?(?: of)?(?: {_YEAR})?|{_YEAR})"
)
_COUNTS = {"": 1, "a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "nine": 9, "twelve": 12}
_COUNT = "|".join(name for name in _COUNTS if name)
_ISO = re.compile(rf"(?P<year>{_YEAR})-(?P<month>\d\d)-(?P<day>\d\d)")
_PARTS = re.compile(
    rf"(?:(?P<first>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? )?(?P<month>{_MONTH})\b\.?"
    rf"(?: (?P<second>\d{{1,2}})(?!\d)(?:st|nd|rd|th)?)?,?(?: of)?(?: (?P<year>{_YEAR}))?"
)


@dataclass(frozen=True, slots=True)
class Span:
    """From one day to another, both included; None: from the first or to the last there is. `is_day`: one day alone."""

    since: date | None = None
    until: date | None = None
    is_day: bool = False


def span_in(question: str, last: date) -> tuple[Span, str] | None:
    """The period of a question in small letters, and the question without it; None where it can't be a period.

    What is relative ("the last six months") counts back from `last`, the day of the last price; a month without a year
    is the latest one that had begun by then. Without a period it is all there is.
    """
    for pattern, made in _FORMS:
        if found := pattern.search(question):
            span = made(found, last)
            rest = f"{question[: found.start()]} {question[found.end() :]}"
            return None if span is None else (span, rest)
    return Span(), question


def _between(found: re.Match[str], last: date) -> Span | None:
    one, other = _days(found["one"], last), _days(found["other"], last)
    if one is None or other is None or one[0] > other[1]:
        return None
    return Span(one[0], other[1])


def _since(found: re.Match[str], last: date) -> Span | None:
    days = _days(found["day"], last)
    return None if days is None else Span(days[0])


def _within(found: re.Match[str], last: date) -> Span | None:
    days = _days(found["day"], last)
    return None if days is None else Span(*days, is_day=days[0] == days[1])


def _back(found: re.Match[str], last: date) -> Span | None:
    count = _COUNTS[found["count"] or ""] if not (found["count"] or "").isdigit() else int(found["count"])
    unit = found["unit"]
    if not 0 < count <= 1000:
        return None
    if unit in ("day", "week"):
        return Span(last - timedelta(days=count * (7 if unit == "week" else 1)))
    return Span(_months_before(last, count * (12 if unit == "year" else 1)))


def _this_year(_: re.Match[str], last: date) -> Span:
    return Span(date(last.year, 1, 1))


_FORMS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], date], Span | None]], ...] = (
    (re.compile(rf"\bbetween (?P<one>{_DAY}) and (?P<other>{_DAY})"), _between),
    (re.compile(rf"\bfrom (?P<one>{_DAY}) (?:to|until|through) (?P<other>{_DAY})"), _between),
    (re.compile(rf"\bsince(?: the)?(?: (?:beginning|start) of)? (?P<day>{_DAY})"), _since),
    (
        re.compile(r"\b(?:since the (?:beginning|start) of the year|year to date|this year|so far this year)\b"),
        _this_year,
    ),
    (
        re.compile(
            rf"\b(?:over|in|during|for|within) the (?:last|past) (?:(?P<count>{_COUNT}|\d{{1,3}}) )?(?:calendar )?"
            r"(?P<unit>day|week|month|year)s?\b"
        ),
        _back,
    ),
    (re.compile(rf"\b(?:over|in|during|for|on|within|throughout) (?P<day>{_DAY})"), _within),
)


def _days(text: str, last: date) -> tuple[date, date] | None:
    """The first and last day of a day, month or year as it is written."""
    said = text.strip(" ,.")
    try:
        if found := _ISO.fullmatch(said):
            only = date(int(found["year"]), int(found["month"]), int(found["day"]))
            return only, only
        if said.isdigit():
            return date(int(said), 1, 1), date(int(said), 12, 31)
        found = _PARTS.fullmatch(said)
        if found is None:
            return None
        month, day = _MONTHS[found["month"]], found["first"] or found["second"]
        first = date(int(found["year"] or last.year), month, int(day or 1))
        if not found["year"] and first > last:
            first = first.replace(year=first.year - 1)
        return (first, first) if day else (first, first.replace(day=calendar.monthrange(first.year, month)[1]))
    except ValueError:  # a day that its month doesn't have
        return None


def _months_before(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    year = max(year, 1)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
