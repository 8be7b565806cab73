"""Tables as they are counted over: parts of one put together, rows of totals set aside, columns read."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dossier.records import Passage, Table, TableRow
from retrieval.parsing.delimited import rows_left_out
from serving.whole_tables.values import Column, column_of

LEAST_ROWS = 8
"""Body rows from which on a reader of a passage doesn't see them all."""
_TOTAL = re.compile(r"(?:grand |sub[- ]?)?totals?:?|sum:?|overall:?|average:?|mean:?", re.IGNORECASE)
_TOTAL_OF = re.compile(r"(?:grand |sub[- ]?)?total\b.*", re.IGNORECASE)
_SHEETS = (".csv", ".tsv", ".xlsx", ".xlsm")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table with the document that it stands in.

    `called` is what it is called there (a sheet's name, a caption; may be empty), `names` every word for it. `rows` are
    those that count, `aside` how many totals and notes don't, `total` how many the file has, `cut` whether the reader
    left out some. `columns` are read from `rows`.
    """

    source: str
    called: str
    names: str
    rows: tuple[TableRow, ...]
    pages: tuple[int, ...]
    columns: tuple[Column, ...]
    unit: str
    aside: int
    total: int
    cut: bool

    @property
    def document(self) -> str:
        """The file's name."""
        return self.source.rsplit("/", 1)[-1]

    @property
    def is_sheet(self) -> bool:
        """Whether it is a spreadsheet or a CSV file, not a table within a text."""
        return is_sheet(self.source)


def is_sheet(source: str) -> bool:
    """Whether a document is a spreadsheet or a CSV file."""
    return source.lower().endswith(_SHEETS)


def joined(tables: Sequence[Table]) -> list[list[Table]]:
    """The tables of a document, parts of one together: same heads, and on one page or under one caption."""
    parts: list[list[Table]] = []
    for table in tables:
        last = parts[-1][-1] if parts else None
        if last is not None and table.columns == last.columns and _goes_on(last, table):
            parts[-1].append(table)
        else:
            parts.append([table])
    return parts


def sheet_of(parts: Sequence[Table], passage: Passage, warning: str) -> Sheet | None:
    """A table that can be counted over; None where it is short, or columns have no head.

    `passage` is one of the document, where the table begins; `warning` what its reader left out.
    """
    first = parts[0]
    placed = [(table.page, row) for table in parts for row in table.rows]
    heads = [index for index, head in enumerate(first.columns) if head]
    if len(placed) < LEAST_ROWS or len(heads) < 2 or not first.columns[0]:
        return None
    notes = _notes([row for _, row in placed])
    kept = [(page, row) for at, (page, row) in enumerate(placed) if at not in notes]
    if len(kept) < LEAST_ROWS:
        return None
    rows = tuple(row for _, row in kept)
    chunk = passage.chunk
    title = chunk.section[0] if chunk.section and chunk.source.lower().endswith((".xlsx", ".xlsm")) else ""
    left_out = rows_left_out(warning, title)
    columns = tuple(
        column_of(first.columns[at], [row.cells[at].text for row in rows]) for at in range(len(rows[0].cells))
    )
    about = chunk.metadata
    names = " ".join(
        (chunk.source, chunk.title, *chunk.section, first.caption, about.company, about.kind, about.period)
    )
    return Sheet(
        chunk.source,
        title or first.caption,
        names,
        rows,
        tuple(page for page, _ in kept),
        columns,
        first.unit,
        len(notes),
        len(rows) + left_out,
        left_out > 0 or "only the first" in warning,
    )


def _goes_on(last: Table, table: Table) -> bool:
    if not any(table.columns):
        return False
    same = table.caption in ("", last.caption)
    return same and (table.page == last.page or (table.page == last.page + 1 and table.caption == last.caption))


def _notes(rows: Sequence[TableRow]) -> set[int]:
    """The rows that are no entries: totals, and single remarks behind the last entry."""
    found = {at for at, row in enumerate(rows) if _is_total(row)}
    for at in reversed(range(len(rows))):
        if at in found:
            continue
        cells = rows[at].cells
        if len(cells) < 3 or not cells[0].text or any(cell.text for cell in cells[1:]):
            break
        found.add(at)
    return found


def _is_total(row: TableRow) -> bool:
    texts = list(_texts(row))
    if not texts:
        return False
    return bool(_TOTAL.fullmatch(texts[0])) or (len(texts) == 1 and _TOTAL_OF.fullmatch(texts[0]) is not None)


def _texts(row: TableRow) -> Iterator[str]:
    """The cells of a row that hold words."""
    return (cell.text for cell in row.cells if any(sign.isalpha() for sign in cell.text))
