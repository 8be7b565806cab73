"""The page for support: a customer's message in, a reply with its sources out, edited and copied."""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from dossier.errors import DossierError, NotFoundError
from dossier.feedback import Thumb
from dossier.records import Verdict
from frontend.access import session
from frontend.access.session import Session
from frontend.chat import asking, citations
from frontend.chat.conversations import keep_open, leave, opened
from frontend.chat.following import follow
from frontend.chat.intent import TASK, Intending, intent_html
from frontend.chat.letters import Tone, body_of, framed, matter_of, questions_of, reply_of
from frontend.chat.messages import bubble
from frontend.chat.sources import show_nearest, show_sources
from frontend.chat.viewer import show_viewer
from frontend.drawing.faults import show_problem
from frontend.drawing.markup import label, plain_html
from frontend.drawing.viewport import copy_reply
from frontend.gateway.feedback_records import Opinion
from frontend.gateway.records import Message

_MESSAGE: Final = "reply-message"
_TONE: Final = "reply-tone"
_CHOSEN_TONE: Final = "reply_chosen_tone"
"""Kept beside the control, which forgets its value while it isn't drawn."""
_SAID: Final = "reply_said"
_INTENT: Final = "reply_intent"
_EMPTY: Final = "reply_empty"
_NO_MESSAGE: Final = "reply_no_message"
_LONGEST_MESSAGE: Final = 8000
_LONGEST_REPLY: Final = 4000
_EDITED: Final = "A support agent edited the reply before using it."
_TONES: Final = {Tone.PLAIN: "Plain", Tone.FRIENDLY: "Friendly", Tone.FORMAL: "Formal"}
_REFUSED: Final = (
    "The documents don't answer this. The nearest passages are beside it; if you know the answer, write it: it is kept "
    "as feedback."
)
_DOUBTFUL: Final = "Parts of this aren't borne out by the sources. Check them before you use it."


def page() -> None:
    """Draw the message, and when it was asked about, the reply with its sources."""
    who = session.current()
    if who is None:
        return
    citations.listen()
    st.title("Reply", anchor=False)
    with st.container(key="desk", horizontal=True, gap="large"):
        talk, beside = st.container(key="talk"), st.container(key="beside")
    with talk:
        asked = _show_message_form(who)
        if asking.problem():
            show_problem(asking.problem(), "reply", asking.forget_problem)
        with st.container(key="reply-intent"):  # also while empty: what is below keeps its place and isn't drawn twice
            _show_intent()
        answered, message = _answer(who)
        if message is not None:
            _show_others(who, asked, answered)
            _show_reply(who, message)
    if message is not None:
        with beside:
            _show_sources(who, message)


def _show_message_form(who: Session) -> list[str]:
    """Draw the field for the message; what it asks, once it was asked about."""
    with st.form("reply-form", border=False):
        text = st.text_area(
            "The customer's message", key=_MESSAGE, height=130, max_chars=_LONGEST_MESSAGE,
            placeholder="Paste it here, then press Ctrl+Enter",
        )  # fmt: skip
        st.form_submit_button(
            "Suggest a reply", type="primary", icon=":material/edit_note:", on_click=_ask_first, args=(who,)
        )
    if st.session_state.get(_NO_MESSAGE):
        st.warning("There is no message yet. Paste one.", icon=":material/info:")
    return questions_of(text or "") if opened() else []


def _show_intent() -> None:
    """What the message wants, as soon as it is known: the reply is being written meanwhile and waits for nothing."""
    asked = st.session_state.get(_INTENT)
    if isinstance(asked, Intending) and opened() and asked.wait():
        st.html(intent_html(asked))


def _ask_first(who: Session) -> None:
    message = str(st.session_state[_MESSAGE] or "")
    asked = questions_of(message)
    st.session_state[_NO_MESSAGE] = not asked
    if asked:
        st.session_state[_INTENT] = _intending(who, matter_of(message))
        _ask(who, asked[0])


def _intending(who: Session, matter: str) -> Intending | None:
    """Begin to ask what a message wants; None where the pack has nothing that tells it."""
    try:
        told = TASK in session.pack(who).labels
    except DossierError:
        return None  # the question itself meets the same and says so
    return Intending().start(who.gateway, matter) if told else None


def _show_others(who: Session, asked: Sequence[str], answered: str) -> None:
    """What else the message asks, to be answered instead."""
    others = [question for question in asked if question != answered]
    if not others:
        return
    with st.container(key="reply-others"):
        st.html('<div class="eyebrow">It also asks</div>')
        for number, question in enumerate(others):
            key = f"reply-question-{number}"
            st.button(label(question), key=key, type="tertiary", on_click=_ask, args=(who, question))


