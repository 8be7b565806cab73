"""Excel workbooks: a page a sheet, values as shown, tables with their cells' places. Macros are never looked at."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from lxml import etree
from openpyxl import load_workbook
from openpyxl.cell.read_only import ReadOnlyCell
from openpyxl.workbook import Workbook

from dossier.errors import DocumentError
from dossier.records import TableCell
from retrieval.parsing.delimited import MAX_CELLS, MAX_COLUMNS, MAX_ROWS, column_letters, too_many
from retrieval.parsing.hidden import Notes
from retrieval.parsing.office_zip import check_office_zip
from retrieval.parsing.page import PageWriter, finish
from retrieval.parsing.parsed import ParsedDocument, ParsedPage, title_from_name
from retrieval.parsing.sheet_layout import Layout, read_layout
from retrieval.parsing.sheet_values import shown
from retrieval.parsing.tables import EMPTY, Row

_MAX_SHEETS = 500
_WHITE = frozenset(["FFFFFFFF", "00FFFFFF"])


@dataclass(frozen=True, slots=True)
class _Look:
    """What a cell's style says: its number format, and whether it hides the value."""

    number_format: str
    hidden: bool


class _Looks:
    """Styles of a workbook's cells, worked out once each."""

    def __init__(self) -> None:
        self._known: dict[int, _Look] = {}

    def of(self, cell: ReadOnlyCell) -> _Look:
        number = cell._style_id
        if number not in self._known:
            self._known[number] = _Look(str(cell.number_format), _is_hidden(cell))
        return self._known[number]


def read_workbook(name: str, data: bytes) -> ParsedDocument:
    """Read an XLSX or XLSM workbook: values (as last computed by the program that saved it), never formulas.

    Hidden sheets are left out and reported: a person who opens the workbook doesn't see them, and neither an answer's
    source nor words meant for the model alone should come from there. The same holds for single hidden rows, columns
    and cells.
    """
    check_office_zip(data)
    notes = Notes()
    workbook = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    pages: list[ParsedPage] = []
    cells = 0
    for sheet in workbook.worksheets[:_MAX_SHEETS]:
        if sheet.sheet_state != "visible":
            notes.hide("on hidden sheets")
            continue
        page = PageWriter(len(pages) + 1, notes)
        page.heading(1, sheet.title)
        rows = _visible_rows(workbook, sheet.title, notes, MAX_CELLS - cells)
        cells += sum(len(row) for row in rows)
        if any(cell.text for row in rows for cell in row):
            page.table(rows)
            pages.append(page.page())
    if not pages:
        raise DocumentError(f"it holds no values ({notes.warning() or 'all its sheets are empty'}).")
    title = workbook.properties.title or ""
    return finish(str(title).strip() or title_from_name(name), pages, notes)


def _visible_rows(workbook: Workbook, title: str, notes: Notes, budget: int) -> list[Row]:
    """Rows of one sheet without its hidden ones, bounded by rows and cells; merged cells filled."""
    sheet = workbook[title]
    layout = _layout(workbook, title)
    sheet.reset_dimensions()  # the file's own claim may be a lie
    rows: list[Row] = []
    used = number = 0
    looks = _Looks()
    spans = _Spans(layout)
    for number, cells in enumerate(islice(sheet.iter_rows(), MAX_ROWS), start=1):
        row = [_cell(cell, looks, notes) for cell in cells[:MAX_COLUMNS]]
        while row and not row[-1].text and (number, len(row)) not in spans.covered:
            row.pop()
        row = spans.fill(number, row)
        used += sum(1 for cell in row if cell.text)
        if used > budget:
            break
        if number in layout.hidden_rows:
            notes.hide("in hidden rows", int(any(cell.text for cell in row)))
            row = []
        rows.append(_without_hidden_columns(row, layout, notes))
    kept = sum(1 for row in rows if row)
    if used > budget or layout.rows > kept + len(layout.hidden_rows) and number >= MAX_ROWS:
        notes.remark(too_many(kept, layout.rows, f" of the sheet “{title}”"))
    return rows


def _cell(cell: ReadOnlyCell, looks: _Looks, notes: Notes) -> TableCell:
    if cell.value is None:
        return EMPTY
    look = looks.of(cell)
    text = shown(cell.value, look.number_format).strip()
    if look.hidden and text:
        notes.hide("in cells of the background's colour")
        return EMPTY
    return TableCell(text, f"{column_letters(cell.column - 1)}{cell.row}") if text else EMPTY


def _is_hidden(cell: ReadOnlyCell) -> bool:
    """White letters without a fill behind them, letters too small to see, or a format that shows nothing."""
    font, fill = cell.font, cell.fill
    colour = font.color
    white = colour is not None and ((colour.type == "rgb" and colour.rgb in _WHITE) or _is_theme_white(colour))
    filled = fill is not None and fill.fill_type not in (None, "none")
    tiny = font.sz is not None and font.sz <= 2
    return (white and not filled) or tiny or str(cell.number_format).strip() == ";;;"


def _is_theme_white(colour: object) -> bool:
    return (
        getattr(colour, "type", "") == "theme" and getattr(colour, "theme", -1) == 0 and not getattr(colour, "tint", 0)
    )


def _without_hidden_columns(row: Row, layout: Layout, notes: Notes) -> Row:
    if not layout.hidden_columns:
        return row
    hidden = [layout.column_hidden(index) for index in range(1, len(row) + 1)]
    notes.hide("in hidden columns", sum(1 for cell, gone in zip(row, hidden, strict=True) if gone and cell.text))
    return [EMPTY if gone else cell for cell, gone in zip(row, hidden, strict=True)]


def _layout(workbook: Workbook, title: str) -> Layout:
    source = workbook[title]._get_source()
    try:
        with source:
            return read_layout(source)
    except etree.XMLSyntaxError as error:
        raise DocumentError(f"its sheet “{title}” is damaged ({error.msg}). Get a good copy.") from error


class _Spans:
    """Fills merged areas while the rows go by: every place of one holds its first cell."""

    def __init__(self, layout: Layout) -> None:
        self._ends = layout.merged
        self._cells: dict[tuple[int, int], TableCell] = {}
        self._origins: dict[tuple[int, int], tuple[int, int]] = dict(self._places())
        self.covered = self._origins.keys()

    def _places(self) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
        budget = MAX_CELLS
        for (top, left), (bottom, right) in self._ends.items():
            width, height = min(right, MAX_COLUMNS) - left + 1, min(bottom, MAX_ROWS) - top + 1
            if width <= 0 or height <= 0 or width * height > budget:
                continue
            budget -= width * height
            for row in range(top, top + height):
                for column in range(left, left + width):
                    yield (row, column), (top, left)

    def fill(self, number: int, row: Row) -> Row:
        """A row with the merged areas that reach into it filled."""
        if not self._origins:
            return row
        last = max((column for column in range(1, MAX_COLUMNS + 1) if (number, column) in self._origins), default=0)
        row = [*row, *[EMPTY] * (last - len(row))]
        for column in range(1, len(row) + 1):
            origin = self._origins.get((number, column))
            if origin == (number, column):
                self._cells[origin] = row[column - 1]
            elif origin is not None:
                row[column - 1] = self._cells.get(origin, EMPTY)
        return row
