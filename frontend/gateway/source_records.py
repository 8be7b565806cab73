"""The passages under an answer, as records read from the gateway's JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """Why a passage was found: the parts of its score. Ranks count from 1; None: that half didn't find it."""

    similarity: float | None
    dense_rank: int | None
    lexical_rank: int | None
    boost: float
    line: float | None
    rerank: float | None
    reasons: tuple[str, ...]
    folded: tuple[str, ...]

    @classmethod
    def read(cls, data: Json) -> "Found":
        """From a source's `found`."""
        return cls(
            similarity=_number(data.get("similarity")),
            dense_rank=data.get("dense_rank"),
            lexical_rank=data.get("lexical_rank"),
            boost=float(data.get("boost") or 1.0),
            line=_number(data.get("line")),
            rerank=_number(data.get("rerank")),
            reasons=tuple(map(str, data.get("reasons") or ())),
            folded=tuple(map(str, data.get("folded") or ())),
        )


@dataclass(frozen=True, slots=True)
class Source:
    """A numbered passage under an answer.

    `section` is the path of headings above it, `text` what the page says, `source` the document's path; `start`, `end`
    and `digest` are its place in the page's text and the SHA-256 of it then (0 and empty: an old answer doesn't say).
    """

    number: int
    document: str
    page: int
    section: tuple[str, ...]
    text: str
    cited: bool = True
    source: str = ""
    start: int = 0
    end: int = 0
    digest: str = ""
    found: Found | None = None

    @classmethod
    def read(cls, data: Json, pinned: Json) -> "Source":
        """From one of an answer's `sources` and the same of its `pin`."""
        return cls(
            number=int(data["number"]),
            document=str(data.get("document") or data.get("source") or ""),
            page=int(data.get("page") or 1),
            section=_path(data.get("section")),
            text=str(data.get("text") or ""),
            cited=bool(data.get("cited", True)),
            source=str(data.get("source") or data.get("document") or ""),
            start=int(pinned.get("start") or 0),
            end=int(pinned.get("end") or 0),
            digest=str(pinned.get("digest") or ""),
            found=Found.read(data["found"]) if data.get("found") else None,
        )


def sources_of(data: Json) -> tuple[Source, ...]:
    """The `sources` of a message or of a stream's last chunk, with their places as its `pin` has them."""
    pinned = dict(enumerate((data.get("pin") or {}).get("passages") or (), start=1))
    return tuple(Source.read(source, pinned.get(int(source["number"]), {})) for source in data.get("sources") or ())


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _path(section: object) -> tuple[str, ...]:
    if isinstance(section, list | tuple):
        return tuple(str(part) for part in section if part)
    return tuple(part.strip() for part in str(section or "").split(" > ") if part.strip())
