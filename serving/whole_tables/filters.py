"""Which rows a question means: values that stand in columns, comparisons, periods."""

import calendar
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal

from serving.whole_tables.heads import Words, ending_at, is_code, is_year, starting_at, stems_of
from serving.whole_tables.sheets import Sheet
from serving.whole_tables.values import Kind, date_of, month_number, number_in, root

_SIGNS = tuple(
    (tuple(words.split()), sign)
    for words, sign in (
        ("more than", ">"), ("greater than", ">"), ("higher than", ">"), ("larger than", ">"), ("later than", ">"),
        ("less than", "<"), ("fewer than", "<"), ("lower than", "<"), ("smaller than", "<"), ("earlier than", "<"),
        ("up to", "<="), ("prior to", "<"), ("over", ">"), ("above", ">"), ("exceeding", ">"), (">", ">"), (">=", ">="),
        ("under", "<"), ("below", "<"), ("<", "<"), ("<=", "<="), ("before", "<"), ("after", ">"), ("since", ">="),
        ("until", "<="),
    )
)  # fmt: skip
_OF_TIME = frozenset(["before", "after", "since", "until", "prior to", "later than", "earlier than"])
_LINKS = frozenset(
    [
        "is",
        "are",
        "was",
        "were",
        "=",
        "of",
        "a",
        "an",
        "the",
        "with",
        "has",
        "have",
        "had",
        "being",
        "equals",
        "equal",
        "to",
        "value",
        "in",
    ]
)
_UNITS = frozenset(["euro", "euros", "eur", "usd", "dollar", "dollars", "gbp", "pounds", "chf", "percent"])
_SCALES = {"thousand": 3, "million": 6, "billion": 9}
_YEAR = re.compile(r"(?:19|20)\d\d")
_QUARTER = re.compile(r"q([1-4])")
_LONGEST_VALUE = 8
NEVER = frozenset(
    """a an the of in on at is are was were be do does did have has had with where which what who how for from to by
    per each and or all any that there it its we our us you i me my total sum average mean number count row rows top
    bottom most least list""".split()  # noqa: SIM905 (a paragraph reads better)
)
"""Words that are never taken for a value, whatever stands in the table."""


@dataclass(frozen=True, slots=True)
class Filter:
    """A condition on a column: `sign` is `in`, or a comparison with the one value (a number or an ISO date)."""

    column: int
    sign: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Span:
    """What a comparison compares with: the first and the last value that are meant, and where the words end."""

    first: str
    last: str
    end: int


def filters_of(words: Words, sheet: Sheet) -> list[Filter] | None:
    """The conditions that the words set, which are closed by that; None where one can't be read for certain."""
    found = list(_comparisons(words, sheet))
    values = _values(words, sheet)
    if values is None:
        return None
    found += values
    found += _equal_numbers(words, sheet)
    found += _periods(words, sheet)
    several = {one.column for one in found}
    if "or" in words.low and (len(several) > 1 or not any(len(one.values) > 1 for one in found)):
        return None
    return found


def _of_kind(sheet: Sheet, *kinds: Kind) -> list[int]:
    return [at for at, column in enumerate(sheet.columns) if column.kind in kinds and column.head]


def _comparisons(words: Words, sheet: Sheet) -> Iterator[Filter]:
    for at in range(len(words.all)):
        for said, sign in _SIGNS:
            end = at + len(said)
            if words.low[at:end] == said and words.are_open(at, end):
                yield from _compared(words, sheet, (at, end), sign, " ".join(said) in _OF_TIME)
        if words.low[at] in ("between", "from") and words.are_open(at, at + 1):
            yield from _between(words, sheet, at)


def _compared(words: Words, sheet: Sheet, place: tuple[int, int], sign: str, in_time: bool) -> Iterator[Filter]:
    for kind in (Kind.DATE, Kind.NUMBER) if in_time else (Kind.NUMBER,):
        span = _span(words, place[1], kind)
        column = _meant(words, sheet, place[0], span.end, kind, in_time) if span else None
        if span and column is not None:
            words.close(place[0], span.end)
            yield Filter(column, sign, (span.first if sign in ("<", ">=") else span.last,))
            return


def _between(words: Words, sheet: Sheet, at: int) -> Iterator[Filter]:
    joint = "and" if words.low[at] == "between" else "to"
    in_time = _YEAR.fullmatch(words.low[at + 1] if at + 1 < len(words.low) else "") is not None
    for kind in (Kind.DATE, Kind.NUMBER):
        first = _span(words, at + 1, kind)
        if first is None or words.low[first.end : first.end + 1] != (joint,):
            continue
        last = _span(words, first.end + 1, kind)
        column = _meant(words, sheet, at, last.end, kind, in_time) if last else None
        if last and column is not None:
            words.close(at, last.end)
            yield Filter(column, ">=", (first.first,))
            yield Filter(column, "<=", (last.last,))
            return


def _span(words: Words, start: int, kind: Kind) -> _Span | None:
    if not words.are_open(start, start + 1):
        return None
    if kind is Kind.DATE:
        return _date_span(words, start)
    value = number_in(words.all[start])
    if value is None:
        return None
    end = start + 1
    if end < len(words.low) and words.low[end] in _SCALES:
        value, end = value.scaleb(_SCALES[words.low[end]]), end + 1
    if end < len(words.low) and words.low[end] in _UNITS:
        end += 1
    return _Span(f"{value:f}", f"{value:f}", end)


