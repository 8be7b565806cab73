"""A page of a document as the index has it: its text line by line and its tables, with a passage marked."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from dossier.records import Box, Document, Table, TableRow
from retrieval.chunk_store import READABLE, ChunkStore

_BEFORE, _AFTER = 3_000, 9_000
"""Characters of a page that are shown around its passage: a sheet of a workbook is one page, however long."""
_FILLER = "\n"


@dataclass(frozen=True, slots=True)
class Spot:
    """A passage of a page: character offsets into the page's text, and the SHA-256 of what it said (empty: not known).

    `line_start` and `line_end` are the line in it that an answer rests on. `start == end`: the page, no passage.
    `at` is where to begin to read; None: at the passage.
    """

    source: str
    page: int
    start: int = 0
    end: int = 0
    digest: str = ""
    line_start: int = 0
    line_end: int = 0
    at: int | None = None


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A line of text. `mark`: 0 nothing, 1 of the passage, 2 the line that the answer rests on."""

    text: str
    mark: int = 0


@dataclass(frozen=True, slots=True)
class ShownTable:
    """The rows of a table that are shown. `marks` has a mark for each row, as a line has."""

    table: Table
    rows: tuple[TableRow, ...]
    marks: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PageView:
    """What is on a page. `moved`: the passage isn't there any more as it was, so that nothing is marked.

    `earlier` and `later` are offsets to go on reading at, None where the page begins or ends. `file` is the file
    that the document is in; `passage` and `line` are boxes on a PDF page.
    """

    document: Document
    file: str
    page: int
    parts: tuple[ShownLine | ShownTable, ...]
    moved: bool
    earlier: int | None
    later: int | None
    passage: tuple[Box, ...] = ()
    line: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True)
class _Piece:
    """A chunk's text with its spot on the page."""

    start: int
    end: int
    text: str
    boxes: tuple[Box, ...]


def view_page(store: ChunkStore, spot: Spot, groups: frozenset[str]) -> PageView | None:
    """The page that a spot names, for groups that may read the document; None: there is none for them."""
    found = next(store.rows(_DOCUMENT, {"source": spot.source}, groups), None)
    if found is None or not 1 <= spot.page <= found[3]:
        return None
    document = Document(spot.source, found[1], found[2], pages=found[3])
    passage = _pieces(store, spot, groups, (spot.start, spot.end)) if spot.start < spot.end else []
    moved = spot.start < spot.end and not _is_there(passage, spot)
    shown = replace(spot, start=0, end=0, line_start=0, line_end=0) if moved else spot
    first, last = next(store.rows(_EXTENT, {"source": spot.source, "page": spot.page}, groups))
    at = spot.at if spot.at is not None else shown.start - _BEFORE
    low = max(first or 0, at)
    pieces = _pieces(store, spot, groups, (low, low + _BEFORE + _AFTER))
    tables = store.tables_of(spot.source, groups, spot.page)
    view = PageView(
        document=document,
        file=found[0],
        page=spot.page,
        parts=tuple(_parts(pieces, tables, shown)),
        moved=moved,
        earlier=max(first, pieces[0].start - _BEFORE - _AFTER) if pieces and pieces[0].start > first else None,
        later=pieces[-1].end if pieces and pieces[-1].end < last else None,
    )
    return view if moved else replace(view, passage=_boxes(passage), line=_line_boxes(passage, spot))


_DOCUMENT = f"SELECT d.file, d.title, d.digest, d.pages FROM documents d WHERE d.source = :source AND {READABLE}"  # noqa: S608
_EXTENT = (
    'SELECT min(c.start), max(c."end") FROM chunks c JOIN documents d ON d.id = c.document_id '  # noqa: S608
    f"WHERE d.source = :source AND c.page = :page AND {READABLE}"
)
_PIECES = (
    'SELECT c.start, c."end", c.text, c.boxes FROM chunks c JOIN documents d ON d.id = c.document_id '  # noqa: S608
    f'WHERE d.source = :source AND c.page = :page AND c.start < :high AND c."end" > :low AND {READABLE} '
    "ORDER BY c.start"
)


def _pieces(store: ChunkStore, spot: Spot, groups: frozenset[str], span: tuple[int, int]) -> list[_Piece]:
    where = {"source": spot.source, "page": spot.page, "low": span[0], "high": span[1]}
    return [
        _Piece(start, end, text, tuple(Box(*box) for box in json.loads(boxes)))
        for start, end, text, boxes in store.rows(_PIECES, where, groups)
    ]


def _joined(pieces: Sequence[_Piece]) -> str:
    """The pieces' text with what was cut away between them, which is white space."""
    text, at = "", pieces[0].start if pieces else 0
    for piece in pieces:
        text += _FILLER * (piece.start - at) + piece.text[max(0, at - piece.start) :]
        at = max(at, piece.end)
    return text


def _is_there(pieces: Sequence[_Piece], spot: Spot) -> bool:
    """Whether the page still says what the passage said. Without a digest of that, nothing is taken for granted."""
    if not pieces or pieces[0].start > spot.start or pieces[-1].end < spot.end:
        return False
    text = _joined(pieces)[spot.start - pieces[0].start :][: spot.end - spot.start]
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() == spot.digest


def _boxes(pieces: Sequence[_Piece]) -> tuple[Box, ...]:
    return tuple(box for piece in pieces for box in piece.boxes)


def _line_boxes(pieces: Sequence[_Piece], spot: Spot) -> tuple[Box, ...]:
    """The boxes of the cited line, where each line of its piece has one."""
    found: list[Box] = []
    for piece in pieces:
        spans = [(start, end) for start, end, _ in _lines(piece.text, piece.start)]
        if len(spans) == len(piece.boxes):
            found += [
                box
                for (start, end), box in zip(spans, piece.boxes, strict=True)
                if start < spot.line_end and spot.line_start < end
            ]
    return tuple(found)


def _lines(text: str, start: int) -> Iterator[tuple[int, int, str]]:
    """The lines that say something, with their offsets."""
    for line in text.split("\n"):
        if line.strip():
            yield start, start + len(line), line
        start += len(line) + 1


def _parts(pieces: Sequence[_Piece], tables: Sequence[Table], spot: Spot) -> Iterator[ShownLine | ShownTable]:
    """Lines in order; where a table begins, its rows that lie within the pieces stand in the spot of its lines."""
    if not pieces:
        return
    low, high = pieces[0].start, pieces[-1].end
    shown: set[int] = set()
    for start, end, text in _lines(_joined(pieces), low):
        number = next((number for number, table in enumerate(tables) if table.start <= start < table.end), None)
        if number is None or not tables[number].rows:
            yield ShownLine(text, _mark(start, end, spot))
        elif number not in shown:
            shown.add(number)
            rows = tuple(row for row in tables[number].rows if row.start < high and low < row.end)
            yield ShownTable(tables[number], rows, tuple(_mark(row.start, row.end, spot) for row in rows))


def _mark(start: int, end: int, spot: Spot) -> int:
    if start < spot.line_end and spot.line_start < end:
        return 2
    return 1 if start < spot.end and spot.start < end else 0
