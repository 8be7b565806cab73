"""The sign-in page."""

from html import escape

import streamlit as st

from dossier.errors import DossierError
from dossier.gateway_errors import GatewayUnreachableError
from frontend.access import session
from frontend.access.provider import SAID, START_PATH
from frontend.drawing.faults import show_error
from frontend.drawing.markup import label
from frontend.drawing.waiting import remaining


def page() -> None:
    """Name, password or the identity provider, and in plain words why it doesn't work if it doesn't."""
    if ticket := st.query_params.get(SAID):
        session.hear(ticket)
        del st.query_params[SAID]
    with st.container(key="sign-in"):
        st.html('<div class="wordmark large">Dossier</div><p class="tagline">Answers from your documents.</p>')
        unreachable = _state()
        if session.farewell() and not unreachable:
            st.info(label(session.farewell()), icon=":material/lock_clock:")
        provider = "" if unreachable else _provider()
        if provider:
            # a link of the page itself: Streamlit's own opens another tab
            st.html(f'<a class="provider" href="{START_PATH}" target="_self">{escape(provider)}</a>')
        with st.form("sign-in-form", border=False):
            name = st.text_input("Name", autocomplete="username", key="sign-in-name")
            password = st.text_input(
                "Password", type="password", autocomplete="current-password", key="sign-in-password"
            )
            sent = st.form_submit_button("Sign in", type="secondary" if provider else "primary", width="stretch")
        if sent:
            _try(name.strip(), password)


def _state() -> bool:
    """Say if the gateway can't be reached or is starting; return whether it can't be reached."""
    try:
        readiness = session.visitor().readiness()
    except GatewayUnreachableError as error:
        show_error(error, "sign-in")
        return True
    except DossierError:
        return False  # a gateway that answers at all can sign people in and say more itself
    if not readiness.ready and readiness.starting:
        st.info(
            f"The assistant is starting{remaining(readiness.seconds_left)}. You can sign in already.",
            icon=":material/hourglass_top:",
        )
    return False


def _provider() -> str:
    try:
        return session.visitor().provider()
    except DossierError:
        return ""  # as above: the form below says more when it is used


def _try(name: str, password: str) -> None:
    if not name or not password:
        st.warning("Enter your name and your password.", icon=":material/info:")
        return
    try:
        session.begin(session.visitor().sign_in(name, password))
    except GatewayUnreachableError as error:
        st.warning(label(str(error)), icon=":material/cloud_off:")
        return
    except DossierError as error:
        st.error(label(str(error)), icon=":material/error:")
        return
    st.rerun()
