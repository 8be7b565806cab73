"""Charts: valid Vega-Lite, the right numbers, and nothing that is loaded from elsewhere."""

import json
import warnings

import numpy as np
import pytest

from serving.market.charts import SCHEMA, Average, ChartKind, chart_of, drawdown_chart, prices_chart, returns_chart
from tests.serving.market.test_measures import prices_of

PRICES = prices_of([100, 120, 90, 110, 60, 130, 125])
AVERAGES = (Average(3), Average(2, exponential=True))


@pytest.mark.parametrize("kind", list(ChartKind))
def test_charts_are_json_with_their_data_and_no_addresses(kind: ChartKind) -> None:
    spec = chart_of(kind, PRICES, AVERAGES)
    assert spec["$schema"] == SCHEMA
    text = json.dumps({**spec, "$schema": ""}, allow_nan=False)
    assert "http" not in text and '"url"' not in text
    assert spec["data"]["values"]
    assert "X: " in spec["title"] and "x.csv" in spec["description"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", list(ChartKind))
def test_altair_takes_the_charts(kind: ChartKind) -> None:
    altair = pytest.importorskip("altair", reason="altair isn't installed")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        chart = altair.Chart.from_dict(chart_of(kind, PRICES, AVERAGES))
        assert chart.to_dict()["mark"] == chart_of(kind, PRICES, AVERAGES)["mark"]
    jsonschema = pytest.importorskip("jsonschema")
    broken = {**chart_of(kind, PRICES), "mark": {"type": "no such mark"}}
    with pytest.raises(jsonschema.ValidationError):
        altair.Chart.from_dict(broken)


def test_prices_with_their_averages() -> None:
    values = prices_chart(PRICES, AVERAGES)["data"]["values"]
    by_series = {
        name: [one["value"] for one in values if one["series"] == name] for name in {v["series"] for v in values}
    }
    assert by_series["close"] == [100, 120, 90, 110, 60, 130, 125]
    assert len(by_series["3-price average"]) == 5
    assert by_series["3-price average"][0] == pytest.approx(310 / 3)
    assert len(by_series["2-price exponential average"]) == 7


def test_drawdown_and_returns() -> None:
    below = [one["value"] for one in drawdown_chart(PRICES)["data"]["values"]]
    assert below == pytest.approx([0, 0, -0.25, 110 / 120 - 1, -0.5, 0, 125 / 130 - 1])
    returns = returns_chart(PRICES)["data"]["values"]
    assert returns[0] == {"date": "2024-01-02", "value": pytest.approx(0.2), "series": "return"}
    assert len(returns) == 6
    assert np.isfinite([one["value"] for one in returns]).all()
