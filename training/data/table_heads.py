"""Tables of the public sets, whose heads take several rows, as the tables of an index are: with one row of heads."""

import re
from collections.abc import Iterator, Sequence

from retrieval.parsing.tables import MAX_HEADER_ROWS, is_amount

_YEAR = re.compile(r"(?:FY ?)?(?:19|20)\d\d")


def with_one_head(rows: Sequence[Sequence[str]]) -> list[Sequence[str]]:
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
    """Rows without amounts at the top, as long as they name no row: a label begins the body, a unit doesn't."""
    count = 0
    for row in grid[:MAX_HEADER_ROWS]:
        names = count and row[0] and not row[0].startswith("(") and not all(_YEAR.fullmatch(cell) for cell in row[1:])
        if names or any(is_amount(cell) for cell in row):
            break
        count += 1
    return count if count < len(grid) else min(count, 1)


def _spread(cells: Sequence[str]) -> Iterator[str]:
    last = ""
    for cell in cells:
        last = cell or last
        yield last
