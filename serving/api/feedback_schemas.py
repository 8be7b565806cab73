"""The bodies of the routes about feedback. Their texts are data: whoever shows them must escape them."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, Field, model_validator

from dossier.feedback import Fault, FeedbackState, Reason, Thumb
from serving.api.schemas import Body
from serving.store import Feedback, Opinion

Words = Annotated[str, Field(max_length=2000)]
_LARGEST_PAGE = 1_000_000


class FeedbackBody(Body):
    """What the asker says about an answer. A second one on the same answer replaces the first."""

    message: int = Field(ge=1, description="Id of the answer, from GET /conversations/{conversation_id}.")
    thumb: Thumb = Field(description="`up` or `down`.")
    reason: Reason | None = Field(None, description="Why it didn't help.")
    comment: Words = Field("", description="Anything else.")
    correction: str = Field("", max_length=4000, description="What the answer should have been.")
    document: str = Field("", max_length=500, description="Document that should have been used: its path or name.")
    page: int | None = Field(None, ge=1, le=_LARGEST_PAGE, description="Its page, from 1.")

    @property
    def opinion(self) -> Opinion:
        """The record."""
        texts = (self.comment.strip(), self.correction.strip(), self.document.strip())
        return Opinion(self.message, self.thumb, self.reason, *texts, self.page)


class FeedbackChangeBody(Body):
    """What an admin decides; what is left out stays."""

    triage: Fault | None = Field(None, description="The part at fault; makes the feedback triaged.")
    state: FeedbackState | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.triage is None and self.state is None:
            raise ValueError("send triage, state or both")
        return self


class FeedbackReply(BaseModel):
    """Feedback as the asker sees it, with what came of it."""

    id: int
    message: int
    thumb: Thumb
    reason: Reason | None
    comment: str
    correction: str
    document: str
    page: int | None
    state: FeedbackState
    triage: Fault | None = Field(description="The part at fault, once somebody has decided.")
    created_at: datetime
    changed_at: datetime

    @classmethod
    def of(cls, found: Feedback) -> Self:
        """From the record."""
        return cls(**_fields(found))


class TriageReply(FeedbackReply):
    """Feedback as admins see it: with question and answer, and the part that code holds to be at fault."""

    user: str
    question: str
    answer: str
    verdict: str
    answered_by: str
    sources: list[dict[str, Any]] = Field(description="The passages of the answer, as the chat gave them.")
    suggestion: Fault | None = Field(description="Empty where code can't tell.")
    evidence: list[str] = Field(description="What speaks for the suggestion.")
    hidden: bool = Field(description="Its documents are limited to groups that you aren't in: no texts are given.")

    @classmethod
    def for_reader(cls, found: Feedback, may_read: bool) -> Self:
        """From the record; without what people and documents say where the admin may not read the documents."""
        whole = cls._whole(found)
        if may_read:
            return whole
        empty = dict.fromkeys(("comment", "correction", "question", "answer"), "")
        # further sentences may name figures of the texts
        more = {"sources": [], "evidence": whole.evidence[:1], "hidden": True}
        return whole.model_copy(update={**empty, **more})

    @classmethod
    def _whole(cls, found: Feedback) -> Self:
        answer = found.judged.answer
        return cls(
            **_fields(found),
            hidden=False,
            user=found.user,
            question=found.judged.question,
            answer=answer.text,
            verdict=answer.verdict,
            answered_by=answer.answered_by,
            sources=list(answer.sources),
            suggestion=found.suggestion.fault,
            evidence=list(found.suggestion.evidence),
        )


def _fields(found: Feedback) -> dict[str, Any]:
    opinion = found.opinion
    return {
        "id": found.id,
        "message": opinion.message,
        "thumb": opinion.thumb,
        "reason": opinion.reason,
        "comment": opinion.comment,
        "correction": opinion.correction,
        "document": opinion.document,
        "page": opinion.page,
        "state": found.state,
        "triage": found.triage,
        "created_at": found.created_at,
        "changed_at": found.changed_at,
    }
