"""Documents that admins bring: each with what became of it, and what an indexing run would change."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

import streamlit as st

from dossier.errors import DossierError
from frontend.drawing.markup import label
from frontend.drawing.waiting import counted
from frontend.gateway.client import Gateway
from frontend.gateway.source_records import Json

_DONE: Final = "upload_done"
_FIELD: Final = "upload_field"
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


@dataclass(frozen=True, slots=True)
class Brought:
    """What became of a file: taken, or why not. `note`: what reading it leaves out."""

    name: str
    taken: bool
    note: str


def show_upload(gateway: Gateway) -> None:
    """Draw the field for files, and what became of those brought before."""
    with st.expander("Add documents", type="compact", key="upload"):
        number = int(st.session_state.get(_FIELD, 0))  # another key empties the field
        files = st.file_uploader("Files", accept_multiple_files=True, key=f"upload-files-{number}")
        with st.container(horizontal=True, vertical_alignment="bottom"):
            folder = st.text_input("Into the folder", key="upload-folder", placeholder="For example hr/policies")
            replace = st.toggle("Replace files of the same name", key="upload-replace")
        if st.button("Add them", key="upload-start", type="primary", icon=":material/upload:", disabled=not files):
            named = [(f"{folder.strip().strip('/')}/{file.name}".lstrip("/"), file.getvalue()) for file in files]
            st.session_state[_DONE] = _bring(gateway, named, replace)
            st.session_state[_FIELD] = number + 1
            st.rerun()
        if done := st.session_state.get(_DONE):
            st.html(_table(done))
            if any(one.taken for one in done):
                st.markdown("Answers come from them after you have updated the index.")


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


def _bring(gateway: Gateway, files: Sequence[tuple[str, bytes]], replace: bool) -> list[Brought]:
    done = []
    progress = st.progress(0.0)
    for number, (name, content) in enumerate(files, start=1):
        progress.progress((number - 1) / len(files), label(f"{name}, {number} of {len(files)}"))
        asked = {"name": name, "replace": "true" if replace else "false"}
        try:
            told = gateway.send("/admin/documents/file", asked, content)
        except DossierError as error:
            done.append(Brought(name, False, str(error)))
            continue
        done.append(Brought(str(told["source"]), bool(told["stored"]), str(told["reason"] or told["warning"])))
    return done


def _table(done: Sequence[Brought]) -> str:
    rows = "".join(map(_row, done))
    return f'<table class="files"><thead><tr><th>File</th><th>State</th></tr></thead><tbody>{rows}</tbody></table>'


def _row(one: Brought) -> str:
    said, kind = ("Added", "good") if one.taken else ("Left out", "bad")
    state = f'<span class="state {kind}">{said}</span>'
    return f'<tr><td class="file">{escape(one.name)}{_note(one)}</td><td>{state}</td></tr>'


def _note(one: Brought) -> str:
    return f'<div class="reason">{escape(one.note)}</div>' if one.note else ""
