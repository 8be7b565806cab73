"""What is drawn of what comes as a chart: only what holds its own values and is known to Vega-Lite."""

from typing import Any

import pytest

from frontend.drawing.charts import problem_of
from frontend.gateway.answer_records import spec_of
from tests.frontend.scripted_gateway.contents import CHART

OTHER = {"url": "http://198.51.100.7/d.json"}


@pytest.mark.slow
def test_a_chart_with_its_own_values_is_drawn() -> None:
    assert problem_of(CHART) == ""
    assert (
        problem_of({**CHART, "data": {"values": [{"url": "a column's name", "date": "2026-01-05", "value": 1}]}}) == ""
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"data": OTHER}, "no values of its own"),
        ({"data": {"values": []}}, "no values of its own"),
        ({"data": {"values": "a,b"}}, "no values of its own"),
        ({"data": {"values": [{"a": {"url": "x"}}]}}, "aren't rows"),
        ({"data": {"values": [1, 2]}}, "aren't rows"),
        ({"data": {**CHART["data"], **OTHER}}, "outside itself"),
        ({"layer": [{"data": OTHER, "mark": "line"}]}, "outside itself"),
        ({"transform": [{"lookup": "a", "from": {"data": OTHER, "key": "a"}}]}, "outside itself"),
        ({"mark": {"type": "image", **OTHER}}, "outside itself"),
        ({"encoding": {"href": {"value": "http://198.51.100.7"}}}, "outside itself"),
        ({"usermeta": {"embedOptions": {"sourceHeader": "<script>"}}}, "outside itself"),
        ({"mark": "nonsense"}, "isn't a chart"),
        ({"mark": None}, "isn't a chart"),
        ({"encoding": 5}, "isn't a chart"),
    ],
)
def test_what_isnt_drawn_is_said(changes: dict[str, Any], said: str) -> None:
    assert said in problem_of({**CHART, **changes})


def test_what_is_nested_without_end_isnt_drawn() -> None:
    deep: dict[str, Any] = {}
    for _ in range(500):
        deep = {"layer": [deep]}
    assert "outside itself" in problem_of({**CHART, **deep})


def test_what_is_no_object_is_a_chart_that_cant_be_drawn() -> None:
    assert spec_of(None) is None
    for told in ("text", ["list"], 5):
        assert problem_of(spec_of(told) or {}) != ""
