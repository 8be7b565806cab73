"""Which way a difference goes: what rose or fell, and which of two things is the higher one."""

from collections.abc import Sequence
from decimal import Decimal

from dossier.amounts import amount_in
from dossier.excerpts import Excerpt
from dossier.reply import Cell
from serving.calculating.plans import Operation, Plan


def in_words(plan: Plan, cells: tuple[Cell, ...], excerpts: Sequence[Excerpt]) -> tuple[tuple[Cell, ...], str]:
    """The cells in the order in which their difference is positive, and what it says then; as they are for the rest."""
    if plan.operation is Operation.COMPARE and plan.sides:
        first, second = (abs(_amount(cell, excerpts)) for cell in cells)
        ordered = cells if first >= second else cells[::-1]
        return ordered, higher(plan.sides.names, (first, second), plan.sides.smaller)
    if plan.operation is Operation.CHANGE and plan.both_ways:
        before, now = _amount(cells[0], excerpts), _amount(cells[-1], excerpts)
        if before >= 0 and now >= 0:
            return (cells[::-1], "Fell by") if now < before else (cells, "Rose by")
    return cells, ""


def higher(names: tuple[str, str], amounts: tuple[Decimal, Decimal], smaller: bool) -> str:
    """Which of two is the higher (with `smaller`: the lower) one, before the difference is said."""
    if amounts[0] == amounts[1]:
        return "Neither is higher, they differ by"
    first = (amounts[0] >= amounts[1]) is not smaller
    return f"{_capital(names[0] if first else names[1])}, {'lower' if smaller else 'higher'} by"


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def _amount(cell: Cell, excerpts: Sequence[Excerpt]) -> Decimal:
    return amount_in(excerpts[cell.source - 1].rows[cell.row - 1][cell.column - 1]) or Decimal()
