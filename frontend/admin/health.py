"""The health page for admins: how each part is, and how the last hour was."""

from datetime import UTC, datetime
from typing import Final

import streamlit as st

from dossier.errors import DossierError
from frontend.access import session
from frontend.admin.health_drawing import hour_html, minutes_of, parts_html
from frontend.admin.health_records import Health, health
from frontend.drawing.faults import show_error
from frontend.drawing.markup import label, plain_html
from frontend.drawing.moments import second, zone_name
from frontend.drawing.waiting import counted
from frontend.gateway.client import Gateway

_EVERY_SECONDS: Final = 15
_LATE_SECONDS: Final = 90
_LATE: Final = "No sample has come for over a minute: this machine may be overloaded. What is drawn ends at {}."
_FEW: Final = "Samples are taken every 15 seconds and kept in memory for an hour, so a restart begins anew."


def page() -> None:
    """Draw the page. Who isn't an admin doesn't get here, and the gateway would answer nothing."""
    who = session.current()
    if who is None:
        return
    st.title("Health", anchor=False)
    _watch(who.gateway)


@st.fragment(run_every=_EVERY_SECONDS)
def _watch(gateway: Gateway) -> None:
    try:
        found = health(gateway)
    except DossierError as error:
        show_error(error, "health")
        return
    st.html(parts_html(found.parts))
    now = datetime.now(UTC)
    _show_answers(found)
    if found.samples and (now - found.samples[-1].at).total_seconds() > _LATE_SECONDS:
        st.warning(label(_LATE.format(f"{second(found.samples[-1].at)} ({zone_name()})")), icon=":material/timer:")
    st.subheader("The last hour", anchor=False)
    st.html(hour_html(found, minutes_of(found.samples, now)))
    st.caption(_FEW)
    if found.unknown:
        with st.expander("What can't be known here"):
            for sentence in found.unknown:
                st.html(plain_html(sentence, "note"))
    st.caption(label(f"Dossier {found.version}. Seen at {second(now)} ({zone_name()})."))


def _show_answers(found: Health) -> None:
    if not found.running:
        st.markdown(f"No answers are under way; {found.room} may be at once.")
        return
    silent = f", {found.silent} of them without words yet" if found.silent else ""
    st.markdown(f"{counted(found.running, 'answer')} under way{silent}; {found.room} may be at once.")
