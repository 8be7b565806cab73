"""Excerpts: the few tables and pieces of text that a tuned model reads, alike in training and in serving."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from dossier.records import Line, Passage, Table

BUDGET = 700
"""Tokens of evidence in a prompt: a processor reads two to three hundred a second."""
_LEAST = 60
"""An excerpt that would have to be cut to less says too little."""
_FIRST_SHARE = 0.45
"""Of the room left: most that an excerpt takes while others follow (figures in DECISIONS)."""
_LONGEST_HEADER = 160
_TOKEN = re.compile(r"\d|[^\W\d_]+|[^\w\s]+|_")
_BREAK = re.compile(r"(?<=[.!?;])\s+|\n+")


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A piece of a document to answer from: a table (`rows`, heads first) or `text`.

    `heading` is what stands above it (title, caption, section), `unit` the unit as written. `document` and `page` are
    where it is from, `passage` the number of the passage there (0: none); `spans` the offsets in the page's text of
    each row below the heads, or of the text. What the model reads is `header` and `body` alone.
    """

    document: str = ""
    page: int = 0
    heading: str = ""
    unit: str = ""
    rows: tuple[tuple[str, ...], ...] = ()
    text: str = ""
    passage: int = 0
    spans: tuple[tuple[int, int], ...] = ()

    @property
    def header(self) -> str:
        """Heading and unit on one line."""
        said = " ".join(". ".join(part for part in (self.heading, self.unit) if part).split())
        return said if len(said) <= _LONGEST_HEADER else said[:_LONGEST_HEADER].rsplit(" ", 1)[0]

    @property
    def body(self) -> str:
        """The text, or a row a line with its cells between bars."""
        lines = (" | ".join(row).rstrip(" |") for row in self.rows)
        return "\n".join(line for line in lines if line) or self.text

    @property
    def numbered(self) -> str:
        """The body with rows and columns numbered from 1, as references to cells count them; text as it is."""
        if not self.rows:
            return self.text
        heads = " | ".join(f"c{column}" for column in range(1, len(self.rows[0]) + 1))
        rows = (f"r{number} {' | '.join(row).rstrip(' |')}" for number, row in enumerate(self.rows, start=1))
        return "\n".join((heads, *rows))

    @property
    def plain(self) -> "Excerpt":
        """The excerpt as public sets have it, and tuned models learned it: no heading, the unit in the corner."""
        if not self.rows:
            return replace(self, heading="", unit="")
        corner = " ".join(part for part in (f"({self.unit})" if self.unit else "", self.rows[0][0]) if part)
        return replace(self, heading="", unit="", rows=((corner, *self.rows[0][1:]), *self.rows[1:]))

    @property
    def size(self) -> int:
        """Tokens that it takes in a prompt, estimated."""
        return rough_tokens(self.header) + rough_tokens(self.body) + self.body.count("\n") + 12


@dataclass(slots=True)
class _Found:
    """An excerpt with what was found in it: rows by number, or offsets of a sentence in its text."""

    excerpt: Excerpt
    rows: list[int] = field(default_factory=list)
    at: tuple[int, int] = (0, 0)


