"""What the routes of batches take and reply."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, Field

from serving.api.schemas import Body, ShortText
from serving.store.batches import MOST_QUESTIONS, Batch, BatchQuestion, BatchState, QuestionState

OneQuestion = Annotated[str, Field(min_length=1, max_length=20_000)]


class BatchBody(Body):
    """Questions to be answered one after the other."""

    name: ShortText = Field("Questions", description="What the batch is called.", examples=["Due diligence"])
    questions: list[OneQuestion] = Field(max_length=MOST_QUESTIONS, examples=[["What was net income in fiscal 2025?"]])


class BatchReply(BaseModel):
    """A batch and how far it has come."""

    id: str
    name: str
    state: BatchState = Field(description="`running` goes on by itself, also after the gateway was started again.")
    total: int
    answered: int
    failed: int
    seconds_left: float | None = Field(description="null: not known yet, or it isn't running.")
    created_at: datetime

    @classmethod
    def of(cls, batch: Batch) -> Self:
        """From the record."""
        return cls(
            id=batch.id,
            name=batch.name,
            state=batch.state,
            total=batch.total,
            answered=batch.answered,
            failed=batch.failed,
            seconds_left=batch.seconds_left,
            created_at=batch.created_at,
        )


class CitedReply(BaseModel):
    """A source that an answer cites."""

    number: int
    document: str
    source: str
    page: int
    text: str


class BatchAnswerReply(BaseModel):
    """A question of a batch and what came of it."""

    question: str
    state: QuestionState
    answer: str
    verdict: str = Field(description="As of an answer in the chat; empty while there is none.")
    note: str = Field(description="Where the answer falls short, or why there is none.")
    sources: list[CitedReply]

    @classmethod
    def of(cls, question: BatchQuestion) -> Self:
        """From the record."""
        return cls(
            question=question.question,
            state=question.state,
            answer=question.answer,
            verdict=question.verdict,
            note=question.note,
            sources=[CitedReply(**source) for source in question.sources],
        )
