"""Tables of figures, lists of them, and what the figures are."""

from collections.abc import Mapping, Sequence
from datetime import date
from html import escape
from typing import Final

import streamlit as st

MISSING: Final = "–"


def table_html(heads: Sequence[str], rows: Sequence[Sequence[str]], name: str) -> str:
    """A table whose first column names the row and whose others are figures; `name` is its caption for readers."""
    first, *others = heads
    top = f'<th scope="col">{escape(first)}</th>' + "".join(
        f'<th scope="col" class="amount">{escape(head)}</th>' for head in others
    )
    body = "".join(_row(others, row) for row in rows)
    caption = f"<caption>{escape(name)}</caption>"
    return f'<table class="files figures">{caption}<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>'


def _row(heads: Sequence[str], row: Sequence[str]) -> str:
    first, *others = row
    cells = "".join(
        f'<td class="amount" data-head="{escape(head)}">{escape(cell)}</td>'
        for head, cell in zip(heads, others, strict=True)
    )
    return f'<tr><th scope="row" class="file">{escape(first)}</th>{cells}</tr>'


def told_html(told: Mapping[str, str]) -> str:
    """Names and what belongs to each."""
    items = "".join(f"<dt>{escape(name)}</dt><dd>{escape(said)}</dd>" for name, said in told.items())
    return f'<dl class="told">{items}</dl>'


def show_definitions(definitions: Mapping[str, str], place: str) -> None:
    """What the figures are, for who wants to read it."""
    with st.expander("What these figures are", type="compact", key=f"definitions-{place}"):
        st.html(told_html(definitions))


def percent(value: float | None, signed: bool = False) -> str:
    """A fraction as percent."""
    if value is None:
        return MISSING
    return f"{value:+.1%}" if signed else f"{value:.1%}"


def amount(value: float) -> str:
    """An amount in the prices' currency."""
    return f"{value:,.2f}"


def day(when: date) -> str:
    """A day as people write it."""
    return f"{when.day} {when:%b %Y}"
