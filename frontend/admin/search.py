"""The search page for admins: what a question finds with whose rights, why, and whether it would be answered."""

from functools import partial
from typing import Final

import streamlit as st

from frontend.access import session
from frontend.admin.people_records import people
from frontend.admin.search_drawing import hits_html, verdict_html
from frontend.admin.search_records import Search, search
from frontend.chat import citations
from frontend.chat.citations import Opened
from frontend.chat.viewer import show_desk
from frontend.drawing.figures import told_html
from frontend.drawing.markup import label, plain_html
from frontend.drawing.wishes import fulfil, press
from frontend.gateway.client import Gateway

_KEPT: Final = "search_kept"
_EMPTY: Final = "search_empty"
_WISH: Final = "search"
_CITE: Final = "found"
_EVERYBODY: Final = "Everybody (documents without limits)"
_INTRO: Final = (
    "See what Dossier finds for a question, and why. It searches as for an answer, with the rights of the person that "
    "you choose; no language model takes part."
)
_MEANS: Final = {
    "By words": "How well the question's words fit (BM25): rarer words and shorter passages count more.",
    "By meaning": "How near the passage is to the question in meaning (cosine of their vectors, at most 1).",
    "Together": "Both ranks as one score (reciprocal rank fusion, in thousandths), raised where the document is what "
    "the question names.",
    "Best line": "How much of the question the passage's best line or table row shows by its words: what is asked for, "
    "the year, a number where one is asked for. It puts the first ten in order, together with the score before it, "
    "unless there is a reranker.",
    "Reranker": "A second model that reads question and passage together; above 0 it takes the passage for an answer.",
    "Likely": "Estimated from the passages. Below its limit (the upright line) a question is refused, unless it is "
    "computed from tables or answered from prices or news.",
}


def page() -> None:
    """Draw the page. Who isn't an admin doesn't get here, and the gateway would answer nothing."""
    who = session.current()
    if who is None:
        return
    st.title("Search", anchor=False)
    st.html(plain_html(_INTRO, "note"))
    citations.listen()
    _ask(who.gateway)
    found = st.session_state.get(_KEPT)
    if isinstance(found, Search):
        show_desk(who.gateway, _opened(found), "search-found", partial(_show_found, found))


def _ask(gateway: Gateway) -> None:
    names = ["", *(one.name for one in people(gateway))]
    with st.form("search", border=False):
        question = st.text_input("Question", key="search-question", placeholder="How long is parental leave?")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            seen_by = st.selectbox(
                "As seen by", names, key="search-seen-by", format_func=lambda name: name or _EVERYBODY
            )
            st.form_submit_button("Search", type="primary", icon=":material/search:", on_click=press, args=(_WISH,))
    fulfil(_WISH, lambda: _search(gateway, question, str(seen_by or "")))
    if st.session_state.get(_EMPTY):
        st.warning("Write what is to be looked for.")


def _search(gateway: Gateway, question: str, seen_by: str) -> None:
    citations.close()
    st.session_state.pop(_KEPT, None)
    st.session_state[_EMPTY] = not question.strip()
    if question.strip():
        st.session_state[_KEPT] = search(gateway, question, seen_by)


def _show_found(found: Search) -> None:
    if not found.hits:
        st.info("Nothing was found. Look on the Documents page whether anything is indexed that this person may read.")
        return
    st.html(verdict_html(found))
    rights = f"the groups {', '.join(found.groups)}" if found.groups else "no groups: documents without limits only"
    st.caption(label(f"Searched with {rights}. Press a document's name to see its page."))
    st.html(hits_html(found, _CITE))
    with st.expander("What these figures are", type="compact", key="definitions-search"):
        st.html(told_html({name: said for name, said in _MEANS.items() if name != "Reranker" or found.reranked}))


def _opened(found: Search) -> Opened | None:
    key = citations.wanted_key()
    source = next((hit.source for hit in found.hits if f"{_CITE}-{hit.source.number}" == key), None)
    return Opened(key, source, "") if source is not None else None
