"""One file on the documents page: its state, who may read it and why, and what it is about."""

from collections.abc import Callable, Sequence
from html import escape
from typing import Final

import streamlit as st

from dossier.errors import DossierError, NotFoundError
from dossier.records import FileState
from frontend.admin.document_records import (
    About,
    Choice,
    CuratedFile,
    choose_readers,
    correct_file,
    curated_file,
    take_readers_back,
)
from frontend.chat import citations
from frontend.drawing.faults import show_error
from frontend.drawing.markup import label, plain_html
from frontend.drawing.waiting import counted
from frontend.gateway.client import Gateway

SAID: Final = "document_said"
"""What was kept for the next update of the index; it stays until that has begun."""
_PROBLEM: Final = "document_problem"
_KEPT: Final = "document_kept"
"""The file as it was when it was opened: reading it anew at each drawing would fill the audit log."""
_PLACE: Final = "document-place"
_WHO: Final = "document-who"
_GROUPS: Final = "document-groups"
_ONLY, _ALL = "Only groups", "Everyone"
_FIELDS: Final = {
    "company": ("Company", "Acme Inc."),
    "ticker": ("Ticker", "ACME"),
    "kind": ("Kind", "10-k"),
    "period": ("Period", "2023-Q1"),
    "date": ("Date", "2023-03-31"),
    "language": ("Language", "en"),
}
_NEXT: Final = "It holds after the next update of the index; nothing is read or embedded again for it."
_ABOUT: Final = "A correction wins over what was found. An empty field leaves what was found."
_GONE: Final = "That file isn't in the index any more. Choose another one."


def show_document(gateway: Gateway, update: Callable[[], None]) -> bool:
    """Draw the file that was chosen; whether there is one. `update` starts an update of the index."""
    source = citations.wanted_key()
    if not source:
        return False
    try:
        file = _opened(gateway, source)
    except NotFoundError:
        citations.close()
        st.info(_GONE, icon=":material/info:")
        return False
    except DossierError as error:
        show_error(error, "document")
        return False
    with st.container(key="document"):
        _show_head(file)
        _show_said(update)
        _show_readers(gateway, file)
        if file.state in (FileState.INDEXED, FileState.UNCHANGED):
            _show_about(gateway, file)
    return True


def forget_document() -> None:
    """Have the open file read anew at the next drawing: it may have changed."""
    st.session_state.pop(_KEPT, None)


def _opened(gateway: Gateway, source: str) -> CuratedFile:
    kept = st.session_state.get(_KEPT)
    if isinstance(kept, CuratedFile) and kept.source == source:
        return kept
    file = curated_file(gateway, source)
    st.session_state[_KEPT] = file
    return file


def _show_head(file: CuratedFile) -> None:
    with st.container(horizontal=True, wrap=False, vertical_alignment="center", key="document-top"):
        st.html(f'<h2 class="viewer-title">{escape(file.source)}</h2>', width="stretch")
        st.button("Close", key="document-close", icon=":material/close:", type="tertiary", on_click=_close)
    size = f"{counted(file.pages, 'page')}, {counted(file.chunks, 'passage')}" if file.chunks else "Not in the index"
    st.caption(label(f"{size}. {file.reason}" if file.reason else f"{size}."))


def _show_said(update: Callable[[], None]) -> None:
    with st.container(key="document-said"):  # always there: what is below would lose its place when it comes or goes
        if problem := st.session_state.pop(_PROBLEM, ""):
            st.error(label(problem), icon=":material/error:")
        if done := st.session_state.get(SAID, ""):
            st.success(label(done), icon=":material/check_circle:")
            st.button("Update the index", key="document-update", icon=":material/sync:", on_click=update)


def _show_readers(gateway: Gateway, file: CuratedFile) -> None:
    st.html('<h3 class="part-title">Who may read it</h3>' + _told_html(file))
    place = str(st.selectbox("For", file.places, key=f"{_PLACE}-{file.source}", format_func=_place_name(file)))
    chosen = next((one.groups for one in file.choices if one.place == place), file.groups_next)
    which = f"{file.source}-{place}"  # each place has its own, so that nothing of one is saved for another
    who = st.segmented_control(
        "Readers", [_ONLY, _ALL], default=_ONLY if chosen else _ALL, required=True, key=f"{_WHO}-{which}"
    )
    if who == _ONLY:
        st.multiselect(
            "Groups", sorted({*file.known_groups, *chosen}), default=list(chosen), accept_new_options=True,
            key=f"{_GROUPS}-{which}", placeholder="Choose groups, or write a new one",
        )  # fmt: skip
    if place.endswith("/"):
        st.caption("Also for files that come into the folder later. What is set for a single file goes before it.")
    with st.container(horizontal=True):
        st.button("Save", key="document-save", type="primary", on_click=_choose, args=(gateway, place, which))
        for one in file.choices:
            st.button(
                f"Take back what is set {_for(one.place, file)}", key=f"document-back-{one.place}", type="tertiary",
                icon=":material/undo:", on_click=_take_back, args=(gateway, file, one.place),
            )  # fmt: skip


