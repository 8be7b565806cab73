"""Charts of prices as Vega-Lite 5 specifications, with their data in them: nothing is loaded from elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from serving.market.measures import drawdowns, exponential_average, simple_average, simple_returns
from serving.market.series import Dates, Prices, Values

SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
"""Names the version; no reader has to load it."""
Spec = dict[str, Any]
"""A Vega-Lite specification, ready for JSON."""
_WIDTH, _HEIGHT = 640, 280
_BINS = 40
_DIGITS = 10
"""Significant digits of a value in a chart."""


class ChartKind(StrEnum):
    """Which chart."""

    PRICES = "prices"
    DRAWDOWN = "drawdown"
    RETURNS = "returns"


@dataclass(frozen=True, slots=True)
class Average:
    """A moving average to be drawn: over `window` prices, `exponential` or simple."""

    window: int
    exponential: bool = False

    @property
    def name(self) -> str:
        """As the legend calls it."""
        return f"{self.window}-{'price exponential' if self.exponential else 'price'} average"

    def of(self, close: Values) -> Values:
        """Its values for each day; NaN where there is none yet."""
        return (exponential_average if self.exponential else simple_average)(close, self.window)


def chart_of(kind: ChartKind, prices: Prices, averages: Sequence[Average] = ()) -> Spec:
    """The chart of a kind; `averages` are drawn with prices alone."""
    if kind is ChartKind.PRICES:
        return prices_chart(prices, averages)
    return drawdown_chart(prices) if kind is ChartKind.DRAWDOWN else returns_chart(prices)


def prices_chart(prices: Prices, averages: Sequence[Average] = ()) -> Spec:
    """Closing prices with moving averages, as lines over time."""
    values = points(prices.dates, prices.close, "close")
    for average in averages:
        values += points(prices.dates, average.of(prices.close), average.name)
    names = ["close", *(average.name for average in averages)]
    encoding = {
        "x": time_axis(),
        "y": {"field": "value", "type": "quantitative", "title": "close", "scale": {"zero": False}},
        "color": {"field": "series", "type": "nominal", "title": None, "sort": names},
    }
    mark = {"type": "line", "tooltip": True, "strokeWidth": 1.5}
    return _spec(prices, "closing prices", values, mark, encoding)


def drawdown_chart(prices: Prices) -> Spec:
    """How far below the highest close so far, as an area over time."""
    values = points(prices.dates, drawdowns(prices.close), "drawdown")
    axis = {
        "field": "value",
        "type": "quantitative",
        "title": "below the highest close so far",
        "axis": {"format": "%"},
    }
    mark = {"type": "area", "line": True, "opacity": 0.4, "tooltip": True}
    return _spec(prices, "drawdown", values, mark, {"x": time_axis(), "y": axis})


def returns_chart(prices: Prices) -> Spec:
    """How often returns of each size came, as bars."""
    values = points(prices.dates[1:], simple_returns(prices.close), "return")
    encoding = {
        "x": {
            "field": "value",
            "type": "quantitative",
            "bin": {"maxbins": _BINS},
            "title": "return from one price to the next",
            "axis": {"format": "%"},
        },
        "y": {"aggregate": "count", "type": "quantitative", "title": "how often"},
    }
    return _spec(prices, "returns", values, {"type": "bar", "tooltip": True}, encoding)


def points(dates: Dates, values: Values, series: str) -> list[dict[str, Any]]:
    """What JSON can hold: NaN can't be, and a day without a value has no point."""
    days = dates.astype("datetime64[D]").astype(str)
    return [
        {"date": str(when), "value": rounded(value), "series": series}
        for when, value in zip(days, values.tolist(), strict=True)
        if not np.isnan(value)
    ]


def rounded(value: float) -> float:
    """A value with the digits that a chart has."""
    return float(f"{value:.{_DIGITS}g}")


def time_axis() -> dict[str, Any]:
    """The axis of days."""
    # a day without a time is UTC in Vega: shown as anything else it would be the day before west of Greenwich
    return {"field": "date", "type": "temporal", "title": None, "scale": {"type": "utc"}}


def _spec(prices: Prices, what: str, values: list[dict[str, Any]], mark: Spec, encoding: Spec) -> Spec:
    title = f"{prices.symbol}: {what}, {prices.first} to {prices.last}"
    told = f"{title}. {len(prices):,} closing prices from {prices.source}."
    return framed(title, told, values, {"mark": mark, "encoding": encoding})


def framed(title: str, told: str, values: list[dict[str, Any]], drawn: Spec) -> Spec:
    """A specification of the usual size; `told` is its text for those who can't see it, `drawn` its marks or layers."""
    return {
        "$schema": SCHEMA,
        "title": title,
        "description": told,
        "width": _WIDTH,
        "height": _HEIGHT,
        "data": {"values": values},
        **drawn,
    }
