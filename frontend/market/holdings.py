"""Holdings on the market page: typed or brought as a file, and their risk."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import streamlit as st

from dossier.errors import DossierError
from frontend.drawing.figures import MISSING, amount, day, percent, show_definitions, table_html
from frontend.drawing.markup import label, plain_html
from frontend.drawing.wishes import fulfil, press
from frontend.gateway.client import Gateway
from frontend.market.records import Symbol
from frontend.market.risk_records import Holding, Position, Risk, holdings_of, risk_of

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped]

_ROWS: Final = "market_holdings"
_START: Final = "market_holdings_start"
_EDITOR: Final = "market_holdings_editor"
_FILE: Final = "market_holdings_file"
_PROBLEM: Final = "market_holdings_problem"
_MADE: Final = "market_risk"
_WISH: Final = "market-risk"
_HOW: Final = (
    "Fill in how many shares there are of each symbol, or bring a CSV file with the columns symbol and quantity. "
    "All must be in one currency. Nothing of it is kept after you sign out."
)


def show(gateway: Gateway, symbols: Sequence[Symbol], watched: Sequence[str]) -> None:
    """The table to edit, the file to bring, and the risk once it is measured."""
    st.subheader("Holdings", anchor=False)
    st.caption(_HOW)
    with st.expander("Bring a file", type="compact", key="market-bring"):
        number = int(st.session_state.get(_FILE, 0))  # another key empties the field
        st.file_uploader(
            "Holdings as CSV", ["csv"], key=f"market-file-{number}", on_change=_bring, args=(number,), max_upload_size=1
        )
    if problem := st.session_state.pop(_PROBLEM, ""):
        st.error(label(problem), icon=":material/error:")
    holdings = _edit([one.name for one in symbols], watched)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        against = st.selectbox(
            "Market, for betas and scenarios", [one.name for one in symbols], index=None, placeholder="None", width=280
        )
        st.button(
            "Measure the risk", key="market-measure", type="primary", icon=":material/shield:",
            on_click=press, args=(_WISH,),
        )  # fmt: skip
    fulfil(_WISH, lambda: _measure(gateway, holdings, against or ""))
    made: Risk | None = st.session_state.get(_MADE)
    if made is not None:
        _show_risk(made)


def _bring(number: int) -> None:
    file = st.session_state.get(f"market-file-{number}")
    if file is None:
        return
    st.session_state[_FILE] = number + 1
    try:
        st.session_state[_ROWS] = holdings_of(file.getvalue())
    except DossierError as error:
        st.session_state[_PROBLEM] = f"{file.name}: {error}"
        return
    st.session_state[_EDITOR] = int(st.session_state.get(_EDITOR, 0)) + 1
    st.session_state.pop(_MADE, None)


def _edit(known: list[str], watched: Sequence[str]) -> list[Holding]:
    key = f"market-holdings-{st.session_state.get(_EDITOR, 0)}"
    if key not in st.session_state or _START not in st.session_state:
        # what an editor begins with must stay the same while it is edited
        st.session_state[_START] = st.session_state.get(_ROWS) or [Holding(name, None) for name in watched]
    options = list(dict.fromkeys([*known, *(one.symbol for one in st.session_state[_START])]))
    edited = st.data_editor(
        _frame(st.session_state[_START]), key=key, num_rows="dynamic", hide_index=True, width="stretch",
        alt="Holdings: a symbol and a quantity in each row",
        column_config={
            "symbol": st.column_config.SelectboxColumn("Symbol", options=options, required=True),
            "quantity": st.column_config.NumberColumn("Quantity", min_value=0, format="localized"),
        },
    )  # fmt: skip
    rows = [Holding(str(one["symbol"] or ""), _number(one["quantity"])) for one in edited.to_dict("records")]
    st.session_state[_ROWS] = rows
    return rows


def _frame(holdings: Sequence[Holding]) -> "pd.DataFrame":
    import pandas as pd

    symbols = pd.Series([one.symbol for one in holdings], dtype="string")
    return pd.DataFrame({"symbol": symbols, "quantity": pd.Series([one.quantity for one in holdings], dtype="float64")})


def _number(value: object) -> float | None:
    return value if isinstance(value, float) and value == value else None  # NaN is a cell that is empty


def _measure(gateway: Gateway, holdings: Sequence[Holding], against: str) -> None:
    st.session_state.pop(_MADE, None)
    st.session_state[_MADE] = risk_of(gateway, holdings, against)


def _show_risk(found: Risk) -> None:
    st.markdown(
        label(
            f"Worth {amount(found.total)} on {day(found.last)}, with a volatility of {percent(found.volatility)} a "
            f"year, measured over {found.returns:,} returns from {day(found.first)}."
        )
    )
    heads = ("Holding", "Close", "Value", "Weight", "Volatility", "Beta")
    shown = len(heads) if any(one.beta is not None for one in found.positions) else len(heads) - 1
    st.html(table_html(heads[:shown], [_position(one)[:shown] for one in found.positions], "Holdings"))
    if len(found.positions) > 1:
        names = [one.symbol for one in found.positions]
        rows = [(name, *(f"{value:.2f}" for value in row)) for name, row in zip(names, found.correlation, strict=True)]
        st.html(table_html(("", *names), rows, "Correlation"))
    losses = [
        (f"{one.level:.0%}", _loss(one.at_risk, one.at_risk_amount), _loss(one.shortfall, one.shortfall_amount))
        for one in found.losses
    ]
    levels = ("Level", "Value-at-risk", "Expected shortfall")
    st.html(table_html(levels, losses, "What may be lost from one price to the next"))
    scenarios = [(name, percent(change, signed=True), f"{money:+,.2f}") for name, change, money in found.scenarios]
    st.html(table_html(("Scenario", "Change", "Amount"), scenarios, "Scenarios"))
    show_definitions(found.definitions, "risk")
    for note in found.notes:
        st.html(plain_html(note, "note"))
    st.html(plain_html(found.advice, "fine"))


def _position(one: Position) -> tuple[str, ...]:
    beta = f"{one.beta:.2f}" if one.beta is not None else MISSING
    return (one.symbol, amount(one.close), amount(one.value), percent(one.weight), percent(one.volatility), beta)


def _loss(share: float, money: float) -> str:
    return f"{percent(share)} ({amount(money)})"
