"""Turns figures into the words and digits of a report."""

import re
from decimal import ROUND_HALF_UP, Decimal

from .figures import Figures

NIL = "\u2014"
PREVIOUS = {"2025": "2024", "2024": "2023", "2023": "2022", "2022": "2021", "Q1-26": "Q1-25"}
_PLACEHOLDER = re.compile(r"\{([^{}]+)\}")
_PLACES = {"m": 1, "$": 1, "ps": 2, "n": 1, "i": 0, "%": 1, "p": 2}


def plain(amount: Decimal, places: int = 1) -> str:
    """Write an amount with thousands separators, halves rounded away from zero."""
    rounded = amount.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    return f"{rounded:,.{places}f}"


def cell(amount: Decimal, form: str) -> str:
    """Write an amount as a statement does: parentheses for negatives, a dash for nil.

    Forms: m millions, $ millions with a dollar sign, ps dollars per share, n shares in millions, i whole
    numbers, p two decimals, % percent of a fraction.
    """
    value = amount * 100 if form == "%" else amount
    digits = plain(abs(value), _PLACES[form])
    if not value:
        return NIL
    text = f"${digits}" if form in ("$", "ps") else f"{digits}%" if form == "%" else digits
    return f"({text})" if value < 0 else text


class Wording:
    """Fills the placeholders of a text, such as {revenue 2025} or {growth revenue 2025}."""

    def __init__(self, figures: Figures, facts: dict[str, str]) -> None:
        self._figures = figures
        self._facts = facts

    def fill(self, text: str) -> str:
        """Replace every placeholder; raises KeyError for one that names no figure and no fact."""
        return _PLACEHOLDER.sub(lambda match: self._resolve(match.group(1).split()), text)

    def _resolve(self, words: list[str]) -> str:
        if len(words) == 1:
            return self._facts[words[0]]
        if len(words) == 2:
            return plain(abs(self._figures.get(*words)))
        return self._compare(words[0], words[1:])

    def _compare(self, kind: str, words: list[str]) -> str:
        item, column = words[0], words[-1]
        now = self._figures.get(item, column)
        if kind == "ratio":
            return plain(now / self._figures.get(words[1], column) * 100) + "%"
        if kind in ("ps", "int"):
            return plain(now, 2 if kind == "ps" else 0)
        before = self._figures.get(item, PREVIOUS[column])
        if kind == "rise":
            return plain(_positive(now - before, words))
        if kind == "drop":
            return plain(_positive(before - now, words))
        if kind == "growth":
            return plain(_positive(now - before, words) / before * 100) + "%"
        if kind == "fall":
            return plain(_positive(before - now, words) / before * 100) + "%"
        raise KeyError(f"unknown placeholder {kind} {words}")


def _positive(difference: Decimal, words: list[str]) -> Decimal:
    # The sentence around the placeholder says "rose" or "fell"; a wrong direction must stop the build.
    if difference < 0:
        raise ValueError(f"the text has the wrong direction for {words}")
    return difference
