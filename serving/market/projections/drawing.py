"""A projection as a chart: the past as a line, what is projected as a dashed one, the intervals as bands."""

from typing import Any

from serving.market.charts import Spec, framed, points, rounded, time_axis
from serving.market.projections.candidates import LEVELS
from serving.market.projections.projecting import Projection
from serving.market.series import day

_PAST_DAYS = 5
"""So many days of the past are drawn for each day ahead, and no fewer than _LEAST_PAST."""
_LEAST_PAST = 60
_OPACITY = {80: 0.35, 95: 0.18}


def projection_chart(found: Projection) -> Spec:
    """The Vega-Lite 5 specification, with its data in it."""
    prices = found.prices
    past = max(_LEAST_PAST, _PAST_DAYS * len(found.dates))
    values = points(prices.dates[-past:], prices.close[-past:], "close")
    values += points(found.dates, found.forecast.middle, "projected")
    values += [one for level in LEVELS for one in _band(found, level)]
    title = f"{prices.symbol}: closing prices projected to {found.until}"
    told = f"{title}, from {len(prices):,} prices in {prices.source} up to {prices.last}. {found.advice}"
    axis = {"field": "value", "type": "quantitative", "title": "close", "scale": {"zero": False}}
    bands = [_layer(level, axis) for level in sorted(LEVELS, reverse=True)]
    lines = {
        "transform": [{"filter": "datum.series === 'close' || datum.series === 'projected'"}],
        "mark": {"type": "line", "tooltip": True, "strokeWidth": 1.5},
        "encoding": {
            "x": time_axis(),
            "y": axis,
            "strokeDash": {
                "field": "series",
                "type": "nominal",
                "title": None,
                "scale": {"domain": ["close", "projected"], "range": [[1, 0], [4, 3]]},
            },
        },
    }
    return framed(title, told, values, {"layer": [*bands, lines]})


def _band(found: Projection, level: int) -> list[dict[str, Any]]:
    low, high = found.forecast.low[level].tolist(), found.forecast.high[level].tolist()
    return [
        {"date": str(day(when)), "value": rounded(least), "to": rounded(most), "series": f"{level}% interval"}
        for when, least, most in zip(found.dates, low, high, strict=True)
    ]


def _layer(level: int, axis: dict[str, Any]) -> Spec:
    return {
        "transform": [{"filter": f"datum.series === '{level}% interval'"}],
        "mark": {"type": "area", "opacity": _OPACITY[level], "tooltip": True},
        "encoding": {"x": time_axis(), "y": axis, "y2": {"field": "to"}},
    }
