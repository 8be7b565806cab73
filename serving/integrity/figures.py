"""The numbers of passages and of the tables on their pages: what they count in and where they stand."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from dossier.amounts import POWERS, Number, Scale, names_other_unit, names_percent, numbers_in, scales_in
from dossier.evidence import is_row
from dossier.records import Passage, Table
from dossier.traces import Origin, Trace

_SCALE_BEHIND = re.compile(r"\s?(?:thousand|million|billion)s?\b|\s?(?:mn|bn)\b|[mMbBkK]\b", re.IGNORECASE)
_PERCENT_BEHIND = re.compile(r"\s?(?:%|per ?cent\b|percentage points?\b|pct\b|points?\b)", re.IGNORECASE)
_SHORT = {"k": Scale.THOUSAND, "m": Scale.MILLION, "mn": Scale.MILLION, "b": Scale.BILLION, "bn": Scale.BILLION}
_LEAST_DIGITS = 2
"""Of a rounded number: with fewer, too much would round to it."""
_LARGEST = Decimal(10) ** 18
_ONES = frozenset({Scale.ONES})


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with what it may count in (several where that isn't told for certain) and where it stands.

    `words` are those around it that say what it is; `start` and `end` the characters of its row or line in the page's
    text (-1: in a heading); `inside` whether it stands in the passage itself, not only on its page.
    """

    size: Decimal
    digits: str
    percent: bool
    scales: frozenset[Scale]
    trace: Trace
    words: str = ""
    start: int = -1
    end: int = -1
    inside: bool = True

    @property
    def values(self) -> frozenset[Decimal]:
        """What it may be, counted in ones."""
        return frozenset(self.size.scaleb(POWERS.get(scale, 0)) for scale in self.scales)

    def is_said_by(self, said: "Figure") -> bool:
        """Whether a number of an answer is this one: the same value, or the same rounded as far as it says."""
        if said.percent and not self.percent:
            return False
        if said.size == self.size and said.scales & self.scales:
            return True
        return bool(said.values & self.values) or self._rounds_to(said)

    def _rounds_to(self, said: "Figure") -> bool:
        digits = said.digits.replace(",", "").replace(".", "").lstrip("0")
        if len(digits) < _LEAST_DIGITS or said.scales == _ONES == self.scales:
            return False
        places = Decimal((0, (1,), int(said.size.as_tuple().exponent)))
        powers = [POWERS.get(scale, 0) for scale in said.scales if scale]
        values = [value.scaleb(-power) for value in self.values if value < _LARGEST for power in powers]
        return any(value.quantize(places, ROUND_HALF_UP) == said.size for value in values)


def figure_in(number: Number, text: str, told: frozenset[Scale] = frozenset(), offset: int = 0) -> Figure:
    """A number of a text, with the scale behind it, or what is `told` of the text's numbers (then ones as well)."""
    end = number.start + len(number.digits)
    behind = _SCALE_BEHIND.match(text, end)
    percent = number.percent or _PERCENT_BEHIND.match(text, end) is not None
    own = _scale_of(behind.group()) if behind else Scale.ONES
    scales = frozenset({own}) if own or percent or not told else told | _ONES
    trace = Trace(number.digits, number.start + offset, end + offset, Origin.UNTRACED)
    return Figure(number.size, number.digits, percent, scales, trace)


def figures_of(number: int, passage: Passage, tables: Sequence[Table]) -> Iterator[Figure]:
    """The numbers of passage `number`: cells of the tables on its page, its words, its headings."""
    place = Trace("", -1, -1, Origin.PASSAGE, number, passage.document, passage.chunk.page)
    for table in tables:
        yield from _in_table(table, passage, replace(place, origin=Origin.CELL, page=table.page))
    yield from _in_text(passage, tables, place)
    about = passage.chunk.metadata
    for heading in (passage.chunk.columns, passage.chunk.context, passage.document, f"{about.period} {about.date}"):
        for one in numbers_in(heading):
            found = figure_in(one, heading)
            yield replace(found, trace=replace(place, found=one.digits), words=heading)


def _in_table(table: Table, passage: Passage, place: Trace) -> Iterator[Figure]:
    chunk = passage.chunk
    unit = f"{table.unit} {table.caption} {' '.join(table.columns)}"
    held = any(chunk.start <= row.start < chunk.end for row in table.rows)
    for head in table.columns:
        for one in numbers_in(head):
            found = figure_in(one, head)
            trace = replace(place, column=head, found=one.digits)
            yield replace(found, trace=trace, words=head, start=table.start, end=table.end, inside=held)
    for row in table.rows:
        inside = chunk.start <= row.start < chunk.end
        span = (row.start - chunk.start, min(row.end, chunk.end) - chunk.start) if inside else None
        label = row.cells[0].text if row.cells else ""
        for head, cell in zip(table.columns, row.cells, strict=True):
            near = f"{cell.text} {label} {head}"
            trace = replace(place, row=label, column=head, place=cell.place, span=span)
            for one in numbers_in(cell.text):
                found = _with_unit(figure_in(one, cell.text), near, unit)
                words = f"{label} {head}"
                trace = replace(trace, found=one.digits)
                yield replace(found, trace=trace, words=words, start=row.start, end=row.end, inside=inside)


def _in_text(passage: Passage, tables: Sequence[Table], place: Trace) -> Iterator[Figure]:
    """The numbers of a passage's words; those in rows of its tables are cells already."""
    chunk = passage.chunk
    rows = [(row.start - chunk.start, row.end - chunk.start) for table in tables for row in table.rows]
    at = 0
    for line in chunk.text.splitlines(keepends=True):
        unit = f"{chunk.columns} {chunk.text}" if is_row(line.strip()) else ""
        for one in numbers_in(line):
            start = at + one.start
            if any(first <= start < last for first, last in rows):
                continue
            found = _with_unit(figure_in(one, line), line, unit) if unit else figure_in(one, line)
            trace = replace(place, found=one.digits, span=(start, start + len(one.digits)))
            begins = chunk.start + at
            yield replace(found, trace=trace, words=_around(line, one.start), start=begins, end=begins + len(line))
        at += len(line)


def _with_unit(found: Figure, near: str, unit: str) -> Figure:
    """A cell's number with what label, head or table say that it counts in."""
    percent = found.percent or names_percent(near)
    if found.scales != _ONES or found.percent:
        return replace(found, percent=percent)
    own = frozenset(scale for scale in scales_in(near) if scale)
    stated = own or frozenset(scales_in(unit))
    exempt = not stated or "except" in unit.lower() or names_other_unit(near)
    return replace(found, percent=percent, scales=stated | _ONES if exempt else stated)


def _scale_of(words: str) -> Scale:
    word = words.strip().lower()
    return _SHORT[word] if word in _SHORT else Scale(word.rstrip("s"))


def _around(line: str, at: int) -> str:
    """The sentence of a line that the character `at` stands in."""
    first = max(line.rfind(sign, 0, at) for sign in (". ", "! ", "? ", "; "))
    last = min((end for sign in (". ", "! ", "? ", "; ") if (end := line.find(sign, at)) >= 0), default=len(line))
    return line[first + 1 : last]