def rough_tokens(text: str) -> int:
    """About how many tokens a text is, for tokenizers that split numbers into digits; a little too many."""
    return sum(1 + (len(word) - 1) // 7 for word in _TOKEN.findall(text))


def table_excerpt(
    rows: Sequence[Sequence[str]],
    heading: str = "",
    unit: str = "",
    spans: Sequence[tuple[int, int]] = (),
    whole_heads: bool = False,
) -> Excerpt:
    """A table as an excerpt: without empty columns, spaces put right, words that all heads share said once, in front.

    `rows` has the heads first; `spans` belongs to the rows below them. Bars within cells become slashes. `whole_heads`
    leaves the heads as they are.
    """
    grid = [[" ".join(cell.split()).replace("|", "/") for cell in row] for row in rows]
    width = max((len(row) for row in grid), default=0)
    grid = [row + [""] * (width - len(row)) for row in grid]
    used = [at for at in range(width) if at == 0 or any(row[at] for row in grid)]
    kept = [number for number, row in enumerate(grid) if number == 0 or any(row)]
    short = [tuple(grid[number][at] for at in used) for number in kept]
    if short and not whole_heads:
        short[0] = _compact(short[0])
    own = tuple(spans[number - 1] for number in kept[1:]) if spans else ()
    return Excerpt(heading=heading, unit=unit, rows=tuple(short), spans=own)


def excerpts_of(
    passages: Sequence[Passage],
    lines: Sequence[Line],
    tables: Mapping[int, Sequence[Table]],
    budget: int = BUDGET,
) -> tuple[Excerpt, ...]:
    """The tables and pieces of text that the best lines stand in, best first, within about `budget` tokens.

    `lines` come best first; `tables` are those of the page of each passage, by the passage's number.
    """
    found: dict[tuple[object, ...], _Found] = {}
    for line in lines:
        passage = passages[line.passage - 1]
        place = _place(line, passage, tables.get(line.passage, ()))
        if place is None:
            found.setdefault((line.passage,), _Found(_of_text(passage, line.passage), at=(line.start, line.end)))
            continue
        table, row = place
        key = (passage.chunk.source, table.page, table.start)
        at = found.setdefault(key, _Found(excerpt_of(table, passage, line.passage)))
        start = table.rows[row].start
        at.rows += [number for number, span in enumerate(at.excerpt.spans, 1) if span[0] == start]
    return _within([*found.values()], budget)


def cut_table(excerpt: Excerpt, wanted: Sequence[int], limit: int) -> Excerpt | None:
    """A table with its heads, the wanted rows (numbered from 1, below the heads) and their neighbours, within `limit`.

    None when the heads and the first wanted row are too long already.
    """
    if excerpt.size <= limit:
        return excerpt
    near = sorted(range(1, len(excerpt.rows)), key=lambda row: min((abs(row - one) for one in wanted), default=row))
    kept: list[int] = []
    room = limit - replace(excerpt, rows=excerpt.rows[:1]).size
    for row in dict.fromkeys((*wanted, *near)):
        room -= rough_tokens(" | ".join(excerpt.rows[row])) + 1
        if room < 0:
            break
        kept.append(row)
    if not kept:
        return None
    kept.sort()
    spans = tuple(excerpt.spans[row - 1] for row in kept) if excerpt.spans else ()
    return replace(excerpt, rows=(excerpt.rows[0], *(excerpt.rows[row] for row in kept)), spans=spans)


def cut_text(excerpt: Excerpt, at: tuple[int, int], limit: int) -> Excerpt | None:
    """A text's sentences around the offsets `at`, within `limit`; None when those alone are too long."""
    if excerpt.size <= limit:
        return excerpt
    text = excerpt.text
    cuts = [0, *(match.end() for match in _BREAK.finditer(text)), len(text)]
    pieces = [(left, right) for left, right in zip(cuts, cuts[1:], strict=False) if left < right]
    first = next((n for n, (_, right) in enumerate(pieces) if right > at[0]), 0)
    last = next((n for n, (_, right) in enumerate(pieces) if right >= at[1]), len(pieces) - 1)
    best = None
    while True:
        left, right = pieces[first][0], pieces[last][1]
        cut = replace(excerpt, text=text[left:right].strip())
        if cut.size > limit:
            return best
        base = excerpt.spans[0][0] if excerpt.spans else 0
        best = replace(cut, spans=((base + left, base + right),)) if excerpt.spans else cut
        if first == 0 and last == len(pieces) - 1:
            return best
        first, last = max(first - 1, 0), min(last + 1, len(pieces) - 1)


def _within(found: Sequence[_Found], budget: int) -> tuple[Excerpt, ...]:
    kept: list[Excerpt] = []
    room = budget
    for number, one in enumerate(found, start=1):
        limit = room if number == len(found) else int(room * _FIRST_SHARE)
        cut = cut_table(one.excerpt, one.rows, limit) if one.excerpt.rows else cut_text(one.excerpt, one.at, limit)
        if cut is not None:
            kept.append(cut)
            room -= cut.size
        if room < _LEAST:
            break
    return tuple(kept)


def excerpt_of(table: Table, passage: Passage, number: int, whole_heads: bool = False) -> Excerpt:
    """A whole table of a passage's document as an excerpt; `number` is the passage's (0: it isn't on its page).

    Words that all heads share are said once, in the corner, unless `whole_heads` leaves them as they are.
    """
    rows = (table.columns, *(tuple(cell.text for cell in row.cells) for row in table.rows))
    heading = ". ".join(part for part in (passage.chunk.title, table.caption) if part)
    made = table_excerpt(rows, heading, table.unit, [(row.start, row.end) for row in table.rows], whole_heads)
    return replace(made, document=passage.document, page=table.page, passage=number)


def _of_text(passage: Passage, number: int) -> Excerpt:
    chunk = passage.chunk
    heading = ". ".join(part for part in (chunk.title, *chunk.section[-1:], chunk.columns) if part)
    span = ((chunk.start, chunk.end),)
    return Excerpt(passage.document, chunk.page, heading, "", (), chunk.text.strip(), number, span)


def _place(line: Line, passage: Passage, tables: Sequence[Table]) -> tuple[Table, int] | None:
    start = passage.chunk.start + line.start
    for table in tables:
        for number, row in enumerate(table.rows):
            if row.start <= start < row.end:
                return table, number
    return None


def _compact(heads: tuple[str, ...]) -> tuple[str, ...]:
    """Words that all heads of values begin or end with go to the corner: `Years ended June 30, | 2025 | 2024`."""
    values = [head.split() for head in heads[1:]]
    if len(values) < 2 or not all(values):
        return heads
    first = _common(values)
    values = [head[first:] for head in values]
    last = _common([head[::-1] for head in values])
    values = [head[: len(head) - last] for head in values]
    same = heads[1].split()
    corner = (heads[0], *same[:first], *same[len(same) - last :])
    return (" ".join(part for part in corner if part), *(" ".join(head) for head in values))


def _common(values: Sequence[Sequence[str]]) -> int:
    """How many words all begin with alike; at least one of each is left."""
    alike = os.path.commonprefix([list(words) for words in values])
    return min(len(alike), *(len(words) - 1 for words in values))
