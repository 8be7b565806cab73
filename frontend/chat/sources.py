"""The sources under an answer."""

from collections.abc import Sequence

import streamlit as st

from frontend.chat.citations import key_of, open_source
from frontend.chat.evidence import cited_line
from frontend.drawing.markup import label, passage_html
from frontend.drawing.waiting import counted
from frontend.gateway.records import Message
from frontend.gateway.source_records import Source

_SECTION_CHARACTERS = 90


def show_sources(message: Message, place: str) -> None:
    """List what the answer cites, one line each that opens to the passage; then what else was read.

    `place` tells the widgets of one answer from those of others.
    """
    cited = [source for source in message.sources if source.cited]
    other = [source for source in message.sources if not source.cited]
    if cited:
        with st.container(key=f"sources-{place}"):
            st.html('<div class="eyebrow">Sources</div>')
            for source in cited:
                _show(source, message)
    if other:
        with st.container(key=f"also-read-{place}"):
            heading = f"{counted(len(other), 'more passage')} read for this answer" if cited else ""
            _show_rest(message, other, heading)


def show_nearest(message: Message, place: str) -> None:
    """Offer the passages that came closest to a question that the documents don't answer."""
    if message.sources:
        with st.container(key=f"nearest-{place}"):
            _show_rest(message, message.sources, f"Show the nearest {counted(len(message.sources), 'passage')}")


def place_of(source: Source) -> str:
    """Where a passage stands, in words: file name, page."""
    return f"{source.document}, page {source.page}"


def _show(source: Source, message: Message) -> None:
    with st.expander(_heading(source), type="compact"):
        line = cited_line(message.text, source.number, source.text)
        st.html(passage_html(source.text, line))
        _offer_page(source, message)


def _offer_page(source: Source, message: Message) -> None:
    key = key_of(message, source)
    if key:
        words, icon = f"Open page {source.page:,}", ":material/menu_book:"
        st.button(words, key=f"open-source-{key}", type="tertiary", icon=icon, on_click=open_source, args=(key,))


def _show_rest(message: Message, sources: Sequence[Source], heading: str) -> None:
    with st.expander(heading or counted(len(sources), "passage"), type="compact"):
        for source in sources:
            st.markdown(_heading(source))
            st.html(passage_html(source.text))
            _offer_page(source, message)


def _heading(source: Source) -> str:
    section = " › ".join(source.section)
    if len(section) > _SECTION_CHARACTERS:
        section = section[:_SECTION_CHARACTERS].rstrip() + "…"
    parts = [f"**{label(source.document)}**", f"page {source.page}", *([label(section)] if section else [])]
    return f"\\[{source.number}\\] " + " · ".join(parts)
