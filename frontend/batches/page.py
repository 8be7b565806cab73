"""The page for many questions at once: a file of questions in, a workbook of cited answers out."""

from collections.abc import Callable, Sequence
from functools import partial
from html import escape
from pathlib import PurePath
from typing import Final

import streamlit as st

from dossier.errors import DossierError
from frontend.access import session
from frontend.batches.records import (
    Batch,
    BatchAnswer,
    batch_answers,
    batch_sheet,
    batches,
    cancel_batch,
    delete_batch,
    resume_batch,
    start_batch,
)
from frontend.drawing.faults import show_error
from frontend.drawing.markup import label
from frontend.drawing.waiting import counted, remaining
from frontend.gateway.client import Gateway

_EVERY_SECONDS: Final = 2
_ROWS: Final = 25
_HOW: Final = (
    "Bring a CSV, text or Excel file with a question a line, or with a column headed **question**. Each is answered "
    "from the documents that you may read. It goes on when you close this page, and after a restart."
)
_PROBLEM: Final = "batch_problem"
_FILE: Final = "batch_file"
_VERDICTS: Final = {
    "answered": ("Answered", "good"),
    "not_in_documents": ("Not in the documents", "plain"),
    "unsupported": ("Doubtful", "bad"),
}
_SHEET: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def page() -> None:
    """Draw the page."""
    who = session.current()
    if who is None:
        return
    st.title("Batch", anchor=False)
    st.markdown(_HOW)
    if problem := st.session_state.pop(_PROBLEM, ""):
        st.error(label(problem), icon=":material/error:")
    _show_start(who.gateway)
    if st.session_state.get("batches_running"):
        _watch(who.gateway)
    else:
        _show_batches(who.gateway)


def _show_start(gateway: Gateway) -> None:
    number = int(st.session_state.get(_FILE, 0))  # another key empties the field
    file = st.file_uploader(
        "File of questions", type=["csv", "tsv", "txt", "xlsx"], key=f"batch-file-{number}", max_upload_size=1
    )
    st.button(
        "Answer them", key="batch-start", type="primary", icon=":material/play_arrow:", disabled=file is None,
        on_click=_start, args=(gateway, number),
    )  # fmt: skip


def _start(gateway: Gateway, number: int) -> None:
    """Begin before the page is drawn: a drawing that another one cuts short would lose the press."""
    file = st.session_state.get(f"batch-file-{number}")
    if file is not None:
        st.session_state[_FILE] = number + 1
        _do(start_batch, gateway, file.name, file.getvalue())


@st.fragment(run_every=_EVERY_SECONDS)
def _watch(gateway: Gateway) -> None:
    _show_batches(gateway)


def _show_batches(gateway: Gateway) -> None:
    try:
        found = batches(gateway)
    except DossierError as error:
        show_error(error, "batches")
        return
    running = any(batch.running for batch in found)
    if running != st.session_state.get("batches_running", False):
        st.session_state["batches_running"] = running
        st.rerun()
    for batch in found:
        with st.container(border=True, key=f"batch-{batch.id}"):
            _show_batch(gateway, batch)


def _show_batch(gateway: Gateway, batch: Batch) -> None:
    st.html(f'<h2 class="batch-name">{escape(batch.name)}</h2>')
    failed = f", {batch.failed:,} of them failed" if batch.failed else ""
    said = f"{batch.done:,} of {counted(batch.total, 'question')} done{failed}"
    if batch.running:
        st.progress(batch.done / max(1, batch.total), label(f"{said}{remaining(batch.seconds_left)}"))
    else:
        st.markdown(label(said if batch.state == "done" else f"Cancelled. {said}."))
    with st.container(horizontal=True, vertical_alignment="center"):
        _show_choices(gateway, batch)
    if batch.done:
        with st.expander("Answers", type="compact", key=f"batch-answers-{batch.id}"):
            _show_answers(gateway, batch)


def _show_choices(gateway: Gateway, batch: Batch) -> None:
    if batch.done:
        st.download_button(
            "Download Excel file", partial(batch_sheet, gateway, batch.id), f"{PurePath(batch.name).stem}-answers.xlsx",
            _SHEET, key=f"batch-sheet-{batch.id}", icon=":material/download:", on_click="ignore",
            type="secondary" if batch.running else "primary",
        )  # fmt: skip
    if batch.running:
        _button("Cancel", "stop_circle", cancel_batch, gateway, batch)
        return
    if batch.state == "cancelled":
        _button("Go on", "play_arrow", resume_batch, gateway, batch)
    with st.popover("Delete", type="tertiary", key=f"batch-delete-{batch.id}"):
        st.markdown("Its questions and answers go for good.")
        _button("Delete for good", "delete", delete_batch, gateway, batch)


def _button(words: str, icon: str, what: Callable[[Gateway, str], None], gateway: Gateway, batch: Batch) -> None:
    key = f"batch-{words.lower().replace(' ', '-')}-{batch.id}"
    st.button(words, key=key, icon=f":material/{icon}:", on_click=_do, args=(what, gateway, batch.id))


def _do(what: Callable[..., object], *told: object) -> None:
    """Do something at the gateway; what is against it is shown with the next run."""
    try:
        what(*told)
    except DossierError as error:
        st.session_state[_PROBLEM] = str(error)


def _show_answers(gateway: Gateway, batch: Batch) -> None:
    pages = max(1, -(-batch.total // _ROWS))
    shown = st.pagination(pages, key=f"batch-page-{batch.id}") if pages > 1 else 1
    try:
        answers = batch_answers(gateway, batch.id, (shown - 1) * _ROWS, _ROWS)
    except DossierError as error:
        show_error(error, f"batch-{batch.id}")
        return
    st.html(_table(answers))


def _table(answers: Sequence[BatchAnswer]) -> str:
    heads = "".join(f"<th>{head}</th>" for head in ("Question", "Answer", "Verdict", "Sources"))
    return f'<table class="files"><thead><tr>{heads}</tr></thead><tbody>{"".join(map(_row, answers))}</tbody></table>'


def _row(answer: BatchAnswer) -> str:
    said, kind = _VERDICTS.get(answer.verdict, ("Waiting", "plain"))
    if answer.state == "failed":
        said, kind = "Failed", "bad"
    note = f'<div class="reason">{escape(answer.note)}</div>' if answer.note else ""
    places = "<br>".join(map(escape, answer.places)) or "–"
    return (
        f'<tr><td class="file">{escape(answer.question)}</td><td class="file">{escape(answer.answer) or "–"}{note}</td>'
        f'<td><span class="state {kind}">{said}</span></td><td class="file">{places}</td></tr>'
    )
