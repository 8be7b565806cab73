"""How one message of a conversation looks."""

from collections.abc import Callable
from typing import Final

import streamlit as st

from dossier.records import Verdict
from frontend.chat.numbers import doubts_html, marks_of, show_numbers
from frontend.chat.sources import place_of, show_nearest, show_sources
from frontend.drawing.charts import show_chart
from frontend.drawing.faults import show_problem
from frontend.drawing.markup import Mark, answer_html, plain_html
from frontend.gateway.records import Message

_AVATARS: Final = {"user": ":material/person:", "assistant": ":material/article:"}
_INTERRUPTED: Final = "Stopped before it was finished."

_NOTHING_SAID: Final = "Stopped before there was an answer."


def bubble(role: str) -> st.delta_generator.DeltaGenerator:
    """The place of one message."""
    return st.chat_message(role, avatar=_AVATARS[role])


def show_question(text: str) -> None:
    """Draw a question."""
    with bubble("user"):
        st.html(plain_html(text, "question"))


def show_message(
    message: Message,
    place: str,
    problem: str = "",
    again: Callable[[], None] | None = None,
    below: Callable[[], None] | None = None,
) -> None:
    """Draw one message. `place` tells its widgets from others'; `problem` is why it broke off, `again` asks anew.

    `below` draws what belongs under an answer.
    """
    if message.role == "user":
        show_question(message.text)
        return
    with bubble("assistant"):
        if message.asked_as:
            st.html(plain_html(f"Asked as: {message.asked_as}", "asked-as"))
        if message.verdict is Verdict.NOT_IN_DOCUMENTS:
            _show_refusal(message, place)
        else:
            _show_answer(message, place, "" if problem else _INTERRUPTED)
        if problem:
            show_problem(problem, "answer", again)
        elif below is not None:
            below()


def _cite(message: Message) -> str:
    """What its markers name an answer by; empty while it isn't kept."""
    return str(message.id or "")


def _show_refusal(message: Message, place: str) -> None:
    with st.container(key=f"not-found-{place}"):
        st.html('<div class="not-found-title">Not in the documents</div>' + answer_html(message.text, {}))
        if message.note:
            st.html(plain_html(message.note, "note"))
        show_nearest(message, place)


def _show_answer(message: Message, place: str, interrupted: str) -> None:
    titles = {source.number: place_of(source) for source in message.sources}
    if message.text:
        doubts = [Mark(one.start, one.end, "doubt", one.reason) for one in message.unsupported]
        st.html(answer_html(message.text, titles or None, marks_of(message.traces), doubts, _cite(message)))
    if message.unsupported:
        st.html(doubts_html(message))
    if not message.text and interrupted:
        interrupted = _NOTHING_SAID
    for note in (message.note, interrupted if message.interrupted else ""):
        if note:
            st.html(plain_html(note, "note"))
    if message.chart is not None:
        show_chart(message.chart, place)
    show_numbers(message, place)
    show_sources(message, place)
