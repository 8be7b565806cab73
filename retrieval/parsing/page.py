"""Writes a page's text line by line and keeps the offsets of its headings and tables right."""

from collections.abc import Sequence

from dossier.errors import DocumentError
from dossier.records import Metadata, Table, TableCell, TableRow
from retrieval.parsing.hidden import MAX_CHARACTERS, Notes
from retrieval.parsing.parsed import Heading, ParsedDocument, ParsedPage
from retrieval.parsing.tables import Block, Line, Row, find_tables, row_text, unit_of

_LONGEST_CAPTION = 150
_ABOVE = 3
"""Lines above a table among which its caption and unit are looked for."""


class PageWriter:
    """One page in the making. Texts are cleaned on the way in, and what that hides is counted in `notes`."""

    def __init__(self, number: int, notes: Notes) -> None:
        self.number, self._notes = number, notes
        self._pieces: list[str] = []
        self._length = 0
        self._headings: list[Heading] = []
        self._tables: list[Table] = []
        self._above: list[str] = []

    def line(self, text: str) -> tuple[int, int]:
        """Append a line, or several where the text has line breaks; returns where they stand."""
        text = self._notes.clean(text).strip("\n")
        if self._length + len(text) > MAX_CHARACTERS:
            self._notes.remark(f"only the first {MAX_CHARACTERS:,} characters were read; split the file")
            text = text[: max(MAX_CHARACTERS - self._length, 0)]
        start = self._length
        self._pieces.append(f"{text}\n")
        self._length += len(text) + 1
        if text.strip():
            self._above = [*self._above, text.strip()][-_ABOVE:]
        return start, self._length - 1

    def heading(self, level: int, text: str) -> None:
        """Append a heading on a line of its own; nothing when it has no words."""
        text = " ".join(self._notes.clean(text).split())
        if text:
            self._above = []
            start, _ = self.line(text)
            self._headings.append(Heading(start, min(max(level, 1), 9), text[:120]))

    def table(self, rows: Sequence[Row], caption: str = "", header: int | None = None) -> None:
        """Append a grid: its tables as one line a row, other rows as plain lines.

        `caption` where the format names one; `header` the number of header rows where the format marks them.
        """
        rows = [self._cleaned(row) for row in rows]
        caption = " ".join(self._notes.clean(caption).split())
        if caption and caption not in self._above:
            self.line(caption)
        for part in find_tables(rows, header):
            if isinstance(part, Line):
                self.line(part.text)
            else:
                self._write(part, caption)

    def page(self) -> ParsedPage:
        """The page as written so far."""
        return ParsedPage(self.number, "".join(self._pieces), tuple(self._headings), tuple(self._tables))

    def _cleaned(self, row: Row) -> Row:
        """The row with clean texts in one line each; cells that are the same object stay so."""
        seen: dict[int, TableCell] = {}
        for cell in row:
            if id(cell) not in seen:
                text = " ".join(self._notes.clean(cell.text).split()) if cell.text else ""
                seen[id(cell)] = cell if text == cell.text else TableCell(text, cell.place, cell.box)
        return [seen[id(cell)] for cell in row]

    def _write(self, block: Block, caption: str) -> None:
        above = list(reversed(self._above))
        heads = [row_text(row) for row in block.heads]
        unit = unit_of([caption, *above, *(cell.text for row in block.heads for cell in row)])
        caption = caption or self._caption(above, unit)
        start = self._length
        for head in heads:
            self.line(head)
        rows = []
        for row in block.body:
            left, right = self.line(row_text(row))
            rows.append(TableRow(left, right, tuple(row)))
        self._tables.append(Table(self.number, start, self._length, caption, unit, block.columns, tuple(rows)))
        self._above = []

    def _caption(self, above: list[str], unit: str) -> str:
        """The nearest short line above that says more than the unit, else the nearest heading."""
        for line in above:
            says_more = len(line) > len(unit) + 12 if unit and unit in line else True
            alone = "\n" not in line and "  " not in line  # not a row of several cells
            if alone and len(line) <= _LONGEST_CAPTION and not _is_sentence(line) and says_more:
                return line
        return self._headings[-1].text if self._headings else ""


def _is_sentence(line: str) -> bool:
    return line.endswith((";", ",")) or (line.endswith(".") and len(line.split()) > 8)


def finish(title: str, pages: Sequence[ParsedPage], notes: Notes, metadata: Metadata | None = None) -> ParsedDocument:
    """A reader's result. Raises DocumentError when the pages hold no text (and says so where text was hidden)."""
    if not any(page.text.strip() for page in pages):
        warning = notes.warning()
        raise DocumentError(f"it holds no text ({warning})." if warning else "it holds no text.")
    title = " ".join(notes.clean(title).split())[:200]
    return ParsedDocument(title, tuple(pages), notes.warning(), metadata=metadata or Metadata())
