"""The page for analysts: a watchlist, one symbol in full, its projection, and the risk of holdings."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

import streamlit as st

from dossier.errors import DossierError
from frontend.access import session
from frontend.drawing.charts import show_chart
from frontend.drawing.faults import show_error
from frontend.drawing.figures import MISSING, amount, day, percent, show_definitions, table_html, told_html
from frontend.drawing.markup import label, plain_html
from frontend.gateway.client import Gateway
from frontend.market import holdings, projection
from frontend.market.records import Measures, Symbol, chart_of, measures_of, symbols_of

_MOST: Final = 12
_AT_FIRST: Final = 5
_AVERAGES: Final = (20, 50, 200)
_PERIODS: Final = {"1 month": 31, "3 months": 92, "1 year": 366, "5 years": 1827, "All": 0}
_CHARTS: Final = {"Price": "prices", "Falls": "drawdown", "Returns": "returns"}
_KEPT: Final = "market_kept"
_NO_PRICES: Final = (
    "There are no prices yet. An admin names a folder of price files (CSV or Parquet, with the columns date and close) "
    "in the setting market_data and starts Dossier again; then this page shows them."
)
_CHANGE: Final = "last close over the first of the period, less one; without dividends unless the file adjusts for them"


def page() -> None:
    """Draw the page."""
    who = session.current()
    if who is None:
        return
    st.title("Market", anchor=False)
    symbols, problems = symbols_of(who.gateway)
    if not symbols:
        st.info(_NO_PRICES, icon=":material/show_chart:")
        for problem in problems:
            st.html(plain_html(problem, "note"))
        return
    for problem in problems:
        st.warning(label(f"Left out: {problem}"), icon=":material/warning:")
    watched = _watchlist(symbols)
    period = _period()
    days = _PERIODS[period]
    measured = _show_watched(who.gateway, watched, period)
    if measured:
        chosen = _choose(list(measured))
        _show_symbol(who.gateway, chosen, measured[chosen], days)
    holdings.show(who.gateway, symbols, [one.name for one in watched])


def _watchlist(symbols: Sequence[Symbol]) -> list[Symbol]:
    known = {one.name: one for one in symbols}
    kept = _kept("watch")
    before = [name for name in kept.split(",") if name in known] if kept is not None else list(known)[:_AT_FIRST]
    st.session_state.setdefault("market-watch", before[:_MOST])
    names = st.multiselect(
        "Watchlist", list(known), key="market-watch", format_func=lambda name: known[name].title,
        max_selections=_MOST, placeholder="Choose symbols to watch",
    )  # fmt: skip
    gone = [name for name in (kept or "").split(",") if name and name not in known]
    _keep("watch", ",".join(names))
    if gone:
        st.html(plain_html(f"There are no prices of {', '.join(gone)} that you may read.", "note"))
    return [known[name] for name in names]


def _period() -> str:
    kept = _kept("period")
    st.session_state.setdefault("market-period", kept if kept in _PERIODS else "1 year")
    chosen = st.segmented_control("Period", list(_PERIODS), key="market-period", required=True)
    period = chosen if chosen in _PERIODS else "1 year"  # a browser that comes late may tell nothing once
    _keep("period", period)
    return period


def _show_watched(gateway: Gateway, watched: Sequence[Symbol], period: str) -> dict[Symbol, Measures]:
    """The table; what could be measured."""
    measured: dict[Symbol, Measures] = {}
    failed: dict[Symbol, DossierError] = {}
    for symbol in watched:
        try:
            measured[symbol] = measures_of(gateway, symbol, _since(symbol, _PERIODS[period]))
        except DossierError as error:
            failed[symbol] = error
    if not watched:
        st.html(plain_html("Nothing is watched. Choose symbols above.", "note"))
    if measured:
        over = period if _PERIODS[period] else "all prices"
        heads = ("Symbol", "Last close", "Change", "Volatility", "Largest fall")
        st.html(table_html(heads, [_row(symbol, one) for symbol, one in measured.items()], f"Figures, {over}"))
        st.html(plain_html(next(iter(measured.values())).advice, "fine"))
    for symbol, problem in failed.items():
        show_error(problem, f"watched-{symbol.name}")
    return measured


def _row(symbol: Symbol, one: Measures) -> tuple[str, ...]:
    figures = (amount(one.last_close), percent(one.change, signed=True), percent(one.volatility), percent(one.depth))
    return (symbol.title, *figures)


def _choose(symbols: Sequence[Symbol]) -> Symbol:
    """The symbol to look at closely."""
    known = {one.name: one for one in symbols}
    kept = _kept("symbol")
    if st.session_state.get("market-symbol") not in known:
        st.session_state["market-symbol"] = kept if kept in known else next(iter(known))
    name = st.pills("Look closer at", list(known), key="market-symbol", required=True)
    _keep("symbol", str(name))
    return known[str(name)]


def _show_symbol(gateway: Gateway, symbol: Symbol, one: Measures, days: int) -> None:
    st.subheader(label(symbol.title), anchor=False)
    with st.container(horizontal=True, key="market-drawing", vertical_alignment="bottom"):
        kind = _CHARTS[str(st.segmented_control("Chart", list(_CHARTS), default="Price", required=True))]
        averages: Sequence[int] = ()
        if kind == "prices":
            averages = st.pills(
                "Moving averages", _AVERAGES, selection_mode="multi", default=_AVERAGES[:1],
                format_func=lambda window: f"{window} prices",
            )  # fmt: skip
    try:
        show_chart(chart_of(gateway, symbol, kind, _since(symbol, days), averages), "market")
    except DossierError as error:
        show_error(error, "market-chart")
    st.html(told_html(_told(one)))
    show_definitions({"Change": _CHANGE, **one.definitions}, "market")
    for note in one.notes:
        st.html(plain_html(note, "note"))
    projection.show(gateway, symbol)


def _told(one: Measures) -> dict[str, str]:
    fell = f"{percent(one.depth)}, from {day(one.peak)} to {day(one.trough)}"
    again = f"; made good on {day(one.recovery)}" if one.recovery else "; not made good yet"
    return {
        "Period": f"{day(one.first)} to {day(one.last)}, {one.observations:,} closing prices",
        "Last close": amount(one.last_close),
        "Change": percent(one.change, signed=True),
        "Highest close": f"{amount(one.high[0])} on {day(one.high[1])}",
        "Lowest close": f"{amount(one.low[0])} on {day(one.low[1])}",
        "Volatility": f"{percent(one.volatility)} a year" if one.volatility is not None else MISSING,
        "Largest fall": fell + again if one.depth else "none",
    }


def _since(symbol: Symbol, days: int) -> date | None:
    since = symbol.last - timedelta(days=days)
    return since if days and since > symbol.first else None


def _kept(name: str) -> str | None:
    """What the address says, else what was chosen before another page was looked at."""
    kept: dict[str, str] = st.session_state.setdefault(_KEPT, {})
    return st.query_params.get(name, kept.get(name))


def _keep(name: str, value: str) -> None:
    st.session_state.setdefault(_KEPT, {})[name] = value
    if st.query_params.get(name) != value:
        st.query_params[name] = value
