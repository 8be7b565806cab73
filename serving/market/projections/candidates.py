"""The models that a projection may come from, each fitted to the logarithms of closing prices."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from serving.market.series import Values

NAIVE = "naive"
CANDIDATES = (NAIVE, "ARIMA", "ETS", "Theta")
"""Naive first: the others must beat it."""
LEVELS = (80, 95)
"""Percent of outcomes that the intervals are made to hold."""
DEFINITIONS = {
    NAIVE: "the last close, whatever happens (random walk)",
    "ARIMA": "autoregression and moving averages of differences, orders chosen by AICc (Hyndman and Khandakar, 2008)",
    "ETS": "exponential smoothing in state-space form, chosen by AICc (Hyndman and others, 2002)",
    "Theta": "two lines through the series, one smoothed, put together again (Assimakopoulos and Nikolopoulos, 2000)",
}


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """Prices of the coming days in the file's currency: `middle` the median, `low` and `high` by level of LEVELS."""

    middle: Values
    low: Mapping[int, Values]
    high: Mapping[int, Values]

    @property
    def is_whole(self) -> bool:
        """Whether every value is a number above zero."""
        every = np.concatenate([self.middle, *self.low.values(), *self.high.values()])
        return bool(np.isfinite(every).all() and (every > 0).all())


def forecast(name: str, close: Values, days: int) -> Forecast:
    """What a model of CANDIDATES makes of closing prices for so many days to come.

    Fitted to ln P and taken back by exp: the middle is the median, no price falls below zero. Raises what the library
    does on a series that it can't fit (ValueError, ArithmeticError, numpy's LinAlgError).
    """
    found = _model(name).forecast(y=np.log(close), h=days, level=list(LEVELS))
    return Forecast(
        middle=_back(found["mean"]),
        low={level: _back(found[f"lo-{level}"]) for level in LEVELS},
        high={level: _back(found[f"hi-{level}"]) for level in LEVELS},
    )


def _back(values: Any) -> Values:  # noqa: ANN401 (arrays and series of several types)
    return np.exp(np.asarray(values, dtype=np.float64))


def _model(name: str) -> Any:  # noqa: ANN401 (the library's classes share no type that is exported)
    # a fit that doesn't quite converge shows in the backtest, and needn't be told for each origin
    for told in ("possible convergence problem", "The line search algorithm did not converge"):
        warnings.filterwarnings("ignore", message=told)
    # takes seconds to load
    from statsforecast.models import AutoARIMA, AutoETS, AutoTheta, Naive

    # closing prices of days have no season that these models could use
    makers = {
        NAIVE: Naive,
        "ARIMA": lambda: AutoARIMA(season_length=1),
        "ETS": lambda: AutoETS(season_length=1),
        "Theta": lambda: AutoTheta(season_length=1),
    }
    return makers[name]()
