"""How well the models would have projected earlier prices, from what was known on each of those days."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import nan

import numpy as np

from dossier.errors import MarketDataError
from dossier.records import Progress
from serving.market.projections.candidates import CANDIDATES, LEVELS, NAIVE, Forecast, forecast
from serving.market.series import Values

OnProgress = Callable[[Progress], None]
FEWEST_BEFORE = 120
"""Closing prices that a model is fitted to at least."""
FEWEST_ORIGINS, MOST_ORIGINS = 8, 20
MARGIN = 0.01
"""A model must beat naive by so much in either half."""
STANDARD_ERRORS = 2
"""And by so many of the gain's own standard errors over all origins: of random walks some are beaten by luck."""
ERROR = (
    "mean absolute error of the projected closes over all origins and days ahead, divided by that of the naive "
    "projection (the last close): below 1 is better than naive"
)
SCALED_ERROR = (
    "mean absolute error of the projected closes divided by the mean absolute change from one close to the next "
    "before the origin"
)
COVERAGE = "share of the later closes in the backtest that fell into the interval"


@dataclass(frozen=True, slots=True)
class Score:
    """How a model did. Errors are ratios without a unit, coverage a fraction by level (percent).

    `error` is over all origins, `earlier` over the half that models are chosen by, `later` over the half that confirms
    the choice. `gain` is what naive's error exceeds this one's by, in that difference's standard errors. `problem` says
    why the model is out; the numbers are NaN and coverage is empty then.
    """

    model: str
    error: float
    scaled_error: float
    earlier: float
    later: float
    gain: float
    coverage: Mapping[int, float]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Backtest:
    """Every model's score over the same origins; `chosen` is the model that a projection comes from."""

    origins: int
    scores: tuple[Score, ...]
    chosen: str

    @property
    def score(self) -> Score:
        """The chosen model's."""
        return next(score for score in self.scores if score.model == self.chosen)


def fewest(days: int) -> int:
    """Closing prices that a projection over so many days needs, for a backtest that says something."""
    return FEWEST_BEFORE + days + (FEWEST_ORIGINS - 1) * _step(days)


def origins_of(prices: int, days: int) -> list[int]:
    """How many prices are known at each origin, oldest first; half the days ahead lie between two of them."""
    last = prices - days
    every = list(range(last, FEWEST_BEFORE - 1, -_step(days)))[:MOST_ORIGINS]
    return every[::-1]


def require_history(symbol: str, close: Values, days: int) -> None:
    """Raise MarketDataError for a history that is too short for a backtest, or a price that stands still."""
    if len(close) < fewest(days):
        raise MarketDataError(
            f"{symbol} has {len(close):,} closing prices in this period; a projection over {days} days needs "
            f"{fewest(days):,}, so that it can be tested on the past. Take a longer period or fewer days."
        )
    if float(np.ptp(close)) == 0:
        raise MarketDataError(f"{symbol}'s price never changes in this period: there is nothing to project.")


def run_backtest(symbol: str, close: Values, days: int, on_progress: OnProgress) -> Backtest:
    """Project from each origin with what was known then, and compare with what came (Tashman, 2000, rolling origin).

    Errors are the relative mean absolute error and the mean absolute scaled error (Hyndman and Koehler, 2006, sections
    2.4 and 3). A model is chosen that is best in the earlier half of the origins, and kept only where it beats naive
    in the later half too (by MARGIN), and over all by STANDARD_ERRORS, as Diebold and Mariano (1995) compare;
    else naive is. Raises MarketDataError for a short history or a price that stands still.
    """
    require_history(symbol, close, days)
    origins = origins_of(len(close), days)
    runs = _runs(close, origins, days, on_progress)
    scores = tuple(_score(name, runs[name], runs[NAIVE], close, days) for name in CANDIDATES)
    return Backtest(len(origins), scores, _choose(scores))


@dataclass(frozen=True, slots=True)
class _Run:
    """A model's forecasts by origin (prices known then); `problem` where it broke off."""

    forecasts: Mapping[int, Forecast]
    problem: str = ""


def _runs(close: Values, origins: Sequence[int], days: int, on_progress: OnProgress) -> dict[str, _Run]:
    started, done = datetime.now(UTC), 0
    total = len(origins) * len(CANDIDATES)
    found: dict[str, _Run] = {}
    for name in CANDIDATES:
        forecasts: dict[int, Forecast] = {}
        problem = ""
        for origin in origins:
            made = problem or attempt(name, close[:origin], days)
            if isinstance(made, str):
                problem = made
            else:
                forecasts[origin] = made
            done += 1
            on_progress(Progress("Testing on earlier prices", done, total, started))
        found[name] = _Run(forecasts, problem)
    return found


def attempt(name: str, close: Values, days: int) -> Forecast | str:
    """A model's forecast, or why there is none."""
    try:
        made = forecast(name, close, days)
    except (ValueError, ArithmeticError, np.linalg.LinAlgError) as error:
        return f"it can't be fitted ({error})"
    return made if made.is_whole else "it gives values that aren't prices"


def _score(name: str, run: _Run, naive: _Run, close: Values, days: int) -> Score:
    if run.problem:
        return Score(name, nan, nan, nan, nan, nan, {}, run.problem)
    origins = list(run.forecasts)
    errors, base = (
        np.array([_errors(one.forecasts[origin], close, origin, days) for origin in origins]) for one in (run, naive)
    )
    scale = np.array([np.mean(np.abs(np.diff(close[:origin]))) for origin in origins])
    half = len(origins) // 2
    return Score(
        name,
        error=float(errors.mean() / base.mean()),
        scaled_error=float((errors.mean(axis=1) / scale).mean()),
        earlier=float(errors[:half].mean() / base[:half].mean()),
        later=float(errors[half:].mean() / base[half:].mean()),
        gain=_gain(base.mean(axis=1) - errors.mean(axis=1)),
        coverage={level: _coverage(run, close, level, days) for level in LEVELS},
    )


def _gain(saved: Values) -> float:
    spread = float(np.std(saved, ddof=1))
    # the days ahead of two neighbours overlap by half: as much is known as from half as many origins
    return float(np.mean(saved)) / (spread / np.sqrt(len(saved) / 2)) if spread else 0.0


def _errors(made: Forecast, close: Values, origin: int, days: int) -> Values:
    return np.abs(made.middle - close[origin : origin + days])


def _coverage(run: _Run, close: Values, level: int, days: int) -> float:
    inside = [
        (made.low[level] <= close[origin : origin + days]) & (close[origin : origin + days] <= made.high[level])
        for origin, made in run.forecasts.items()
    ]
    return float(np.mean(inside))


def _choose(scores: Sequence[Score]) -> str:
    rivals = [score for score in scores if score.model != NAIVE and not score.problem and score.earlier <= 1 - MARGIN]
    best = min(rivals, key=lambda score: score.earlier, default=None)
    sure = best is not None and best.later <= 1 - MARGIN and best.gain >= STANDARD_ERRORS
    return best.model if best is not None and sure else NAIVE


def _step(days: int) -> int:
    return max(1, days // 2)
