"""A password that was made for somebody: shown once, until it is copied."""

import secrets
from typing import Final

import streamlit as st

from frontend.drawing.markup import label

_BYTES: Final = 12
_MADE: Final = "password_made"


def new_password() -> str:
    """A password of 96 random bits."""
    return secrets.token_urlsafe(_BYTES)


def keep_password(name: str, password: str) -> None:
    """Show a person's new password with the next drawing."""
    st.session_state[_MADE] = (name, password)


def show_password() -> None:
    """Draw the password that was made, if one was and nobody has copied it yet."""
    made = st.session_state.get(_MADE)
    if made is None:
        return
    name, password = made
    with st.container(border=True, key="password-shown"):
        st.markdown(f"**Copy the password of {label(name)} now** and give it to them. It isn't shown again.")
        st.code(password, language=None, wrap_lines=True)
        st.button("I have copied it", key="password-copied", on_click=lambda: st.session_state.pop(_MADE, None))
