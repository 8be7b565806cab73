"""Which two rows a plan of two operands means, and their cells of the period asked for."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import product

from dossier.amounts import Scale, amount_in
from dossier.excerpts import Excerpt
from dossier.grounding import stated_scales
from dossier.places import operand_at
from dossier.reply import Cell
from serving.calculating.agreeing import Found, agreed
from serving.calculating.plans import Operation, Plan
from serving.calculating.rows import (
    Asked,
    Match,
    belong_together,
    column_of,
    in_other_group,
    shares_a_measure,
    years_of,
)

_TRIED = 24
"""Rows of each operand that are tried together."""
_TOGETHER = 0.25
"""What two operands gain by standing in one table: they count in the same, for the same period."""
_IN_GROUP = 0.15
"""What a part gains by standing in the group of its whole: a segment's revenue among revenues, not its income."""


def two_rows(plan: Plan, rows: Sequence[Sequence[Match]], asked: Asked, excerpts: Sequence[Excerpt]) -> Found | None:
    """The pair that fits best; of equal ones the largest whole where the whole company's is meant."""
    alike: list[Found] = []
    best = (0.0, Decimal())
    for first, second in product(rows[0][:_TRIED], rows[1][:_TRIED]):
        found = _pair(plan, first, second, asked, excerpts)
        if found is None:
            continue
        size = abs(_amount(found.cells[1], excerpts)) if plan.named or plan.contributes else Decimal()
        rank = (round(found.score, 1), size)
        if rank >= best:
            alike = [*(alike if rank == best else ()), found]
            best = rank
    return agreed(alike, excerpts)


def _pair(plan: Plan, first: Match, second: Match, asked: Asked, excerpts: Sequence[Excerpt]) -> Found | None:
    """The cells of two rows, where they may be set against each other."""
    one, other = excerpts[first.excerpt - 1], excerpts[second.excerpt - 1]
    if (first.excerpt, first.row) == (second.excerpt, second.row) or one.document != other.document:
        return None
    if not _may_pair(plan, first, second, excerpts):
        return None
    when = asked if asked.year else replace(asked, year=next(iter(years_of(one)), ""))
    left, right = column_of(one, first.row, when), column_of(other, second.row, when)
    if left is None or right is None or _scales(one, first, left) != _scales(other, second, right):
        return None
    cells = (Cell(first.row + 1, left + 1, first.excerpt), Cell(second.row + 1, right + 1, second.excerpt))
    if plan.contributes and abs(_amount(cells[0], excerpts)) >= abs(_amount(cells[1], excerpts)):
        return None
    score = (first.score + second.score) / 2
    if first.excerpt == second.excerpt:
        together = belong_together(one.rows[first.row][0], other.rows[second.row][0])
        score += _TOGETHER + _IN_GROUP * (together and plan.operation is Operation.SHARE)
    return Found(cells, score)


def _may_pair(plan: Plan, first: Match, second: Match, excerpts: Sequence[Excerpt]) -> bool:
    """Whether two rows measure the same, as far as the plan needs it."""
    one, other = excerpts[first.excerpt - 1], excerpts[second.excerpt - 1]
    if first.excerpt == second.excerpt:
        return not (plan.contributes and in_other_group(one, first.row, second.row))
    if plan.operation is Operation.COMPARE:
        return False
    shares = plan.operation is Operation.SHARE and not plan.named
    return not shares or shares_a_measure(one, first.row, other, second.row)


def _amount(cell: Cell, excerpts: Sequence[Excerpt]) -> Decimal:
    return amount_in(excerpts[cell.source - 1].rows[cell.row - 1][cell.column - 1]) or Decimal()


def _scales(excerpt: Excerpt, match: Match, column: int) -> frozenset[Scale]:
    return stated_scales(operand_at("", 1, excerpt, match.row, column), excerpt)[0]
