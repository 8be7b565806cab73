"""What a search found, as the gateway tells admins."""

from dataclasses import dataclass

from frontend.gateway.connection import Connection
from frontend.gateway.source_records import Json, Source


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found, with the parts of its score. `given`: an answer would be drawn from it.

    `word_score` is BM25 (None: its words weren't found), `fused` both ranks together, `score` what orders the passages.
    """

    source: Source
    given: bool
    word_score: float | None
    fused: float
    score: float

    @classmethod
    def read(cls, data: Json) -> "Hit":
        """From one of the `passages`."""
        words = data.get("word_score")
        return cls(
            source=Source.read(data, data),
            given=bool(data["given"]),
            word_score=None if words is None else float(words),
            fused=float(data["fused"]),
            score=float(data["score"]),
        )


@dataclass(frozen=True, slots=True)
class Search:
    """What a search found, and whether an answer would be drawn from it. `confidence` None: it isn't asked for."""

    groups: tuple[str, ...]
    refused: bool
    relevance: float
    least_relevance: float
    confidence: float | None
    least_confidence: float
    line: str
    reranked: bool
    hits: tuple[Hit, ...]

    @classmethod
    def read(cls, data: Json) -> "Search":
        """From the JSON of `POST /admin/search`."""
        sure = data.get("confidence")
        return cls(
            groups=tuple(map(str, data["groups"])),
            refused=bool(data["refused"]),
            relevance=float(data["relevance"]),
            least_relevance=float(data["least_relevance"]),
            confidence=None if sure is None else float(sure),
            least_confidence=float(data["least_confidence"]),
            line=str(data.get("line") or ""),
            reranked=bool(data["reranked"]),
            hits=tuple(map(Hit.read, data["passages"])),
        )


def search(gateway: Connection, question: str, seen_by: str) -> Search:
    """Search as for an answer to that user (empty: what everybody may read). Raises QuestionError, NotFoundError."""
    return Search.read(gateway.call("POST", "/admin/search", {"question": question, "seen_by": seen_by}))
