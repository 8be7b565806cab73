"""What the gateway tells the page about feedback, as records."""

from dataclasses import dataclass

from dossier.feedback import Fault, FeedbackState, Reason, Thumb
from frontend.gateway.source_records import Json, Source, sources_of


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the asker says about the answer `message`. `page` None: not said."""

    message: int
    thumb: Thumb
    reason: Reason | None = None
    comment: str = ""
    correction: str = ""
    document: str = ""
    page: int | None = None

    @property
    def body(self) -> Json:
        """The JSON of `POST /v1/feedback`."""
        return {
            "message": self.message,
            "thumb": self.thumb.value,
            "reason": self.reason.value if self.reason else None,
            "comment": self.comment,
            "correction": self.correction,
            "document": self.document,
            "page": self.page,
        }

    @classmethod
    def read(cls, data: Json) -> "Opinion":
        """From the JSON of `/v1/feedback` and `/admin/feedback`."""
        comment, correction, document = (str(data.get(name) or "") for name in ("comment", "correction", "document"))
        reason, page = data.get("reason"), data.get("page")
        return cls(
            message=int(data["message"]),
            thumb=Thumb(data["thumb"]),
            reason=Reason(reason) if reason else None,
            comment=comment,
            correction=correction,
            document=document,
            page=int(page) if page else None,
        )


@dataclass(frozen=True, slots=True)
class Feedback:
    """Feedback with what came of it. `triage` None: nobody has decided yet."""

    id: int
    opinion: Opinion
    state: FeedbackState
    triage: Fault | None

    @classmethod
    def read(cls, data: Json) -> "Feedback":
        """From the JSON of `/v1/feedback`."""
        return cls(int(data["id"]), Opinion.read(data), FeedbackState(data["state"]), _fault(data.get("triage")))


@dataclass(frozen=True, slots=True)
class Case:
    """Feedback as admins see it. `suggestion` None: code can't tell which part is at fault.

    `hidden`: its documents are limited to groups that the admin isn't in, and texts are empty.
    """

    feedback: Feedback
    user: str
    question: str
    answer: str
    sources: tuple[Source, ...]
    suggestion: Fault | None
    evidence: tuple[str, ...]
    hidden: bool = False

    @classmethod
    def read(cls, data: Json) -> "Case":
        """From the JSON of `/admin/feedback`."""
        return cls(
            feedback=Feedback.read(data),
            user=str(data["user"]),
            question=str(data.get("question") or ""),
            answer=str(data.get("answer") or ""),
            sources=sources_of(data),
            suggestion=_fault(data.get("suggestion")),
            evidence=tuple(map(str, data.get("evidence") or ())),
            hidden=bool(data.get("hidden")),
        )


def _fault(value: object) -> Fault | None:
    return Fault(str(value)) if value else None
