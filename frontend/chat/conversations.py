"""The conversations in the sidebar: open, rename, delete."""

import re
import time
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import groupby
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from dossier.errors import DossierError
from frontend.drawing.markup import label
from frontend.gateway.client import Gateway
from frontend.gateway.records import Conversation

PARAMETER: Final = "conversation"
"""Query parameter that names the open conversation. An id opens nothing without its owner's sign-in."""
_BEGUN: Final = "conversation_begun"
_OVERTAKEN: Final = 3.0
"""Seconds in which a drawing that was under way can still bring the address from before a conversation began."""
_PROBLEM: Final = "conversations_problem"
_SHOWN: Final = "conversations_shown"
_STEP: Final = 30
_TITLE_CHARACTERS: Final = 200
_SEARCH: Final = "conversation-search"
_SEARCH_CHARACTERS: Final = 200
_FORMS: Final = (
    ("markdown", "Markdown", "md", "Text that editors and wikis read"),
    ("page", "To print, or to save as PDF", "html", "Opens in the browser and asks where to print"),
    ("json", "JSON", "json", "Everything, for programs"),
)


def opened() -> str | None:
    """Id of the open conversation."""
    named = st.query_params.get(PARAMETER)
    begun, when = st.session_state.get(_BEGUN, ("", 0.0))
    return named or (begun if begun and time.monotonic() - when < _OVERTAKEN else None)


def begin(conversation_id: str) -> None:
    """Open a conversation that has just been started; the browser's next message may not know of it yet."""
    st.session_state[_BEGUN] = (conversation_id, time.monotonic())
    st.query_params[PARAMETER] = conversation_id


def keep_open(conversation_id: str) -> None:
    """Put an open conversation into the address if another drawing took it away."""
    if st.query_params.get(PARAMETER) != conversation_id:
        st.query_params[PARAMETER] = conversation_id


def leave() -> None:
    """Have no conversation open."""
    st.session_state.pop(_BEGUN, None)
    st.query_params.pop(PARAMETER, None)


def show_list(gateway: Gateway, untitled: Callable[[str], str]) -> None:
    """List the person's conversations by day; `untitled` names one that the gateway hasn't named yet, by its id.

    Raises DossierError if the gateway can't be asked.
    """
    problem = st.session_state.pop(_PROBLEM, "")
    if problem:
        st.warning(label(problem))
    search = st.text_input(
        "Search conversations", key=_SEARCH, type="search", placeholder="Search", live="400ms",
        max_chars=_SEARCH_CHARACTERS, icon=":material/search:", label_visibility="collapsed",
    ).strip()  # fmt: skip
    shown = int(st.session_state.get(_SHOWN, _STEP))
    found = gateway.conversations(limit=shown + 1, search=search)
    if search and not found:
        st.html('<div class="fine">No conversation has these words.</div>')
    today = datetime.now(_zone()).date()
    for day, conversations in groupby(found[:shown], key=lambda one: _day(one, today)):
        st.html(f'<div class="eyebrow">{day}</div>')
        _show_day(gateway, conversations, untitled)
    if len(found) > shown and st.button("Show older", type="tertiary", width="stretch"):
        st.session_state[_SHOWN] = shown + _STEP
        st.rerun()


def _show_day(gateway: Gateway, conversations: Iterable[Conversation], untitled: Callable[[str], str]) -> None:
    for conversation in conversations:
        here = "here" if conversation.id == opened() else "row"
        with st.container(horizontal=True, wrap=False, gap=None, key=f"conversation-{here}-{conversation.id}"):
            name = label(conversation.title or untitled(conversation.id))
            if st.button(name, key=f"open-{conversation.id}", type="tertiary", width="stretch"):
                st.switch_page(st.session_state["ask_page"], query_params={PARAMETER: conversation.id})
            choice = st.menu_button(
                ":material/more_horiz:",
                ("Rename", "Export", "Delete"),
                key=f"more-{conversation.id}",
                type="tertiary",
            )
        if choice == "Rename":
            _rename(gateway, conversation)
        elif choice == "Export":
            _export(gateway, conversation)
        elif choice == "Delete":
            _delete(gateway, conversation)


@st.dialog("Rename the conversation")
def _rename(gateway: Gateway, conversation: Conversation) -> None:
    key = f"title-{conversation.id}"
    with st.form("rename", border=False):
        st.text_input("Title", conversation.name, max_chars=_TITLE_CHARACTERS, key=key)
        if st.form_submit_button("Rename", type="primary", on_click=_rename_now, args=(gateway, conversation, key)):
            st.rerun()


def _rename_now(gateway: Gateway, conversation: Conversation, key: str) -> None:
    title = str(st.session_state[key]).strip()
    try:
        if title:
            gateway.rename_conversation(conversation.id, title)
    except DossierError as error:
        st.session_state[_PROBLEM] = str(error)


@st.dialog("Export the conversation")
def _export(gateway: Gateway, conversation: Conversation) -> None:
    st.markdown(f"**{label(conversation.name)}** with its questions, answers and the passages that they cite.")
    for form, words, suffix, help_text in _FORMS:
        st.download_button(
            words, partial(gateway.export_conversation, conversation.id, form), f"{_file_name(conversation)}.{suffix}",
            key=f"export-{form}", on_click="ignore", width="stretch", help=help_text,
        )  # fmt: skip


def _file_name(conversation: Conversation) -> str:
    return re.sub(r"[^\w -]+", "", conversation.name).strip()[:60] or "conversation"


@st.dialog("Delete this conversation?")
def _delete(gateway: Gateway, conversation: Conversation) -> None:
    st.markdown(f"**{label(conversation.name)}** will be deleted with all its questions and answers for good.")
    with st.container(horizontal=True):
        if st.button("Delete", type="primary", key="delete", on_click=_delete_now, args=(gateway, conversation)):
            st.rerun()
        if st.button("Keep", key="delete-not"):
            st.rerun()


def _delete_now(gateway: Gateway, conversation: Conversation) -> None:
    try:
        gateway.delete_conversation(conversation.id)
    except DossierError as error:
        st.session_state[_PROBLEM] = str(error)
        return
    if opened() == conversation.id:
        leave()


def _day(conversation: Conversation, today: date) -> str:
    when = (conversation.updated_at or datetime.now(UTC)).astimezone(_zone()).date()
    if when >= today:
        return "Today"
    if when == today - timedelta(days=1):
        return "Yesterday"
    if when > today - timedelta(days=7):
        return "Last 7 days"
    return f"{when:%B %Y}"


def _zone() -> ZoneInfo:
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):  # the browser names it, so it may be anything
        return ZoneInfo("UTC")
