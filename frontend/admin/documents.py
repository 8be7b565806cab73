"""The documents page for admins: what is indexed, what isn't and why, and bringing the index up to date."""

from collections.abc import Sequence
from functools import partial
from html import escape
from typing import Final

import streamlit as st

from dossier.errors import DossierError
from dossier.records import FileState
from frontend.access import session
from frontend.admin.document import SAID, forget_document, show_document
from frontend.admin.upload import difference_html, show_upload
from frontend.admin.versions import PROBLEM, outcome, show_versions
from frontend.chat import citations
from frontend.drawing.faults import show_error
from frontend.drawing.markup import label
from frontend.drawing.waiting import counted, remaining
from frontend.gateway.client import Gateway
from frontend.gateway.records import IndexedFile, IndexJob, IndexReport

_EVERY_SECONDS: Final = 2
_KNOWN_JOB: Final = "index_known_job"
_ROWS: Final = 50
_IDLE: Final = "After you have added, changed or removed files in the documents folder, update the index."
_REBUILD: Final = "Reads every document anew, also those that haven't changed. It takes as long as the first time."
_STATES: Final = {
    FileState.INDEXED: ("Indexed", "good"),
    FileState.UNCHANGED: ("Up to date", "good"),
    FileState.SKIPPED: ("Left out", "plain"),
    FileState.FAILED: ("Can't be read", "bad"),
}
_STAGES: Final = {"starting": "Starting", "Embedding passages": "Working out what the passages are about"}
"""Stages that have other words here than in the gateway."""


def page() -> None:
    """Draw the page. Who isn't an admin doesn't get here, and the gateway would answer nothing."""
    who = session.current()
    if who is None:
        return
    st.title("Documents", anchor=False)
    show_upload(who.gateway)
    if st.session_state.get("index_running"):
        _watch(who.gateway)
    else:
        _show_job(who.gateway)
    show_versions(who.gateway, bool(st.session_state.get("index_running")))
    _show_desk(who.gateway)


def _show_desk(gateway: Gateway) -> None:
    """The files, and beside them the one that was chosen."""
    citations.listen()
    with st.container(key="desk", horizontal=True, gap="large"):
        listed, chosen = st.container(key="files-listed"), st.container(key="file-chosen")
    with chosen:
        show_document(gateway, partial(_start, gateway, False))
    with listed:
        _show_files(gateway.index_files())


@st.fragment(run_every=_EVERY_SECONDS)
def _watch(gateway: Gateway) -> None:
    _show_job(gateway)


def _show_job(gateway: Gateway) -> None:
    try:
        job = gateway.index_job()
    except DossierError as error:
        show_error(error, "index")
        return
    was_running = st.session_state.get("index_running", False)
    st.session_state["index_running"] = job.running
    known = (job.state, job.kind, job.report, job.result)
    if st.session_state.get(_KNOWN_JOB) != known:
        st.session_state[_KNOWN_JOB] = known
        forget_document()  # what was started may have changed it
    if was_running != job.running:
        st.rerun()
    with st.container(border=True, key="index-job"):
        if job.running:
            _show_progress(gateway, job)
        else:
            _show_rest(gateway, job)


def _show_progress(gateway: Gateway, job: IndexJob) -> None:
    share = min(1.0, job.done / job.total) if job.total else 0.0
    stage = _STAGES.get(job.stage, job.stage or "Working")
    count = f", {job.done:,} of {job.total:,}" if job.total else ""
    st.progress(share, label(f"{stage}{count}{remaining(job.seconds_left)}"))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("Questions are answered from the present index until the new one is complete.")
        st.button("Cancel", key="index-cancel", on_click=_cancel, args=(gateway,))


