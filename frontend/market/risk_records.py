"""Holdings, how they are read from a file, and their risk as the gateway tells it."""

import csv
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from dossier.errors import MarketDataError
from frontend.gateway.connection import Connection
from frontend.gateway.source_records import Json

_SYMBOLS: Final = ("symbol", "ticker")
_QUANTITIES: Final = ("quantity", "shares", "units")
_FORM: Final = "It needs a first line `symbol,quantity` and then a holding a line, such as `LKFD,120`."


@dataclass(frozen=True, slots=True)
class Holding:
    """So many shares of a symbol; `quantity` is None where it isn't filled in yet."""

    symbol: str
    quantity: float | None


@dataclass(frozen=True, slots=True)
class Position:
    """A holding, measured: fractions, and amounts in the prices' currency. `beta` is None without a market."""

    symbol: str
    close: float
    value: float
    weight: float
    volatility: float
    beta: float | None


@dataclass(frozen=True, slots=True)
class Loss:
    """What may be lost from one price to the next: fractions of the value and amounts."""

    level: float
    at_risk: float
    at_risk_amount: float
    shortfall: float
    shortfall_amount: float


@dataclass(frozen=True, slots=True)
class Risk:
    """Holdings over a period. `scenarios` are name, change and amount; `correlation` in the order of `positions`."""

    positions: tuple[Position, ...]
    total: float
    first: date
    last: date
    returns: int
    volatility: float
    correlation: tuple[tuple[float, ...], ...]
    losses: tuple[Loss, ...]
    scenarios: tuple[tuple[str, float, float], ...]
    definitions: Mapping[str, str]
    notes: tuple[str, ...]
    advice: str

    @classmethod
    def read(cls, data: Json) -> "Risk":
        """From the JSON of `POST /v1/market/risk`."""
        heads = ("symbol", "close", "value", "weight", "volatility", "beta")
        amounts = ("level", "at_risk", "at_risk_amount", "shortfall", "shortfall_amount")
        return cls(
            positions=tuple(Position(*(one[head] for head in heads)) for one in data["positions"]),
            total=float(data["total"]),
            first=date.fromisoformat(data["first"]),
            last=date.fromisoformat(data["last"]),
            returns=int(data["returns"]),
            volatility=float(data["volatility"]),
            correlation=tuple(map(tuple, data["correlation"])),
            losses=tuple(Loss(*(float(one[name]) for name in amounts)) for one in data["losses"]),
            scenarios=tuple((str(one["name"]), one["change"], one["amount"]) for one in data["scenarios"]),
            definitions=data["definitions"],
            notes=tuple(map(str, data.get("notes") or ())),
            advice=str(data["advice"]),
        )


def risk_of(gateway: Connection, holdings: Sequence[Holding], against: str) -> Risk:
    """The risk of holdings that have a quantity; `against` names the market, empty: none. Raises the gateway's error.

    Raises MarketDataError where no holding has a quantity.
    """
    listed = [{"symbol": one.symbol, "quantity": one.quantity} for one in holdings if one.symbol and one.quantity]
    if not listed:
        raise MarketDataError("No holding has a quantity. Fill in how many shares there are of at least one.")
    return Risk.read(gateway.call("POST", "/v1/market/risk", {"holdings": listed, "against": against}))


def holdings_of(content: bytes) -> list[Holding]:
    """The holdings of a CSV file. Raises MarketDataError naming the line."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MarketDataError(f"The file isn't text in UTF-8. Save it as CSV UTF-8. {_FORM}") from error
    rows = csv.reader(io.StringIO(text), delimiter=";" if ";" in text.partition("\n")[0] else ",")
    heads = [head.strip().lower() for head in next(rows, [])]
    symbol = next((at for at, head in enumerate(heads) if head in _SYMBOLS), None)
    quantity = next((at for at, head in enumerate(heads) if head in _QUANTITIES), None)
    if symbol is None or quantity is None:
        raise MarketDataError(f"The file can't be used. {_FORM}")
    found = []
    for row in rows:
        if any(cell.strip() for cell in row):
            if len(row) != len(heads):
                raise MarketDataError(
                    f"Line {rows.line_num} has {len(row)} cells under {len(heads)} heads. Correct it."
                )
            found.append(Holding(row[symbol].strip().upper(), _number(row[quantity], rows.line_num)))
    if not found:
        raise MarketDataError(f"The file has no holdings. {_FORM}")
    return found


def _number(text: str, line: int) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise MarketDataError(
            f"Line {line}: the quantity is {text.strip() or 'empty'}. Write a number above 0, as 120.5."
        )
    return value
