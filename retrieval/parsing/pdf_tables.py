"""Tables of a PDF page, found by how their lines stand: labels on the left, amounts in columns.

Annual reports rule few of their tables. What makes one is rows of amounts whose right edges align; the heads above are
given to the columns that they stand over.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from dossier.records import Box, TableCell
from retrieval.parsing.pdf_heads import ALIGNED, SENTENCE, UNIT, YEAR, Column, Rules, Words, above, heads_of
from retrieval.parsing.pdf_lines import PdfLine
from retrieval.parsing.pdf_rows import LONGEST_LABEL, Amount, Row, ends_in_amount, read_row

_GAP = 3
"""Lines without amounts that may stand between two rows: subheads and wrapped labels."""
_INDENT = 20.0
_OPEN_END = re.compile(r"(?:,|—|–|\b(?:and|of|or|the|for|to|at|in|on|by|from|with|per))$")


@dataclass(frozen=True, slots=True)
class DraftRow:
    """A row by the numbers of its first and last line, with its cells (label first)."""

    first: int
    last: int
    cells: tuple[TableCell, ...]


@dataclass(frozen=True, slots=True)
class DraftTable:
    """A table by line numbers of its page: `first` is the caption or the first head."""

    first: int
    last: int
    caption: str
    unit: str
    columns: tuple[str, ...]
    rows: tuple[DraftRow, ...]
    edges: tuple[float, ...] = field(default=())


def find_tables(lines: Sequence[PdfLine], words: Words, rules: Rules) -> list[DraftTable]:
    """The tables of a page, in order. `words` gives a line's words with their places."""
    rows = {index: row for index, line in enumerate(lines) if (row := read_row(line, words)) is not None}
    tables: list[DraftTable] = []
    for run in _runs(lines, rows):
        floor = tables[-1].last + 1 if tables else 0
        if (table := _table(lines, rows, run, floor, (words, rules))) is not None:
            tables.append(table)
    return tables


def continued(table: DraftTable, before: DraftTable) -> DraftTable:
    """A table without heads that goes on with the one before it, with that one's heads and unit."""
    if any(table.columns) or len(table.edges) != len(before.edges):
        return table
    if any(abs(a - b) > 2 * ALIGNED for a, b in zip(table.edges, before.edges, strict=True)):
        return table
    return replace(
        table, columns=before.columns, caption=table.caption or before.caption, unit=table.unit or before.unit
    )


def _runs(lines: Sequence[PdfLine], rows: dict[int, Row]) -> list[list[int]]:
    """Rows that belong together: with no more than a few short lines between them, none of them a sentence."""
    runs: list[list[int]] = []
    for index in sorted(rows):
        if runs and index - runs[-1][-1] <= _GAP + 1 and all(map(_may_interrupt, lines[runs[-1][-1] + 1 : index])):
            runs[-1].append(index)
        else:
            runs.append([index])
    return [
        run
        for run in runs
        if (len(run) >= 2 and max(len(rows[index].amounts) for index in run) >= 2 or len(run) >= 4)
        and sum(bool(rows[index].label) for index in run) >= 2
    ]


def _may_interrupt(line: PdfLine) -> bool:
    """Whether a line may stand between two rows: no sentence, unit or row of years, which begin something new."""
    text = line.text.strip()
    words = text.split()
    years = len(words) > 1 and all(YEAR.fullmatch(word) for word in words)
    unit = UNIT.search(text) and (not text.endswith(":") or SENTENCE.search(text))
    return len(text) <= LONGEST_LABEL and not text.endswith(".") and not unit and not years


def _table(
    lines: Sequence[PdfLine], rows: dict[int, Row], run: list[int], floor: int, page: tuple[Words, Rules]
) -> DraftTable | None:
    rows = {**rows, **_flush(_labelled({index: rows[index] for index in run}))}
    edges = _edges([rows[index] for index in run])
    if not edges:
        return None
    words, rules = page
    columns = _columns([rows[index] for index in run], edges)
    found = above(lines, run[0], floor, columns, words)
    heads = heads_of(found, columns, rules() if found.heads else ())
    drafts = [_draft(lines, rows, index, before, edges) for before, index in zip([floor - 1, *run], run, strict=False)]
    drafts = _under_subheads(lines, rows, found.start, drafts)
    return DraftTable(found.start, run[-1], found.caption, found.unit, ("", *heads), tuple(drafts), tuple(edges))


def _columns(rows: Sequence[Row], edges: list[float]) -> list[Column]:
    """Where the columns begin and end, from the amounts that end at their edges."""
    lefts = list(edges)
    for amount in (amount for row in rows for amount in row.amounts):
        place = min(range(len(edges)), key=lambda at: abs(edges[at] - amount.right))
        if abs(edges[place] - amount.right) <= ALIGNED:
            lefts[place] = min(lefts[place], amount.left)
    return [Column(left, right) for left, right in zip(lefts, edges, strict=True)]


