"""What people say about an answer, and what became of it: the words that page, gateway and training share."""

from enum import StrEnum

FEEDBACK_FORM = "dossier-feedback-1"
"""What a line of exported feedback calls its form, so that training tells it from other files."""


class Thumb(StrEnum):
    """Whether an answer helped."""

    UP = "up"
    DOWN = "down"


class Reason(StrEnum):
    """Why an answer didn't help."""

    WRONG = "wrong"
    INCOMPLETE = "incomplete"
    WRONG_SOURCE = "wrong_source"
    SHOULD_HAVE_ANSWERED = "should_have_answered"
    SHOULD_HAVE_REFUSED = "should_have_refused"
    NOT_ALLOWED = "not_allowed"
    OTHER = "other"


REASONS = {
    Reason.WRONG: "The answer is wrong",
    Reason.INCOMPLETE: "Something is missing",
    Reason.WRONG_SOURCE: "It comes from the wrong place",
    Reason.SHOULD_HAVE_ANSWERED: "The documents do answer this",
    Reason.SHOULD_HAVE_REFUSED: "The documents don't answer this",
    Reason.NOT_ALLOWED: "It shows what shouldn't be shown",
    Reason.OTHER: "Something else",
}
"""How people read the reasons."""


class Fault(StrEnum):
    """Which part of Dossier is at fault."""

    PARSING = "parsing"
    RETRIEVAL = "retrieval"
    GENERATION = "generation"
    POLICY = "policy"


FAULTS = {
    Fault.PARSING: "The page wasn't read into the index",
    Fault.RETRIEVAL: "The page wasn't among the passages found",
    Fault.GENERATION: "The page was found, the answer made of it is wrong",
    Fault.POLICY: "It was refused or shown against what is allowed",
}
"""How people read the faults. Only those of generation are something that the model can learn from."""


class FeedbackState(StrEnum):
    """How far a piece of feedback has come."""

    NEW = "new"
    TRIAGED = "triaged"
    IN_TRAINING_SET = "in_training_set"
    REJECTED = "rejected"
