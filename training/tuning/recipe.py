"""How a model is tuned: every choice that the result depends on."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum

from dossier.errors import SettingsError

ATTENTION, ALL_LINEAR = "attention", "all-linear"


class Method(StrEnum):
    """What is trained.

    lora: Hu et al. 2022. rslora: scaled by the root of the rank (Kalajdzievski 2023). lora+: B learns faster than A
    (Hayou et al. 2024). dora: size and direction apart (Liu et al. 2024). qlora: LoRA on a base in NF4 (Dettmers et al.
    2023). full: every weight.
    """

    LORA = "lora"
    RSLORA = "rslora"
    LORA_PLUS = "lora+"
    DORA = "dora"
    QLORA = "qlora"
    FULL = "full"


class Schedule(StrEnum):
    """How the rate falls after the warm-up."""

    COSINE = "cosine"
    LINEAR = "linear"


class Precision(StrEnum):
    """What matrix products are computed in; auto: bf16 where the processor has it."""

    AUTO = "auto"
    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


@dataclass(frozen=True, slots=True)
class Recipe:
    """Every choice that the result depends on; the same recipe and data give the same weights.

    `targets` is `attention`, `all-linear` or names of layers with commas; `layers` how many of the uppermost blocks
    learn (0: all), of which what is below is computed once; `ratio` how much faster B learns than A in
    lora+; `warmup` a share of all steps; `dev_every` in steps (0: once an epoch); `patience` how many measurements in a
    row may bring nothing before it ends early (0: never ends early).
    """

    method: Method = Method.LORA
    rank: int = 16
    alpha: float = 32.0
    dropout: float = 0.0
    targets: str = ALL_LINEAR
    layers: int = 0
    rate: float = 2e-4
    ratio: float = 16.0
    epochs: int = 3
    batch_tokens: int = 2048
    longest: int = 2048
    accumulate: int = 1
    warmup: float = 0.05
    schedule: Schedule = Schedule.COSINE
    clip: float = 1.0
    decay: float = 0.0
    dev_every: int = 0
    patience: int = 3
    save_every: int = 20
    precision: Precision = Precision.AUTO
    seed: int = 7

    def __post_init__(self) -> None:
        for name in ("rank", "epochs", "batch_tokens", "longest", "accumulate", "save_every"):
            _require(getattr(self, name) >= 1, name, getattr(self, name), "1 or more")
        for name in ("alpha", "rate", "ratio", "clip"):
            _require(getattr(self, name) > 0, name, getattr(self, name), "more than 0")
        for name in ("dropout", "warmup"):
            _require(0 <= getattr(self, name) < 1, name, getattr(self, name), "from 0 to below 1")
        for name in ("decay", "dev_every", "patience", "layers"):
            _require(getattr(self, name) >= 0, name, getattr(self, name), "0 or more")
        only = self.layers == 0 or self.method is not Method.FULL
        _require(only, "layers", self.layers, "0 where every weight is trained")
        _require(bool(self.targets.strip()), "targets", self.targets, "attention, all-linear or names of layers")

    def as_json(self) -> dict[str, object]:
        """For run.json."""
        return asdict(self)


def recipe_from(values: Mapping[str, object]) -> Recipe:
    """A recipe from what was written to run.json or given. Raises SettingsError naming what is unknown or wrong."""
    kinds = {"method": Method, "schedule": Schedule, "precision": Precision}
    unknown = sorted(set(values) - {field.name for field in fields(Recipe)})
    if unknown:
        raise SettingsError(f"unknown tuning setting {', '.join(unknown)}. `dossier tune run --help` lists them.")
    try:
        made = {name: kinds[name](str(value)) if name in kinds else value for name, value in values.items()}
    except ValueError as error:
        raise SettingsError(f"tuning setting: {error}. `dossier tune run --help` lists what there is.") from error
    return Recipe(**made)  # type: ignore[arg-type]


def rate_factor(step: int, steps: int, recipe: Recipe) -> float:
    """What the rate is multiplied by at a step (from 0): rises in the warm-up, then falls to 0 after the last step."""
    warm = math.ceil(recipe.warmup * steps)
    if step < warm:
        return (step + 1) / warm
    done = (step - warm) / max(1, steps - warm)
    return 0.5 * (1 + math.cos(math.pi * done)) if recipe.schedule is Schedule.COSINE else 1 - done


def _require(holds: bool, name: str, value: object, wanted: str) -> None:
    if not holds:
        raise SettingsError(f"tuning setting {name}: must be {wanted}, but is {value!r}.")
