"""Rows of a scanned page's tables, which Tesseract reads column by column: first all labels, then all amounts.

A block of amounts goes beside what stands left of it at the same height; its heads go above them. Columns of running
text stay as they were read.
"""

import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from retrieval.parsing.ocr_seen import Seen

_AMOUNTS = re.compile(r"(?:[^A-Za-z\s]{1,16}|[Nn][./]?[AaMm]\.?)")
_LEAST_WORDS, _LEAST_HEIGHTS = 4, 12
"""What a line must have to show how the page lies: words, and a length in heights of its letters."""
_SHARE = 0.6
"""Of a block's lines that have no words, from which it is a column of amounts."""


def slope_of(lines: Sequence[Sequence[Seen]]) -> float:
    """How far a line falls for each pixel to the right, on a page that lies askew."""
    slopes = []
    for words in lines:
        first, last = words[0], words[-1]
        if len(words) >= _LEAST_WORDS and last.left - first.left >= _LEAST_HEIGHTS * first.height:
            slopes.append((last.top + last.height / 2 - first.top - first.height / 2) / (last.left - first.left))
    return statistics.median(slopes) if slopes else 0.0


def level(word: Seen, slope: float) -> Seen:
    """The word as it would stand if the page lay straight."""
    return replace(word, top=round(word.top - slope * word.left))


@dataclass(slots=True)
class _Line:
    """A line as it was read; `parts` are those that belong to its row."""

    words: list[Seen]
    left: int
    top: int
    right: int
    bottom: int
    block: str
    amounts: bool
    parts: "list[_Line]" = field(default_factory=list)

    def beside(self, other: "_Line") -> bool:
        """Whether it stands left of another at the same height."""
        height = min(self.bottom - self.top, other.bottom - other.top)
        level = min(self.bottom, other.bottom) - max(self.top, other.top)
        return self.right <= other.left and 2 * level > height


def in_rows(lines: Sequence[list[Seen]]) -> list[list[Seen]]:
    """The lines in reading order, those of one row of a table as one."""
    read = [_line(words) for words in lines]
    columns = _columns(read)
    owners: dict[str, _Line] = {}
    moved: list[_Line] = []
    for line in sorted((line for line in read if line.block in columns), key=lambda line: line.left):
        left = [one for one in read if one.block != line.block and one not in moved and one.beside(line)]
        if line.amounts and left:
            owner = max(left, key=lambda one: one.right)
            owner.parts.append(line)
            moved.append(line)
            owners.setdefault(line.block, owner)
    kept = [line for line in read if line not in moved]
    heads = [line for line in kept if line.block in owners]
    rows = [line for line in kept if line.block not in owners]
    for head in sorted(heads, key=lambda line: line.top):
        beside = {one.block for one in rows if one.parts and any(part.block == head.block for part in one.parts)}
        at = next((n for n, row in enumerate(rows) if row.block in beside and row.top > head.top), len(rows))
        rows.insert(at, head)
    return [sorted((word for part in (row, *row.parts) for word in part.words), key=_left) for row in rows]


def _left(word: Seen) -> int:
    return word.left


def _line(words: list[Seen]) -> _Line:
    bottom, right = (
        max(getattr(w, a) + getattr(w, b) for w in words) for a, b in (("top", "height"), ("left", "width"))
    )
    left, top = min(word.left for word in words), min(word.top for word in words)
    amounts = all(_AMOUNTS.fullmatch(word.text) for word in words)
    return _Line(words, left, top, right, bottom, words[0].line[0], amounts)


def _columns(read: Sequence[_Line]) -> set[str]:
    """Blocks that are columns of amounts."""
    found: dict[str, list[bool]] = {}
    for line in read:
        found.setdefault(line.block, []).append(line.amounts)
    return {block for block, amounts in found.items() if sum(amounts) >= _SHARE * len(amounts)}
