"""Words an answer from the lines that were pointed at: code reads the cells, so no number is ever made up."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from dossier.amounts import is_per_unit, tells_loss
from dossier.citations import marker
from dossier.evidence import amounts_of, is_row
from dossier.records import Line, Metadata, Passage, Table, TableRow
from retrieval.metadata import MONTH, date_in
from retrieval.query import Query

_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_UNIT = re.compile(r"\b(?:dollars |amounts |US\$ |\$ )?in (?:millions|thousands|billions)\b", re.IGNORECASE)
_EXCEPTION = re.compile(r"\bexcept\b[^)\n]*", re.IGNORECASE)
_PERCENT = re.compile(r"%\)?$")
_OUT = re.compile(r"([$€£¥]?\s?)\(\s*([$€£¥]?\s?[\d.,]+)\s*\)")
_MARKUP = re.compile(r"^(?:[•▪●*\-+]|#{1,6}|\d{1,2}[.)])\s+")
_FOOTNOTE = re.compile(r"\([1-9]\)")
_PERIOD = re.compile(
    rf"\b(?:(?:three|six|nine|twelve|\d+) (?:months|weeks)|(?:fiscal )?(?:years?|quarters?)) ended\b.*"
    rf"|\b(?:{MONTH}) \d{{1,2}},? (?:19|20)\d\d.*|\b(?:Q[1-4],? )?(?:FY ?|fiscal )?(?:19|20)\d\d\b.*",
    re.IGNORECASE,
)
_QUARTER = re.compile(r"\b(?:three months|thirteen weeks|1[34] weeks|quarter)\b", re.IGNORECASE)
_NOTE = re.compile(r"\s*\((?:[1-9]|[a-h])\)$")
_LONGEST = 600


@dataclass(frozen=True, slots=True)
class Cell:
    """One amount of a table row and the column that it stands in (empty where the heads don't tell)."""

    column: str
    amount: str


@dataclass(frozen=True, slots=True)
class Row:
    """A table row read into its label, cells and unit."""

    label: str
    cells: tuple[Cell, ...]
    unit: str


def word_line(line: Line, passage: Passage, query: Query, tables: Sequence[Table] = ()) -> str:
    """One line as an answer sentence with its citation, the cells that the question asks for where it names a period.

    `tables` are those of the passage's page; a row that stands in one of them is read from it.
    """
    row = read_row(line, passage, tables) if is_row(line.text) or _place(line, passage, tables) else None
    text = _word_row(row, query, passage.chunk.metadata) if row and row.cells else _quote(line.text)
    return f"{text} {marker(line.passage)}"


def read_row(line: Line, passage: Passage, tables: Sequence[Table] = ()) -> Row:
    """Read a table row: label, amounts and, where they are known for certain, the columns that they stand in."""
    by_heads = _read_by_heads(line, passage)
    place = _place(line, passage, tables)
    if place is None:
        return by_heads
    table, found = place
    cells = tuple(
        Cell(period_in(head), cell.text)
        for head, cell in zip(table.columns[1:], found.cells[1:], strict=True)
        if cell.text
    )
    if not all(_agrees(cells, cell) for cell in by_heads.cells if cell.column):
        return Row(by_heads.label, tuple(Cell("", cell.amount) for cell in by_heads.cells), by_heads.unit)
    label = found.cells[0].text or by_heads.label
    unit = _unit(table.unit, label) or by_heads.unit
    return Row(label, cells, unit) if cells else by_heads


def join_answers(parts: Sequence[str]) -> str:
    """Several worded lines as one answer; two that differ in a currency's sign alone are one."""
    said = {re.sub(r"[$€£\s]", "", part): part for part in reversed(parts)}
    return "\n\n".join(reversed(said.values()))


def _read_by_heads(line: Line, passage: Passage) -> Row:
    """A row read by its line alone: as many years above it as amounts in it name the columns."""
    label, amounts = amounts_of(line.text)
    if len(amounts) > 1 and _FOOTNOTE.fullmatch(amounts[0]) and not _FOOTNOTE.fullmatch(amounts[1]):
        amounts = amounts[1:]  # `Total net sales (4) $394,328`: a reference, not three negative units
    plain = [amount for amount in amounts if not _PERCENT.search(amount)]
    heads = _YEAR.findall(line.heading)
    told = (line.heading, passage.chunk.columns, passage.chunk.text)
    unit = next(filter(None, (_unit(text, label) for text in told)), "")
    for values in (amounts, plain):
        columns = heads[-len(values) :]
        # every year of the heads must have its amount: with one left over, which one it is would be a guess
        if values and len(columns) == len(values) == len(set(columns)) and set(columns) == set(heads):
            cells = tuple(Cell(column, value) for column, value in zip(columns, values, strict=True))
            return Row(label, cells, unit)
    return Row(label, tuple(Cell("", amount) for amount in amounts), unit)


def _place(line: Line, passage: Passage, tables: Sequence[Table]) -> tuple[Table, TableRow] | None:
    """The table and the row of it that the line stands in."""
    start = passage.chunk.start + line.start
    for table in tables:
        for row in table.rows:
            if row.start <= start < row.end:
                return table, row
    return None


def _agrees(cells: Sequence[Cell], by_heads: Cell) -> bool:
    """Whether the table has an amount under the same year as the heads above the line; one of two readings is wrong."""
    return any(cell.amount == by_heads.amount and by_heads.column in cell.column for cell in cells)


def _word_row(row: Row, query: Query, about: Metadata) -> str:
    label = _label(row.label)
    cells = _wanted(_sizes(row), query, about)
    unit = row.unit and f" ({row.unit})"
    # "in millions, except per share amounts"
    if "per share" in label.lower() or all(_PERCENT.search(cell.amount) for cell in cells):
        unit = ""
    if len(cells) == 1 and len(row.cells) > 1 and cells[0].column:
        return f"{label}, {cells[0].column}: {cells[0].amount}{unit}"
    shown = ", ".join(f"{cell.amount} ({cell.column})" if cell.column else cell.amount for cell in cells)
    return f"{label}: {shown}{unit}"


def _sizes(row: Row) -> tuple[Cell, ...]:
    """The cells; a row that is in brackets throughout because it goes out, or is taken off, without them."""
    amounts = [cell.amount for cell in row.cells if not _PERCENT.search(cell.amount)]
    if not amounts or tells_loss(row.label) or not all(map(_OUT.fullmatch, amounts)):
        return row.cells
    return tuple(
        cell if _PERCENT.search(cell.amount) else replace(cell, amount=_OUT.sub(r"\1\2", cell.amount))
        for cell in row.cells
    )


def _label(label: str) -> str:
    """A row's label without a footnote's number, and without a group's name that it repeats."""
    label = _NOTE.sub("", label.rstrip(" :.…")).strip()
    group, _, own = label.rpartition(": ")
    return (own if group.lower() in own.lower() else label) or "Amount"


def _wanted(cells: Sequence[Cell], query: Query, about: Metadata) -> Sequence[Cell]:
    """The cells of the years that the question names, and of its quarter where the document is about that one."""
    if query.quarters and about.period[5:].lower() in query.quarters and about.period[:4] in query.years | {""}:
        # the newest column of a quarterly report is the quarter that it is about
        last = max(date_in(cell.column) for cell in cells)
        own = [cell for cell in cells if last and date_in(cell.column) == last and _QUARTER.search(cell.column)]
        if len(own) == 1:
            return own
    if not query.quarters or not any("ended" in cell.column.lower() for cell in cells):
        named = [cell for cell in cells if query.years & set(_YEAR.findall(cell.column))]
        return named or cells
    return cells


def period_in(head: str) -> str:
    """A column head without the caption in front of its period."""
    found = _PERIOD.search(head)
    return found.group().strip() if found else head.strip()


def _quote(text: str) -> str:
    text = _MARKUP.sub("", text.strip())
    text = re.sub(r"\*\*|__", "", text)
    return text if len(text) <= _LONGEST else text[:_LONGEST].rsplit(" ", 1)[0] + " …"


def _unit(text: str, label: str) -> str:
    """What a row's amounts count in: `in millions, except number of shares, which are reflected in thousands`."""
    exceptions = " ".join(_EXCEPTION.findall(text))
    if exceptions and is_per_unit(label):
        found = [] if "per" in label.lower().split() else _UNIT.findall(exceptions)
    else:
        found = _UNIT.findall(_EXCEPTION.sub(" ", text))
    return found[-1].lower().strip() if found else ""