def _date_span(words: Words, start: int) -> _Span | None:
    """A day, a month, a quarter or a year from this word on."""
    for length in (3, 1):
        if words.are_open(start, start + length) and (day := date_of(" ".join(words.all[start : start + length]))):
            return _Span(day, day, start + length)
    one, two = words.low[start], words.low[start + 1] if start + 1 < len(words.low) else ""
    if _YEAR.fullmatch(one):
        return _Span(f"{one}-01-01", f"{one}-12-31", start + 1)
    if not _YEAR.fullmatch(two):
        return None
    if quarter := _QUARTER.fullmatch(one):
        last = 3 * int(quarter[1])
        return _Span(f"{two}-{last - 2:02}-01", f"{two}-{last:02}-{_days(two, last)}", start + 2)
    if month := month_number(one):
        return _Span(f"{two}-{month}-01", f"{two}-{month}-{_days(two, int(month))}", start + 2)
    return None


def _days(year: str, month: int) -> int:
    return calendar.monthrange(int(year), month)[1]


def _meant(words: Words, sheet: Sheet, start: int, end: int, kind: Kind, in_time: bool) -> int | None:
    """The column that is compared: named right before or behind, else the only one of its kind."""
    columns = [at for at in _of_kind(sheet, kind) if not is_code(sheet.columns[at])]
    if kind is Kind.NUMBER:
        columns = [at for at in columns if is_year(sheet.columns[at]) is in_time]
    before = _beside(words, sheet, start, columns)
    if before is not None:
        return before
    if behind := starting_at(words, end, sheet, columns):
        words.close(end, behind[1])
        return behind[0]
    return columns[0] if len(columns) == 1 else None


def _beside(words: Words, sheet: Sheet, end: int, columns: Collection[int]) -> int | None:
    """The column whose head stands before a place, with nothing but `is` and the like between; closes both."""
    last = end
    while last > 0 and words.low[last - 1] in _LINKS and words.are_open(last - 1, last):
        last -= 1
    if found := ending_at(words, last, sheet, columns):
        words.close(found[1], end)
        return found[0]
    return None


def _values(words: Words, sheet: Sheet) -> list[Filter] | None:
    texts = _of_kind(sheet, Kind.TEXT)
    index: dict[str, list[int]] = {}
    for at in texts:
        for key in set(sheet.columns[at].values) - {None}:
            index.setdefault(str(key), []).append(at)
    heads = {stems_of(sheet.columns[at].head) for at in range(len(sheet.columns))}
    found: dict[int, list[str]] = {}
    for length in range(min(_LONGEST_VALUE, len(words.all)), 0, -1):
        for at in range(len(words.all) - length + 1):
            key = " ".join(words.low[at : at + length])
            whole_head = frozenset(words.stems[at : at + length]) in heads
            if key not in index or key in NEVER or whole_head or not words.are_open(at, at + length):
                continue
            column = _column_of_value(words, sheet, (at, at + length), index[key])
            if column is None:
                return None
            words.close(at, at + length)
            found.setdefault(column, []).append(key)
    return [Filter(column, "in", tuple(keys)) for column, keys in found.items()]


def _column_of_value(words: Words, sheet: Sheet, place: tuple[int, int], columns: list[int]) -> int | None:
    before = _beside(words, sheet, place[0], columns)
    if before is not None:
        return before
    if behind := starting_at(words, place[1], sheet, columns):
        words.close(place[1], behind[1])
        return behind[0]
    return columns[0] if len(columns) == 1 else None


def _equal_numbers(words: Words, sheet: Sheet) -> Iterator[Filter]:
    """`rating 5`, `quantity is 12`: a number right behind a column's head."""
    for at in words.left():
        value = number_in(words.all[at])
        if value is not None and not _is_in_head(words.low[at], sheet):
            column = _beside(words, sheet, at, _of_kind(sheet, Kind.NUMBER))
            if column is not None:
                words.close(at, at + 1)
                yield Filter(column, "=", (_plain(value),))


def _periods(words: Words, sheet: Sheet) -> Iterator[Filter]:
    """`in 2024`, `in March 2024`, `due in Q3 2024`: rows of that year, or dated then."""
    for at in words.left():
        span = _date_span(words, at) if words.are_open(at, at + 1) and not _is_in_head(words.low[at], sheet) else None
        if span is None:
            continue
        years = [one for one in _of_kind(sheet, Kind.NUMBER) if is_year(sheet.columns[one])]
        dates = _of_kind(sheet, Kind.DATE)
        if len(years) == 1 and span.end == at + 1 and _YEAR.fullmatch(words.low[at]):
            words.close(at, span.end)
            yield Filter(years[0], "=", (words.low[at],))
            continue
        column = _beside(words, sheet, at, dates)
        column = dates[0] if column is None and len(dates) == 1 else column
        if column is not None:
            words.close(at, span.end)
            yield Filter(column, ">=", (span.first,))
            yield Filter(column, "<=", (span.last,))


def _is_in_head(word: str, sheet: Sheet) -> bool:
    return any(root(word) in stems_of(column.head) for column in sheet.columns)


def _plain(value: Decimal) -> str:
    return f"{value:f}"
