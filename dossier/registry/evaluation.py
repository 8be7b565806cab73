"""What an adapter is worth: the record that an evaluation writes and that promotion judges by."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from dossier.errors import RegistryError

_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both models on the same questions.

    `candidate` and `reference` are shares of right answers, `difference` the paired difference, `low` and `high` the
    ends of its 95% interval; all from -1 to 1.
    """

    candidate: float
    reference: float
    difference: float
    low: float
    high: float
    questions: int

    def __post_init__(self) -> None:
        _require(0 <= self.candidate <= 1 and 0 <= self.reference <= 1, "shares must be from 0 to 1")
        _require(self.questions >= 1, "it needs at least one question")
        _require(-1 <= self.low <= self.difference <= self.high <= 1, "the interval must hold the difference")
        gap = self.candidate - self.reference - self.difference
        _require(abs(gap) <= _ROUNDING, "the difference isn't that of the two shares")


@dataclass(frozen=True, slots=True)
class Forgetting:
    """What the model could do before: the share of right answers `before` (base) and `after`; `bound` may be lost."""

    measure: str
    before: float
    after: float
    bound: float

    def __post_init__(self) -> None:
        _require(0 <= self.before <= 1 and 0 <= self.after <= 1, "shares must be from 0 to 1")
        _require(0 <= self.bound <= 1, "the bound must be from 0 to 1")

    @property
    def lost(self) -> float:
        """How much of the share is gone; negative where it grew."""
        return self.before - self.after


@dataclass(frozen=True, slots=True)
class Audit:
    """The bias audit: passed or not, and in words what was found."""

    passed: bool
    summary: str


@dataclass(frozen=True, slots=True)
class Served:
    """Whether the served adapter answers as the trained one: of `compared` prompts `different` differed.

    `tokens` were compared; at `ties` of them the two chose differently where the trained model's first two lay within
    `margin` (natural logarithm), which rounding alone can turn.
    """

    compared: int
    different: int
    tokens: int = 0
    ties: int = 0
    margin: float = 0.0

    def __post_init__(self) -> None:
        _require(0 <= self.different <= self.compared, "more answers differ than were compared")
        _require(0 <= self.ties <= self.tokens and self.margin >= 0, "more ties than tokens were compared")


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One evaluation of one adapter.

    `adapter`, `base`, `data` and `questions` are SHA-256 digests of the adapter, its base model, what it was trained on
    and the questions asked; `reference` that of the adapter it was compared with, empty for the base alone. `created`
    is ISO 8601.
    """

    adapter: str
    base: str
    data: str
    questions: str
    reference: str
    own: Comparison
    forgetting: Forgetting
    audit: Audit
    served: Served
    created: str
    versions: Mapping[str, str] = field(default_factory=dict)


def evaluation_text(evaluation: Evaluation) -> str:
    """The report's text, as `evaluation_from` reads it."""
    return json.dumps(asdict(evaluation), indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"


def evaluation_from(text: str, where: str) -> Evaluation:
    """Read a report strictly: every field, no other, of the right kind. Raises RegistryError naming `where`."""
    try:
        raw = json.loads(text)
        parts = {"own": Comparison, "forgetting": Forgetting, "audit": Audit, "served": Served}
        made = {name: _typed(kind, raw[name]) for name, kind in parts.items()}
        found: Evaluation = _typed(Evaluation, {**raw, **made})
        for name in ("adapter", "base", "questions"):
            _require(_is_digest(getattr(found, name)), f"{name} must be a SHA-256 digest")
        _require(not found.reference or _is_digest(found.reference), "reference must be a SHA-256 digest or empty")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise RegistryError(
            f"{where} isn't an evaluation report ({error}). `dossier evaluate model` writes one."
        ) from error
    return found


def _typed(kind: type, raw: Mapping[str, Any]) -> Any:  # noqa: ANN401 (one of the records above)
    """A record of a kind, its fields' types checked: Python's own constructors take anything."""
    made = kind(**raw)
    for name, wanted in kind.__annotations__.items():
        value = getattr(made, name)
        number = wanted is float and isinstance(value, int | float) and not isinstance(value, bool)
        if number:
            _require(math.isfinite(value), f"{name} must be a number")
        elif wanted in (str, int, bool):
            _require(type(value) is wanted, f"{name} must be {wanted.__name__}")
        elif wanted is float:
            raise TypeError(f"{name} must be a number")
    return made


def _is_digest(text: str) -> bool:
    return len(text) == 64 and set(text) <= set("0123456789abcdef")


def _require(holds: bool, problem: str) -> None:
    if not holds:
        raise ValueError(problem)
