"""A projection of closing prices with all that it rests on."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from dossier.errors import BusyError, MarketDataError, QuestionError
from serving.market.measures import frequency_of
from serving.market.projections.backtest import Backtest, OnProgress, attempt, require_history, run_backtest
from serving.market.projections.candidates import LEVELS, NAIVE, Forecast
from serving.market.series import Dates, Prices, day, gaps

MOST_DAYS = 60
MOST_PRICES = 500
"""The newest closing prices that models are fitted to: older ones take time."""
NO_ADVICE = "This is arithmetic on past prices, not investment advice; prices can go anywhere."
_NARROW = 0.1
"""Coverage below its level by more than this is told."""
_KEPT = 64
_MOST_AT_ONCE = 3
"""Projections that are made or waited for."""


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """Closes of the coming `dates` in the file's currency. `prices` are what it was made from.

    `verdict` says in plain words which model was taken and why, `notes` what to bear in mind.
    """

    prices: Prices
    dates: Dates
    forecast: Forecast
    backtest: Backtest
    verdict: str
    notes: tuple[str, ...]
    advice: str = NO_ADVICE

    @property
    def until(self) -> date:
        """The last day."""
        return day(self.dates[-1])


def require_projectable(prices: Prices, days: int) -> None:
    """At once, before anything is fitted: raise QuestionError for the days, MarketDataError for the prices."""
    if not 1 <= days <= MOST_DAYS:
        raise QuestionError(f"a projection over {days} days can't be made. Take 1 to {MOST_DAYS}.")
    require_history(prices.symbol, prices.close, days)
    frequency = frequency_of(prices.dates)
    if frequency.unit not in ("trading days", "days"):
        raise MarketDataError(
            f"{prices.symbol}'s prices are made every {frequency.unit.rstrip('s')}; projections are of daily prices."
        )


def project(prices: Prices, days: int, on_progress: OnProgress = lambda _: None) -> Projection:
    """Project daily closing prices by the model that a backtest chooses; takes seconds.

    Raises QuestionError for the days, MarketDataError for prices that aren't daily, too few, or don't move.
    """
    require_projectable(prices, days)
    frequency = frequency_of(prices.dates)
    used = newest(prices)
    tested = run_backtest(prices.symbol, used.close, days, on_progress)
    made = attempt(tested.chosen, used.close, days)
    if isinstance(made, str):
        raise MarketDataError(f"{tested.chosen} did best for {prices.symbol}, but on all prices {made}.")
    dates = days_after(used.dates, days, weekends=frequency.unit == "days")
    return Projection(used, dates, made, tested, _verdict(tested), _notes(prices, used, tested, frequency.unit))


def newest(prices: Prices) -> Prices:
    """The part that models are fitted to."""
    return prices if len(prices) <= MOST_PRICES else prices.between(since=day(prices.dates[-MOST_PRICES]))


class Projector:
    """Projections as they were made, one at a time, kept until prices change. May be called from several threads."""

    def __init__(self) -> None:
        """Nothing is kept yet."""
        self._keeping, self._working = threading.Lock(), threading.Lock()
        self._room = threading.BoundedSemaphore(_MOST_AT_ONCE)
        self._kept: OrderedDict[tuple[object, ...], Projection] = OrderedDict()

    def project(self, prices: Prices, days: int) -> Projection:
        """As `project` does. Raises BusyError too where others wait for theirs: a waiting one holds a thread."""
        require_projectable(prices, days)
        key = (prices.symbol, prices.source, days, prices.dates.tobytes(), prices.close.tobytes())
        if (known := self._known(key)) is not None:
            return known
        if not self._room.acquire(blocking=False):
            raise BusyError("Other projections are being made. Ask again in half a minute.")
        try:
            with self._working:
                return self._known(key) or self._keep(key, project(prices, days))
        finally:
            self._room.release()

    def _known(self, key: tuple[object, ...]) -> Projection | None:
        with self._keeping:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def _keep(self, key: tuple[object, ...], made: Projection) -> Projection:
        with self._keeping:
            self._kept[key] = made
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return made


def _verdict(tested: Backtest) -> str:
    known = f"tested on {tested.origins} earlier days"
    if tested.chosen == NAIVE:
        return (
            f"No model, {known}, clearly beat the naive projection, which is the last close; so that is what is "
            "projected, and how far off it may be says the interval."
        )
    score = tested.score
    return (
        f"{tested.chosen} was taken: {known} its error was {score.error:.2f} times the naive projection's "
        f"({score.later:.2f} on the later half, which didn't choose it)."
    )


def _notes(prices: Prices, used: Prices, tested: Backtest, unit: str) -> tuple[str, ...]:
    notes = [*used.notes, *gaps(used.dates)]
    if len(used) < len(prices):
        notes.append(f"Made from the newest {len(used):,} of {len(prices):,} closing prices.")
    if unit == "trading days":
        notes.append("The coming days are weekdays; holidays of the exchange aren't known.")
    for level in LEVELS:
        if level / 100 - tested.score.coverage[level] > _NARROW:
            held = tested.score.coverage[level]
            notes.append(f"The {level}% interval was too narrow: it held {held:.0%} of the later closes.")
    notes += [f"{score.model} is out: {score.problem}." for score in tested.scores if score.problem]
    return tuple(notes)


def days_after(dates: Dates, days: int, weekends: bool) -> Dates:
    """The coming days behind the last of `dates`, with or without week-ends."""
    ahead = np.arange(1, days + 1)
    last = day(dates[-1])
    if weekends:
        return np.array([last + timedelta(days=int(one)) for one in ahead], dtype="datetime64[D]")
    return np.asarray(np.busday_offset(np.datetime64(last), ahead, roll="backward"), dtype="datetime64[D]")
