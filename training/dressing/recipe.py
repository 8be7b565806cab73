"""How a prepared set is dressed, and what is left out on the way."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from dossier.errors import SettingsError
from dossier.excerpts import BUDGET
from dossier.reply import TargetFormat


@dataclass(frozen=True, slots=True)
class DressRecipe:
    """Every choice that the items depend on.

    Up to `distractors` near misses stand beside the excerpts that answer; `without_gold` is the share of contexts'
    items that show only what doesn't answer; `budget` tokens of evidence in a prompt; `window` tokens of prompt and
    reply together; `index` whether near misses come from the owner's index.
    """

    form: TargetFormat = TargetFormat.EVIDENCE
    distractors: int = 2
    without_gold: float = 0.15
    seed: int = 1
    budget: int = BUDGET
    window: int = 2048
    index: bool = False

    def __post_init__(self) -> None:
        """Raises SettingsError for values that can't be."""
        _require(0 <= self.distractors <= 8, "--distractors", self.distractors, "from 0 to 8")
        _require(0 <= self.without_gold < 1, "--without-gold", self.without_gold, "a share from 0 to below 1")
        _require(150 <= self.budget < self.window, "--budget", self.budget, "from 150 to less than --window")

    def as_json(self) -> Mapping[str, Any]:
        """As the manifest has it."""
        return asdict(self)


class Unfit(StrEnum):
    """Why an example isn't dressed, in words for people."""

    LIMITED = "limited to groups"
    UNWRITABLE = "answer that can't be written in this form"
    BUDGET = "evidence longer than the budget"
    WINDOW = "longer than the window"
    LABELS = "label that its source doesn't name"
    ALONE = "no context to answer from"


def _require(holds: bool, name: str, value: object, wanted: str) -> None:
    if not holds:
        raise SettingsError(f"{name} must be {wanted}, but is {value!r}.")
