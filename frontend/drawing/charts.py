"""Charts that the gateway sends, drawn on the page. A specification is checked first: it may load nothing."""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

import streamlit as st

from frontend.drawing.markup import plain_html
from frontend.gateway.answer_records import Spec

_LOADING: Final = frozenset({"url", "href", "usermeta", "datasets"})
"""What a specification would load something with, link with, or set the drawing up with."""
_CANT: Final = "The chart can't be drawn: "
_DEEPEST: Final = 40
_COLOURS: Final = ("#2f8f86", "#c97b12", "#8a63b0", "#c2554a", "#4a7fc1")
"""Each is seen well on light and dark paper."""
_LOOK: Final = {
    "mark": {"color": _COLOURS[0]},
    "range": {"category": list(_COLOURS)},
    "axisX": {"labelBound": True},
    "legend": {"orient": "top", "title": None},
}
"""A legend beside the drawing would take the width of a narrow screen."""


def show_chart(spec: Spec, place: str) -> None:
    """Draw a chart, or say in words why not; `place` tells it from others."""
    problem = problem_of(spec)
    if problem:
        st.html(plain_html(_CANT + problem, "note"))
        return
    title = spec.get("title")
    apart = ("width", "$schema", "title") if isinstance(title, str) else ("width", "$schema")
    with st.container(key=f"chart-{place}"):
        if isinstance(title, str):  # on a narrow screen the drawing would cut it off
            st.html(plain_html(title, "chart-title"))
        drawn = {name: value for name, value in spec.items() if name not in apart}
        st.vega_lite_chart({"config": _LOOK, **drawn}, width="stretch")


def problem_of(spec: Spec) -> str:
    """Why a specification isn't drawn, in words; empty where it is."""
    data = spec.get("data")
    rows = data.get("values") if isinstance(data, Mapping) else None
    if not isinstance(rows, Sequence) or isinstance(rows, str) or not rows:
        return "it has no values of its own."
    if not all(isinstance(row, Mapping) and all(map(_is_plain, row.values())) for row in rows):
        return "its values aren't rows of numbers and words."
    rest = {**spec, "data": {name: value for name, value in data.items() if name != "values"}}  # type: ignore[union-attr]
    if _loads(rest):
        return "it would load or link to something outside itself."
    return _fault(json.dumps({**spec, "data": {"values": []}}, sort_keys=True))


def _is_plain(value: object) -> bool:
    return value is None or isinstance(value, str | int | float)


def _loads(part: object, depth: int = 0) -> bool:
    if depth > _DEEPEST:
        return True  # nothing that is drawn here goes so deep
    if isinstance(part, Mapping):
        return any(name in _LOADING or _loads(value, depth + 1) for name, value in part.items())
    if isinstance(part, list | tuple):
        return any(_loads(value, depth + 1) for value in part)
    return False


@lru_cache(maxsize=256)
def _fault(spec: str) -> str:
    import altair
    from jsonschema import ValidationError  # type: ignore[import-untyped]

    try:
        altair.Chart.from_dict(json.loads(spec))
    except (ValidationError, ValueError, TypeError, KeyError):  # altair raises each of them for what is no chart
        return "it isn't a chart that Vega-Lite knows."
    return ""
