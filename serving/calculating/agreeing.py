"""Which of several places that fit alike is meant: tables with the same amounts agree, a statement counts twice."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from dossier.amounts import amount_in
from dossier.excerpts import Excerpt
from dossier.reply import Cell

_STATEMENT = re.compile(
    r"\b(?:statements? of (?:consolidated )?(?:operations|income|earnings|cash flows)|balance sheets?)\b", re.IGNORECASE
)
_STATEMENT_VOTES = 2


@dataclass(frozen=True, slots=True)
class Found:
    """Cells that a plan may be computed from, and how well they fit."""

    cells: tuple[Cell, ...]
    score: float


def votes(excerpt: Excerpt) -> int:
    """What the amounts of a table count: notes break the figures of a statement down under the same names."""
    return _STATEMENT_VOTES if _STATEMENT.search(excerpt.header) else 1


def agreed(alike: Sequence[Found], excerpts: Sequence[Excerpt]) -> Found | None:
    """Of places that fit alike the first whose amounts most tables of the first one's document show; None of none."""
    if not alike:
        return None
    document = excerpts[alike[0].cells[0].source - 1].document
    own = [one for one in alike if excerpts[one.cells[0].source - 1].document == document]
    counts: Counter[tuple[object, ...]] = Counter()
    for one in own:
        counts[_amounts(one, excerpts)] += votes(excerpts[one.cells[0].source - 1])
    return max(own, key=lambda one: counts[_amounts(one, excerpts)])


def _amounts(found: Found, excerpts: Sequence[Excerpt]) -> tuple[object, ...]:
    return tuple(_size(excerpts[cell.source - 1].rows[cell.row - 1][cell.column - 1]) for cell in found.cells)


def _size(text: str) -> object:
    amount = amount_in(text)
    return None if amount is None else abs(amount)
