"""The index's versions on the documents page: which one answers, checking it, and going back to another."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Final

import streamlit as st

from dossier.errors import DossierError
from frontend.drawing import moments
from frontend.drawing.faults import show_error
from frontend.gateway.client import Gateway
from frontend.gateway.connection import Connection
from frontend.gateway.records import IndexJob
from frontend.gateway.source_records import Json

_BACK: Final = (
    "Answers then come from the documents as they were in that version. The next update brings them in as they are "
    "then. The version is checked first."
)
_CHECK: Final = "Reads the index and the documents byte for byte. Questions are answered meanwhile."
PROBLEM: Final = "index_problem"
"""Where the page keeps why a run couldn't be started."""


@dataclass(frozen=True, slots=True)
class Version:
    """A version of the index on disk. `made` is None where its list of contents can't be read."""

    name: str
    made: datetime | None
    documents: int
    chunks: int
    size: int
    current: bool
    problem: str

    @classmethod
    def read(cls, data: Json) -> "Version":
        """From an item of `GET /admin/index/generations`."""
        return cls(
            name=str(data["name"]),
            made=datetime.fromisoformat(str(data["created"])) if data["created"] else None,
            documents=int(data["documents"]),
            chunks=int(data["chunks"]),
            size=int(data["bytes"]),
            current=bool(data["current"]),
            problem=str(data["problem"]),
        )


def versions(gateway: Connection) -> list[Version]:
    """The versions on disk, newest first. Admins only."""
    return [Version.read(one) for one in reversed(gateway.call("GET", "/admin/index/generations"))]


def show_versions(gateway: Gateway, running: bool) -> None:
    """Draw the versions; while a run is under way nothing else can be started."""
    try:
        found = versions(gateway)
    except DossierError as error:
        show_error(error, "versions")
        return
    if not found:
        return
    with st.expander(f"Versions of the index ({len(found)})", key="versions"):
        st.html(_table(found))
        with st.container(horizontal=True, vertical_alignment="bottom"):
            _show_going_back(gateway, [one for one in found if not one.current and not one.problem], running)
            st.button(
                "Check the index", key="index-verify", icon=":material/fact_check:", help=_CHECK, disabled=running,
                on_click=_start, args=(gateway, "verify", {}),
            )  # fmt: skip


def outcome(job: IndexJob) -> str:
    """What a finished run of this section came to; empty for other runs."""
    if job.kind == "verify":
        return "The index and the documents were read byte for byte: nothing is damaged."
    if job.kind == "rollback" and job.result:
        return f"Answers come from version {job.result['name']} again."
    return ""


def _show_going_back(gateway: Gateway, others: Sequence[Version], running: bool) -> None:
    with st.popover("Go back to a version", icon=":material/history:", disabled=running or not others):
        st.markdown(_BACK)
        if not others:  # a list without anything in it would keep having nothing chosen
            return
        chosen = st.selectbox("Version", [one.name for one in others], key="version-chosen")
        st.button(
            "Go back to it", key="index-rollback", type="primary",
            on_click=_start, args=(gateway, "rollback", {"generation": chosen}),
        )  # fmt: skip


def _start(gateway: Gateway, work: str, body: Json) -> None:
    try:
        gateway.call("POST", f"/admin/index/{work}", body)
    except DossierError as error:
        st.session_state[PROBLEM] = str(error)


def _table(found: Sequence[Version]) -> str:
    heads = "".join(f"<th>{head}</th>" for head in ("Version", "Made", "Documents", "Passages", "Size"))
    return f'<table class="files"><thead><tr>{heads}</tr></thead><tbody>{"".join(map(_row, found))}</tbody></table>'


def _row(one: Version) -> str:
    state = '<span class="state good">Answers come from it</span>' if one.current else ""
    reason = f'<div class="reason">{escape(one.problem)}</div>' if one.problem else ""
    made = escape(moments.second(one.made)) if one.made else "–"
    return (
        f'<tr><td class="file">{escape(one.name)} {state}{reason}</td><td data-head="Made">{made}</td>'
        f'<td data-head="Documents">{one.documents:,}</td><td data-head="Passages">{one.chunks:,}</td>'
        f'<td data-head="Size">{one.size / 1e6:,.1f} MB</td></tr>'
    )
