"""Puts an answer over a whole table together: words, cells, citations, and where each number comes from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from dossier.citations import Citation, marker
from dossier.traces import Origin, Trace
from serving.integrity.tracing import numbers_said
from serving.whole_tables.plans import Plan
from serving.whole_tables.querying import Outcome
from serving.whole_tables.sheets import Sheet

_LONGEST = 80
OPERANDS = 12
"""Cells that a sum names one by one; of more, the words of the expression tell."""


@dataclass(frozen=True, slots=True)
class Result:
    """A plan with the table that it was run over and what came out. `cited` has the passage of a row, by the row."""

    plan: Plan
    sheet: Sheet
    outcome: Outcome
    cited: Mapping[int, int]
    others: tuple[str, ...] = ()

    @property
    def place(self) -> str:
        """What the table is called, and its document."""
        document = plain(self.sheet.document)
        kind = "sheet" if self.sheet.source.lower().endswith((".xlsx", ".xlsm")) else "table"
        return f"{kind} “{plain(self.sheet.called)}” in {document}" if self.sheet.called else document


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of a text, at its characters `start` to `end`, and where the numbers in it come from."""

    start: int
    end: int
    trace: Trace


@dataclass(frozen=True, slots=True)
class Wording:
    """An answer's text, and where the numbers of each piece of it come from."""

    text: str
    pieces: tuple[Piece, ...]

    def traces(self, text: str, citations: Sequence[Citation]) -> tuple[Trace, ...]:
        """The traces of the numbers of a text, which is this one with its citations read."""
        found = []
        for said in numbers_said(text, citations):
            at = said.figure.trace
            piece = next((one for one in self.pieces if one.start <= at.start < one.end), None)
            found.append(replace(piece.trace, text=at.text, start=at.start, end=at.end) if piece else at)
        return tuple(found)


class Writer:
    """Puts a text together and remembers where its pieces come from."""

    def __init__(self, result: Result) -> None:
        self._result = result
        self._text = ""
        self._pieces: list[Piece] = []
        sheet = result.sheet
        self._first = next(iter(result.cited.values()), 0)
        self._there = Trace("", -1, -1, Origin.PASSAGE, self._first, sheet.document, sheet.pages[0])

    def say(self, text: str, trace: Trace | None = None) -> "Writer":
        """Words as the document or the code has them; numbers among them are the document's unless told otherwise."""
        self._pieces.append(Piece(len(self._text), len(self._text) + len(text), trace or self._there))
        self._text += text
        return self

    def asked(self, text: str) -> "Writer":
        """Words of the question."""
        return self.say(text, Trace("", -1, -1, Origin.QUESTION))

    def computed(self, text: str, expression: str, rows: Sequence[int] = ()) -> "Writer":
        """What was computed, with the cells of these rows that it was computed from."""
        column = self._result.plan.measure
        cells = [self.trace(row, column) for row in rows] if column is not None and len(rows) <= OPERANDS else []
        trace = Trace("", -1, -1, Origin.COMPUTED, expression=expression, operands=tuple(cells))
        return self.say(text, trace)

    def cell(self, row: int, column: int) -> "Writer":
        """A cell as it stands there."""
        return self.say(plain(self._result.sheet.rows[row].cells[column].text), self.trace(row, column))

    def trace(self, row: int, column: int) -> Trace:
        """Where a cell stands."""
        sheet = self._result.sheet
        cell = sheet.rows[row].cells[column]
        label = sheet.rows[row].cells[0].text
        place = replace(self._there, passage=self._result.cited.get(row, self._first), page=sheet.pages[row])
        return replace(
            place, text=cell.text, origin=Origin.CELL, row=label, column=sheet.columns[column].head, place=cell.place
        )

    def cite(self, row: int | None = None) -> "Writer":
        """The passage of a row (of the first one), where it is among the answer's."""
        number = self._first if row is None else self._result.cited.get(row, 0)
        return self.say(f" {marker(number)}") if number else self

    def done(self) -> Wording:
        """The text as it is now."""
        return Wording(self._text, tuple(self._pieces))


def plain(text: str) -> str:
    """A text of a document in one line, shortened, without what would read as a citation."""
    text = " ".join(text.split()).replace("[", "(").replace("]", ")")
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST].rstrip()} …"