def _labelled(rows: dict[int, Row]) -> dict[int, Row]:
    """Rows whose label is a number (a year, a price) and stands where the other labels begin."""
    left = min(row.label_box.left for row in rows.values() if row.label_box)
    return {
        index: replace(row, label=row.amounts[0].text, label_box=_label_box(row), amounts=row.amounts[1:])
        if not row.label and len(row.amounts) > 1 and row.amounts[0].left <= left + _INDENT
        else row
        for index, row in rows.items()
    }


def _label_box(row: Row) -> Box:
    return replace(row.box, left=row.amounts[0].left, right=row.amounts[0].right)


def _flush(rows: dict[int, Row]) -> dict[int, Row]:
    """Rows whose cells of words end where the longest below or above them does: words are often flush left."""
    words = sorted((amount.left, amount.right) for row in rows.values() for amount in row.amounts if amount.words)
    if not words:
        return rows
    spans: list[tuple[float, float]] = []
    for left, right in words:
        if spans and left < spans[-1][1]:
            spans[-1] = (spans[-1][0], max(right, spans[-1][1]))
        else:
            spans.append((left, right))
    numbers = [amount.right for row in rows.values() for amount in row.amounts if not amount.words]

    def end(amount: Amount) -> Amount:
        left, right = next(span for span in spans if span[0] <= amount.left < span[1])
        shared = [number for number in numbers if left <= number <= right + ALIGNED]
        return replace(amount, right=max(shared, default=right))

    return {
        index: replace(row, amounts=tuple(end(amount) if amount.words else amount for amount in row.amounts))
        for index, row in rows.items()
    }


def _edges(rows: Sequence[Row]) -> list[float]:
    """Right edges of the columns: clusters of the amounts' right edges, each seen in at least two rows."""
    rights = sorted(amount.right for row in rows for amount in row.amounts)
    clusters: list[list[float]] = []
    for right in rights:
        if clusters and right - clusters[-1][-1] <= ALIGNED:
            clusters[-1].append(right)
        else:
            clusters.append([right])
    widest = max(len(row.amounts) for row in rows)
    kept = [cluster for cluster in clusters if len(cluster) >= 2]
    return [cluster[len(cluster) // 2] for cluster in (kept if len(kept) >= widest else clusters)]


def _draft(lines: Sequence[PdfLine], rows: dict[int, Row], index: int, before: int, edges: list[float]) -> DraftRow:
    """A row's cells, each amount under the edge nearest to its own; a label that began on the line above is whole."""
    row, line = rows[index], lines[index]
    first, label, box = index, row.label, row.label_box
    above = lines[index - 1] if index - 1 > before else None
    if above is not None and _goes_on(above.text.strip(), label):
        first, label = index - 1, f"{above.text.strip()} {label}".strip()
        box = above.box if box is None else box
    cells = [TableCell(label, box=box), *(TableCell("") for _ in edges)]
    for amount in row.amounts:
        column = min(range(len(edges)), key=lambda place: abs(edges[place] - amount.right))
        place = Box(amount.left, line.box.top, amount.right, line.box.bottom) if line.box else None
        text = f"{cells[column + 1].text} {amount.text}".strip()
        cells[column + 1] = TableCell(text, box=place)
    return DraftRow(first, index, tuple(cells))


def _goes_on(above: str, label: str) -> bool:
    """Whether a line above a row is the beginning of the row's label."""
    if not above or above.endswith((":", ".")) or len(above) > LONGEST_LABEL or ends_in_amount(above):
        return False
    return not label or label[:1].islower() or bool(_OPEN_END.search(above))


def _under_subheads(
    lines: Sequence[PdfLine], rows: dict[int, Row], start: int, drafts: Sequence[DraftRow]
) -> list[DraftRow]:
    """Rows whose label is indented below a line like `Cost of sales:` say so: `Cost of sales: Products`."""
    subheads: list[PdfLine] = []
    done: list[DraftRow] = []
    position = start
    for row in drafts:
        for number in range(position, row.first):
            line = lines[number]
            intro = number < drafts[0].first and UNIT.search(line.text)
            if (
                line.box is not None
                and not intro
                and line.text.strip().endswith(":")
                and len(line.text) <= LONGEST_LABEL
            ):
                wrapped = line.text.strip()[:1].islower() and number > start
                text = f"{lines[number - 1].text.strip()} {line.text.strip()}" if wrapped else line.text
                subheads = [replace(line, text=text)]
        position = row.last + 1
        label = row.cells[0]
        left = rows[row.last].label_box
        if subheads and left is not None and subheads[0].box is not None and left.left <= subheads[0].box.left + 2:
            subheads = []
        if subheads and label.text:
            label = replace(label, text=f"{subheads[0].text.strip()} {label.text}")
        done.append(replace(row, cells=(label, *row.cells[1:])))
    return done
