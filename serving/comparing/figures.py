"""The same figure in two documents: rows of tables by their labels, sentences that are alike but for their numbers."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from dossier.amounts import POWERS, Scale, amount_in, names_other_unit, names_percent, numbers_in, scales_in
from dossier.records import Table, TableRow
from serving.comparing.headings import about, column_about, months_in, year_in
from serving.comparing.sections import Place

_CHANGES = re.compile(r"\bchange|\bvariance\b|\bincrease|\bdecrease|\bgrowth\b", re.IGNORECASE)
"""Columns that tell a change already."""
_CONTENTS = re.compile(r"(?:item|part|note)\s+[\divx]+[a-z]?\b", re.IGNORECASE)
"""Rows of a table of contents: their numbers are pages."""
_CURRENCY = re.compile(r"[$€£]|\b(?:USD|EUR|GBP|CHF|JPY)\b")
_SAME = {"USD": "$", "EUR": "€", "GBP": "£"}
_LEAST_SHARED = 2
_LEAST_WORDS, _MOST_NUMBERS = 4, 6


@dataclass(frozen=True, slots=True)
class Value:
    """A figure as it stands in one document, under which column, counted in what, and where."""

    text: str
    column: str
    amount: Decimal
    scale: Scale
    currency: str
    place: Place


class Obstacle(StrEnum):
    """Why two values can't be set off against each other; empty: they can."""

    NONE = ""
    UNIT = "unit"
    LENGTH = "length"


@dataclass(frozen=True, slots=True)
class FigureChange:
    """The same figure in both documents. `restated`: both say it of the same period."""

    label: str
    old: Value
    new: Value
    restated: bool = False

    @property
    def obstacle(self) -> Obstacle:
        """Another unit (or one that isn't said), or a period of another length."""
        scales = {self.old.scale, self.new.scale}
        money = {value.currency for value in (self.old, self.new) if value.currency}
        if len(money) > 1 or (len(scales) > 1 and scales & {Scale.PERCENT, Scale.ONES}):
            return Obstacle.UNIT
        lengths = {months_in(value.column) for value in (self.old, self.new)} - {0}
        return Obstacle.LENGTH if len(lengths) > 1 else Obstacle.NONE

    @property
    def _old_amount(self) -> Decimal:
        """Old in the new one's unit."""
        return self.old.amount.scaleb(POWERS.get(self.old.scale, 0) - POWERS.get(self.new.scale, 0))

    @property
    def differs(self) -> bool:
        """Whether it isn't the same amount."""
        return self.obstacle is not Obstacle.NONE or self._old_amount != self.new.amount

    @property
    def change(self) -> Decimal | None:
        """New less old in the new one's unit (percentage points of percentages); None where something is in the way."""
        return None if self.obstacle else self.new.amount - self._old_amount

    @property
    def share(self) -> Decimal | None:
        """The change as a fraction of old's size; None too of percentages, and where old is 0."""
        if not self._old_amount or self.change is None or self.new.scale is Scale.PERCENT:
            return None
        return self.change / abs(self._old_amount)


@dataclass(frozen=True, slots=True)
class RowsCompared:
    """The figures of two tables that are the same, and the labels of rows that only one has."""

    figures: tuple[FigureChange, ...]
    only_old: tuple[str, ...]
    only_new: tuple[str, ...]


def tables_paired(old: Sequence[Table], new: Sequence[Table], least: int = _LEAST_SHARED) -> list[tuple[Table, Table]]:
    """The tables that share most labels of rows, at least so many (a shorter table: all)."""
    left = {number: (table, _labels(table)) for number, table in enumerate(old)}
    pairs = []
    for table in new:
        labels = _labels(table)
        shared = [(len(labels & its), -number) for number, (_, its) in left.items()]
        most, place = max(shared, default=(0, 0))
        if most >= max(1, min(least, len(labels)) if least == _LEAST_SHARED else least):
            pairs.append((left.pop(-place)[0], table))
    return pairs


def compare_rows(old: Table, new: Table) -> RowsCompared:
    """The rows of two tables, by their labels; of the same label the first with the first."""
    columns = list(_columns_paired(old, new))
    theirs, mine = _by_label(old), _by_label(new)
    figures: list[FigureChange] = []
    for key, rows in mine.items():
        for its, row in zip(theirs.get(key, ()), rows, strict=False):
            figures += _figures((old, its), (new, row), columns)
    only_old = [_label(row) for key, rows in theirs.items() for row in rows[len(mine.get(key, ())) :]]
    only_new = [_label(row) for key, rows in mine.items() for row in rows[len(theirs.get(key, ())) :]]
    return RowsCompared(tuple(figures), tuple(only_old), tuple(only_new))


