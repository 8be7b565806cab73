"""The company's figures: read from data files, totals derived, and every equality checked.

Nothing in the documents is typed twice. The data files hold independent amounts only; totals follow from
them, and the checks tie the statements, the notes and the release to each other.
"""

import tomllib
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from .expression import evaluate

DATA = Path(__file__).parent / "data"
BLOCK_FILES = ("annual.toml", "notes.toml", "quarters.toml")


class InconsistentFigures(ValueError):
    """Two figures that must be equal are not."""


class Figures:
    """Amounts by item and column (a fiscal year, a quarter, or a component of a table)."""

    def __init__(self) -> None:
        self._cells: dict[str, dict[str, Decimal]] = {}

    def get(self, item: str, column: str) -> Decimal:
        """Return one amount; raises KeyError when the item has none in that column."""
        try:
            return self._cells[column][item]
        except KeyError as missing:
            raise KeyError(f"no figure for {item} in {column}") from missing

    def put(self, item: str, column: str, amount: Decimal) -> None:
        """Set one amount, over an earlier one if there was any."""
        self._cells.setdefault(column, {})[item] = amount

    def has(self, item: str, column: str) -> bool:
        """Say whether the item has an amount in the column."""
        return item in self._cells.get(column, {})

    def columns(self) -> list[str]:
        """Return the names of all columns."""
        return list(self._cells)

    def items(self, column: str) -> list[str]:
        """Return the names of the items that have an amount in a column."""
        return list(self._cells.get(column, {}))

    def calculate(self, expression: str, column: str) -> Decimal:
        """Evaluate an expression of items of one column."""
        return evaluate(expression, self._cells[column])


def read_toml(name: str) -> dict[str, Any]:
    """Read one data file with exact decimals."""
    return tomllib.loads((DATA / name).read_text(encoding="utf-8"), parse_float=Decimal)


def load_figures() -> Figures:
    """Read all figures, derive the totals and check that everything agrees."""
    figures = Figures()
    for name in BLOCK_FILES:
        for block in read_toml(name)["block"]:
            _add_block(figures, block)
    rules = read_toml("totals.toml")
    derive(figures, rules)
    check(figures)
    return figures


def _add_block(figures: Figures, block: dict[str, Any]) -> None:
    for item, amounts in block["items"].items():
        values = [Decimal(amount) for amount in amounts]
        for column, amount in zip(block["columns"], values, strict=True):
            figures.put(item, column, amount)
        if "last" in block:
            # The last quarter is what the year leaves, so that quarters always add up to it.
            figures.put(item, block["last"], figures.get(item, block["year"]) - sum(values))


def derive(figures: Figures, rules: dict[str, Any]) -> None:
    """Add the totals: down the items first, then across the columns."""
    for rule in rules["totals"]:
        item, expression = (part.strip() for part in rule.split(" = "))
        for column in figures.columns():
            if not figures.has(item, column):
                _try_total(figures, item, expression, column)
    for across in rules["across"]:
        for item in figures.items(across["parts"][0]):
            if item.startswith(across["prefix"]):
                amounts = [figures.get(item, part) for part in across["parts"]]
                figures.put(item, across["column"], sum(amounts, Decimal(0)))


def _try_total(figures: Figures, item: str, expression: str, column: str) -> None:
    try:
        amount = figures.calculate(expression, column)
    except KeyError:
        return  # A part is not reported for that column, so neither is the total.
    if "/ shares" in expression:
        # Growth of earnings per share is stated from the cents that were reported.
        amount = amount.quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
    figures.put(item, column, amount)


def check(figures: Figures) -> int:
    """Check every equality and return how many comparisons were made.

    Raises InconsistentFigures for the first one that fails, or for a rule that never applied: a check that
    compares nothing would hide a misspelt name.
    """
    rules = read_toml("checks.toml")
    made = 0
    for left, right in rules["columnwise"]:
        applied = [_compare(figures, left, right, column) for column in figures.columns()]
        if not any(applied):
            raise InconsistentFigures(f"{left} = {right} applies to no column")
        made += sum(applied)
    for left, right in rules["cells"]:
        _require(_cells(figures, left), _cells(figures, right), f"{left} = {right}")
        made += 1
    return made


def _compare(figures: Figures, left: str, right: str, column: str) -> bool:
    try:
        amounts = figures.calculate(left, column), figures.calculate(right, column)
    except KeyError:
        return False
    _require(*amounts, f"{left} = {right} in {column}")
    return True


def _require(left: Decimal, right: Decimal, rule: str) -> None:
    if left != right:
        raise InconsistentFigures(f"{rule}: {left} is not {right}")


def _cells(figures: Figures, text: str) -> Decimal:
    """Evaluate "item column + item column": names of columns are no identifiers, so read word by word."""
    total, sign = Decimal(0), 1
    words = text.split()
    while words:
        word = words.pop(0)
        if word in "+-":
            sign = 1 if word == "+" else -1
        elif word[0].isdigit():
            total += sign * Decimal(word)
        else:
            total += sign * figures.get(word, words.pop(0))
    return total
