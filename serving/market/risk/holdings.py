"""A list of holdings: of what, and how much."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dossier.errors import MarketDataError, NotFoundError
from serving.market.provider import Catalogue
from serving.market.series import Prices
from serving.market.sheets import rows_of, symbol_in

MOST_HOLDINGS = 200
_SYMBOLS, _QUANTITIES = ("symbol", "ticker"), ("quantity", "shares", "units")


@dataclass(frozen=True, slots=True)
class Holding:
    """So many shares (above 0, parts of one too) of a symbol, in capitals."""

    symbol: str
    quantity: float


def read_holdings(file: Path) -> tuple[Holding, ...]:
    """The holdings of a CSV with the heads symbol and quantity. Raises MarketDataError naming the line."""
    rows = rows_of(file)
    heads = [head.strip().lower() for head in next(rows, ("", []))[1]]
    symbol_at = next((heads.index(name) for name in _SYMBOLS if name in heads), None)
    quantity_at = next((heads.index(name) for name in _QUANTITIES if name in heads), None)
    if symbol_at is None or quantity_at is None:
        raise MarketDataError(f"{file}, line 1: it needs the heads symbol and quantity. Write such as symbol,quantity.")
    found = []
    for place, cells in rows:
        if len(cells) != len(heads):
            raise MarketDataError(f"{file}, {place}: {len(cells)} cells under {len(heads)} heads. Correct the line.")
        found.append(_holding(cells[symbol_at], cells[quantity_at], f"{file}, {place}"))
    return checked_holdings(found, str(file))


def checked_holdings(holdings: Sequence[Holding], where: str) -> tuple[Holding, ...]:
    """Holdings as they may be measured. Raises MarketDataError: none, too many, one twice, a quantity that is none."""
    if not 0 < len(holdings) <= MOST_HOLDINGS:
        raise MarketDataError(f"{where} has {len(holdings)} holdings. Give 1 to {MOST_HOLDINGS}.")
    seen: set[str] = set()
    for one in holdings:
        if one.symbol in seen:
            raise MarketDataError(f"{where} has {one.symbol} twice. Write it once, with the whole quantity.")
        seen.add(one.symbol)
        if not (math.isfinite(one.quantity) and one.quantity > 0):
            raise MarketDataError(
                f"{where}: the quantity of {one.symbol} is {one.quantity:g}. It must be above 0; what is sold short "
                "can't be measured here."
            )
    return tuple(holdings)


def prices_of_holdings(holdings: Sequence[Holding], found: Catalogue) -> tuple[Prices, ...]:
    """Each holding's prices. Raises NotFoundError naming every symbol that there are no prices of."""
    unknown = [one.symbol for one in holdings if one.symbol not in found.prices]
    if len(unknown) > 1:
        raise NotFoundError(
            f"There are no prices of {', '.join(unknown)}. `dossier market list` shows the symbols that there are."
        )
    return tuple(found.of(one.symbol) for one in holdings)


def _holding(symbol: str, quantity: str, place: str) -> Holding:
    name = symbol_in(symbol)
    if name is None:
        raise MarketDataError(f"{place}: {symbol!r} isn't a symbol. Write one such as AAPL.")
    try:
        return Holding(name, float(quantity.strip().replace(",", "")))
    except ValueError:
        raise MarketDataError(f"{place}: the quantity {quantity!r} isn't a number. Write such as 120.5.") from None
