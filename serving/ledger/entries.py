"""Reads the entries of a ledger from a CSV file."""

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from dossier.errors import DocumentError

_HEADS = {
    "date": ("date", "posting date", "booking date"),
    "account": ("account", "account number", "account name"),
    "amount": ("amount", "value"),
    "party": ("counterparty", "vendor", "supplier", "customer", "description", "text", "memo"),
}
_NEEDED = ("date", "account", "amount")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: its line in the file, its cells as written, and what they say. `party` is "" where none is named."""

    line: int
    cells: tuple[str, ...]
    day: date
    account: str
    amount: float
    party: str


@dataclass(frozen=True, slots=True)
class Ledger:
    """A file's heads and entries, in its order."""

    heads: tuple[str, ...]
    entries: tuple[Entry, ...]


def read_ledger(file: Path) -> Ledger:
    """Read a CSV file with the heads date, account and amount, and a counterparty or description where it has one.

    Raises DocumentError naming the file and the line.
    """
    lines = _lines(file)
    _, heads = next(lines, (0, []))
    places = _places(heads, file)
    entries = []
    for line, cells in lines:
        try:
            entries.append(_entry(line, cells, len(heads), places))
        except ValueError as error:
            raise DocumentError(f"{file}, line {line}: {error}") from error
    if not entries:
        raise DocumentError(f"{file} has no entries. Its first line must have the heads, the others the entries.")
    return Ledger(tuple(heads), tuple(entries))


def _lines(file: Path) -> Iterator[tuple[int, list[str]]]:
    read = 0
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            divider = max(",;\t", key=text.readline().count)
            text.seek(0)
            reader = csv.reader(text, delimiter=divider, strict=True)
            for cells in reader:
                read = reader.line_num
                if any(cell.strip() for cell in cells):
                    yield read, cells
    except csv.Error as error:
        raise DocumentError(f"{file}, line {read + 1}: {error}. Correct the line.") from error
    except UnicodeDecodeError as error:
        raise DocumentError(f"{file}, behind line {read}: it isn't UTF-8 ({error}). Save it as UTF-8.") from error
    except OSError as error:
        raise DocumentError(f"{file} can't be read ({error.strerror}).") from error


def _places(heads: Sequence[str], file: Path) -> dict[str, int]:
    names = [" ".join(head.lower().replace("_", " ").split()) for head in heads]
    found = {what: names.index(name) for what, known in _HEADS.items() for name in reversed(known) if name in names}
    missing = [what for what in _NEEDED if what not in found]
    if missing:
        raise DocumentError(f"{file}, line 1: no column {' and no column '.join(missing)}. Name them so.")
    return found


def _entry(line: int, cells: Sequence[str], width: int, places: dict[str, int]) -> Entry:
    if len(cells) != width:
        raise ValueError(f"{len(cells)} cells under {width} heads. Correct the line.")
    said, account = cells[places["amount"]].strip(), cells[places["account"]].strip()
    try:
        day = date.fromisoformat(cells[places["date"]].strip())
    except ValueError:
        raise ValueError(f"{cells[places['date']]!r} isn't a date. Write year, month and day: 2025-06-30.") from None
    try:
        amount = float(said)
    except ValueError:
        raise ValueError(f"{said!r} isn't an amount. Write digits with a point: -1234.56.") from None
    if not math.isfinite(amount) or not account:
        raise ValueError("the amount isn't finite, or the account is empty. Correct the line.")
    return Entry(line, tuple(cells), day, account, amount, cells[places["party"]].strip() if "party" in places else "")
