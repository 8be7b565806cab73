"""The records of the store that are about feedback."""

from dataclasses import dataclass
from datetime import datetime

from dossier.feedback import Fault, FeedbackState, Reason, Thumb
from serving.store.talk import Message


@dataclass(frozen=True, slots=True)
class Opinion:
    """What the asker says about the answer `message`.

    `document` and `page` name the place that should have been used (empty and None: not said).
    """

    message: int
    thumb: Thumb
    reason: Reason | None = None
    comment: str = ""
    correction: str = ""
    document: str = ""
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Which part code holds to be at fault (None: it can't tell), and what speaks for it, a sentence each."""

    fault: Fault | None = None
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judged:
    """An answer that feedback is about: the messages before it in its conversation, the question last."""

    answer: Message
    before: tuple[Message, ...]

    @property
    def question(self) -> str:
        """What was asked."""
        return next((message.text for message in reversed(self.before) if message.role == "user"), "")


@dataclass(frozen=True, slots=True)
class Feedback:
    """A kept opinion, by whom, on what, and how far it has come. `triage` None: nobody has decided yet."""

    id: int
    user: str
    judged: Judged
    opinion: Opinion
    suggestion: Suggestion
    state: FeedbackState
    triage: Fault | None
    created_at: datetime
    changed_at: datetime
