"""Rows of cells to tables: where the header is, what is caption, which rows belong together."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from dossier.records import TableCell

Row = list[TableCell]
"""Cells from left to right. A cell that spans several places is the same object in each of them."""

EMPTY = TableCell("")
MAX_HEADER_ROWS = 4
_AMOUNT = re.compile(r"[-+−(]{0,2}\s?(?:[A-Z]{0,3}[$€£¥])?\s?[-+−(]?\d[\d,.'\s]*\s?(?:%|x|bps)?\)?")
_PERIOD = re.compile(r"(?:FY|Q[1-4]|H[12])?\s?'?(?:19|20)?\d\d(?:[-/ ]?Q[1-4])?|(?:19|20)\d\d-\d\d(?:-\d\d.*)?")
_YEAR = re.compile(r"(?:19|20)\d\d(?:-\d\d.*)?")
_UNIT = re.compile(
    r"\(?((?:(?:all )?(?:figures|amounts|values|numbers|dollars|euros?|pounds|USD|EUR|GBP|CHF|US\$|[$€£])[ ,]{1,2}"
    r"(?:are |expressed |stated |shown )?)?\bin (?:US |U\.S\. )?(?:thousands?|millions?|billions?|percent|%|USD|EUR|"
    r"GBP|US\$|[$€£]|dollars|euros)[^()\n|]{0,90})\)?|\(((?:in )?(?:USD|EUR|GBP|US\$|[$€£])\s?"
    r"(?:'?000s?|thousands?|millions?|billions?|mn?|bn|k)\b[^()\n|]{0,60})\)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Line:
    """A row that isn't part of a table: a title, a remark, a label with its value."""

    text: str


@dataclass(frozen=True, slots=True)
class Block:
    """A table: its header rows (none, when its first row has numbers already) and its body, all equally wide."""

    heads: list[Row]
    body: list[Row]

    @property
    def columns(self) -> tuple[str, ...]:
        """A head for each column; several header rows are joined, words said twice in a column only once."""
        joined = []
        for parts in zip(*self.heads, strict=True):
            joined.append(" ".join(dict.fromkeys(cell.text for cell in parts if cell.text)))
        return tuple(joined) or ("",) * len(self.body[0])


def unit_of(texts: Sequence[str]) -> str:
    """The first statement of unit and scale in the texts, as written: `in millions, except per share amounts`."""
    for text in texts:
        match = _UNIT.search(text)
        if match:
            return " ".join((match.group(1) or match.group(2)).split()).strip(" .,;:")
    return ""


def is_amount(text: str) -> bool:
    """Whether a cell holds an amount, and not just a year or a date (which may head a column)."""
    return bool(_AMOUNT.fullmatch(text)) and not _YEAR.fullmatch(text)


def find_tables(rows: Sequence[Row], header: int | None = None) -> Iterator[Line | Block]:
    """Tables and single lines of a grid, top to bottom. `header`: how many header rows the format itself marks.

    Empty rows and columns go. A blank row ends a table only where a new header follows.
    """
    grid = cut_empty(rows)
    while grid and not any(cell.text for cell in grid[0]):
        grid.pop(0)
    index, first = 0, True
    while index < len(grid):
        row = grid[index]
        heads = min(header, len(grid) - index) if header is not None and first else _header_rows(grid, index)
        if not _filled(row):
            index += 1
        elif len(row) < 2 or (header is None or not first) and not _opens(grid, index):
            yield Line(row_text(_once(row)))
            index += 1
        else:
            end = _table_end(grid, index + heads)
            body = [_once(item) for item in grid[index + heads : end] if _filled(item)]
            if body:
                yield _without_shadows(grid[index : index + heads], body)
            else:
                yield from (Line(row_text(_once(item))) for item in grid[index : index + heads])
            index, first = max(end, index + 1), False


