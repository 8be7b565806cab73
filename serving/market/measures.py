"""What analysts compute from closing prices. Each measure says its formula, its units and what it needs.

P[t] is the close of the t-th day that has one, t = 1 ... n. Returns and volatility are fractions: 0.01 is one percent.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np

from dossier.errors import MarketDataError
from serving.market.series import Dates, Prices, Values, day

_WEEKENDS = 0.1
"""Share of days at a week-end above which prices are taken to be made every day of the week."""
_PERIODS = ((5, 9, 52, "weeks"), (26, 35, 12, "months"), (80, 100, 4, "quarters"), (350, 380, 1, "years"))
"""Usual days between two prices, from and to; how many periods a year that is, and what they are called."""
FEWEST = 3
"""Closing prices that volatility, beta and correlation need: two returns."""


@dataclass(frozen=True, slots=True)
class Frequency:
    """How often prices are made: so many `periods` a year, called `unit` (`trading days`)."""

    periods: int
    unit: str


@dataclass(frozen=True, slots=True)
class Volatility:
    """Annualised volatility as a fraction a year (0.2 is 20%), from so many `returns`."""

    value: float
    frequency: Frequency
    returns: int
    first: date
    last: date

    @property
    def definition(self) -> str:
        """In plain words."""
        return (
            f"sample standard deviation of the {self.returns:,} log returns of closing prices, times the square root "
            f"of {self.frequency.periods} {self.frequency.unit} a year"
        )


@dataclass(frozen=True, slots=True)
class Drawdown:
    """The largest fall from a high to a later low: `depth` as a fraction, 0 or negative (-0.3: 30% below the high).

    `recovery` is the first day at or above the high again, None where there is none. Where prices never fell, peak and
    trough are the first day.
    """

    depth: float
    peak: date
    peak_close: float
    trough: date
    trough_close: float
    recovery: date | None
    observations: int
    definition: str = "largest fall of closing prices from a high to a later low, in percent of the high"


@dataclass(frozen=True, slots=True)
class Relation:
    """How a symbol moved with `against`: beta (a ratio) and correlation (-1 to 1) over so many `returns`."""

    against: str
    beta: float
    correlation: float
    returns: int
    first: date
    last: date

    @property
    def definition(self) -> str:
        """In plain words."""
        return (
            f"covariance with {self.against} divided by {self.against}'s variance, and Pearson's correlation, of "
            f"{self.returns:,} simple returns between days on which both have a closing price"
        )


def simple_returns(close: Values) -> Values:
    """P[t] / P[t-1] - 1 for t = 2 ... n, as fractions: one value fewer than there are prices."""
    return np.asarray(close[1:] / close[:-1] - 1)


def log_returns(close: Values) -> Values:
    """ln(P[t] / P[t-1]) for t = 2 ... n, as fractions: one value fewer than there are prices. They add up over time."""
    return np.asarray(np.log(close[1:] / close[:-1]))


def frequency_of(dates: Dates) -> Frequency:
    """How often prices are made, by the median of the days between two: 252 trading days, 52 weeks, 12 months, ...

    Prices on week-ends too, as of currencies, make 365 days a year. Raises MarketDataError where it is neither.
    """
    if len(dates) < 2:
        raise MarketDataError("one price alone doesn't tell how often prices are made. Take a longer period.")
    step = float(np.median(np.diff(dates).astype("timedelta64[D]").astype(np.int64)))
    if step < _PERIODS[0][0]:
        # 1970-01-01, day 0, was a Thursday
        weekdays = (dates.astype("datetime64[D]").astype(np.int64) + 3) % 7
        if float(np.mean(weekdays >= 5)) > _WEEKENDS:
            return Frequency(365, "days")
        return Frequency(252, "trading days")
    for least, most, periods, unit in _PERIODS:
        if least <= step <= most:
            return Frequency(periods, unit)
    raise MarketDataError(
        f"prices are {step:g} days apart, which is neither daily, weekly, monthly, quarterly nor yearly: there is no "
        "number of periods a year to annualise with."
    )


def volatility(prices: Prices) -> Volatility:
    """Annualised volatility: s * sqrt(k), a fraction a year.

    s is the sample standard deviation (divisor n - 1) of the log returns, k the periods a year (`frequency_of`). It
    takes returns to be independent of each other. Raises MarketDataError below two returns.
    """
    returns = log_returns(prices.close)
    _require(prices.symbol, len(prices), "Volatility")
    frequency = frequency_of(prices.dates)
    value = float(np.std(returns, ddof=1) * np.sqrt(frequency.periods))
    return Volatility(value, frequency, len(returns), prices.first, prices.last)


def drawdowns(close: Values) -> Values:
    """P[t] / max(P[1] ... P[t]) - 1 for each day: how far below the highest close so far, as a fraction, 0 or less."""
    return np.asarray(close / np.maximum.accumulate(close) - 1)


def maximum_drawdown(prices: Prices) -> Drawdown:
    """The lowest value of `drawdowns` with its days; of several equal ones the first, of equal highs the last."""
    close, below = prices.close, drawdowns(prices.close)
    trough = int(np.argmin(below))
    high = float(np.max(close[: trough + 1]))
    peak = int(np.flatnonzero(close[: trough + 1] == high)[-1]) if below[trough] < 0 else 0
    trough = trough if below[trough] < 0 else 0
    again = np.flatnonzero(close[trough:] >= close[peak]) if below[trough] < 0 else np.array([], dtype=np.int64)
    return Drawdown(
        depth=float(below[trough]),
        peak=day(prices.dates[peak]),
        peak_close=float(close[peak]),
        trough=day(prices.dates[trough]),
        trough_close=float(close[trough]),
        recovery=day(prices.dates[trough + int(again[0])]) if len(again) else None,
        observations=len(prices),
    )


def simple_average(close: Values, window: int) -> Values:
    """(P[t-w+1] + ... + P[t]) / w for a window of w prices, in the prices' currency; NaN for the first w - 1 days."""
    _require_window(window)
    average = np.full(len(close), np.nan)
    if window <= len(close):
        average[window - 1 :] = np.lib.stride_tricks.sliding_window_view(close, window).mean(axis=1)
    return average