def _told_html(file: CuratedFile) -> str:
    rows = [("Now", _named(file.groups) if file.chunks else "Nobody: it isn't in the index")]
    if file.groups_next != file.groups or not file.chunks:
        rows.append(("After the next update", _named(file.groups_next)))
    rows.append(("Because", ", ".join(file.why)))
    told = "".join(f"<dt>{escape(head)}</dt><dd>{escape(said)}</dd>" for head, said in rows)
    return f'<dl class="told">{told}</dl>'


def _named(groups: Sequence[str]) -> str:
    return ", ".join(groups) or _ALL


def _place_name(file: CuratedFile) -> Callable[[str], str]:
    return lambda place: f"Everything in {place}" if place != file.source else "This file"


def _for(place: str, file: CuratedFile) -> str:
    return "for this file" if place == file.source else f"for {label(place)}"


def _choose(gateway: Gateway, place: str, which: str) -> None:
    only = st.session_state[f"{_WHO}-{which}"] == _ONLY
    groups = sorted({group.strip() for group in st.session_state.get(f"{_GROUPS}-{which}") or () if group.strip()})
    if only and not groups:
        st.session_state[_PROBLEM] = f"Choose at least one group, or “{_ALL}”."
        return
    kept = Choice(place, tuple(groups) if only else ())
    _do(lambda: choose_readers(gateway, kept.place, kept.groups), f"Kept: {_named(kept.groups)}. {_NEXT}")


def _take_back(gateway: Gateway, file: CuratedFile, place: str) -> None:
    if _do(lambda: take_readers_back(gateway, place), f"Taken back. {_NEXT}"):
        for key in (_WHO, _GROUPS):  # what was chosen goes too: the fields show again what holds
            st.session_state.pop(f"{key}-{file.source}-{place}", None)


def _show_about(gateway: Gateway, file: CuratedFile) -> None:
    st.html(f'<h3 class="part-title">What it is about</h3>{_about_html(file.about)}')
    corrected = [one for one in file.about if one.corrected]
    with st.container(horizontal=True, key="document-corrected"):
        for one in corrected:
            st.button(
                f"Take back: {_FIELDS[one.field][0]}", key=f"document-undo-{one.field}", type="tertiary",
                icon=":material/undo:", on_click=_correct, args=(gateway, file, {one.field: ""}),
            )  # fmt: skip
    with st.form(f"document-about-{file.source}", border=False):
        st.html(plain_html(_ABOUT, "fine"))
        with st.container(key="document-fields"):
            for one in file.about:
                name, example = _FIELDS[one.field]
                st.text_input(
                    name, one.corrected, key=_field_key(file, one.field), max_chars=200, autocomplete="off",
                    placeholder=f"For example {example}",
                )  # fmt: skip
        st.form_submit_button("Save corrections", on_click=_take_corrections, args=(gateway, file))


def _about_html(about: Sequence[About]) -> str:
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("Field", "Found", "Corrected"))
    rows = "".join(
        f'<tr><td>{escape(_FIELDS[one.field][0])}</td><td data-head="Found">{escape(", ".join(one.found)) or "–"}</td>'
        f'<td data-head="Corrected">{_corrected_html(one)}</td></tr>'
        for one in about
    )
    return f'<table class="files about"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'


def _corrected_html(one: About) -> str:
    written = f'<div class="reason">documents.toml: {escape(one.written)}</div>' if one.written else ""
    return f"{escape(one.corrected) or ('' if written else '–')}{written}"


def _field_key(file: CuratedFile, field: str) -> str:
    return f"document-{field}-{file.source}"


def _take_corrections(gateway: Gateway, file: CuratedFile) -> None:
    typed = {one.field: str(st.session_state[_field_key(file, one.field)] or "").strip() for one in file.about}
    changed = {one.field: typed[one.field] for one in file.about if typed[one.field] != one.corrected}
    if not changed:
        st.session_state[_PROBLEM] = "Nothing was changed. Write into a field what is right."
        return
    _correct(gateway, file, changed)


def _correct(gateway: Gateway, file: CuratedFile, values: dict[str, str]) -> None:
    if _do(lambda: correct_file(gateway, file.source, values), "Kept. It holds after the next update of the index."):
        for field, value in values.items():
            st.session_state[_field_key(file, field)] = value


def _do(what: Callable[[], None], said: str) -> bool:
    """Do something at the gateway, and keep for the next drawing what came of it."""
    forget_document()
    try:
        what()
    except DossierError as error:
        st.session_state[_PROBLEM] = str(error)
        return False
    st.session_state[SAID] = said
    return True


def _close() -> None:
    citations.close()
    forget_document()
    st.session_state.pop(_PROBLEM, None)
