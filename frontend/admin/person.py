"""One person, for admins: role, groups, suspension, password, keys, erasure."""

from collections.abc import Callable, Sequence
from typing import Final

import streamlit as st

from dossier.errors import DossierError
from frontend.access.passwords import keep_password, new_password
from frontend.access.session import Session
from frontend.admin.people_records import Person, change_person, erase_person, keys_of, revoke_key_of
from frontend.drawing.markup import label
from frontend.drawing.moments import day
from frontend.drawing.waiting import counted
from frontend.gateway.client import Gateway
from frontend.gateway.records import ApiKey

PROBLEM: Final = "people_problem"
SAID: Final = "people_said"
ROLES: Final = {"analyst": "Analyst", "support": "Support", "admin": "Admin"}
_OPENED: Final = "people_opened"
_OWN: Final = (
    "This is you. Your own password and keys are on the Account page; another admin can suspend you, change your role "
    "or erase you."
)
_GONE: Final = (
    "Removed for good are the sign-ins, keys, conversations, batches and feedback. In the audit log a pseudonym stands "
    "in the place of the name. Backups, exported feedback and models that were tuned on it aren't reached."
)


def opened() -> str:
    """The name of the person who is being changed; empty: nobody."""
    return str(st.session_state.get(_OPENED, ""))


def open_person(name: str) -> None:
    """Show a person with the next drawing."""
    st.session_state[_OPENED] = name


def close_person() -> None:
    """Go back to the list."""
    st.session_state.pop(_OPENED, None)


def show_person(who: Session, one: Person, groups: Sequence[str]) -> None:
    """Draw a person and what can be changed. `groups` are those that are offered."""
    gateway, own = who.gateway, who.user.name == one.name
    st.button("All people", key="person-close", icon=":material/arrow_back:", type="tertiary", on_click=close_person)
    st.subheader(label(one.name), anchor=False)
    last = f"Last signed in on {day(one.last_signed_in_at, '')}" if one.last_signed_in_at else "No sign-in is known"
    st.caption(f"Added on {day(one.created_at, 'a day that is not known')}. {last}.")
    if own:
        st.info(_OWN)
    if one.issuer:
        _show_given(one)
    else:
        _show_rights(gateway, one, groups, own)
    if own:
        return
    _show_entry(gateway, one)
    _show_keys(gateway, one.name)
    _show_erasure(gateway, one.name)


def _show_given(one: Person) -> None:
    """Role and groups of somebody whom the identity provider signs in."""
    st.markdown(f"Role: {label(ROLES.get(one.role, one.role))}. Groups: {label(', '.join(one.groups) or 'none')}.")
    st.caption(
        f"Signs in at {label(one.issuer)}. Role and groups come from there, anew with each sign-in; change them there. "
        "Sign-ins that last and API keys keep them until then: suspend who is to be shut out at once."
    )


def _show_rights(gateway: Gateway, one: Person, groups: Sequence[str], own: bool) -> None:
    with st.form(f"person-rights-{one.name}"):
        roles = [*ROLES] if one.role in ROLES else [*ROLES, one.role]
        role = st.selectbox(
            "Role", roles, index=roles.index(one.role), format_func=lambda role: ROLES.get(role, role), disabled=own,
            key=f"person-role-{one.name}",
        )  # fmt: skip
        within = st.multiselect(
            "Groups", sorted({*groups, *one.groups}), default=list(one.groups), accept_new_options=True,
            placeholder="None", key=f"person-groups-{one.name}",
            help="Which limited documents are found. It holds from the next question on.",
        )  # fmt: skip
        if st.form_submit_button("Save", type="primary"):
            changes: dict[str, object] = {"groups": within} if own else {"role": role, "groups": within}
            _do(lambda: change_person(gateway, one.name, **changes), f"{one.name} is changed.")
            st.rerun()


def _show_entry(gateway: Gateway, one: Person) -> None:
    st.subheader("Signing in", anchor=False)
    st.caption("Suspending ends all sign-ins and stops the keys at the next request; nothing is removed.")
    with st.container(horizontal=True):
        st.button(
            "Let in again" if one.suspended else "Suspend", key="person-suspend",
            icon=":material/lock_open:" if one.suspended else ":material/block:", on_click=_do,
            args=(
                lambda: change_person(gateway, one.name, suspended=not one.suspended),
                f"{one.name} may sign in again." if one.suspended else f"{one.name} is suspended.",
            ),
        )  # fmt: skip
        if not one.issuer:
            st.button(
                "New password", key="person-password", icon=":material/password:", on_click=_renew,
                args=(gateway, one.name), help="Makes one, shows it once and ends all sign-ins of this person.",
            )  # fmt: skip


def _renew(gateway: Gateway, name: str) -> None:
    password = new_password()
    if _worked(lambda: change_person(gateway, name, password=password), f"{name} has a new password."):
        keep_password(name, password)


def _show_keys(gateway: Gateway, name: str) -> None:
    st.subheader("API keys", anchor=False)
    keys = keys_of(gateway, name)
    if not keys:
        st.caption("No keys. People make their own on the Account page.")
        return
    with st.container(border=True, key="person-keys"):
        for key in keys:
            _show_key(gateway, name, key)


def _show_key(gateway: Gateway, name: str, key: ApiKey) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key=f"person-key-{key.id}"):
        used = f"last used {day(key.last_used_at, '')}" if key.last_used_at else "never used"
        st.markdown(
            f"**{label(key.label or 'Unnamed key')}**  \n"
            f":small[{label(f'{key.prefix}…')} · created {day(key.created_at, 'some time ago')} · {used}]",
            width="stretch",
        )
        st.button(
            "Revoke", key=f"person-revoke-{key.id}", on_click=_do,
            args=(lambda: revoke_key_of(gateway, name, key.id), f"The key {key.label or key.prefix} is revoked."),
        )  # fmt: skip


def _show_erasure(gateway: Gateway, name: str) -> None:
    st.subheader("Erasing", anchor=False)
    with st.expander(f"Erase {label(name)} for good", icon=":material/delete_forever:"):
        st.markdown(_GONE)
        typed = st.text_input(f"Type {label(name)} to confirm", key=f"person-erase-name-{name}", autocomplete="off")
        st.button(
            "Erase for good", key="person-erase", icon=":material/delete_forever:", disabled=typed.strip() != name,
            on_click=_erase, args=(gateway, name),
        )  # fmt: skip


def _erase(gateway: Gateway, name: str) -> None:
    if str(st.session_state.get(f"person-erase-name-{name}", "")).strip() != name:
        return
    try:
        gone = erase_person(gateway, name)
    except DossierError as error:
        st.session_state[PROBLEM] = str(error)
        return
    counts = f"{counted(gone.conversations, 'conversation')}, {gone.feedback} of feedback, {counted(gone.keys, 'key')}"
    left = "" if gone.overwritten else " Remains may be in the database's file until it is written over."
    st.session_state[SAID] = f"Erased, with {counts}. The audit log says {gone.pseudonym} instead.{left}"
    close_person()


def _do(what: Callable[[], None], said: str) -> None:
    """Do something at the gateway, and keep for the next drawing what came of it."""
    _worked(what, said)


def _worked(what: Callable[[], None], said: str) -> bool:
    try:
        what()
    except DossierError as error:
        st.session_state[PROBLEM] = str(error)
        return False
    st.session_state[SAID] = said
    return True
