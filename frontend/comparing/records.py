"""Two documents side by side, as the gateway tells it, and the documents to choose from."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import httpx

from frontend.gateway.connection import Connection
from frontend.gateway.source_records import Json, Source

_TIMEOUT = httpx.Timeout(120, connect=3)
"""Two long filings on a busy machine."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A document that the person may read."""

    source: str
    document: str
    title: str
    company: str
    kind: str
    period: str

    @classmethod
    def read(cls, data: Json) -> "Listed":
        """From one of `GET /v1/documents`."""
        names = ("source", "document", "title", "company", "kind", "period")
        return cls(*(str(data.get(name) or "") for name in names))


@dataclass(frozen=True, slots=True)
class Spot:
    """A place in a document. `digest` empty: it can't be marked."""

    page: int
    start: int
    end: int
    digest: str

    @classmethod
    def read(cls, data: Json) -> "Spot":
        """From a `place`."""
        return cls(int(data["page"]), int(data["start"]), int(data["end"]), str(data.get("digest") or ""))

    def source_of(self, document: Listed) -> Source:
        """As the viewer opens it."""
        place = (self.start, self.end, self.digest)
        return Source(0, document.document, self.page, (), "", False, document.source, *place)


@dataclass(frozen=True, slots=True)
class Side:
    """A section in one document. Of `pieces` each tells whether the other document doesn't say it so."""

    heading: tuple[str, ...]
    spot: Spot
    pieces: tuple[tuple[str, bool], ...]
    cut: int

    @classmethod
    def read(cls, data: Json | None) -> "Side | None":
        """From `old` or `new` of a section."""
        if data is None:
            return None
        pieces = tuple((str(piece["text"]), bool(piece["differs"])) for piece in data["pieces"])
        return cls(tuple(map(str, data["heading"])), Spot.read(data["place"]), pieces, int(data["cut"]))


@dataclass(frozen=True, slots=True)
class Value:
    """A figure as one document has it."""

    text: str
    column: str
    unit: str
    spot: Spot

    @classmethod
    def read(cls, data: Json) -> "Value":
        """From `old` or `new` of a figure."""
        return cls(str(data["text"]), str(data["column"]), str(data["unit"]), Spot.read(data["place"]))


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure that differs. `change` None: `obstacle` is in the way; `share` is a fraction of old."""

    label: str
    old: Value
    new: Value
    restated: bool
    obstacle: str
    change: Decimal | None
    share: float | None

    @classmethod
    def read(cls, data: Json) -> "Figure":
        """From one of a section's `figures`."""
        change, share = data.get("change"), data.get("share")
        return cls(
            label=str(data["label"]),
            old=Value.read(data["old"]),
            new=Value.read(data["new"]),
            restated=bool(data["restated"]),
            obstacle=str(data.get("obstacle") or ""),
            change=None if change is None else Decimal(str(change)),
            share=None if share is None else float(share),
        )


@dataclass(frozen=True, slots=True)
class SectionPair:
    """A section of both documents, or of one."""

    old: Side | None
    new: Side | None
    same: bool
    figures: tuple[Figure, ...]
    figures_alike: int
    rows_only_old: tuple[str, ...]
    rows_only_new: tuple[str, ...]

    @classmethod
    def read(cls, data: Json) -> "SectionPair":
        """From one of the `sections`."""
        return cls(
            old=Side.read(data.get("old")),
            new=Side.read(data.get("new")),
            same=bool(data["same"]),
            figures=tuple(map(Figure.read, data["figures"])),
            figures_alike=int(data["figures_alike"]),
            rows_only_old=tuple(map(str, data["rows_only_old"])),
            rows_only_new=tuple(map(str, data["rows_only_new"])),
        )

    @property
    def title(self) -> str:
        """The section's own heading."""
        side = self.new or self.old
        return side.heading[-1] if side and side.heading else "Text without a heading"


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two documents section by section. `notes` say what isn't shown."""

    old: Listed
    new: Listed
    sections: tuple[SectionPair, ...]
    notes: tuple[str, ...]

    @classmethod
    def read(cls, data: Json) -> "Comparison":
        """From the JSON of `GET /v1/documents/compare`."""
        return cls(
            old=Listed.read(data["old"]),
            new=Listed.read(data["new"]),
            sections=tuple(map(SectionPair.read, data["sections"])),
            notes=tuple(map(str, data["notes"])),
        )


def readable(gateway: Connection, search: str) -> tuple[list[Listed], int]:
    """The documents that the person may read and that have these words, and how many more there are."""
    found = gateway.query("/v1/documents", {"search": search})
    return [Listed.read(one) for one in found["documents"]], int(found["more"])


def comparison(gateway: Connection, old: str, new: str) -> Comparison:
    """Compare two documents by their sources. Raises NotFoundError where the person may not read one."""
    asked: Mapping[str, str] = {"old": old, "new": new}
    return Comparison.read(gateway.call("GET", f"/v1/documents/compare?{httpx.QueryParams(asked)}", timeout=_TIMEOUT))
