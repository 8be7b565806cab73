"""The figures of a prepared set for a terminal."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from training.data.prepared import Prepared

_LISTS = ("by task", "by answer kind", "by source", "by company", "by sector", "by period", "masked")
_MOST = 8


def summary(prepared: Prepared) -> str:
    """What the set holds, what was left out, and what to know about it."""
    return "\n".join(_lines(prepared))


def _lines(prepared: Prepared) -> Iterator[str]:
    figures = prepared.figures
    yield f"{prepared.name}: {figures['kept']:,} examples of {figures['read']:,} read"
    yield "  split: " + _listed(figures["splits"])
    for name in _LISTS:
        if figures[name]:
            yield f"  {name}: " + _listed(figures[name])
    yield f"  with an expression that gives the answer: {figures['expressions']:,}"
    yield f"  texts repaired: {figures['texts repaired']:,}"
    lengths = figures["lengths"]
    if lengths["measured"]:
        said = f"median {lengths['median']:,}, longest {lengths['longest']:,}, window {lengths['window']:,}"
        yield f"  tokens of an example: {said}; {lengths['tokens']:,} in all"
    yield "  left out: " + (_listed(figures["dropped"]) or "nothing")
    yield "  licences: " + "; ".join(_licences(prepared.manifest["sources"]))
    yield from (f"  Note: {note}" for note in figures["notes"])


def _listed(counts: Mapping[str, int]) -> str:
    first = [f"{name} {count:,}" for name, count in list(counts.items())[:_MOST]]
    rest = len(counts) - len(first)
    return ", ".join(first) + (f" and {rest} more" if rest > 0 else "")


def _licences(sources: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    yield from dict.fromkeys(f"{source['name']} {source['licence']}" for source in sources)