def compare_sentences(old: Sequence[str], new: Sequence[str], places: tuple[Place, Place]) -> list[FigureChange]:
    """Numbers of sentences that say the same but for their numbers."""
    theirs = {_template(sentence): sentence for sentence in old}
    found: list[FigureChange] = []
    for sentence in new:
        other = theirs.get(_template(sentence))
        numbers = list(numbers_in(sentence))
        if other is None or len(sentence.split()) < _LEAST_WORDS or len(numbers) > _MOST_NUMBERS:
            continue
        for before, now in zip(numbers_in(other), numbers, strict=False):
            if not (_is_year(before.digits) and _is_year(now.digits)):
                scale = Scale.PERCENT if now.percent else Scale.ONES
                values = (
                    Value(before.digits, "", before.value, scale, "", places[0]),
                    Value(now.digits, "", now.value, scale, "", places[1]),
                )
                found.append(FigureChange(sentence, *values))
    return found


def _figures(
    old: tuple[Table, TableRow], new: tuple[Table, TableRow], columns: Sequence[tuple[int, int, bool]]
) -> Iterator[FigureChange]:
    for at_old, at_new, restated in columns:
        before, now = _value(*old, at_old), _value(*new, at_new)
        if before is not None and now is not None:
            yield FigureChange(_label(new[1]), before, now, restated)


def _columns_paired(old: Table, new: Table) -> Iterator[tuple[int, int, bool]]:
    """The newest column of each kind with the newest of the other, and columns that both have of the same period."""
    theirs, mine = _columns(old), _columns(new)
    newest = [(theirs[kind][0], columns[0]) for kind, columns in mine.items() if kind in theirs]
    if not newest and theirs and mine:
        newest = [(next(iter(theirs.values()))[0], next(iter(mine.values()))[0])]
    for before, now in newest:
        yield before, now, bool(year_in(new.columns[now])) and old.columns[before] == new.columns[now]
    for kind, columns in mine.items():
        for now in columns:
            same = [at for at in theirs.get(kind, ()) if old.columns[at] == new.columns[now]]
            if year_in(new.columns[now]) and same and (same[0], now) not in newest:
                yield same[0], now, True


def _columns(table: Table) -> dict[str, list[int]]:
    """The columns by what they are about, the newest first; those of changes are left out."""
    found: dict[str, list[int]] = defaultdict(list)
    for at, head in enumerate(table.columns):
        if at and not _CHANGES.search(head) and any(amount_in(row.cells[at].text) is not None for row in table.rows):
            found[column_about(head)].append(at)
    return {kind: sorted(places, key=lambda at: -year_in(table.columns[at])) for kind, places in found.items()}


def _value(table: Table, row: TableRow, at: int) -> Value | None:
    cell, head = row.cells[at].text, table.columns[at]
    amount = amount_in(cell)
    if amount is None:
        return None
    unit = f"{table.unit} {table.caption}"
    scale, currency = Scale.ONES, ""
    if "%" in cell or names_percent(f"{_label(row)} {head}"):
        scale = Scale.PERCENT
    elif not names_other_unit(f"{_label(row)} {column_about(head)}"):
        # `in millions, except number of shares, which are in thousands`: shares are left out above
        named = scales_in(head) or scales_in(unit.partition("except")[0])
        scale = next(iter(named)) if len(named) == 1 else Scale.ONES
        money = _CURRENCY.search(f"{cell} {head} {unit}") or _CURRENCY.search(
            " ".join(one.cells[at].text for one in table.rows)
        )
        currency = _SAME.get(money[0], money[0]) if money else ""
    return Value(cell.strip(), head, amount, scale, currency, Place(table.page, row.start, row.end))


def _by_label(table: Table) -> dict[str, list[TableRow]]:
    found: dict[str, list[TableRow]] = defaultdict(list)
    for row in table.rows:
        if (
            _label(row)
            and not _CONTENTS.match(_label(row))
            and any(amount_in(cell.text) is not None for cell in row.cells[1:])
        ):
            found[about(_label(row))].append(row)
    return found


def _labels(table: Table) -> frozenset[str]:
    return frozenset(_by_label(table))


def _label(row: TableRow) -> str:
    return " ".join(row.cells[0].text.split()) if row.cells else ""


def _template(sentence: str) -> str:
    pieces, at = [], 0
    for number in numbers_in(sentence):
        pieces.append(sentence[at : number.start])
        at = number.start + len(number.digits)
    return "#".join([*pieces, sentence[at:]]).casefold()


def _is_year(digits: str) -> bool:
    return re.fullmatch(r"(?:19|20)\d\d", digits) is not None
