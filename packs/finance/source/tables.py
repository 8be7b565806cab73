"""Tables of a report: their rows are data, their amounts come from the figures."""

from dataclasses import dataclass
from typing import Any

from .figures import Figures, read_toml
from .layout import BOLD, BOTTOM, ITALIC, LEFT, REGULAR, RIGHT, SOFT, Font, PageWriter, columns_right, text_width, wrap
from .wording import Wording, cell

ROW = Font(REGULAR, 9.6, 13.0)
ROW_BOLD = Font(BOLD, 9.6, 13.0)
TITLE = Font(BOLD, 10.4, 14.0)
CAPTION = Font(ITALIC, 8.8, 11.5, SOFT)
HEAD = Font(BOLD, 8.8, 11.5)
MARKED = ("s", "t", "T")
INDENT = 11.0


@dataclass(frozen=True)
class Row:
    """One line of a table: h heading, n flush, x indented, s subtotal, t total, T grand total, b blank."""

    style: str
    label: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table ready to be drawn; text tables align their columns to the left at given places."""

    title: str
    caption: str
    span: str
    heads: tuple[str, ...]
    rows: tuple[Row, ...]
    width: float
    starts: tuple[float, ...] = ()

    def height(self) -> float:
        """Return the height it takes on the page."""
        heading = (TITLE.leading if self.title else 0) + (CAPTION.leading if self.caption else 0)
        return heading + 2 * HEAD.leading + ROW.leading * (len(self.rows) + 1) + 12


def load_tables(figures: Figures, wording: Wording, file: str) -> dict[str, Table]:
    """Read the table descriptions of a data file and fill in their amounts."""
    return {table["id"]: _table(figures, wording, table) for table in read_toml(file)["table"]}


def _table(figures: Figures, wording: Wording, data: dict[str, Any]) -> Table:
    columns = data.get("columns", [])
    rows = tuple(_row(figures, wording, row, columns) for row in data["rows"])
    return Table(
        title=data.get("title", ""),
        caption=data.get("caption", ""),
        span=data.get("span", ""),
        heads=tuple(data["heads"]),
        rows=rows,
        width=float(data.get("width", 66)),
        starts=tuple(float(start) for start in data.get("starts", ())),
    )


def _row(figures: Figures, wording: Wording, row: list[str], columns: list[str]) -> Row:
    style, label = row[0], wording.fill(row[1]) if len(row) > 1 else ""
    if len(row) > 2 and row[2].startswith("="):
        return Row(style, label, tuple(wording.fill(text) for text in (row[2][1:], *row[3:])))
    if len(row) < 3:
        return Row(style, label, ())
    form = row[3] if len(row) > 3 else "m"
    return Row(style, label, tuple(_amount(figures, row[2], column, form) for column in columns))


def _amount(figures: Figures, item: str, column: str, form: str) -> str:
    if form == "%" and "/" in item:
        return cell(figures.calculate(item, column), form)
    # A column without the figure stays empty, as the year before the first does in a growth table.
    return cell(figures.get(item, column), form) if figures.has(item, column) else ""


def draw(page: PageWriter, table: Table) -> None:
    """Draw a table, on a new page when it does not fit on this one."""
    page.skip(6)
    page.need(min(table.height(), 640))
    for text, font in ((table.title, TITLE), (table.caption, CAPTION)):
        for line in wrap(text, font, RIGHT - LEFT):
            page.line(line, font)
    if table.starts:
        _draw_text(page, table)
    else:
        _draw_amounts(page, table)
    page.skip(9)


def _draw_amounts(page: PageWriter, table: Table) -> None:
    edges = columns_right(len(table.heads), table.width)
    first = edges[0] - table.width + 14
    if table.span:
        page.y -= HEAD.leading
        middle = (first + edges[-1]) / 2
        page.put(table.span, HEAD, middle - text_width(table.span, HEAD) / 2)
        page.rule(first, edges[-1], 2.5, 0.4)
    page.y -= HEAD.leading + 1
    for edge, head in zip(edges, table.heads, strict=True):
        page.put_right(head, HEAD, edge)
    page.rule(LEFT, RIGHT, 3.5, 0.7)
    page.y -= 2.5
    for row in table.rows:
        _draw_row(page, row, [(edge, table.width) for edge in edges])


def _draw_row(page: PageWriter, row: Row, edges: list[tuple[float, float]]) -> None:
    if row.style == "b":
        page.skip(5)
        return
    font = ROW_BOLD if row.style in ("h", "t", "T") else ROW
    page.y -= font.leading
    page.put(row.label, font, LEFT + (INDENT if row.style == "x" else 0))
    for (edge, width), text in zip(edges, row.cells, strict=False):
        if row.style in MARKED:
            page.y += ROW.leading - 3.2
            page.rule(edge - width + 16, edge + 1, 0, 0.45)
            page.y -= ROW.leading - 3.2
        page.put_right(text, font, edge)
        if row.style == "T":
            page.rule(edge - width + 16, edge + 1, 2.4, 0.45)
            page.rule(edge - width + 16, edge + 1, 4.2, 0.45)
    if row.style == "T":
        page.y -= 4


def _draw_text(page: PageWriter, table: Table) -> None:
    starts = [LEFT + start for start in table.starts]
    page.y -= HEAD.leading + 1
    for start, head in zip(starts, table.heads, strict=True):
        page.put(head, HEAD, start)
    page.rule(LEFT, RIGHT, 3.5, 0.7)
    page.y -= 3
    limits = [*starts[1:], RIGHT]
    for row in table.rows:
        cells = [
            wrap(text, ROW, limit - start - 8)
            for text, start, limit in zip((row.label, *row.cells), starts, limits, strict=True)
        ]
        for number in range(max(len(lines) for lines in cells)):
            if page.y - ROW.leading < BOTTOM:
                page.next_page()
            page.y -= ROW.leading
            for start, lines in zip(starts, cells, strict=True):
                if number < len(lines):
                    page.put(lines[number], ROW, start)
        page.y -= 2