def _show_rest(gateway: Gateway, job: IndexJob) -> None:
    problem = st.session_state.pop(PROBLEM, "")
    if problem:
        st.error(label(problem), icon=":material/error:")
    if job.state == "failed":
        st.error(label(job.message or "The last run failed. The present index stays in use."), icon=":material/error:")
    elif job.kind == "diff" and job.result is not None:
        st.html(difference_html(job.result))
    elif said := outcome(job) or (_summary(job.report) if job.report else ""):
        st.markdown(f":material/check_circle: {label(said)}")
    else:
        st.markdown(label(job.message or _IDLE))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Update the index", type="primary", icon=":material/sync:", key="index-start",
            on_click=_start, args=(gateway, False),
        )  # fmt: skip
        st.button(
            "Preview what would change",
            key="index-diff",
            icon=":material/difference:",
            on_click=_preview,
            args=(gateway,),
        )
        with st.popover("Rebuild", type="tertiary"):
            st.markdown(_REBUILD)
            st.button("Rebuild everything", key="index-rebuild", on_click=_start, args=(gateway, True))


def _summary(report: IndexReport) -> str:
    parts = [f"{counted(report.documents, 'document')} in {counted(report.chunks, 'passage')}"]
    parts.append(f"{report.embedded:,} new or changed" if report.embedded else "nothing new")
    if report.removed:
        parts.append(f"{report.removed:,} removed")
    return f"The last run finished: {', '.join(parts)}."


def _start(gateway: Gateway, rebuild: bool) -> None:
    try:
        gateway.start_index(rebuild)
        forget_document()
        st.session_state.pop(SAID, None)
    except DossierError as error:
        st.session_state[PROBLEM] = str(error)


def _preview(gateway: Gateway) -> None:
    try:
        gateway.start_diff()
    except DossierError as error:
        st.session_state[PROBLEM] = str(error)


def _cancel(gateway: Gateway) -> None:
    try:
        gateway.cancel_index()
    except DossierError as error:
        st.session_state[PROBLEM] = str(error)


def _show_files(files: Sequence[IndexedFile]) -> None:
    if not files:
        st.info("There is nothing in the index yet. Put files into the documents folder and update the index.")
        return
    faults = sum(file.state in (FileState.FAILED, FileState.SKIPPED) for file in files)
    with st.container(horizontal=True, vertical_alignment="bottom", key="file-filters"):
        wanted = st.text_input("Find a file", placeholder="Part of its name", key="file-find").strip().casefold()
        only = st.toggle(f"Only files with a problem ({faults})", key="file-problems", disabled=not faults)
    found = [file for file in files if wanted in file.source.casefold() and (not only or _is_out(file))]
    pages = max(1, -(-len(found) // _ROWS))
    shown = st.pagination(pages, key="file-page") if pages > 1 else 1
    st.html(_table(found[(shown - 1) * _ROWS : shown * _ROWS]) if found else "<p>No file matches.</p>")


def _is_out(file: IndexedFile) -> bool:
    return file.state in (FileState.FAILED, FileState.SKIPPED)


def _table(files: Sequence[IndexedFile]) -> str:
    heads = "".join(f"<th>{head}</th>" for head in ("File", "State", "Pages", "Passages", "Who may read it"))
    return f'<table class="files"><thead><tr>{heads}</tr></thead><tbody>{"".join(map(_row, files))}</tbody></table>'


def _row(file: IndexedFile) -> str:
    said, kind = _STATES[file.state]
    reason = f'<div class="reason">{escape(file.reason)}</div>' if file.reason else ""
    groups = escape(", ".join(file.groups)) or "Everyone"
    return (
        f'<tr><td class="file">{_name(file.source)}{reason}</td><td><span class="state {kind}">{said}</span></td>'
        f'<td data-head="Pages">{file.pages or "–"}</td><td data-head="Passages">{file.chunks or "–"}</td>'
        f"<td>{groups}</td></tr>"
    )


def _name(source: str) -> str:
    """The file's name as a button that opens it."""
    here = ' aria-current="true"' if source == citations.wanted_key() else ""
    return f'<button type="button" class="marker opens" data-cite="{escape(source)}"{here}>{escape(source)}</button>'
