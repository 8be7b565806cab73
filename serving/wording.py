"""Words an answer from the lines that were pointed at: code reads the cells, so no number is ever made up."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from dossier.citations import marker
from dossier.evidence import amounts_of, is_row
from dossier.records import Line, Passage

_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_UNIT = re.compile(r"\b(?:dollars |amounts |US\$ |\$ )?in (?:millions|thousands|billions)\b", re.IGNORECASE)
_PERCENT = re.compile(r"%\)?$")
_MARKUP = re.compile(r"^(?:[•▪●*\-+]|#{1,6}|\d{1,2}[.)])\s+")
_FOOTNOTE = re.compile(r"\([1-9]\)")
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


def word_line(line: Line, passage: Passage, years: frozenset[str]) -> str:
    """One line as an answer sentence with its citation. `years` are those that the question names."""
    text = _word_row(read_row(line, passage), years) if is_row(line.text) else _quote(line.text)
    return f"{text} {marker(line.passage)}"


def read_row(line: Line, passage: Passage) -> Row:
    """Read a table row: label, amounts and, where as many years head the table as there are amounts, their years."""
    label, amounts = amounts_of(line.text)
    if len(amounts) > 1 and _FOOTNOTE.fullmatch(amounts[0]) and not _FOOTNOTE.fullmatch(amounts[1]):
        amounts = amounts[1:]  # `Total net sales (4) $394,328`: a reference, not three negative units
    plain = [amount for amount in amounts if not _PERCENT.search(amount)]
    heads = _YEAR.findall(line.heading)
    unit = _unit(line.heading) or _unit(passage.chunk.columns) or _unit(passage.chunk.text)
    for values in (amounts, plain):
        columns = heads[-len(values) :]
        # every year of the heads must have its amount: with one left over, which one it is would be a guess
        if values and len(columns) == len(values) == len(set(columns)) and set(columns) == set(heads):
            cells = tuple(Cell(column, value) for column, value in zip(columns, values, strict=True))
            return Row(label, cells, unit)
    return Row(label, tuple(Cell("", amount) for amount in amounts), unit)


def join_answers(parts: Sequence[str]) -> str:
    """Several worded lines as one answer."""
    return "\n\n".join(dict.fromkeys(parts))


def _word_row(row: Row, years: frozenset[str]) -> str:
    label = row.label.rstrip(" :.…") or "Amount"
    # "in millions, except per share amounts"
    unit = f" ({row.unit})" if row.unit and "per share" not in label.lower() else ""
    wanted = [cell for cell in row.cells if cell.column in years]
    if len(wanted) == 1 and len(years) == 1:
        return f"{label}, {wanted[0].column}: {wanted[0].amount}{unit}"
    shown = ", ".join(f"{cell.amount} ({cell.column})" if cell.column else cell.amount for cell in wanted or row.cells)
    return f"{label}: {shown}{unit}"


def _quote(text: str) -> str:
    text = _MARKUP.sub("", text.strip())
    text = re.sub(r"\*\*|__", "", text)
    return text if len(text) <= _LONGEST else text[:_LONGEST].rsplit(" ", 1)[0] + " …"


def _unit(text: str) -> str:
    found = _UNIT.findall(text)
    return found[-1].lower().strip() if found else ""
