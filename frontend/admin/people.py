"""The people page for admins: who may sign in, as what, and what of the documents they see."""

from collections.abc import Sequence
from typing import Final

import streamlit as st

from dossier.errors import DossierError
from frontend.access import session
from frontend.access.passwords import keep_password, new_password, show_password
from frontend.admin.people_records import Person, add_person, people
from frontend.admin.person import PROBLEM, ROLES, SAID, close_person, open_person, opened, show_person
from frontend.drawing.markup import label
from frontend.drawing.moments import day
from frontend.gateway.client import Gateway

_ROWS: Final = 25
_GROUPS: Final = "Groups say which limited documents a person finds; documents that aren't limited are for everybody."


def page() -> None:
    """Draw the page. Who isn't an admin doesn't get here, and the gateway would answer nothing."""
    who = session.current()
    if who is None:
        return
    st.title("People", anchor=False)
    with st.container(key="people-said"):  # always there: what is below would close when it comes or goes
        _show_said()
    found = people(who.gateway)
    chosen = next((one for one in found if one.name == opened()), None)
    if chosen is not None:
        show_person(who, chosen, groups_of(found))
        return
    if opened():
        close_person()
    _show_new(who.gateway, groups_of(found))
    _show_list(found)


def _show_said() -> None:
    if problem := st.session_state.pop(PROBLEM, ""):
        st.error(label(problem), icon=":material/error:")
    if done := st.session_state.pop(SAID, ""):
        st.success(label(done), icon=":material/check_circle:")
    show_password()


def groups_of(found: Sequence[Person]) -> list[str]:
    """Every group that somebody is in."""
    return sorted({group for one in found for group in one.groups})


def _show_new(gateway: Gateway, groups: Sequence[str]) -> None:
    with st.expander("Add a person", icon=":material/person_add:"), st.form("person-new", border=False):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            name = st.text_input("Name", key="person-new-name", max_chars=64, placeholder="mira", autocomplete="off")
            role = st.selectbox("Role", list(ROLES), format_func=ROLES.__getitem__, key="person-new-role")
        within = st.multiselect(
            "Groups", groups, key="person-new-groups", accept_new_options=True, help=_GROUPS, placeholder="None"
        )
        st.caption("The first password is made for you and shown once. The person changes it on the Account page.")
        if st.form_submit_button("Add", type="primary"):
            _add(gateway, name.strip(), role, within)


def _add(gateway: Gateway, name: str, role: str, groups: Sequence[str]) -> None:
    if not name:
        st.warning("Give the person a name: letters a-z, digits and . _ @ + -")
        return
    password = new_password()
    try:
        kept = add_person(gateway, name, role, groups, password)
    except DossierError as error:
        st.error(label(str(error)), icon=":material/error:")
        return
    keep_password(kept, password)
    st.session_state[SAID] = f"{kept} is added."
    st.rerun()


def _show_list(found: Sequence[Person]) -> None:
    wanted = st.text_input("Find a person", placeholder="Part of a name or a group", key="people-find")
    wanted = wanted.strip().casefold()
    shown = [one for one in found if wanted in one.name or any(wanted in group.casefold() for group in one.groups)]
    if not shown:
        st.markdown("Nobody matches.")
        return
    pages = -(-len(shown) // _ROWS)
    at = st.pagination(pages, key="people-page") if pages > 1 else 1
    with st.container(border=True, key="people"):
        for one in shown[(at - 1) * _ROWS : at * _ROWS]:
            _show_row(one)


def _show_row(one: Person) -> None:
    groups = ", ".join(one.groups) or "no groups"
    more = (" :gray-badge[Provider]" if one.issuer else "") + (" :red-badge[Suspended]" if one.suspended else "")
    last = f"last signed in {day(one.last_signed_in_at, '')}" if one.last_signed_in_at else "no sign-in known"
    with st.container(horizontal=True, wrap=False, vertical_alignment="center", key=f"person-{one.name}"):
        st.markdown(
            f"**{label(one.name)}** :gray-badge[{ROLES.get(one.role, label(one.role))}]{more}  \n"
            f":small[{label(groups)} · {last}]",
            width="stretch",
        )
        st.button("Change", key=f"person-open-{one.name}", on_click=open_person, args=(one.name,))
