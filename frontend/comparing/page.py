"""The page for analysts that sets two filings, or two periods, side by side."""

from collections.abc import Iterator
from functools import partial
from typing import Final

import streamlit as st

from frontend.access import session
from frontend.chat import citations
from frontend.chat.citations import Opened
from frontend.chat.viewer import show_desk
from frontend.comparing.drawing import NEW, OLD, figures_html, key_of, rows_html, state_of, texts_html
from frontend.comparing.records import Comparison, Listed, SectionPair, Spot, comparison, readable
from frontend.drawing.markup import label, plain_html
from frontend.drawing.waiting import counted
from frontend.drawing.wishes import fulfil, press
from frontend.gateway.client import Gateway

_KEPT: Final = "compare_kept"
_LISTED: Final = "compare_listed"
_SAME: Final = "compare_same"
_WISH: Final = "compare"
_INTRO: Final = (
    "Choose two documents, such as this year's report and last year's. Sections are paired by their headings and rows "
    "of tables by their labels; differences are computed, no language model takes part."
)
_NONE: Final = "There are no two documents that you may read. An admin adds documents on the Documents page."
_SHOWN: Final = {"Figures that differ": "figures", "Texts that differ": "texts", "Only in one": "alone", "All": "all"}
_A_PAGE: Final = 15


def page() -> None:
    """Draw the page."""
    who = session.current()
    if who is None:
        return
    st.title("Compare", anchor=False)
    st.html(plain_html(_INTRO, "note"))
    citations.listen()
    _choose(who.gateway)
    found = st.session_state.get(_KEPT)
    if isinstance(found, Comparison):
        show_desk(who.gateway, _opened(found), "compared", partial(_show, found))


def _choose(gateway: Gateway) -> None:
    found, more = _listed(gateway, "")
    if more:
        find = st.text_input("Find documents", key="compare-find", placeholder="Company, kind, period or file name")
        found, more = _listed(gateway, find)
    if len(found) < 2 and not more:
        st.info(_NONE if not st.session_state.get("compare-find") else "Fewer than two documents have these words.")
        return
    known = {one.source: one for one in found}
    if more:
        st.html(plain_html(f"{counted(more, 'more document')} aren't listed: find them by their words.", "note"))
    with st.form("compare", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        old = _select("Old", known, 0)
        new = _select("New", known, 1)
        st.form_submit_button(
            "Compare", type="primary", icon=":material/compare_arrows:", on_click=press, args=(_WISH,)
        )
    fulfil(_WISH, lambda: _compare(gateway, old, new))
    if st.session_state.get(_SAME):
        st.warning("These are the same document. Choose two.")


def _select(name: str, known: dict[str, Listed], at: int) -> str:
    key = f"compare-{name.lower()}"
    if st.session_state.get(key) not in known:
        st.session_state[key] = list(known)[min(at, len(known) - 1)]
    return str(st.selectbox(name, list(known), key=key, format_func=lambda source: _named(known[source])))


def _named(one: Listed) -> str:
    told = ", ".join(part for part in (one.company, one.kind, one.period) if part)
    return f"{told} ({one.document})" if told else one.source


def _listed(gateway: Gateway, find: str) -> tuple[list[Listed], int]:
    """The documents, asked for once: every press draws the page anew."""
    kept: dict[str, tuple[list[Listed], int]] = st.session_state.setdefault(_LISTED, {})
    if find not in kept:
        kept[find] = readable(gateway, find)
    return kept[find]


def _compare(gateway: Gateway, old: str, new: str) -> None:
    citations.close()
    st.session_state.pop(_KEPT, None)
    st.session_state.pop(_LISTED, None)
    st.session_state[_SAME] = old == new
    if old != new:
        with st.spinner("Comparing"):
            st.session_state[_KEPT] = comparison(gateway, old, new)


def _show(found: Comparison) -> None:
    st.markdown(label(_summary(found)))
    for note in found.notes:
        st.warning(label(note), icon=":material/warning:")
    chosen = st.segmented_control("Show", list(_SHOWN), default=_first(found), key="compare-show", required=True)
    shown = [one for one in found.sections if _fits(one, _SHOWN[str(chosen)])]
    if not shown:
        st.html(plain_html("There is none.", "note"))
        return
    pages = -(-len(shown) // _A_PAGE)
    at = st.pagination(pages, key="compare-page") if pages > 1 else 1
    for number, section in enumerate(shown[(at - 1) * _A_PAGE : at * _A_PAGE]):
        _show_section(section, found, f"{chosen}-{at}-{number}")
    st.html(plain_html("Press an amount or a document's name to see its page. Marked words differ.", "fine"))


def _summary(found: Comparison) -> str:
    both = sum(1 for one in found.sections if one.old and one.new)
    same = sum(one.same for one in found.sections)
    figures = sum(len(one.figures) for one in found.sections)
    alone = [sum(1 for one in found.sections if side(one) is None) for side in (_new_of, _old_of)]
    return (
        f"{counted(both, 'section')} in both, {same:,} of them the same; {alone[0]:,} only in {found.old.document}, "
        f"{alone[1]:,} only in {found.new.document}. {counted(figures, 'figure')} differ."
    )


def _old_of(section: SectionPair) -> object:
    return section.old


def _new_of(section: SectionPair) -> object:
    return section.new


def _first(found: Comparison) -> str:
    return next((name for name, kind in _SHOWN.items() if any(_fits(one, kind) for one in found.sections)), "All")


def _fits(section: SectionPair, kind: str) -> bool:
    alone = section.old is None or section.new is None
    wanted = {
        "figures": bool(section.figures),
        "texts": not alone and not section.same,
        "alone": alone or bool(section.rows_only_old or section.rows_only_new),
    }
    return wanted.get(kind, True)


def _show_section(section: SectionPair, found: Comparison, key: str) -> None:
    st.subheader(label(section.title), anchor=False, divider=False)
    st.html(figures_html(section, found) if section.figures else plain_html(state_of(section), "fine"))
    if rows := rows_html(section, found):
        st.html(rows)
    if section.same:
        return
    with st.expander("Both texts side by side", type="compact", key=f"texts-{key}", expanded=not section.figures):
        st.html(texts_html(section, found))


def _opened(found: Comparison) -> Opened | None:
    key = citations.wanted_key()
    sides = {OLD: found.old, NEW: found.new}
    for side, spot in _spots(found):
        if key_of(side, spot) == key:
            return Opened(key, spot.source_of(sides[side]), "")
    return None


def _spots(found: Comparison) -> Iterator[tuple[str, Spot]]:
    for section in found.sections:
        for name, side in ((OLD, section.old), (NEW, section.new)):
            if side is not None:
                yield name, side.spot
        for figure in section.figures:
            yield OLD, figure.old.spot
            yield NEW, figure.new.spot
