"""Documents that admins bring, as files or as a whole folder: each with what became of it."""

from collections.abc import Sequence
from html import escape
from typing import Final

import streamlit as st

from dossier.errors import DossierError
from frontend.admin.sending import Brought, Fate, Kinds, Sending, sorted_out
from frontend.drawing.faults import show_error
from frontend.drawing.markup import label
from frontend.drawing.waiting import counted, remaining
from frontend.gateway.client import Gateway
from frontend.gateway.source_records import Json

_SENDING: Final = "upload_sending"
_KINDS: Final = "upload_kinds"
_FIELD: Final = "upload_field"
_WHAT: Final = "upload_what_kept"
_FOLDER: Final = "upload-folder"
_REPLACE: Final = "upload-replace"
_FILES, _WHOLE = "Files", "A whole folder"
_EVERY_SECONDS: Final = 1
_MOST_ROWS: Final = 300
_FATES: Final = {
    Fate.ADDED: ("Added", "good"),
    Fate.LEFT_OUT: ("Left out", "bad"),
    Fate.NOT_SENT: ("Not sent", "plain"),
}
_CHANGES: Final = (
    ("added", "New"),
    ("changed", "Changed"),
    ("renamed", "Renamed"),
    ("copied", "Copied"),
    ("regrouped", "Other readers"),
    ("removed", "Removed"),
    ("failing", "Can't be read"),
)
_SHOWN: Final = 30


def show_upload(gateway: Gateway) -> None:
    """Draw the field for files, those that are on their way, and what became of those brought before."""
    with st.expander("Add documents", type="compact", key="upload"):
        sending = st.session_state.get(_SENDING)
        if isinstance(sending, Sending) and not sending.now.ended:
            _watch(sending)
            return
        try:
            kinds = _kinds(gateway)
        except DossierError as error:
            show_error(error, "upload")
            return
        if kinds.problem:
            st.info(label(kinds.problem), icon=":material/info:")
            return
        _show_fields(gateway, kinds)
        if isinstance(sending, Sending):
            _show_done(sending)


def difference_html(result: Json) -> str:
    """What an indexing run would change, by kind."""
    rows = []
    for name, head in _CHANGES:
        found = [" → ".join(one) if isinstance(one, list | tuple) else str(one) for one in result.get(name) or ()]
        if found:
            more = f" and {len(found) - _SHOWN:,} more" if len(found) > _SHOWN else ""
            rows.append(f"<dt>{head}</dt><dd>{escape(', '.join(found[:_SHOWN]))}{more}</dd>")
    unchanged = f"{counted(int(result.get('unchanged') or 0), 'file')} would stay as they are."
    said = "An update would change this:" if rows else "An update would change nothing."
    everything = f"<p>{escape(str(result['everything']))}</p>" if result.get("everything") else ""
    return f'<p>{said}</p>{everything}<dl class="told">{"".join(rows)}</dl><p class="fine">{unchanged}</p>'


def _kinds(gateway: Gateway) -> Kinds:
    """Asked for once: every press draws the page anew."""
    if _KINDS not in st.session_state:
        st.session_state[_KINDS] = Kinds.read_from(gateway)
    kinds: Kinds = st.session_state[_KINDS]
    return kinds


def _show_fields(gateway: Gateway, kinds: Kinds) -> None:
    kept = st.session_state.get(_WHAT, _FILES)  # the control forgets it while files are on their way
    what = st.segmented_control("What to add", [_FILES, _WHOLE], default=kept, key="upload-what", required=True)
    st.session_state[_WHAT] = what
    key = f"upload-{'folder' if what == _WHOLE else 'files'}-{st.session_state.get(_FIELD, 0)}"  # a new key empties it
    if what == _WHOLE:
        files = st.file_uploader(_WHOLE, accept_multiple_files="directory", key=key)
        st.caption("Folders within it, and its own name, become part of the paths.")
    else:
        files = st.file_uploader(_FILES, accept_multiple_files=True, key=key)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        folder = st.text_input("Into the folder", key=_FOLDER, placeholder="For example hr/policies")
        st.toggle("Replace files of the same name", key=_REPLACE)
    wanted, left_out = sorted_out(files, folder or "", kinds)
    if left_out:
        st.markdown(f"{counted(len(wanted), 'file')} to add; {len(left_out):,} can't be, and won't be sent:")
        st.html(_table(left_out))
    st.button(
        "Add them", key="upload-start", type="primary", icon=":material/upload:", disabled=not wanted,
        on_click=_start, args=(gateway, kinds, key),
    )  # fmt: skip


def _start(gateway: Gateway, kinds: Kinds, key: str) -> None:
    """Send in a thread: a page that is drawn anew, or looked at from elsewhere, stops nothing."""
    files = st.session_state.get(key) or []
    wanted, left_out = sorted_out(files, str(st.session_state[_FOLDER] or ""), kinds)
    sending = Sending(gateway, wanted, bool(st.session_state[_REPLACE]), left_out)
    st.session_state[_SENDING] = sending
    st.session_state[_FIELD] = int(st.session_state.get(_FIELD, 0)) + 1
    sending.start()


@st.fragment(run_every=_EVERY_SECONDS)
def _watch(sending: Sending) -> None:
    now = sending.now
    if now.ended:
        st.rerun()
    number = f"{len(now.done) + 1:,} of {now.total:,}"
    st.progress(len(now.done) / max(1, now.total), label(f"{now.now}, {number}{remaining(now.seconds_left)}"))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("Each file is read on trial first. You can use other pages meanwhile; signing out ends it.")
        st.button("Stop", key="upload-stop", icon=":material/stop_circle:", on_click=sending.stop)


def _show_done(sending: Sending) -> None:
    """What became of the files, those with a problem first."""
    done = [*sending.now.done, *sending.left_out]
    counts = {fate: sum(one.fate is fate for one in done) for fate in Fate}
    st.markdown(", ".join(f"{count:,} {fate}" for fate, count in counts.items() if count) + ".")
    if counts[Fate.ADDED]:
        st.markdown("Answers come from them after you have updated the index.")
    st.html(_table(sorted(done, key=lambda one: one.fate is Fate.ADDED)))


def _table(done: Sequence[Brought]) -> str:
    rows = "".join(map(_row, done[:_MOST_ROWS]))
    more = f'<p class="fine">And {len(done) - _MOST_ROWS:,} more.</p>' if len(done) > _MOST_ROWS else ""
    heads = "<thead><tr><th>File</th><th>State</th></tr></thead>"
    return f'<table class="files">{heads}<tbody>{rows}</tbody></table>{more}'


def _row(one: Brought) -> str:
    said, kind = _FATES[one.fate]
    state = f'<span class="state {kind}">{said}</span>'
    return f'<tr><td class="file">{escape(one.name)}{_note(one)}</td><td>{state}</td></tr>'


def _note(one: Brought) -> str:
    return f'<div class="reason">{escape(one.note)}</div>' if one.note else ""
