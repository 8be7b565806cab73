"""What the routes that list and compare documents take and reply."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

from dossier.records import Document
from serving.comparing.comparing import Comparison, Figure, SectionCompared, Side
from serving.comparing.figures import Obstacle, Value
from serving.comparing.sections import Place

MOST_LISTED = 500
_Source = Annotated[str, Field(min_length=1, max_length=2000, examples=["reports/annual-2025.pdf"])]


class ListQuery(BaseModel):
    """Which documents are listed."""

    model_config = ConfigDict(extra="forbid")

    search: str = Field("", max_length=200, description="Words that all stand in name, title, company, kind or period.")


class CompareQuery(BaseModel):
    """Two documents."""

    model_config = ConfigDict(extra="forbid")

    old: _Source
    new: _Source


class ListedReply(BaseModel):
    """A document that the caller may read."""

    source: str = Field(examples=["reports/annual-2025.pdf"])
    document: str = Field(description="File name.", examples=["annual-2025.pdf"])
    title: str
    pages: int
    company: str
    kind: str
    period: str
    date: str

    @classmethod
    def of(cls, document: Document) -> Self:
        """From the record."""
        about = document.metadata
        return cls(
            source=document.source,
            document=document.name,
            title=document.title,
            pages=document.pages,
            company=about.company,
            kind=about.kind,
            period=about.period,
            date=about.date,
        )


class ListReply(BaseModel):
    """The documents that the caller may read."""

    documents: list[ListedReply] = Field(description="By company, kind and period.")
    more: int = Field(description=f"How many aren't listed: at most {MOST_LISTED} are. `search` finds them.")


class PlaceReply(BaseModel):
    """A place in a document, as GET /v1/documents/page takes it."""

    page: int
    start: int
    end: int
    digest: str = Field(description="SHA-256 of what stands there; empty: it can't be marked.")

    @classmethod
    def of(cls, place: Place, digest: str) -> Self:
        """From the record."""
        return cls(page=place.page, start=place.start, end=place.end, digest=digest)


class PieceReply(BaseModel):
    """Some text of a section."""

    text: str
    differs: bool = Field(description="Whether the other document's section doesn't say it so.")


class SideReply(BaseModel):
    """A section in one document, without its tables."""

    heading: list[str] = Field(description="The headings down to its own.")
    place: PlaceReply
    pieces: list[PieceReply]
    cut: int = Field(description="Characters of it that aren't given.")

    @classmethod
    def of(cls, side: Side | None) -> Self | None:
        """From the record."""
        if side is None:
            return None
        return cls(
            heading=list(side.heading),
            place=PlaceReply.of(side.place, side.digest),
            pieces=[PieceReply(text=piece.text, differs=piece.differs) for piece in side.pieces],
            cut=side.cut,
        )


class ValueReply(BaseModel):
    """A figure as one document has it."""

    text: str
    column: str = Field(description="The head above it; empty: it stands in a sentence.")
    unit: str = Field(description="thousand, million, billion, percent; empty: ones, or it isn't said.")
    place: PlaceReply

    @classmethod
    def of(cls, value: Value, digest: str) -> Self:
        """From the record."""
        return cls(
            text=value.text, column=value.column, unit=value.scale.value, place=PlaceReply.of(value.place, digest)
        )


class FigureReply(BaseModel):
    """A figure that both have and that differs."""

    label: str = Field(description="The row's label, or the sentence.")
    old: ValueReply
    new: ValueReply
    restated: bool = Field(description="Both say it of the same period.")
    obstacle: Obstacle = Field(description="Why no change is told: another unit, a period of another length; or empty.")
    change: str | None = Field(description="New less old, in the new one's unit; null: there is an obstacle.")
    share: float | None = Field(description="The change as a fraction of old; null: of percentages, or old is 0.")

    @classmethod
    def of(cls, figure: Figure) -> Self:
        """From the record."""
        change = figure.change
        return cls(
            label=change.label,
            old=ValueReply.of(change.old, figure.old_digest),
            new=ValueReply.of(change.new, figure.new_digest),
            restated=change.restated,
            obstacle=change.obstacle,
            change=None if change.change is None else f"{change.change:f}",
            share=None if change.share is None else float(change.share),
        )


class SectionReply(BaseModel):
    """A section of both documents, or of one."""

    old: SideReply | None = Field(description="Null: only the new document has it.")
    new: SideReply | None = Field(description="Null: only the old document has it.")
    same: bool = Field(description="Both say the same; no text is given.")
    figures: list[FigureReply]
    figures_alike: int = Field(description="Figures that don't differ.")
    rows_only_old: list[str] = Field(description="Labels of rows that only the old one's tables have.")
    rows_only_new: list[str]

    @classmethod
    def of(cls, section: SectionCompared) -> Self:
        """From the record."""
        return cls(
            old=SideReply.of(section.old),
            new=SideReply.of(section.new),
            same=section.same,
            figures=[FigureReply.of(figure) for figure in section.figures],
            figures_alike=section.figures_alike,
            rows_only_old=list(section.rows_only_old),
            rows_only_new=list(section.rows_only_new),
        )


class ComparisonReply(BaseModel):
    """Two documents section by section."""

    old: ListedReply
    new: ListedReply
    sections: list[SectionReply]
    notes: list[str] = Field(description="What isn't shown, in plain words.")

    @classmethod
    def of(cls, comparison: Comparison) -> Self:
        """From the record."""
        return cls(
            old=ListedReply.of(comparison.old),
            new=ListedReply.of(comparison.new),
            sections=[SectionReply.of(section) for section in comparison.sections],
            notes=list(comparison.notes),
        )
