"""What somebody pressed for, kept until it is done.

A page is drawn anew at every press. A drawing that another one cuts short would lose the press that it was made for,
where it acts while it draws. Here the press is noted before anything is drawn, and forgotten when it is done.
"""

from collections.abc import Callable
from functools import partial

import streamlit as st

from dossier.errors import DossierError
from frontend.drawing.faults import show_error


def press(name: str) -> None:
    """Note that something is wanted: for `on_click` and `on_submit`."""
    st.session_state[_wanted(name)] = True


def fulfil(name: str, do: Callable[[], None]) -> None:
    """Do what was pressed for, if it was, and show what is against it, until it is pressed for again.

    `do` keeps its result in the session's state. Cut short, it is done again by the next drawing.
    """
    if st.session_state.get(_wanted(name)):
        st.session_state.pop(_problem(name), None)
        try:
            do()
        except DossierError as error:
            st.session_state[_problem(name)] = error
        st.session_state[_wanted(name)] = False
    problem = st.session_state.get(_problem(name))
    if isinstance(problem, DossierError):
        show_error(problem, name, partial(press, name))


def _wanted(name: str) -> str:
    return f"wanted_{name}"


def _problem(name: str) -> str:
    return f"wanted_{name}_problem"
