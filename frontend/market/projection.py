"""A symbol's projection, made when it is asked for."""

from typing import Final

import streamlit as st

from frontend.drawing.charts import show_chart
from frontend.drawing.figures import MISSING, amount, day, percent, show_definitions, table_html
from frontend.drawing.markup import label, plain_html
from frontend.drawing.wishes import fulfil, press
from frontend.gateway.client import Gateway
from frontend.market.records import Projection, Score, Symbol, projection_of

_MOST_DAYS: Final = 60
_MADE: Final = "market_projection"
_HOW: Final = (
    "Models are tried on earlier prices, with what was known then. One is taken only where it clearly beats the last "
    "close going on; most prices are beaten by none."
)


def show(gateway: Gateway, symbol: Symbol) -> None:
    """The button, and the projection once it is made."""
    wish = f"market-projection-{symbol.name}"  # what is against one symbol's is nothing against another's
    st.subheader("Projection", anchor=False)
    st.caption(_HOW)
    with st.form("market-project", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        days = st.number_input("Coming days with a price", 1, _MOST_DAYS, 20, width=220)
        st.form_submit_button("Project", icon=":material/insights:", on_click=press, args=(wish,))
    fulfil(wish, lambda: _make(gateway, symbol, int(days)))
    made = st.session_state.get(_MADE)
    if made is not None and made[0] == symbol.name:
        _show_made(made[1])


def _make(gateway: Gateway, symbol: Symbol, days: int) -> None:
    st.session_state.pop(_MADE, None)
    with st.spinner(f"Trying models on earlier prices of {label(symbol.name)}. It may take a minute.", show_time=True):
        st.session_state[_MADE] = (symbol.name, projection_of(gateway, symbol, days))


def _show_made(found: Projection) -> None:
    show_chart(found.chart, "projection")
    st.markdown(label(found.verdict))
    rows = [(f"{level:.0%} interval", f"{amount(low)} to {amount(high)}") for level, low, high in found.intervals]
    middle = (("Last close", amount(found.last_close)), ("Middle", amount(found.middle)))
    until = day(found.until)
    st.html(table_html((f"On {until}", "Close"), [*middle, *rows], f"Projected close on {until}"))
    levels = [level for level, _, _ in found.intervals]
    heads = ("Model", "Error", "Scaled error", *(f"Held by {level:.0%}" for level in levels))
    tried = f"How the models did from {found.origins} earlier days"
    st.html(table_html(heads, [_row(one, levels, found.model) for one in found.scores], tried))
    models = {one.model: f"{one.definition}. {one.problem}".strip() for one in found.scores}
    show_definitions({**found.definitions, **models}, "projection")
    for note in found.notes:
        st.html(plain_html(note, "note"))
    st.html(plain_html(found.advice, "fine"))


def _row(one: Score, levels: list[float], taken: str) -> tuple[str, ...]:
    name = f"{one.model} (taken)" if one.model == taken else one.model
    errors = [f"{value:.2f}" if value is not None else MISSING for value in (one.error, one.scaled_error)]
    return (name, *errors, *(percent(one.coverage.get(level)) for level in levels))
