"""The sources under an answer."""

from collections.abc import Sequence

import streamlit as st

from frontend.evidence import cited_line
from frontend.markup import label, passage_html
from frontend.records import Message, Source
from frontend.waiting import counted

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
                _show(source, message.text)
    if other:
        with st.container(key=f"also-read-{place}"):
            _show_rest(other, f"{counted(len(other), 'more passage')} read for this answer" if cited else "")


def show_nearest(sources: Sequence[Source], place: str) -> None:
    """Offer the passages that came closest to a question that the documents don't answer."""
    if sources:
        with st.container(key=f"nearest-{place}"):
            _show_rest(sources, f"Show the nearest {counted(len(sources), 'passage')}")


def place_of(source: Source) -> str:
    """Where a passage stands, in words: file name, page."""
    return f"{source.document}, page {source.page}"


def _show(source: Source, answer: str) -> None:
    with st.expander(_heading(source), type="compact"):
        line = cited_line(answer, source.number, source.text)
        st.html(passage_html(source.text, line))


def _show_rest(sources: Sequence[Source], heading: str) -> None:
    with st.expander(heading or counted(len(sources), "passage"), type="compact"):
        for source in sources:
            st.markdown(_heading(source))
            st.html(passage_html(source.text))


def _heading(source: Source) -> str:
    section = " › ".join(source.section)
    if len(section) > _SECTION_CHARACTERS:
        section = section[:_SECTION_CHARACTERS].rstrip() + "…"
    parts = [f"**{label(source.document)}**", f"page {source.page}", *([label(section)] if section else [])]
    return f"\\[{source.number}\\] " + " · ".join(parts)
