"""HTML: what a browser would show, a line per block, its tables as tables. Never executed, nothing is fetched."""

import re
from collections.abc import Iterator

from bs4 import BeautifulSoup
from bs4.element import NavigableString, PreformattedString, Tag

from dossier.errors import DocumentError
from dossier.records import TableCell
from retrieval.parsing.hidden import Notes
from retrieval.parsing.page import PageWriter, finish
from retrieval.parsing.parsed import ParsedDocument, title_from_name
from retrieval.parsing.tables import EMPTY, Row, is_amount
from retrieval.parsing.unseen import remove_unseen

_BLOCKS = frozenset(
    ["p", "div", "li", "tr", "table", "ul", "ol", "section", "article", "header", "footer", "main", "aside", "pre"]
    + ["blockquote", "dt", "dd", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "caption", "figcaption", "form"]
    + ["td", "th", "nav", "body", "html", "title", "details", "summary", "fieldset", "address", "option"]
)
_MAX_SPAN, _MAX_COLUMNS, _MAX_CELLS = 200, 300, 300_000
_MAX_NODES = 1_500_000
_MAX_DEPTH = 2_000
_TAG = re.compile(r"<(/?)([a-z][a-z0-9]*)", re.IGNORECASE)
_ENDS_BY_ITSELF = frozenset(
    ["p", "li", "td", "th", "tr", "dt", "dd", "option", "br", "hr", "img", "input", "meta", "link", "col", "tbody"]
    + ["wbr", "area", "base", "embed", "source", "track", "param", "thead", "tfoot", "colgroup", "optgroup"]
)


def read_html(name: str, data: bytes) -> ParsedDocument:
    """Read what a browser would show of an HTML page: no scripts, styles, comments or hidden elements."""
    notes = Notes()
    soup = parse_html(data)
    title = soup.title.get_text(" ", strip=True) if soup.title else ""
    page = PageWriter(1, notes)
    write_html(soup, page, notes)
    return finish(title or title_from_name(name), (page.page(),), notes)


def parse_html(markup: str | bytes) -> BeautifulSoup:
    """Parse HTML. Raises DocumentError when it is nested so deeply that parsing it takes time without end."""
    depth = 0
    for match in _TAG.finditer(markup if isinstance(markup, str) else markup.decode("latin-1")):
        if match.group(2).lower() not in _ENDS_BY_ITSELF:
            depth = max(depth - 1, 0) if match.group(1) else depth + 1
            if depth > _MAX_DEPTH:
                raise DocumentError("it is nested too deeply to be read. Simplify the file.")
    return BeautifulSoup(markup, "lxml")


def write_html(soup: BeautifulSoup, page: PageWriter, notes: Notes) -> None:
    """Append the visible part of parsed HTML to a page. Walks without recursion, since nesting is untrusted."""
    remove_unseen(soup, notes)
    words: list[str] = []

    def end_line() -> None:
        text = "".join(words)
        words.clear()
        if text.strip():
            page.line("\n".join(line.strip() for line in text.strip().split("\n")))

    stack: list[object] = [soup]
    seen = 0
    while stack:
        node = stack.pop()
        seen += 1
        if seen > _MAX_NODES:
            raise DocumentError("it has too many elements to be read. Split the file.")
        if node == "\n":
            end_line()
        elif isinstance(node, Tag) and re.fullmatch(r"h[1-6]", node.name):
            end_line()
            page.heading(int(node.name[1]), node.get_text(" "))
        elif isinstance(node, Tag) and node.name == "table" and _is_data(node):
            end_line()
            _write_table(node, page)
        elif isinstance(node, Tag):
            ends = ["\n"] if node.name in _BLOCKS else []
            stack.extend([*ends, *reversed(node.contents), *ends])
        elif isinstance(node, NavigableString) and not isinstance(node, PreformattedString):
            kept = node.parent is not None and node.parent.name == "pre"
            words.append(str(node) if kept else re.sub(r"\s+", " ", node))
    end_line()


def _is_data(table: Tag) -> bool:
    """A table of data: no table, heading or list inside (then it only arranges a page), and two rows or more."""
    if table.find(["table", "h1", "h2", "h3", "ul", "ol", "p br"]):
        return False
    rows = table.find_all("tr", limit=3)
    return len(rows) >= 2 and any(len(row.find_all(["td", "th"], limit=3)) >= 2 for row in rows)


def _write_table(table: Tag, page: PageWriter) -> None:
    caption = table.caption.get_text(" ", strip=True) if table.caption else ""
    rows = table.find_all("tr")
    grid = list(_grid(rows))
    marked = 0
    while marked < len(rows) and _is_header(rows[marked]):
        marked += 1
    page.table(grid, caption, marked if 0 < marked < len(rows) else None)


def _is_header(row: Tag) -> bool:
    """A header row: in thead, or of nothing but th."""
    cells = row.find_all(["td", "th"])
    return (row.parent is not None and row.parent.name == "thead") or (
        len(cells) > 1 and all(cell.name == "th" for cell in cells)
    )


def _grid(rows: list[Tag]) -> Iterator[Row]:
    """Rows with spanning cells filled into all their places."""
    open_spans: dict[int, tuple[TableCell, int]] = {}
    total = 0
    for tag in rows:
        row: Row = []

        def fill_open(row: Row = row) -> None:
            while len(row) in open_spans:
                cell, left = open_spans.pop(len(row))
                if left > 1:
                    open_spans[len(row)] = (cell, left - 1)
                row.append(cell)

        for cell_tag in tag.find_all(["td", "th"]):
            fill_open()
            cell = TableCell(cell_tag.get_text(" ", strip=True))
            down = _span(cell_tag, "rowspan")
            for placed in _across(cell, min(_span(cell_tag, "colspan"), max(_MAX_COLUMNS - len(row), 0))):
                if down > 1:
                    open_spans[len(row)] = (placed, down - 1)
                row.append(placed)
        fill_open()
        total += len(row)
        if total > _MAX_CELLS:
            raise DocumentError("a table in it has too many cells to be read. Split the file.")
        yield _joined_signs(row)


def _across(cell: TableCell, span: int) -> Row:
    """A spanning cell in its columns: an amount stands in the last one (before it is the column of its `$`)."""
    if span > 1 and is_amount(cell.text):
        return [*[EMPTY] * (span - 1), cell]
    return [cell] * span


def _joined_signs(row: Row) -> Row:
    """Filings put `$`, `)` and `%` into columns of their own: they go back to their amounts."""
    row = list(row)
    for index, cell in enumerate(row):
        if cell.text in ("$", "€", "£", "¥", "($", "(") and index + 1 < len(row):
            after = next((place for place in range(index + 1, len(row)) if row[place].text), index)
            if after > index and row[after].text[:1] in "(-–—0123456789.":
                row[after] = TableCell(cell.text + row[after].text)
                row[index] = EMPTY
        elif cell.text in (")", "%", ")%") and index:
            before = next((place for place in range(index - 1, -1, -1) if row[place].text), index)
            if before < index:
                row[before] = TableCell(row[before].text + cell.text)
                row[index] = EMPTY
    return row


def _span(tag: Tag, name: str) -> int:
    text = str(tag.get(name) or "1").strip()
    return min(int(text), _MAX_SPAN) if text.isascii() and text.isdigit() and len(text) < 5 and int(text) else 1
