"""A page of a document as the gateway tells it, and how it is asked for."""

from dataclasses import dataclass

from frontend.chat.evidence import cited_line
from frontend.gateway.connection import Connection
from frontend.gateway.source_records import Json, Source


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text. `mark`: 0 nothing, 1 of the passage, 2 the line that the answer rests on."""

    text: str
    mark: int


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table; `place` as `B7` in a spreadsheet."""

    text: str
    place: str


@dataclass(frozen=True, slots=True)
class Grid:
    """A table or a part of one: rows of cells, and a mark for each row."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    marks: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class DocumentPage:
    """A page as the index has it. `picture`: it can be drawn; `top`: points above what is marked on it.

    `available`: the file can be had; `note` says why not. `earlier` and `later`: where to read on in a long page.
    """

    source: str
    document: str
    page: int
    pages: int
    picture: bool
    top: float | None
    marked: bool
    available: bool
    note: str
    parts: tuple[Line | Grid, ...]
    earlier: int | None
    later: int | None

    @classmethod
    def read(cls, data: Json) -> "DocumentPage":
        """From the JSON of `GET /v1/documents/page`."""
        return cls(
            source=str(data["source"]),
            document=str(data["document"]),
            page=int(data["page"]),
            pages=int(data["pages"]),
            picture=bool(data.get("picture")),
            top=data.get("top"),
            marked=bool(data.get("marked")),
            available=bool(data.get("available")),
            note=str(data.get("note") or ""),
            parts=tuple(map(_part, data.get("parts") or ())),
            earlier=data.get("earlier"),
            later=data.get("later"),
        )


def read_page(gateway: Connection, wanted: dict[str, str | int]) -> DocumentPage:
    """The page. Raises NotFoundError where there is none that the person may read."""
    return DocumentPage.read(gateway.query("/v1/documents/page", wanted))


def draw_page(gateway: Connection, wanted: dict[str, str | int]) -> bytes:
    """The page as a PNG with the passage marked. Raises ConflictError if the file has changed since it was indexed."""
    return gateway.fetch("/v1/documents/picture", wanted)


def original(gateway: Connection, source: str) -> bytes:
    """The document's file. Raises as `draw_page`."""
    return gateway.fetch("/v1/documents/file", {"source": source})


def place_in(source: Source, answer: str) -> dict[str, str | int]:
    """What to ask for to see a source's page: its passage, and in it the line that the answer rests on."""
    asked: dict[str, str | int] = {"source": source.source, "page": source.page}
    if source.end and source.digest:
        asked |= {"start": source.start, "end": source.end, "digest": source.digest}
        line = cited_line(answer, source.number, source.text)
        if line is not None:
            asked |= {"line_start": source.start + line[0], "line_end": source.start + line[1]}
    return asked


def _part(data: Json) -> Line | Grid:
    table = data.get("table")
    if not table:
        line = data["line"]
        return Line(str(line["text"]), int(line["mark"]))
    rows = table.get("rows") or ()
    return Grid(
        title=". ".join(part for part in (table.get("caption"), table.get("unit")) if part),
        columns=tuple(map(str, table.get("columns") or ())),
        rows=tuple(
            tuple(Cell(str(cell["text"]), str(cell.get("place") or "")) for cell in row["cells"]) for row in rows
        ),
        marks=tuple(int(row["mark"]) for row in rows),
    )
