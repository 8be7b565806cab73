"""The page where questions are asked."""

from collections.abc import Sequence
from functools import partial
from typing import Final

import streamlit as st

from dossier.errors import DossierError, NotFoundError
from dossier.gateway_errors import GatewayUnreachableError
from frontend.access import session
from frontend.access.session import Session
from frontend.chat import asking, citations
from frontend.chat.answering import Answering
from frontend.chat.conversations import keep_open, leave, opened
from frontend.chat.feedback import show_feedback
from frontend.chat.following import follow
from frontend.chat.messages import bubble, show_message, show_question
from frontend.chat.viewer import show_viewer
from frontend.drawing.faults import show_error, show_problem
from frontend.drawing.markup import label, plain_html
from frontend.drawing.viewport import scroll_to_question
from frontend.drawing.waiting import remaining
from frontend.gateway.records import Conversation, Message, Readiness

_INPUT: Final = "question"
_FINE: Final = "Answers come from the documents alone. The sources are under each answer."


def page() -> None:
    """Draw the open conversation, the answer that is being written, and the input."""
    who = session.current()
    if who is None:
        return
    answering = asking.running(who, opened())
    try:
        conversation = _open_conversation(who)
        readiness = who.gateway.readiness()
    except GatewayUnreachableError as error:
        _show_without_gateway(answering, error)
        return
    _show_input(who, readiness, answering)
    if conversation is None:
        _welcome(who, readiness)
    else:
        _show_desk(who, conversation, answering)
    if not readiness.ready and answering is None:
        _wait_until_ready()
    if asking.problem():
        show_problem(asking.problem(), "ask", asking.forget_problem)


def _open_conversation(who: Session) -> Conversation | None:
    conversation_id = opened()
    if conversation_id is None:
        return None
    keep_open(conversation_id)
    try:
        return who.gateway.conversation(conversation_id)
    except NotFoundError:
        leave()
        st.toast("That conversation doesn't exist any more.", icon=":material/info:")
        return None


def _show_without_gateway(answering: Answering | None, error: DossierError) -> None:
    if answering is not None:  # what was said until then is still known here
        show_question(answering.now.question)
        if answering.now.text:
            show_message(answering.now.message, "kept")
    show_error(error, "page")


def _show_input(who: Session, readiness: Readiness, answering: Answering | None) -> None:
    with st.bottom:
        st.chat_input(
            "Ask a question about the documents" if readiness.ready else "The assistant isn't ready yet",
            key=_INPUT,
            max_chars=session.settings().question_characters,
            disabled=not readiness.ready,
            on_submit=_take_question,
            args=(who,),
        )
        with st.container(horizontal=True, wrap=False, key="under-input", vertical_alignment="center"):
            st.html(f'<div class="fine">{_FINE}</div>')
            if answering is not None and not answering.now.ended:
                st.button("Stop", key="stop", icon=":material/stop_circle:", on_click=_stop, args=(answering,))


def _take_question(who: Session) -> None:
    """Ask what was typed: before the page is drawn, as a drawing that another one cuts short would lose it."""
    if asked := str(st.session_state[_INPUT] or "").strip():
        asking.ask(who, asked)


def _stop(answering: Answering) -> None:
    answering.stop()


def _welcome(who: Session, readiness: Readiness) -> None:
    pack = session.pack(who)
    with st.container(key="welcome"):
        st.html(plain_html(pack.title, "welcome-title") + plain_html(pack.description, "welcome-text"))
        if pack.starter_questions:
            st.html('<div class="eyebrow">Questions to begin with</div>')
        for number, question in enumerate(pack.starter_questions):
            key, ready = f"starter-{number}", readiness.ready
            st.button(
                label(question), key, on_click=asking.ask, args=(who, question), width="stretch", disabled=not ready
            )


def _show_desk(who: Session, conversation: Conversation, answering: Answering | None) -> None:
    """The conversation, and beside it the page of a document that was opened from it."""
    citations.listen()
    if answering is not None and answering.now.ended and len(conversation.messages) < answering.now.before + 2:
        conversation = who.gateway.conversation(conversation.id)  # the answer ended after it was looked at
    source = citations.opened(conversation.messages)
    with st.container(key="desk", horizontal=True, gap="large"):
        talk = st.container(key="talk")
        # before the conversation, whose answer may still be being written for long
        if source is not None:
            with st.container(key="viewer"):
                show_viewer(who.gateway, source)
        with talk:
            _show_conversation(who, conversation, answering)


def _show_conversation(who: Session, conversation: Conversation, answering: Answering | None) -> None:
    messages: Sequence[Message] = conversation.messages
    now = answering.now if answering is not None else None
    if now is not None and now.ended and len(messages) >= now.before + 2:
        if not now.error:  # a fault stays to be seen until the next question
            asking.forget(who, conversation.id)
        _show_messages(who, messages, conversation.id, now.error)
    elif answering is not None and now is not None:
        _show_messages(who, messages[: now.before], conversation.id)
        _show_answering(who, answering, conversation.id)
    else:
        _show_messages(who, messages, conversation.id)
        if messages and messages[-1].role == "user":
            _show_unanswered(who, messages[-1].text)
    scroll_to_question(f"{conversation.id}-{now.before if now else 'end'}")


def _show_messages(who: Session, messages: Sequence[Message], conversation_id: str, problem: str = "") -> None:
    question = messages[-2].text if len(messages) > 1 else ""
    kept = who.gateway.my_feedback(conversation_id) if messages else {}
    for number, message in enumerate(messages):
        broke_off = problem if number == len(messages) - 1 else ""
        below = partial(show_feedback, who.gateway, message, kept)
        show_message(message, f"{conversation_id}-{number}", broke_off, lambda: asking.ask(who, question), below)


def _show_answering(who: Session, answering: Answering, conversation_id: str) -> None:
    now = answering.now
    show_question(now.question)
    place = f"{conversation_id}-{now.before + 1}"
    if not now.ended:
        scroll_to_question(f"{conversation_id}-{now.before}")
        with bubble("assistant"):
            follow(answering)
        st.rerun()
    show_message(now.message, place, now.error, lambda: asking.ask(who, now.question))


def _show_unanswered(who: Session, question: str) -> None:
    with st.container(key="unanswered"):
        st.html(plain_html("This question has no answer yet.", "note"))
        st.button("Ask again", key="ask-again", icon=":material/refresh:", on_click=asking.ask, args=(who, question))


@st.fragment(run_every=2)
def _wait_until_ready() -> None:
    try:
        readiness = session.visitor().readiness()
    except DossierError as error:
        show_error(error, "ready")
        return
    if readiness.ready:
        st.rerun()
    if readiness.starting:
        text = f"The assistant is starting{remaining(readiness.seconds_left)}. The page goes on by itself."
    else:
        text = readiness.message or "The assistant isn't ready. The page goes on by itself when it is."
    st.info(label(text), icon=":material/hourglass_top:")
