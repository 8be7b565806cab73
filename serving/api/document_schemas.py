"""What the routes of documents take and reply."""

from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from retrieval.page_view import PageView, ShownLine, ShownTable, Spot

_FARTHEST = 1_000_000_000
_MARK = "0: nothing, 1: of the passage, 2: the line of it that the answer rests on."
MOVED = (
    "The document was indexed again since, and reads differently there now. "
    "The page is shown without a mark; ask again to see what it says now."
)


class DocumentQuery(BaseModel):
    """A document of the index."""

    model_config = ConfigDict(extra="forbid")

    source: str = Field(max_length=2000, description="`source` of an answer's source.", examples=["a/annual-2025.pdf"])


class PageQuery(DocumentQuery):
    """A page of a document, and a passage of it to be marked: what `pin.passages` of an answer says."""

    page: int = Field(1, ge=1, le=_FARTHEST)
    start: int = Field(0, ge=0, le=_FARTHEST, description="Where the passage begins in the page's text.")
    end: int = Field(0, ge=0, le=_FARTHEST, description="Where it ends; 0: no passage.")
    digest: str = Field("", max_length=64, description="SHA-256 of the passage. It is marked only if it still fits.")
    line_start: int = Field(0, ge=0, le=_FARTHEST, description="The line that an answer rests on, marked stronger.")
    line_end: int = Field(0, ge=0, le=_FARTHEST)
    at: int | None = Field(None, ge=0, le=_FARTHEST, description="Where to begin to read a long page.")

    @property
    def spot(self) -> Spot:
        """As the index takes it."""
        return Spot(**self.model_dump())


class LineReply(BaseModel):
    """A line of text."""

    text: str
    mark: int = Field(description=_MARK)


class CellReply(BaseModel):
    """A cell of a table."""

    text: str
    place: str = Field(description="Where it stands in a spreadsheet.", examples=["B7"])


class RowReply(BaseModel):
    """A row of a table."""

    cells: list[CellReply]
    mark: int = Field(description=_MARK)


class TableReply(BaseModel):
    """A table, or the part of a long one around the passage."""

    caption: str
    unit: str
    columns: list[str]
    rows: list[RowReply]


class PartReply(BaseModel):
    """Something on the page: a line of text, or a table in its place."""

    line: LineReply | None = None
    table: TableReply | None = None

    @classmethod
    def of(cls, part: ShownLine | ShownTable) -> Self:
        """From the record."""
        if isinstance(part, ShownLine):
            return cls(line=LineReply(text=part.text, mark=part.mark))
        rows = [
            RowReply(cells=[CellReply(text=cell.text, place=cell.place) for cell in row.cells], mark=mark)
            for row, mark in zip(part.rows, part.marks, strict=True)
        ]
        table = part.table
        return cls(table=TableReply(caption=table.caption, unit=table.unit, columns=list(table.columns), rows=rows))


class PageReply(BaseModel):
    """A page of a document as the index has it."""

    source: str
    document: str = Field(description="File name.", examples=["annual-2025.pdf"])
    title: str
    page: int
    pages: int
    picture: bool = Field(description="GET /v1/documents/picture draws the page.")
    top: float | None = Field(description="Points from the top of the printed page to what is marked.")
    marked: bool = Field(description="Whether the passage that was asked for is marked.")
    note: str = Field(description="Why the passage isn't marked or the page not drawn, in plain words.")
    available: bool = Field(description="GET /v1/documents/file gives the file.")
    parts: list[PartReply]
    earlier: int | None = Field(description="`at` of the part before; null: the page begins here.")
    later: int | None = Field(description="`at` of the next part; null: the page ends here.")

    @classmethod
    def of(cls, view: PageView, problem: str, drawn: bool, asked: bool) -> Self:
        """From the record. `problem`: why the file can't be given; `asked`: a passage was to be marked."""
        notes = [problem, MOVED if view.moved else ""]
        boxes = view.line or view.passage
        return cls(
            source=view.document.source,
            document=view.document.name,
            title=view.document.title,
            page=view.page,
            pages=view.document.pages,
            picture=drawn and not problem,
            top=min(box.top for box in boxes) if boxes else None,
            marked=asked and not view.moved,
            note=" ".join(note for note in notes if note),
            available=not problem,
            parts=[PartReply.of(part) for part in view.parts],
            earlier=view.earlier,
            later=view.later,
        )
