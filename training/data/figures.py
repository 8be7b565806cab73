"""What a data sheet tells: counts over the examples of a set and over what was left out."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from training.data.example import Example
from training.data.prepare import Made
from training.data.splitting import SPLITS

MOST_NAMES = 20
"""Companies, sectors, periods and labels that are listed; the rest is counted together."""
REST = ("others", "not known")
_BARS = 24


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts of lengths in bins of equal width, from 0."""

    width: int
    counts: tuple[int, ...]


def figures_of(made: Made) -> dict[str, Any]:
    """The figures of a set as JSON knows them, in a fixed order."""
    examples = made.examples
    return {
        "read": sum(len(source.examples) for source in made.sources),
        "kept": len(examples),
        "splits": {name: len(made.parts[name]) for name in SPLITS},
        "by task": _counted(example.task.value for example in examples),
        "by answer kind": _counted(example.answer.kind.value for example in examples),
        "by source": _counted(example.origin.set for example in examples),
        "by company": _listed(example.origin.about.company or example.origin.about.ticker for example in examples),
        "by sector": _listed(example.origin.sector for example in examples),
        "by period": _listed(example.origin.about.period for example in examples),
        "by label": _listed(example.answer.texts[0] for example in examples if example.answer.kind == "label"),
        "expressions": sum(bool(example.answer.expression) for example in examples),
        "dropped": _counted(item.why.value for item in made.dropped),
        "dropped by source": _by_source(made),
        "texts repaired": made.repaired,
        "masked": _counted(made.masks.elements()),
        "evaluation questions kept out": len(made.judges),
        "lengths": _lengths(made, examples),
        "notes": notes_of(made),
    }


def notes_of(made: Made) -> list[str]:
    """What a person should know before training on the set."""
    notes = [made.unmeasured[:1].upper() + made.unmeasured[1:] + "."] if made.unmeasured else []
    empty = [name for name in SPLITS[1:] if not made.parts[name]]
    if empty and made.recipe.shares.dev + made.recipe.shares.test:
        notes.append(f"Nothing fell into {' and '.join(empty)}: there are few documents. Another --seed may help.")
    unknown = [source.name for source in made.sources if source.kind.licence == "not known"]
    if unknown:
        notes.append(f"The licence of {', '.join(unknown)} isn't known here: see that you may train on it.")
    if not made.judges:
        notes.append("No evaluation questions were named, so none could be kept out (--keep-out).")
    return notes


def histogram(lengths: Sequence[int], window: int) -> Histogram:
    """Lengths in about two dozen bins up to the window."""
    width = max(1, -(-window // _BARS))
    counts = Counter(length // width for length in lengths)
    return Histogram(width, tuple(counts[number] for number in range(-(-window // width) + 1)))


def _lengths(made: Made, examples: Sequence[Example]) -> dict[str, Any]:
    found = sorted(made.lengths[example.id] for example in examples if example.id in made.lengths)
    if not found:
        return {"window": made.recipe.window, "measured": 0}
    bars = histogram(found, made.recipe.window)
    return {
        "window": made.recipe.window,
        "measured": len(found),
        "median": found[len(found) // 2],
        "longest": found[-1],
        "tokens": sum(found),
        "bin": bars.width,
        "counts": list(bars.counts),
    }


def _by_source(made: Made) -> dict[str, dict[str, int]]:
    names = dict.fromkeys(source.name for source in made.sources)
    return {
        name: _counted(item.why.value for item in made.dropped if item.example.origin.set == name) for name in names
    }


def _counted(values: Iterable[str]) -> dict[str, int]:
    """Counts, most first; equal ones by name."""
    return dict(sorted(Counter(values).items(), key=lambda item: (-item[1], item[0])))


def _listed(values: Iterable[str]) -> dict[str, int]:
    """Counts of the most frequent names; `others` and `not known` for the rest. Empty where nothing is known."""
    counts = _counted(values)
    unknown = counts.pop("", 0)
    if not counts:
        return {}
    first = dict(list(counts.items())[:MOST_NAMES])
    others = sum(counts.values()) - sum(first.values())
    rest = dict(zip(REST, (others, unknown), strict=True))
    return first | {name: count for name, count in rest.items() if count}
