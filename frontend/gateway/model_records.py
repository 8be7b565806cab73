"""What the gateway tells the page about tuned adapters, read from JSON once and checked while it is read."""

from dataclasses import dataclass

from frontend.gateway.source_records import Json


@dataclass(frozen=True, slots=True)
class Figures:
    """The newest evaluation of an adapter; shares from 0 to 1."""

    right: float
    right_before: float
    difference: float
    low: float
    high: float
    questions: int
    forgetting: float
    audit_passed: bool

    @classmethod
    def read(cls, data: Json) -> "Figures":
        """From an adapter's `figures`."""
        shares = ("right", "right_before", "difference", "low", "high")
        right, before, difference, low, high = (float(data[name]) for name in shares)
        return cls(
            right=right,
            right_before=before,
            difference=difference,
            low=low,
            high=high,
            questions=int(data["questions"]),
            forgetting=float(data["forgetting"]),
            audit_passed=bool(data["audit_passed"]),
        )


@dataclass(frozen=True, slots=True)
class Adapter:
    """A tuned adapter. `against` is what speaks against promoting it; `figures` None: not evaluated."""

    digest: str
    name: str
    state: str
    base: str
    figures: Figures | None
    against: tuple[str, ...]

    @classmethod
    def read(cls, data: Json) -> "Adapter":
        """From one of the `models` of `GET /admin/models`."""
        figures = data.get("figures")
        return cls(
            digest=str(data["digest"]),
            name=str(data["name"]),
            state=str(data["state"]),
            base=str(data.get("base") or ""),
            figures=Figures.read(figures) if figures else None,
            against=tuple(map(str, data.get("against") or ())),
        )


@dataclass(frozen=True, slots=True)
class Answering:
    """What answers: the digest of its adapter (empty: the base model alone), and of the one that should."""

    adapter: str
    promoted: str
    problem: str
    against_the_gate: str

    @classmethod
    def read(cls, data: Json) -> "Answering":
        """From the `now` of `GET /admin/models`, or a promotion's reply."""
        names = ("adapter", "promoted", "problem", "against_the_gate")
        adapter, promoted, problem, gate = (str(data.get(name) or "") for name in names)
        return cls(adapter, promoted, problem, gate)


@dataclass(frozen=True, slots=True)
class ModelList:
    """All adapters, oldest first; entries that can't be read; and what answers."""

    adapters: tuple[Adapter, ...]
    problems: tuple[str, ...]
    now: Answering

    @classmethod
    def read(cls, data: Json) -> "ModelList":
        """From the JSON of `GET /admin/models`."""
        adapters = tuple(Adapter.read(model) for model in data["models"])
        return cls(adapters, tuple(map(str, data.get("problems") or ())), Answering.read(data["now"]))
