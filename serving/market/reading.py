"""Reads prices from a file and checks them: days in order and each once, prices above zero."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import numpy as np

from dossier.errors import MarketDataError
from serving.market.series import Prices
from serving.market.sheets import CLOSE, Layout, layout_of, rows_of, symbol_in

_BLANK = frozenset({"", "na", "n/a", "nan", "null", "none", "-", "."})
_NUMBER = re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:\.\d*)?(?:[eE][+-]?\d+)?")


def read_prices(file: Path, source: str) -> dict[str, Prices]:
    """The prices of a file by symbol. `source` is what its file is called.

    Raises MarketDataError naming the file and the line for what can't be read, isn't in order or isn't a price. Days
    without a price are told in `notes`.
    """
    rows = rows_of(file)
    heads = next(rows, None)
    if heads is None:
        raise MarketDataError(f"{file} is empty. Its first line must have the heads, such as `date,close`.")
    layout = layout_of(heads[1], file)
    found: dict[str, _Builder] = {symbol: _Builder() for symbol in layout.fields if symbol}
    for place, cells in rows:
        if len(cells) != len(heads[1]):
            raise MarketDataError(f"{file}, {place}: {len(cells)} cells under {len(heads[1])} heads. Correct the line.")
        try:
            _take(layout, place, cells, found)
        except ValueError as error:
            raise MarketDataError(f"{file}, {place}: {error}") from error
    built = {symbol: builder.prices(symbol, file, source) for symbol, builder in found.items() if builder.days}
    if not built:
        raise MarketDataError(f"{file} has heads and no prices. Add lines, or remove the file.")
    if layout.adjusted:
        note = "Closes are adjusted for splits and dividends, as the file says."
        return {symbol: prices.noted(note) for symbol, prices in built.items()}
    return built


@dataclass(slots=True)
class _Builder:
    """Collects the rows of one symbol in the file's order, which is either way round."""

    days: list[date] = field(default_factory=list)
    values: list[dict[str, float]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    place: str = ""
    blank: int = 0

    def add(self, place: str, when: date, values: dict[str, float]) -> None:
        if self.days and when == self.days[-1]:
            raise ValueError(f"{when} has a second price; the first is on {self.place}. Remove one of them.")
        if len(self.days) > 1 and (when > self.days[-1]) != (self.days[1] > self.days[0]):
            raise ValueError(f"{when} isn't in order behind {self.days[-1]} on {self.place}. Sort the file by date.")
        self.days.append(when)
        self.values.append(values)
        self.lines.append(int(place.rsplit(" ", 1)[1]))
        self.place = place

    def prices(self, symbol: str, file: Path, source: str) -> Prices:
        order = slice(None, None, -1 if self.days[-1] < self.days[0] else 1)
        dates = np.array(self.days[order], dtype="datetime64[D]")
        columns = {
            name: np.array([values[name] for values in self.values[order]], dtype=np.float64) for name in self.values[0]
        }
        close = columns.pop(CLOSE)
        notes = [f"{self.blank} day{'s' if self.blank != 1 else ''} of the file without a price."] if self.blank else []
        lines = np.array(self.lines[order], dtype=np.int64)
        return Prices(symbol, dates, close, columns, file, source, notes=tuple(notes), lines=lines)


def _take(layout: Layout, place: str, cells: Sequence[str], found: dict[str, _Builder]) -> None:
    when = _day(cells[layout.date])
    for name, fields in layout.fields.items():
        symbol = name or _owner(cells[layout.owner] if layout.owner is not None else "")
        builder = found.setdefault(symbol, _Builder())
        values = {what: _value(cells[at], what) for what, at in fields.items()}
        if math.isnan(values[CLOSE]):
            builder.blank += 1
        else:
            builder.add(place, when, values)


def _owner(text: str) -> str:
    symbol = symbol_in(text)
    if symbol is None:
        raise ValueError(f"{text!r} isn't a symbol. Write one such as AAPL.")
    return symbol


def _day(text: str) -> date:
    try:
        return datetime.fromisoformat(text.strip().replace("/", "-")).date()
    except ValueError:
        raise ValueError(f"{text!r} isn't a date. Write year, month and day: 2025-06-30.") from None


def _value(text: str, what: str) -> float:
    said = text.strip()
    if said.lower() in _BLANK:
        return math.nan
    if not _NUMBER.fullmatch(said) or not any(sign.isdigit() for sign in said):
        raise ValueError(f"{what} is {text!r}, which isn't a number. Write digits with a point: 1234.56.")
    value = float(said.replace(",", ""))
    if not math.isfinite(value) or value < 0 or (value == 0 and what != "volume"):
        raise ValueError(f"{what} is {text}; it must be {'0 or more' if what == 'volume' else 'above 0'}. Correct it.")
    return value
