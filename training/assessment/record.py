"""What is known of a candidate: what it is, what it needs here, and how well it answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from training.scoring import Outcome


@dataclass(frozen=True, slots=True)
class Stored:
    """One form that the weights have or could have. `size` in bytes; `there`: on the disk; `remark` who can use it."""

    form: str
    size: int
    there: bool
    remark: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What a model's folder says. `context` is the longest text in tokens (0: not stated)."""

    name: str
    licence: str
    parameters: int
    context: int
    stored: tuple[Stored, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """One answer of a candidate. `first` are seconds until its first token; `problem`: why there is no answer."""

    question: str
    kind: str
    outcome: Outcome
    first: float = 0.0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Served:
    """How a candidate does behind the model server. Peak memory in GiB, of the server and all that it started."""

    said: tuple[Said, ...]
    tokens_per_second: float
    memory_gib: float
    start_seconds: float

    @property
    def first_token(self) -> float:
        """Seconds until the first token, the median of the questions; infinite where none was answered."""
        return median(times) if (times := [one.first for one in self.said if not one.problem]) else float("inf")

    @property
    def right(self) -> int:
        """Questions that were answered right, refusals of what isn't there included."""
        return sum(one.outcome is Outcome.RIGHT for one in self.said)


@dataclass(frozen=True, slots=True)
class Cost:
    """What tuning would take, by a few steps. `problem`: why it couldn't be measured."""

    questions_per_second: float = 0.0
    memory_gib: float = 0.0
    steps: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Assessed:
    """A candidate with all that was measured. `served` None: it can't be served, and `problem` says why."""

    facts: Facts
    served: Served | None
    cost: Cost | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a machine and its people allow: peak memory in GiB and seconds until the first token; None: no limit."""

    memory_gib: float | None = None
    first_token: float | None = None


@dataclass(frozen=True, slots=True)
class Advice:
    """Which candidate is recommended (empty: none), and why: a sentence for each candidate and for the choice."""

    name: str
    reasons: Sequence[str]
