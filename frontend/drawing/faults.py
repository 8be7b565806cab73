"""What people see when something doesn't work: a plain sentence and a way to go on, never a traceback."""

import logging
from collections.abc import Callable

import streamlit as st

from dossier.errors import BusyError, DossierError, EngineError
from dossier.gateway_errors import GatewayUnreachableError
from frontend.drawing.markup import sentence

_log = logging.getLogger(__name__)


def show_fault(error: Exception) -> bool:
    """Show that the page itself is at fault; the log has the traceback. True: nothing else is to be shown."""
    _log.error("the page met a fault of its own", exc_info=error)
    st.error("Something on this page went wrong. Reload it; if it happens again, tell whoever looks after Dossier.")
    return True


def show_error(error: DossierError, key: str, again: Callable[[], None] | None = None) -> None:
    """Show an error's sentence with a button that tries again (`again`, then a new run of the page)."""
    show_problem(str(error), key, again, passing=isinstance(error, GatewayUnreachableError | EngineError | BusyError))


def show_problem(message: str, key: str, again: Callable[[], None] | None = None, passing: bool = True) -> None:
    """Show a problem with a button that tries again. `passing`: it is expected to go away by itself."""
    with st.container(key=f"problem-{key}"):
        if passing:
            st.warning(sentence(message), icon=":material/cloud_off:")
        else:
            st.error(sentence(message), icon=":material/error:")
        if st.button("Try again", key=f"again-{key}", icon=":material/refresh:", on_click=again):
            st.rerun()
