"""Rows of a CSV or Parquet file, each with its line, and what its column heads say that they are."""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dossier.errors import MarketDataError

FORMS = (".csv", ".parquet")
SYMBOL = re.compile(r"[A-Z0-9^][A-Z0-9.^=_-]{0,19}")
"""A symbol, in capitals."""
CLOSE = "close"
_DATE = frozenset({"date", "day", "datetime", "timestamp", "time"})
_OWNER = frozenset({"symbol", "ticker"})
_FIELDS = {
    "open": "open",
    "high": "high",
    "low": "low",
    "close": CLOSE,
    "closing price": CLOSE,
    "price": CLOSE,
    "volume": "volume",
}
_ADJUSTED = ("adj close", "adjusted close", "adjusted")
_PREFIXED = re.compile(r"(?P<symbol>.+)\.(?P<field>[A-Za-z]+)")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a file's columns are, counted from 0: `fields` by symbol, then by name (`close`, `volume`).

    With an `owner` column each row says its symbol, and `fields` has the one key "". `adjusted`: what is read as close
    is a close adjusted for splits and dividends.
    """

    date: int
    owner: int | None
    fields: dict[str, dict[str, int]]
    adjusted: bool = False


Row = tuple[str, Sequence[str]]
"""Where a row is (`line 12`) and its cells."""


def rows_of(file: Path) -> Iterator[Row]:
    """The rows of a file, its heads first. Raises MarketDataError."""
    return _parquet_rows(file) if file.suffix.lower() == ".parquet" else _csv_rows(file)


def layout_of(heads: Sequence[str], file: Path) -> Layout:
    """What the columns are, by their heads. Raises MarketDataError where no date or price is among them.

    Four forms are known: one symbol a file (`date, close`), named by the file; the same with heads such as
    `AAPL.Close`; a long table with a column `symbol`; a wide one with a column of closes for each symbol.
    """
    names = [" ".join(re.split(r"[\s_]+", head.strip().lower())) for head in heads]
    dates = [at for at, name in enumerate(names) if name in _DATE]
    if len(dates) != 1:
        raise MarketDataError(
            f"{file}, line 1: {len(dates) or 'no'} column{'s' if dates else ''} of dates among {', '.join(heads)}. "
            "Name one column `date`."
        )
    owner = next((at for at, name in enumerate(names) if name in _OWNER), None)
    fields, adjusted = _fields(names)
    if CLOSE in fields:
        return Layout(dates[0], owner, {"" if owner is not None else _stem(file): fields}, adjusted)
    if owner is not None or fields:
        raise MarketDataError(f"{file}, line 1: no column of closing prices. Name one column `close`.")
    prefixed = _prefixed(heads)
    if prefixed:
        return Layout(dates[0], None, prefixed)
    wide = {_symbol(head, file): {CLOSE: at} for at, head in enumerate(heads) if at != dates[0]}
    if len(wide) != len(heads) - 1 or not wide:
        raise MarketDataError(f"{file}, line 1: no price column, or two of the same symbol. Name one column `close`.")
    return Layout(dates[0], None, wide)


def symbol_in(text: str) -> str | None:
    """A symbol in capitals, or None where the text can't be one."""
    symbol = text.strip().upper()
    return symbol if SYMBOL.fullmatch(symbol) else None


def _fields(names: Sequence[str]) -> tuple[dict[str, int], bool]:
    fields: dict[str, int] = {}
    for at, name in enumerate(names):
        if name in _FIELDS:
            fields.setdefault(_FIELDS[name], at)
    adjusted = next((names.index(name) for name in _ADJUSTED if name in names), None)
    if CLOSE not in fields and adjusted is not None:
        return {**fields, CLOSE: adjusted}, True
    return fields, False


def _prefixed(heads: Sequence[str]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for at, head in enumerate(heads):
        match = _PREFIXED.fullmatch(head.strip())
        symbol = symbol_in(match["symbol"]) if match else None
        field = _FIELDS.get(match["field"].lower()) if match else None
        if symbol and field:
            found.setdefault(symbol, {}).setdefault(field, at)
    return {symbol: fields for symbol, fields in found.items() if CLOSE in fields}


def _symbol(head: str, file: Path) -> str:
    symbol = symbol_in(head)
    if symbol is None:
        raise MarketDataError(
            f"{file}, line 1: the column {head!r} is neither close, open, high, low or volume nor a symbol. Rename it."
        )
    return symbol


def _stem(file: Path) -> str:
    symbol = symbol_in(file.stem)
    if symbol is None:
        raise MarketDataError(f"{file}: it has no column `symbol`, and its name isn't one. Name it as AAPL.csv.")
    return symbol


def _csv_rows(file: Path) -> Iterator[Row]:
    read = 0
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            first = lines.readline()
            lines.seek(0)
            divider = max(",;\t", key=first.count)
            reader = csv.reader(lines, delimiter=divider, strict=True)
            for cells in reader:
                read = reader.line_num
                if any(cell.strip() for cell in cells):
                    yield f"line {read}", cells
    except csv.Error as error:
        raise MarketDataError(f"{file}, line {read + 1}: {error}. Correct the line.") from error
    except UnicodeDecodeError as error:
        raise MarketDataError(f"{file}, behind line {read}: it isn't UTF-8 ({error}). Save it as UTF-8.") from error
    except OSError as error:
        raise MarketDataError(f"{file} can't be read ({error.strerror}).") from error


def _parquet_rows(file: Path) -> Iterator[Row]:
    import duckdb

    try:
        with duckdb.connect() as connection:
            found = connection.execute("SELECT * FROM read_parquet(?)", [str(file)])
            yield "line 1", [str(column[0]) for column in found.description or ()]
            number = 0
            while batch := found.fetchmany(10_000):
                for cells in batch:
                    number += 1
                    yield f"row {number}", ["" if cell is None else str(cell) for cell in cells]
    except duckdb.Error as error:
        raise MarketDataError(f"{file} isn't a Parquet file that can be read ({error}).") from error
