"""What the route that searches for admins takes and replies."""

from typing import Self

from pydantic import BaseModel, Field

from dossier.records import Passage
from dossier.settings import Settings
from retrieval.fusion import fused_score
from serving.answering.looking import Look
from serving.answering.replaying import pinned
from serving.api.chat_schemas import FoundReply
from serving.api.schemas import Body

_MOST, _USUAL = 50, 20


class SearchBody(Body):
    """What is looked for, and with whose rights."""

    question: str = Field(min_length=1, max_length=100_000, examples=["How long is parental leave?"])
    seen_by: str = Field(
        "", max_length=64, description="A user with whose groups is searched; empty: only what everybody may read."
    )
    limit: int = Field(_USUAL, ge=1, le=_MOST, description="Passages, those that an answer is given among them.")


class SearchPassageReply(BaseModel):
    """A passage with the parts of its score."""

    number: int
    given: bool = Field(description="Whether an answer would be drawn from it.")
    document: str = Field(examples=["annual-2025.pdf"])
    source: str = Field(description="Path in the documents folder.", examples=["reports/annual-2025.pdf"])
    title: str
    page: int
    section: list[str] = Field(description="The headings above the passage, outermost first.")
    text: str = Field(description="What the page says there, verbatim.")
    start: int = Field(description="Where it begins in the page's text.")
    end: int
    digest: str = Field(description="SHA-256 of the text.")
    word_score: float | None = Field(description="BM25; null: its words weren't found.")
    fused: float = Field(description="Of both ranks, by reciprocal rank fusion.")
    score: float = Field(
        description="What orders the passages: fused times boost, with what the best line shows, or from the reranker."
    )
    found: FoundReply

    @classmethod
    def of(cls, number: int, passage: Passage, look: Look) -> Self:
        """From the record."""
        chunk = passage.chunk
        return cls(
            number=number,
            given=number <= len(look.found.passages),
            document=passage.document,
            source=chunk.source,
            title=chunk.title,
            page=chunk.page,
            section=list(chunk.section),
            text=chunk.text,
            start=chunk.start,
            end=chunk.end,
            digest=pinned((passage,))[0].digest,
            word_score=look.found.word_scores.get(passage.chunk_id),
            fused=fused_score(passage.dense_rank, passage.lexical_rank),
            score=passage.score,
            found=FoundReply.of(passage),
        )


class SearchReply(BaseModel):
    """What was found, and whether an answer would be drawn from it."""

    generation: str
    groups: list[str] = Field(description="The groups with which was searched.")
    refused: bool = Field(description="Whether an answer from these passages would be refused.")
    relevance: float = Field(description="Probability that the answer stands in the passages.")
    least_relevance: float = Field(description="Below it is refused.")
    confidence: float | None = Field(description="Probability that `line` answers; null: it isn't asked for.")
    least_confidence: float = Field(description="Below it is refused.")
    line: str = Field(description="The line that comes first, as far as the search sees it.")
    reranked: bool = Field(description="Whether a reranker had its say.")
    passages: list[SearchPassageReply]

    @classmethod
    def of(cls, look: Look, groups: frozenset[str], settings: Settings) -> Self:
        """From the record."""
        return cls(
            generation=look.found.generation,
            groups=sorted(groups),
            refused=look.is_refused(settings),
            relevance=look.found.signals.probability,
            least_relevance=settings.relevance,
            confidence=look.confidence,
            least_confidence=settings.confidence,
            line=look.line,
            reranked=look.reranked,
            passages=[SearchPassageReply.of(number, one, look) for number, one in enumerate(look.passages, start=1)],
        )
