"""From a question to an answer on its way."""

from typing import Final

import streamlit as st

from dossier.errors import DossierError, SignInError
from dossier.records import Turn
from frontend.access import session
from frontend.access.session import Session
from frontend.chat.answering import Answering
from frontend.chat.conversations import begin, opened
from frontend.gateway.records import Message

_PROBLEM: Final = "ask_problem"
_HISTORY: Final = 12
"""Messages that go along with a question, so that it can refer to them."""


def ask(who: Session, question: str) -> None:
    """Start the answer to a question in the open conversation, or in a new one. A problem is kept for `problem`."""
    forget_problem()
    try:
        _start(who, question)
    except SignInError as error:
        session.end(str(error))
    except DossierError as error:
        st.session_state[_PROBLEM] = str(error)


def running(who: Session, conversation_id: str | None) -> Answering | None:
    """The person's answer that is being written in a conversation, or that has just ended."""
    return session.answers().of(_key(who, conversation_id)) if conversation_id else None


def forget(who: Session, conversation_id: str) -> None:
    """Drop an answer that the gateway keeps."""
    session.answers().forget(_key(who, conversation_id))


def problem() -> str:
    """Why the last question couldn't be asked."""
    return str(st.session_state.get(_PROBLEM, ""))


def forget_problem() -> None:
    """It has been seen."""
    st.session_state.pop(_PROBLEM, None)


def _start(who: Session, question: str) -> None:
    model = who.gateway.model()
    conversation_id = opened()
    earlier: tuple[Message, ...] = ()
    if conversation_id is None:
        conversation_id = who.gateway.start_conversation().id
        begin(conversation_id)
    else:
        session.answers().stop(_key(who, conversation_id))
        earlier = who.gateway.conversation(conversation_id).messages
    turns = [Turn(message.role, message.text) for message in earlier[-_HISTORY:] if message.text]
    events = who.gateway.ask(conversation_id, [*turns, Turn("user", question)], model)
    session.answers().start(_key(who, conversation_id), question, len(earlier), events)


def _key(who: Session, conversation_id: str) -> str:
    # the name is part of it, so that an id from the address bar never shows somebody else's answer
    return f"{who.user.name}/{conversation_id}"