def _ask(who: Session, question: str) -> None:
    """Ask in a conversation of its own: customers' matters don't mix."""
    leave()
    citations.close()
    st.session_state.pop(_SAID, None)
    st.session_state.pop(_EMPTY, None)
    asking.ask(who, question[: session.settings().question_characters])


def _answer(who: Session) -> tuple[str, Message | None]:
    """The question and the answer of the open conversation; it is followed while it is being written."""
    conversation_id = opened()
    if conversation_id is None:
        return "", None
    keep_open(conversation_id)
    answering = asking.running(who, conversation_id)
    if answering is not None and not answering.now.ended:
        st.html(plain_html(answering.now.question, "asked"))
        with bubble("assistant"):
            follow(answering)
        st.rerun()
    if answering is not None and answering.now.error:
        show_problem(answering.now.error, "reply", lambda: asking.ask(who, answering.now.question))
    try:
        messages = who.gateway.conversation(conversation_id).messages
    except NotFoundError:
        leave()
        return "", None
    if len(messages) < 2 or messages[-1].verdict is None:
        return "", None
    st.html(plain_html(messages[-2].text, "asked"))
    return messages[-2].text, messages[-1]


def _show_reply(who: Session, message: Message) -> None:
    refused = message.verdict is Verdict.NOT_IN_DOCUMENTS
    suggested = "" if refused else reply_of(message.text)
    if refused:
        st.info(_REFUSED, icon=":material/search_off:")
    elif message.unsupported:
        st.warning(_DOUBTFUL, icon=":material/warning:")
    if message.note:
        st.html(plain_html(message.note, "note"))
    draft = f"reply-draft-{message.id}"
    st.session_state[_TONE] = st.session_state.setdefault(_CHOSEN_TONE, Tone.PLAIN)
    st.session_state.setdefault(draft, framed(suggested, st.session_state[_TONE]))
    with st.container(key="reply-draft"):
        with st.container(horizontal=True, vertical_alignment="bottom", key="reply-choices"):
            st.segmented_control(
                "Tone", list(Tone), key=_TONE, format_func=_TONES.__getitem__, required=True,
                on_change=_change_tone, args=(draft,),
            )  # fmt: skip
            st.button(
                "Copy", key="reply-copy", type="primary", icon=":material/content_copy:", shortcut="Alt+Enter",
                on_click=_use, args=(who, message, draft, suggested),
            )  # fmt: skip
        st.text_area("Reply", key=draft, height=240, max_chars=_LONGEST_REPLY)
    copy_reply()
    if st.session_state.get(_EMPTY):
        st.warning("The reply is empty.", icon=":material/info:")
    if st.session_state.get(_SAID):
        st.success(st.session_state[_SAID], icon=":material/check:")
        st.button("Next message", key="reply-next", icon=":material/arrow_forward:", shortcut="Alt+N", on_click=_next)


def _change_tone(draft: str) -> None:
    st.session_state[_CHOSEN_TONE] = st.session_state[_TONE]
    st.session_state[draft] = framed(body_of(str(st.session_state[draft])), st.session_state[_TONE])


def _use(who: Session, message: Message, draft: str, suggested: str) -> None:
    """What the agent made of the suggestion becomes feedback: the reply as it went out, or that it helped."""
    body = body_of(str(st.session_state[draft]))
    st.session_state[_EMPTY] = not body
    if not body:
        return
    changed = body != suggested
    opinion = Opinion(message.id, Thumb.DOWN, None, _EDITED, body) if changed else Opinion(message.id, Thumb.UP)
    try:
        who.gateway.give_feedback(opinion)
    except DossierError as error:
        st.session_state[_SAID] = f"Copied. What you changed couldn't be kept as feedback: {error}"
        return
    kept = "Your version was kept as feedback." if changed else "It was used as suggested."
    st.session_state[_SAID] = f"Copied. {kept}"


def _next() -> None:
    leave()
    st.session_state[_MESSAGE] = ""
    st.session_state.pop(_INTENT, None)
    st.session_state.pop(_SAID, None)
    st.session_state.pop(_EMPTY, None)
    citations.close()


def _show_sources(who: Session, message: Message) -> None:
    source = citations.opened((message,))
    if source is not None:
        with st.container(key="viewer"):
            show_viewer(who.gateway, source)
        return
    if message.verdict is Verdict.NOT_IN_DOCUMENTS:
        show_nearest(message, f"reply-{message.id}")
    else:
        show_sources(message, f"reply-{message.id}")
