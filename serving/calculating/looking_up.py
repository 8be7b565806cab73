"""Finds the cell that a question asks for by a row's own name and a year."""

import re
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal

from dossier.amounts import amount_in
from dossier.excerpts import Excerpt
from dossier.reply import Cell
from retrieval.query import STOP_WORDS, stem, stems
from serving.calculating.rows import Asked, Match, column_of

_EXACT = 1.0
"""Score of a row that has the words asked for and no other."""
_STATEMENT = re.compile(
    r"\b(?:statements? of (?:consolidated )?(?:operations|income|earnings|cash flows)|balance sheets?)\b", re.IGNORECASE
)
_STATEMENT_VOTES = 2
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
    down into parts; of equal ones the first with a currency. None where no row has the name, the tables don't agree, or
    one has it twice.
    """
    found = []
    for match in rows:
        excerpt = excerpts[match.excerpt - 1]
        column = column_of(excerpt, match.row, asked)
        if column is not None and match.score >= _EXACT and not _more_than(words, excerpt.rows[match.row][0]):
            found.append((match, column))
    if not found:
        return None
    document = excerpts[min(match.excerpt for match, _ in found) - 1].document
    best = max(round(match.score, 2) for match, _ in found)
    cells: dict[Decimal, tuple[Cell, bool]] = {}
    votes: Counter[Decimal] = Counter()
    told: dict[int, Decimal] = {}
    for match, column in found:
        excerpt = excerpts[match.excerpt - 1]
        if excerpt.document != document or round(match.score, 2) < best:
            continue
        amount = abs(amount_in(excerpt.rows[match.row][column]) or Decimal())
        if told.setdefault(match.excerpt, amount) != amount:
            return None
        signed = _CURRENCY.search(excerpt.rows[match.row][column]) is not None
        if amount not in cells or (signed and not cells[amount][1]):
            cells[amount] = (Cell(match.row + 1, column + 1, match.excerpt), signed)
        votes[amount] += _STATEMENT_VOTES if _STATEMENT.search(excerpt.header) else 1
    most = votes.most_common(2)
    if not most or (len(most) > 1 and most[0][1] == most[1][1]):
        return None
    return cells[most[0][0]][0], best


def _more_than(words: str, label: str) -> bool:
    """Whether a row's label says more than the question: gains on a thing aren't the thing."""
    group, _, own = label.rpartition(": ")
    return bool(_CHANGES.match(group) or stems(_BRACKETS.sub(" ", own)) - stems(words) - _SILENT)
