"""A symbol over a period: the measures together, and what is said about them."""

from dataclasses import dataclass
from datetime import date

import numpy as np

from serving.market.measures import FEWEST, Drawdown, Relation, Volatility, maximum_drawdown, relation, volatility
from serving.market.series import Prices, day, gaps

NO_ADVICE = "These are figures about the past, not investment advice."


@dataclass(frozen=True, slots=True)
class Summary:
    """Closes are in the file's currency; `change` is the last close over the first less 1, as a fraction.

    `volatility` is None below FEWEST prices, `relation` without another symbol.
    """

    symbol: str
    company: str
    source: str
    first: date
    last: date
    observations: int
    first_close: float
    last_close: float
    change: float
    high: float
    high_on: date
    low: float
    low_on: date
    volatility: Volatility | None
    drawdown: Drawdown
    relation: Relation | None
    notes: tuple[str, ...]
    advice: str = NO_ADVICE


def summary_of(prices: Prices, other: Prices | None = None) -> Summary:
    """The measures of prices, and against another symbol's. Raises MarketDataError."""
    close = prices.close
    high, low = int(np.argmax(close)), int(np.argmin(close))
    return Summary(
        symbol=prices.symbol,
        company=prices.company,
        source=prices.source,
        first=prices.first,
        last=prices.last,
        observations=len(prices),
        first_close=float(close[0]),
        last_close=float(close[-1]),
        change=float(close[-1] / close[0] - 1),
        high=float(close[high]),
        high_on=day(prices.dates[high]),
        low=float(close[low]),
        low_on=day(prices.dates[low]),
        volatility=volatility(prices) if len(prices) >= FEWEST else None,
        drawdown=maximum_drawdown(prices),
        relation=relation(prices, other) if other is not None else None,
        notes=(*prices.notes, *gaps(prices.dates)),
    )
