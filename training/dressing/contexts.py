"""The context of an example as excerpts: its table, and its paragraphs in pieces as long as an index's."""

import re
from collections.abc import Iterator, Sequence

from dossier.excerpts import Excerpt, table_excerpt
from retrieval.parsing.tables import MAX_HEADER_ROWS, is_amount
from training.data.example import Context

_LONGEST = 700
"""Characters of a piece of text; a paragraph that is longer is cut after a sentence."""
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z“\"(\d])")


def excerpts_in(context: Context) -> tuple[Excerpt, ...]:
    """All that a context holds, the table first."""
    table = (table_excerpt(_one_head(context.rows), context.title),) if context.rows else ()
    return (*table, *(Excerpt(heading=context.title, text=text) for text in _pieces(context.paragraphs)))


def _one_head(rows: Sequence[Sequence[str]]) -> list[Sequence[str]]:
    """A table whose first rows, as far as they are heads, are one, as in the tables of an index.

    A head that spans columns stands over each of them; one that spans all of them stands in front.
    """
    if not rows or not rows[0]:
        return list(rows)
    width = max(map(len, rows))
    grid = [[*(" ".join(cell.split()) for cell in row), *[""] * (width - len(row))] for row in rows]
    grid[0][0] = grid[0][0].strip("-–—")
    heads = _count_heads(grid)
    if not heads:
        return [[""] * width, *grid]
    if heads < 2:
        return [*grid]
    joined = [""] * width
    for row in grid[:heads]:
        filled = [cell for cell in row[1:] if cell]
        spread = [row[0], *(_spread(row[1:]) if len(filled) > 1 else [""] * (width - 1))]
        if len(filled) == 1:
            spread[0] = f"{row[0]} {filled[0]}".strip()
        joined = [
            f"{above} {cell}".strip() if cell not in above else above
            for above, cell in zip(joined, spread, strict=True)
        ]
    return [joined, *grid[heads:]]


def _count_heads(grid: Sequence[Sequence[str]]) -> int:
    """Rows without amounts at the top: up to the first that only names a group of rows."""
    count = 0
    for row in grid[:MAX_HEADER_ROWS]:
        if any(is_amount(cell) for cell in row) or (count and row[0] and not any(row[1:])):
            break
        count += 1
    return count if count < len(grid) else min(count, 1)


def _spread(cells: Sequence[str]) -> Iterator[str]:
    last = ""
    for cell in cells:
        last = cell or last
        yield last


def _pieces(paragraphs: Sequence[str]) -> Iterator[str]:
    """Paragraphs joined while they are short and cut where they are long."""
    piece = ""
    for paragraph in paragraphs:
        for part in _sentences(paragraph):
            if piece and len(piece) + len(part) > _LONGEST:
                yield piece
                piece = ""
            piece = f"{piece}\n{part}".strip()
    if piece:
        yield piece


def _sentences(paragraph: str) -> Iterator[str]:
    """A paragraph whole, or its sentences put together up to the longest piece."""
    text = " ".join(paragraph.split())
    if len(text) <= _LONGEST:
        yield text
        return
    part = ""
    for sentence in _SENTENCE.split(text):
        if part and len(part) + len(sentence) > _LONGEST:
            yield part
            part = ""
        part = f"{part} {sentence}".strip()
    yield part
