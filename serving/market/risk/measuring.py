"""Measures of holdings. Each says its formula and its units.

w[i] is a holding's share of the value on the last common day, r[i,t] its simple return between two consecutive days on
which all have a close; the holdings' return on a day is the sum of w[i] r[i,t]: today's holdings, as if held before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import reduce

import numpy as np
import numpy.typing as npt

from dossier.errors import MarketDataError
from serving.market.measures import FEWEST, frequency_of, relation, simple_returns
from serving.market.risk.holdings import Holding
from serving.market.series import Dates, Prices, Values, day, gaps

Matrix = npt.NDArray[np.float64]
LEVELS = (0.95, 0.99)
"""Confidence of value-at-risk and expected shortfall."""
MARKET_MOVES = (-0.2, -0.1, 0.1)
VALUE = "quantity times the close of the last day on which all holdings have one"
VALUE_AT_RISK = (
    "loss from one price to the next that the holdings' past returns exceeded at most so often: the empirical quantile "
    "of the losses, times today's value"
)
SHORTFALL = "average loss in that worst part of the past returns, times today's value"
SCENARIO = "each holding moves by its beta times the market's move; the rest of its movement is left out"
CORRELATION = "Pearson's correlation of simple returns between days on which all holdings have a closing price"


@dataclass(frozen=True, slots=True)
class Position:
    """One holding. Value in the files' currency; weight, volatility (a year) and worst return as fractions.

    `beta` is None without a market.
    """

    symbol: str
    company: str
    source: str
    quantity: float
    close: float
    value: float
    weight: float
    volatility: float
    beta: float | None
    worst: float
    worst_on: date


@dataclass(frozen=True, slots=True)
class TailLoss:
    """What may be lost from one price to the next at a level: fractions of the value, and amounts; 0 or more."""

    level: float
    at_risk: float
    shortfall: float
    at_risk_amount: float
    shortfall_amount: float


@dataclass(frozen=True, slots=True)
class Scenario:
    """What happens to the value: `change` as a fraction of it, `amount` in the files' currency."""

    name: str
    change: float
    amount: float


@dataclass(frozen=True, slots=True)
class Risk:
    """Holdings over a period; `correlation[i][j]` in the order of `positions`. `market` is "" where none was given."""

    positions: tuple[Position, ...]
    total: float
    first: date
    last: date
    returns: int
    unit: str
    volatility: float
    volatility_definition: str
    correlation: tuple[tuple[float, ...], ...]
    losses: tuple[TailLoss, ...]
    scenarios: tuple[Scenario, ...]
    market: str
    notes: tuple[str, ...]


def risk_of(holdings: Sequence[Holding], prices: Sequence[Prices], market: Prices | None = None) -> Risk:
    """Measure holdings; `prices` are theirs, in the same order. `market` is what betas are of.

    Raises MarketDataError below two common returns, and where a price stands still.
    """
    dates = reduce(np.intersect1d, [one.dates for one in prices])
    if len(dates) < FEWEST:
        raise MarketDataError(
            f"There are {len(dates)} days on which all holdings have a price; {FEWEST} are needed. Take a longer "
            "period, or leave out the holding with few prices (`dossier market list` shows them)."
        )
    close = np.stack([one.close[np.searchsorted(one.dates, dates)] for one in prices])
    returns = np.stack([simple_returns(one) for one in close])
    _require_movement(prices, returns)
    values = np.array([one.quantity for one in holdings]) * close[:, -1]
    total = float(values.sum())
    weights = values / total
    together = weights @ returns
    frequency = frequency_of(dates)
    scale = float(np.sqrt(frequency.periods))
    spread = np.std(returns, axis=1, ddof=1) * scale
    betas = [relation(one, market).beta if market else None for one in prices]
    positions = tuple(
        _position(one, owned, betas[at], returns[at], dates, (values[at], weights[at], spread[at]))
        for at, (one, owned) in enumerate(zip(prices, holdings, strict=True))
    )
    return Risk(
        positions=positions,
        total=total,
        first=day(dates[0]),
        last=day(dates[-1]),
        returns=returns.shape[1],
        unit=frequency.unit,
        volatility=float(np.std(together, ddof=1)) * scale,
        volatility_definition=(
            f"sample standard deviation of the {returns.shape[1]:,} simple returns, of today's holdings together or of "
            f"one, times the square root of {frequency.periods} {frequency.unit} a year"
        ),
        correlation=_correlation(returns),
        losses=tuple(loss for level in LEVELS if (loss := tail_loss(together, level, total)) is not None),
        scenarios=_scenarios(positions, together, dates, total, market),
        market=market.symbol if market else "",
        notes=_notes(prices, dates, returns.shape[1]),
    )