def exponential_average(close: Values, window: int) -> Values:
    """E[1] = P[1], E[t] = a P[t] + (1 - a) E[t-1] with a = 2 / (w + 1), in the prices' currency, from the first day."""
    _require_window(window)
    weight = 2 / (window + 1)
    average = np.empty(len(close))
    current = float(close[0]) if len(close) else 0.0
    for at, price in enumerate(close):
        current += weight * (float(price) - current)
        average[at] = current
    return average


def relation(prices: Prices, other: Prices) -> Relation:
    """Beta cov(r, m) / var(m) and correlation cov(r, m) / (s(r) s(m)), both without a unit.

    r and m are the simple returns of both between consecutive common days; covariance, variance and standard
    deviations have the divisor n - 1. Raises MarketDataError below two common returns, or where a price stands still.
    """
    dates, own, others = np.intersect1d(prices.dates, other.dates, assume_unique=True, return_indices=True)
    mine, market = simple_returns(prices.close[own]), simple_returns(other.close[others])
    _require(f"{prices.symbol} and {other.symbol} together", len(dates), "Beta")
    for symbol, returns in ((prices.symbol, mine), (other.symbol, market)):
        if float(np.ptp(returns)) < np.finfo(np.float64).eps:
            raise MarketDataError(f"{symbol}'s returns are all the same; beta and correlation don't exist then.")
    covariance = np.cov(mine, market)
    scale = np.sqrt(covariance[0, 0]) * np.sqrt(covariance[1, 1])
    return Relation(
        against=other.symbol,
        beta=float(covariance[0, 1] / covariance[1, 1]),
        correlation=float(np.clip(covariance[0, 1] / scale, -1, 1)),
        returns=len(mine),
        first=day(dates[0]),
        last=day(dates[-1]),
    )


def _require(whose: str, prices: int, what: str) -> None:
    if prices < FEWEST:
        raise MarketDataError(
            f"{what} needs {FEWEST} closing prices; {whose} has {prices} in this period. Take a longer one."
        )


def _require_window(window: int) -> None:
    if window < 1:
        raise MarketDataError(f"a moving average over {window} prices doesn't exist. Take 1 or more.")