def _without_shadows(heads: list[Row], body: list[Row]) -> Block:
    """A table without columns that hold nothing but a head that spans them (the columns of the `$` signs)."""
    width = len(body[0])
    used = [any(row[index].text for row in body) for index in range(width)]
    shared = [
        all(not row[index].text or sum(cell is row[index] for cell in row) > 1 for row in heads)
        for index in range(width)
    ]
    keep = [index for index in range(width) if used[index] or not shared[index]] or list(range(width))
    return Block([[row[index] for index in keep] for row in heads], [[row[index] for index in keep] for row in body])


def row_text(row: Row) -> str:
    """A row as a line of text: cells separated by two spaces, `-` where an empty one would shift the others."""
    texts = [cell.text for cell in row]
    while texts and not texts[-1]:
        texts.pop()
    return "  ".join(text or "-" for text in texts)


def cut_empty(rows: Sequence[Row]) -> list[Row]:
    """The grid without columns that are empty in every row, and rows made equally long."""
    width = max((len(row) for row in rows), default=0)
    used = [False] * width
    for row in rows:
        for index, cell in enumerate(row):
            used[index] = used[index] or bool(cell.text)
    keep = [index for index in range(width) if used[index]]
    return [[row[index] if index < len(row) else EMPTY for index in keep] for row in rows]


def _filled(row: Row) -> int:
    """How many different cells of a row hold text; one that spans all columns counts once."""
    return len({id(cell) for cell in row if cell.text})


def _once(row: Row) -> Row:
    """A row that is one cell across several columns says it once, in front."""
    if _filled(row) == 1 and len(row) > 1:
        only = next(cell for cell in row if cell.text)
        if sum(cell is only for cell in row) > 1:
            return [only, *[EMPTY] * (len(row) - 1)]
    return row


def _opens(grid: Sequence[Row], index: int) -> bool:
    """Whether a table begins at this row: it is about as full as the rows below it, and one follows at once."""
    filled = _filled(grid[index])
    below = [_filled(row) for row in grid[index + 1 : index + 21] if _filled(row)]
    return filled >= 2 and bool(below) and max(below) >= 2 and filled >= median(below) / 2


def _is_head(row: Row) -> bool:
    return not any(is_amount(cell.text) for cell in row if cell.text)


def _header_rows(grid: Sequence[Row], index: int) -> int:
    """Header rows from `index` on: rows without amounts before the first with one; of a table of words just one."""
    count = 0
    while count < MAX_HEADER_ROWS and index + count < len(grid) and _is_head(grid[index + count]):
        if count and (
            not _continues_head(grid[index + count - 1], grid[index + count]) or _is_list_of_dates(grid, index + count)
        ):
            break
        count += 1
    if index + count >= len(grid):
        return min(count, 1)
    return count


def _continues_head(above: Row, row: Row) -> bool:
    """Whether a row goes on with the header above it: that one spans columns or leaves some open, or only years."""
    if _filled(row) < 2:
        return False
    spans = _filled(above) < sum(1 for cell in above if cell.text) or any(not cell.text for cell in above[1:])
    periods = all(_PERIOD.fullmatch(cell.text) for cell in row[1:] if cell.text)
    return not row[0].text or row[0] is above[0] or periods or (spans and _filled(row) > _filled(above))


def _is_list_of_dates(grid: Sequence[Row], index: int) -> bool:
    """Whether a row that names something and has only dates behind is followed by another: entries, not heads."""
    rows = [row for row in grid[index : index + 2] if _filled(row) >= 2 and row[0].text]
    return len(rows) == 2 and all(_PERIOD.fullmatch(cell.text) for row in rows for cell in row[1:] if cell.text)


def _table_end(grid: Sequence[Row], start: int) -> int:
    """Index after the table's last row: at a blank row that a new header (or a title and a header) follows."""
    index = start
    while index < len(grid):
        if not _filled(grid[index]) and _new_table(grid, index):
            return index
        index += 1
    return index


def _new_table(grid: Sequence[Row], blank: int) -> bool:
    index = blank
    while index < len(grid) and _filled(grid[index]) <= 1 and index - blank < 5:
        index += 1
    return index < len(grid) and _is_head(grid[index]) and _filled(grid[index]) >= 2
