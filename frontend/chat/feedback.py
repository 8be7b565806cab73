"""Under each answer: whether it helped, what would have been right, and what came of it."""

from collections.abc import Mapping
from typing import Final

import streamlit as st

from dossier.errors import DossierError
from dossier.feedback import FAULTS, REASONS, FeedbackState, Reason, Thumb
from frontend.drawing.faults import show_problem
from frontend.drawing.markup import label, plain_html
from frontend.gateway.client import Gateway
from frontend.gateway.feedback_records import Feedback, Opinion
from frontend.gateway.records import Message
from frontend.gateway.source_records import Source

_ELSEWHERE: Final = "Another document"
_COMPUTED: Final = "Where it is computed, write how: 21% = (412 - 340) / 340"
_OPEN: Final = "feedback_open"
_PROBLEM: Final = "feedback_problem"
_CAME_OF_IT: Final = {
    FeedbackState.NEW: "Thank you. Nobody has looked at it yet.",
    FeedbackState.REJECTED: "It was looked at and put aside.",
    FeedbackState.IN_TRAINING_SET: "Your correction is in the training set: a later model learns from it.",
}


def show_feedback(gateway: Gateway, message: Message, kept: Mapping[int, Feedback]) -> None:
    """Draw the thumbs of an answer and what was said about it. `kept` is by the answer's id."""
    if not message.id or message.verdict is None:
        return
    feedback = kept.get(message.id)
    with st.container(horizontal=True, vertical_alignment="center", key=f"thumbs-{message.id}", gap="small"):
        for thumb, words, icon in ((Thumb.UP, "Helpful", "thumb_up"), (Thumb.DOWN, "Not right", "thumb_down")):
            chosen = feedback is not None and feedback.opinion.thumb is thumb
            st.button(
                words, icon=f":material/{icon}:", key=f"thumb-{thumb}-{message.id}",
                type="secondary" if chosen else "tertiary", disabled=chosen, on_click=_press,
                args=(gateway, Opinion(message.id, thumb)),
            )  # fmt: skip
        if feedback is not None:
            st.html(plain_html(_what_came_of_it(feedback), "fine"))
    problem_of, problem = st.session_state.get(_PROBLEM, (0, ""))
    if problem_of == message.id:
        show_problem(problem, f"feedback-{message.id}")
    if feedback is not None and feedback.opinion.thumb is Thumb.DOWN:
        said_more = feedback.opinion != Opinion(message.id, Thumb.DOWN)
        title = "What you said about it" if said_more else "Say what is wrong"
        with st.expander(title, expanded=st.session_state.get(_OPEN) == message.id):
            _show_form(gateway, message, feedback.opinion)


def _what_came_of_it(feedback: Feedback) -> str:
    if feedback.opinion.thumb is Thumb.UP and feedback.state is FeedbackState.NEW:
        return "Thank you."
    if feedback.state is FeedbackState.TRIAGED and feedback.triage is not None:
        return f"It was looked at. {FAULTS[feedback.triage]}."
    return _CAME_OF_IT.get(feedback.state, "It was looked at.")


def _show_form(gateway: Gateway, message: Message, said: Opinion) -> None:
    number, places = message.id, [*message.sources, None]
    with st.form(f"feedback-form-{number}", border=False):
        reasons = list(Reason)
        reason = st.selectbox(
            "What is wrong?", reasons, index=reasons.index(said.reason) if said.reason else None,
            format_func=REASONS.__getitem__, placeholder="Choose a reason", key=f"feedback-reason-{number}",
        )  # fmt: skip
        correction = st.text_area(
            "What would be right?", said.correction, max_chars=4000, help=_COMPUTED, height=80,
            key=f"feedback-correction-{number}",
        )  # fmt: skip
        chosen = st.selectbox(
            "Which source should have been used?", places, index=_chosen(message, said),
            format_func=_place, placeholder="Choose a source", key=f"feedback-source-{number}",
        )  # fmt: skip
        document, page = _show_elsewhere(message, said)
        comment = st.text_area(
            "Anything else?", said.comment, max_chars=2000, height=68, key=f"feedback-comment-{number}"
        )
        sent = st.form_submit_button("Send", type="primary")
    if sent:
        at = (chosen.source, chosen.page) if chosen is not None and not document.strip() else (document, page)
        _send(gateway, Opinion(number, Thumb.DOWN, reason, comment, correction, *at))
        st.rerun()


def _show_elsewhere(message: Message, said: Opinion) -> tuple[str, int | None]:
    """The fields for a document that isn't among the sources."""
    foreign = bool(said.document) and _source_of(message, said) is None
    with st.container(horizontal=True, vertical_alignment="bottom"):
        document = st.text_input(
            f"{_ELSEWHERE}: its name", said.document if foreign else "", max_chars=500,
            key=f"feedback-document-{message.id}",
        )  # fmt: skip
        page = st.number_input(
            "Its page", min_value=1, max_value=1_000_000, value=said.page if foreign else None, step=1,
            key=f"feedback-page-{message.id}", width=130,
        )  # fmt: skip
    return document, int(page) if page else None


def _source_of(message: Message, said: Opinion) -> Source | None:
    found = (source for source in message.sources if (source.source, source.page) == (said.document, said.page))
    return next(found, None)


def _chosen(message: Message, said: Opinion) -> int | None:
    """Which of the offered places was named before."""
    if not said.document:
        return None
    source = _source_of(message, said)
    return message.sources.index(source) if source is not None else len(message.sources)


def _place(source: Source | None) -> str:
    return _ELSEWHERE if source is None else label(f"[{source.number}] {source.document}, page {source.page}")


def _press(gateway: Gateway, opinion: Opinion) -> None:
    _send(gateway, opinion)
    st.session_state[_OPEN] = opinion.message if opinion.thumb is Thumb.DOWN else 0


def _send(gateway: Gateway, opinion: Opinion) -> None:
    st.session_state.pop(_PROBLEM, None)
    try:
        gateway.give_feedback(opinion)
        st.session_state[_OPEN] = 0
    except DossierError as error:
        st.session_state[_PROBLEM] = (opinion.message, str(error))
