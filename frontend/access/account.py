"""The account page: the password and the API keys."""

from datetime import datetime
from typing import Final

import streamlit as st

from dossier.errors import DossierError
from frontend.access import session
from frontend.drawing.markup import label
from frontend.gateway.client import Gateway
from frontend.gateway.records import ApiKey

_SHORTEST: Final = 10
_NEW_KEY: Final = "account_new_key"
_PROBLEM: Final = "account_problem"


def page() -> None:
    """Draw the page."""
    who = session.current()
    if who is None:
        return
    st.title("Account", anchor=False)
    groups = f" Groups: {', '.join(who.user.groups)}." if who.user.groups else ""
    st.markdown(label(f"Signed in as {who.user.name}. Role: {who.user.role}.{groups}"))
    if who.user.issuer:
        st.markdown(
            label(f"You sign in at {who.user.issuer}: password, role and groups come from there, with each sign-in.")
        )
    else:
        _password(who.gateway)
    _keys(who.gateway)


def _password(gateway: Gateway) -> None:
    st.subheader("Password", anchor=False)
    with st.form("password", border=True, clear_on_submit=True):
        old = st.text_input("Current password", type="password", autocomplete="current-password")
        new = st.text_input(
            f"New password (at least {_SHORTEST} characters)", type="password", autocomplete="new-password"
        )
        again = st.text_input("New password, once more", type="password", autocomplete="new-password")
        if st.form_submit_button("Change password"):
            _change(gateway, old, new, again)


def _change(gateway: Gateway, old: str, new: str, again: str) -> None:
    if len(new) < _SHORTEST:
        st.warning(f"The new password needs at least {_SHORTEST} characters. Nothing was changed.")
    elif new != again:
        st.warning("The two new passwords aren't the same. Nothing was changed.")
    else:
        try:
            gateway.change_password(old, new)
        except DossierError as error:
            st.error(label(str(error)))
        else:
            st.success("The password is changed. You're signed out everywhere else.")


def _keys(gateway: Gateway) -> None:
    st.subheader("API keys", anchor=False)
    st.caption("A key lets a program ask questions in your name. Give each program its own, so that you can revoke it.")
    problem = st.session_state.pop(_PROBLEM, "")
    if problem:
        st.error(label(problem))
    _show_new_key()
    keys = gateway.keys()
    if keys:
        with st.container(border=True, key="keys"):
            for key in keys:
                _show_key(gateway, key)
    with st.form("new-key", border=False, clear_on_submit=True):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            name = st.text_input("What is the new key for?", placeholder="Monthly report script", max_chars=80)
            sent = st.form_submit_button("Create key")
        if sent:
            _create(gateway, name.strip())


def _show_new_key() -> None:
    new = st.session_state.get(_NEW_KEY)
    if new:
        with st.container(border=True, key="new-key-shown"):
            st.markdown("**Copy the new key now.** It isn't shown again.")
            st.code(new, language=None, wrap_lines=True)
            st.button("I have copied it", key="key-copied", on_click=lambda: st.session_state.pop(_NEW_KEY, None))


def _show_key(gateway: Gateway, key: ApiKey) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"key-{key.id}"):
        used = f"last used {_day(key.last_used_at)}" if key.last_used_at else "never used"
        st.markdown(
            f"**{label(key.label or 'Unnamed key')}**  \n"
            f":small[{label(f'{key.prefix}…')} · created {_day(key.created_at)} · {used}]",
            width="stretch",
        )
        if st.button("Revoke", key=f"revoke-{key.id}"):
            _revoke(gateway, key)


@st.dialog("Revoke this key?")
def _revoke(gateway: Gateway, key: ApiKey) -> None:
    st.markdown(f"Programs that use **{label(key.label or key.prefix)}** can't ask questions any more, from now on.")
    with st.container(horizontal=True):
        if st.button("Revoke", type="primary", key="revoke-for-good", on_click=_revoke_now, args=(gateway, key)):
            st.rerun()
        if st.button("Keep", key="revoke-not"):
            st.rerun()


def _revoke_now(gateway: Gateway, key: ApiKey) -> None:
    try:
        gateway.revoke_key(key.id)
    except DossierError as error:
        st.session_state[_PROBLEM] = str(error)


def _create(gateway: Gateway, name: str) -> None:
    if not name:
        st.warning("Say what the key is for, so that you recognise it later.")
        return
    try:
        st.session_state[_NEW_KEY] = gateway.create_key(name)
    except DossierError as error:
        st.session_state[_PROBLEM] = str(error)
    st.rerun()


def _day(when: datetime | None) -> str:
    return f"{when.day} {when:%B %Y}" if when else "some time ago"
