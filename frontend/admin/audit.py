"""The audit page for admins: who did what and when, to filter, page through and take along."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from html import escape
from typing import Final

import streamlit as st

from frontend.access import session
from frontend.admin.audit_records import AuditEntry, AuditWish, audit_csv, audit_page
from frontend.admin.people_records import people
from frontend.drawing.markup import label
from frontend.drawing.moments import second, zone_name
from frontend.gateway.client import Gateway

_ROWS: Final = 50
_MOST: Final = 20_000
_PAGES: Final = "audit_pages"
_NOW: Final = "audit_since"
_ACTIONS: Final = {
    "sign-in": "Sign-in",
    "sign-out": "Sign-out",
    "ask": "Question",
    "read": "Reading",
    "change": "Change",
    "promote": "Promotion",
    "erase": "Erasure",
}
_SINCE: Final = {
    "The last hour": timedelta(hours=1),
    "The last 24 hours": timedelta(days=1),
    "The last 7 days": timedelta(days=7),
    "The last 30 days": timedelta(days=30),
    "The last 90 days": timedelta(days=90),
}
_TERMINAL: Final = "(terminal)"
_ABOUT: Final = (
    "A line for each request: names, routes, ids and documents, never what was asked or answered. Nobody can change it."
)


def page() -> None:
    """Draw the page. Who isn't an admin doesn't get here, and the gateway would answer nothing."""
    who = session.current()
    if who is None:
        return
    st.title("Audit", anchor=False)
    st.caption(label(f"{_ABOUT} Times are those of {zone_name()}."))
    wish = _filters(who.gateway)
    pages: list[int] = st.session_state.get(_PAGES, [])
    shown = AuditWish(wish.person, wish.action, wish.since, pages[-1] if pages else 0)
    lines, before = audit_page(who.gateway, shown, _ROWS)
    if lines:
        st.html(_table(lines))
    else:
        st.info("No lines match. Choose another person, action or time.")
    with st.container(horizontal=True, vertical_alignment="center"):
        if pages:
            st.button("Newer", key="audit-newer", icon=":material/arrow_back:", on_click=_turn, args=(pages[:-1],))
        if before:
            turned = ([*pages, before],)
            st.button("Older", key="audit-older", icon=":material/arrow_forward:", on_click=_turn, args=turned)
        if lines:
            st.download_button(
                "Download CSV", partial(audit_csv, who.gateway, wish, _MOST), "dossier-audit.csv", "text/csv",
                key="audit-csv", icon=":material/download:", on_click="ignore",
                help=f"All lines that match, the newest {_MOST:,} at most. Times in it are UTC.",
            )  # fmt: skip


def _filters(gateway: Gateway) -> AuditWish:
    names = [one.name for one in people(gateway)]
    with st.container(horizontal=True, key="audit-filters"):
        person = st.selectbox(
            "Person", [*names, _TERMINAL], index=None, placeholder="Everybody", key="audit-person",
            accept_new_options=True, on_change=_begin,
        )  # fmt: skip
        action = st.selectbox(
            "Action", list(_ACTIONS), index=None, placeholder="All", format_func=lambda one: _ACTIONS.get(one, one),
            key="audit-action", on_change=_begin,
        )  # fmt: skip
        since = st.selectbox(
            "Since", list(_SINCE), index=None, placeholder="The beginning", key="audit-since", on_change=_begin
        )
    # from one moment for all pages: it would move on with each
    now = st.session_state.setdefault(_NOW, datetime.now(UTC))
    return AuditWish(person or "", action or "", now - _SINCE[since] if since else None)


def _turn(pages: list[int]) -> None:
    st.session_state[_PAGES] = pages


def _begin() -> None:
    st.session_state.pop(_PAGES, None)
    st.session_state.pop(_NOW, None)


def _table(lines: Sequence[AuditEntry]) -> str:
    heads = (f"Time ({zone_name()})", "Person", "What", "About", "Result")
    row = "".join(f'<th scope="col">{escape(head)}</th>' for head in heads)
    return f'<table class="files audit"><thead><tr>{row}</tr></thead><tbody>{"".join(map(_row, lines))}</tbody></table>'


def _row(line: AuditEntry) -> str:
    kind = "bad" if line.status >= 400 else "plain"
    times = f" × {line.times}" if line.times > 1 else ""
    about = "".join(f"<div>{escape(one)}</div>" for one in (line.target, *line.documents) if one) or "–"
    person = escape(line.person) or '<span class="fine">nobody known</span>'
    return (
        f'<tr><td class="moment">{second(line.at)}</td><td class="file">{person}</td>'
        f'<td>{escape(_ACTIONS.get(line.action, line.action))}<div class="reason">{escape(line.route)}</div></td>'
        f'<td class="file about" data-head="About">{about}</td>'
        f'<td><span class="state {kind}">{escape(line.outcome.replace("_", " "))}</span>'
        f'<div class="reason">{line.status}{times}</div></td></tr>'
    )
