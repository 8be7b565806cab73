"""Finds the cell that a question asks for by a row's own name and a year."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from dossier.amounts import Scale, amount_in
from dossier.excerpts import Excerpt
from dossier.grounding import scale_of
from dossier.places import operand_at
from dossier.reply import Cell
from retrieval.query import STOP_WORDS, stem, stems
from serving.calculating.agreeing import votes as weight
from serving.calculating.rows import Asked, Match, column_of, years_of

_EXACT = 1.0
"""Score of a row that has the words asked for and no other."""
_BRACKETS = re.compile(r"\([^)]*\)")
_SILENT = frozenset(map(stem, (*STOP_WORDS, "total", "net", "consolidated")))
_CURRENCY = re.compile(r"[$€£¥]")
_CHANGES = re.compile(r"changes? in\b", re.IGNORECASE)
"""Cash flows from a change of what the row is called, not the thing itself."""


def looked_up(
    rows: Sequence[Match], words: str, asked: Asked, excerpts: Sequence[Excerpt]
) -> tuple[Cell, float] | None:
    """The cell of the first document's rows of that very name, and its score, where its tables agree on an amount.

    `words` are the question's for the row. A figure of a statement outvotes one of the notes, which break the same name
    down into parts; of equal ones the first whose unit is told. Where no year is asked for, the latest is meant. None
    where no row has the name, the tables don't agree, or one has it twice.
    """
    exact = [one for one in rows if one.score >= _EXACT and not _more_than(words, _label(one, excerpts))]
    if exact and not asked.year:
        first = excerpts[exact[0].excerpt - 1].document
        own = [excerpts[one.excerpt - 1] for one in exact if excerpts[one.excerpt - 1].document == first]
        asked = replace(asked, year=max((years_of(excerpt)[0] for excerpt in own if years_of(excerpt)), default=""))
    columns = [(match, column_of(excerpts[match.excerpt - 1], match.row, asked)) for match in exact]
    found = [(match, column) for match, column in columns if column is not None]
    if not found:
        return None
    document = excerpts[min(match.excerpt for match, _ in found) - 1].document
    best = max(round(match.score, 2) for match, _ in found)
    cells: dict[Decimal, tuple[Cell, tuple[bool, bool]]] = {}
    votes: Counter[Decimal] = Counter()
    told: dict[int, Decimal] = {}
    for match, column in found:
        excerpt = excerpts[match.excerpt - 1]
        if excerpt.document != document or round(match.score, 2) < best:
            continue
        amount = abs(amount_in(excerpt.rows[match.row][column]) or Decimal())
        if told.setdefault(match.excerpt, amount) != amount:
            return None
        told_with = _unit_told(match, column, excerpt)
        if amount not in cells or told_with > cells[amount][1]:
            cells[amount] = (Cell(match.row + 1, column + 1, match.excerpt), told_with)
        votes[amount] += weight(excerpt)
    most = votes.most_common(2)
    if not most or (len(most) > 1 and most[0][1] == most[1][1]):
        return None
    return cells[most[0][0]][0], best


def _unit_told(match: Match, column: int, excerpt: Excerpt) -> tuple[bool, bool]:
    """Whether a cell's table says what it counts in, and whether it has a currency: better to be said so."""
    scale = scale_of(operand_at("", match.excerpt, excerpt, match.row, column), excerpt)
    return scale is not Scale.ONES, _CURRENCY.search(excerpt.rows[match.row][column]) is not None


def _label(match: Match, excerpts: Sequence[Excerpt]) -> str:
    return excerpts[match.excerpt - 1].rows[match.row][0]


def _more_than(words: str, label: str) -> bool:
    """Whether a row's label says more than the question: gains on a thing aren't the thing."""
    group, _, own = label.rpartition(": ")
    return bool(_CHANGES.match(group) or stems(_BRACKETS.sub(" ", own)) - stems(words) - _SILENT)