def tail_loss(returns: Values, level: float, total: float) -> TailLoss | None:
    """Historical value-at-risk and expected shortfall of returns; None where the tail has less than one return.

    With losses L = -r, VaR is the smallest l with P(L > l) <= 1 - a (McNeil, Frey and Embrechts, 2015, section 2.3.2),
    ES the mean of the worst share 1 - a of the losses, of which the last counts in part (Acerbi and Tasche, 2002).
    Losses below zero, which are gains, are given as 0.
    """
    share = 1 - level
    count = len(returns) * share
    if count < 1 - 1e-9:
        return None
    losses = np.sort(-returns)[::-1]
    whole = int(np.floor(count + 1e-9))
    part = max(count - whole, 0.0)
    tail = losses[:whole].sum() + (part * losses[whole] if part > 1e-9 else 0.0)
    at_risk = max(float(losses[whole]) if whole < len(losses) else float(losses[-1]), 0.0)
    shortfall = max(float(tail / count), 0.0)
    return TailLoss(level, at_risk, shortfall, at_risk * total, shortfall * total)


def _position(
    prices: Prices, owned: Holding, beta: float | None, returns: Values, dates: Dates, sizes: tuple[float, float, float]
) -> Position:
    worst = int(np.argmin(returns))
    value, weight, spread = (float(one) for one in sizes)
    return Position(
        symbol=prices.symbol,
        company=prices.company,
        source=prices.source,
        quantity=owned.quantity,
        close=value / owned.quantity,
        value=value,
        weight=weight,
        volatility=spread,
        beta=beta,
        worst=float(returns[worst]),
        worst_on=day(dates[worst + 1]),
    )


def _correlation(returns: Matrix) -> tuple[tuple[float, ...], ...]:
    found = np.clip(np.atleast_2d(np.corrcoef(returns)), -1, 1)
    return tuple(tuple(float(one) for one in row) for row in found)


def _scenarios(
    positions: Sequence[Position], together: Values, dates: Dates, total: float, market: Prices | None
) -> tuple[Scenario, ...]:
    found = []
    if market is not None:
        for move in MARKET_MOVES:
            change = sum(one.weight * (one.beta or 0.0) * move for one in positions)
            found.append(Scenario(f"{market.symbol} {move:+.0%}, through beta", change, change * total))
    worst = int(np.argmin(together))
    told = f"the holdings' own worst day again, {day(dates[worst + 1])}"
    found.append(Scenario(told, float(together[worst]), float(together[worst]) * total))
    for one in positions:
        change = one.weight * one.worst
        found.append(
            Scenario(f"{one.symbol}'s worst day again ({one.worst:+.1%}, {one.worst_on})", change, change * total)
        )
    return tuple(found)


def _require_movement(prices: Sequence[Prices], returns: Matrix) -> None:
    for one, moved in zip(prices, returns, strict=True):
        if float(np.ptp(moved)) < np.finfo(np.float64).eps:
            raise MarketDataError(f"{one.symbol}'s returns are all the same; its correlation doesn't exist then.")


def _notes(prices: Sequence[Prices], dates: Dates, returns: int) -> tuple[str, ...]:
    notes = ["Values are added as they stand in the files: all must be in one currency."]
    last = day(dates[-1])
    later = sorted({one.symbol for one in prices if one.last > last})
    if later:
        notes.append(f"Valued on {last}, the last day with all prices; {', '.join(later)} has later ones.")
    for level in LEVELS:
        if returns * (1 - level) < 1 - 1e-9:
            notes.append(f"Too few returns ({returns}) for a {level:.0%} value-at-risk.")
    return (*notes, *gaps(dates))
