"""Who is signed in, in this browser tab."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import streamlit as st

from dossier.errors import SignInError
from dossier.settings import Settings, load_settings
from frontend.access.cookies import cookie_name
from frontend.access.tickets import SAYINGS, TICKETS, Admission
from frontend.chat.answering import Answers
from frontend.gateway.client import Gateway
from frontend.gateway.records import Pack, SignIn, User

_WHO: Final = "session"
_OVER: Final = "session_over"
_COOKIE: Final = "session_cookie"
_SAY: Final = "session_say"
_FRESH: Final = "session_fresh"
_COOKIE_SCRIPT: Final = """
const used = new Set();
export default function ({ data, setTriggerValue }) {
  if (data.ticket && used.has(data.ticket)) return;
  used.add(data.ticket);
  fetch(new URL("session", document.baseURI), {
    method: data.ticket ? "POST" : "DELETE",
    headers: { "Content-Type": "application/json" },
    body: data.ticket ? JSON.stringify({ ticket: data.ticket }) : undefined,
    credentials: "same-origin",
  }).finally(() => setTriggerValue("done", true));
}
"""


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in person and their way to the gateway."""

    gateway: Gateway
    user: User


@st.cache_resource(show_spinner=False)
def settings() -> Settings:
    """The settings, read once."""
    return load_settings()


@st.cache_resource(show_spinner=False)
def answers() -> Answers:
    """The answers that are being written."""
    return Answers()


@st.cache_data(show_spinner=False, ttl=60)
def _pack(_gateway: Gateway, address: str) -> Pack:
    return _gateway.pack()


def pack(session: Session) -> Pack:
    """What this Dossier is about; asked again after a minute."""
    return _pack(session.gateway, settings().api_url)


def visitor() -> Gateway:
    """The gateway for somebody who isn't signed in."""
    address = st.context.ip_address
    # None on this machine, and no text in Streamlit's own test client
    return Gateway(settings().api_url, browser=address if isinstance(address, str) else None)


def current() -> Session | None:
    """Who is signed in. After a reload the cookie says so. Raises DossierError if the gateway can't be asked."""
    if _WHO not in st.session_state and not st.session_state.get(_OVER):
        token = _cookies().get(cookie_name(settings().page_port))
        if token:
            _resume(token)
    found = st.session_state.get(_WHO)
    return found if isinstance(found, Session) else None


def begin(sign_in: SignIn) -> None:
    """Keep a sign-in, here and (with the next run of the page) in the browser."""
    st.session_state[_WHO] = Session(Gateway(settings().api_url, sign_in.token), sign_in.user)
    st.session_state[_OVER] = False
    ticket = TICKETS.issue(Admission.of(sign_in, settings().session_hours))
    st.session_state[_COOKIE] = {"ticket": ticket}
    st.session_state.pop(_SAY, None)
    st.session_state[_FRESH] = True


def is_fresh() -> bool:
    """Whether somebody has just signed in, and no page was drawn to its end since: another run may cut one short."""
    return bool(st.session_state.get(_FRESH, False))


def settle() -> None:
    """A page was drawn to its end for who signed in."""
    st.session_state.pop(_FRESH, None)


def end(say: str = "") -> None:
    """Forget the sign-in; `say` is shown above the sign-in form."""
    for key in list(st.session_state):
        del st.session_state[key]
    st.session_state[_OVER] = True
    st.session_state[_COOKIE] = {}
    st.session_state[_SAY] = say


def farewell() -> str:
    """Why the last sign-in ended, if that should be said."""
    return str(st.session_state.get(_SAY, ""))


def hear(ticket: str) -> None:
    """Say on the sign-in page what a ticket stands for; nothing where it isn't good."""
    if words := SAYINGS.redeem(ticket):
        st.session_state[_SAY] = words


def sync_cookie() -> None:
    """Bring the browser's cookie in line after a sign-in or sign-out. Draws nothing."""
    if _COOKIE in st.session_state:
        keeper = st.components.v2.component("session_cookie", js=_COOKIE_SCRIPT)
        with st.container(key="session-cookie"):
            keeper(data=st.session_state[_COOKIE], key="session-cookie-keeper", on_done_change=_synced)


def _synced() -> None:
    st.session_state.pop(_COOKIE, None)


def _resume(token: str) -> None:
    gateway = Gateway(settings().api_url, token)
    try:
        st.session_state[_WHO] = Session(gateway, gateway.me())
    except SignInError as error:
        end(str(error))


def _cookies() -> Mapping[str, Any]:
    return st.context.cookies
