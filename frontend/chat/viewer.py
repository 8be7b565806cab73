"""The page of a document beside the answer that cites it, or beside what else it was opened from."""

import base64
import io
from collections.abc import Callable, Iterator
from functools import partial
from html import escape
from typing import Final

import streamlit as st
from PIL import Image

from dossier.errors import DossierError
from frontend.chat import citations
from frontend.chat.citations import Opened
from frontend.drawing.faults import show_error
from frontend.drawing.markup import label
from frontend.drawing.viewport import scroll_to_mark
from frontend.gateway.client import Gateway
from frontend.gateway.page_records import DocumentPage, Grid, Line, draw_page, original, place_in, read_page
from frontend.gateway.source_records import Found, Source

_MARKS: Final = {0: "", 1: ' class="passage-part"', 2: ' class="cited-part"'}
_SHEETS: Final = (".xlsx", ".xlsm", ".csv", ".tsv")
_POINTS_PER_INCH: Final = 72
_OLD: Final = "This answer is from before Dossier kept why its passages were found."
_NO_PLACE: Final = "This answer is from before Dossier kept where its passages stand: the page is shown without a mark."


def show_desk(gateway: Gateway, opened: Opened | None, name: str, draw: Callable[[], None]) -> None:
    """What `draw` draws, in a container of this name, and beside it the open source, if there is one."""
    with st.container(key="desk", horizontal=True, gap="large"):
        with st.container(key=name):
            draw()
        if opened is not None:
            with st.container(key="viewer"):
                show_viewer(gateway, opened)


def show_viewer(gateway: Gateway, opened: Opened) -> None:
    """Draw the open source: its page with the passage marked, ways to turn, the file, and why it was found."""
    wanted = place_in(opened.source, opened.answer)
    turned = citations.turned()
    if turned is not None:
        wanted = {**wanted, "page": turned[0]} if turned[0] == opened.source.page else _page(opened.source, turned[0])
        wanted |= {} if turned[1] is None else {"at": turned[1]}
    try:
        page = read_page(gateway, wanted)
        picture = draw_page(gateway, wanted) if page.picture else None
    except DossierError as error:
        _head(opened.source.document, "")
        show_error(error, "viewer")
        return
    with st.container(key="viewer-top"):
        _head(page.document, f"{_kind(page).capitalize()} {page.page:,} of {page.pages:,}")
        _turns(page, opened.source)
    _notes(page, opened)
    if picture is not None:
        st.html(_picture_html(picture, page))
        with st.expander("The page as text", type="compact"):
            st.html(_text_html(page))
    else:
        st.html(_text_html(page))
        _reading_on(page)
    scroll_to_mark(f"{opened.key} {page.page} {turned}")
    if opened.answer or opened.source.found:
        with st.expander("Why it was found", type="compact"):
            st.html(_why_html(opened.source.found))
    if page.available:
        st.download_button(
            f"Download {label(page.document)}", partial(original, gateway, page.source), page.document,
            key="viewer-download", icon=":material/download:", on_click="ignore",
        )  # fmt: skip


def _page(source: Source, number: int) -> dict[str, str | int]:
    return {"source": source.source, "page": number}


def _kind(page: DocumentPage) -> str:
    return "sheet" if page.document.lower().endswith(_SHEETS) else "page"


def _head(document: str, place: str) -> None:
    with st.container(horizontal=True, wrap=False, vertical_alignment="center", key="viewer-head"):
        st.html(f'<h2 class="viewer-title">{escape(document)}</h2><div class="fine">{escape(place)}</div>')
        st.button(
            "Close", key="viewer-close", icon=":material/close:", type="tertiary", shortcut="Esc",
            on_click=citations.close,
        )  # fmt: skip


def _turns(page: DocumentPage, source: Source) -> None:
    turns = (
        ("Previous", "chevron_left", page.page - 1, "Alt+Left"),
        ("Next", "chevron_right", page.page + 1, "Alt+Right"),
    )
    with st.container(horizontal=True, vertical_alignment="center", key="viewer-turns"):
        for words, icon, to, keys in turns if page.pages > 1 else ():
            st.button(
                words, key=f"viewer-{words.lower()}", icon=f":material/{icon}:", shortcut=keys,
                disabled=not 1 <= to <= page.pages, on_click=citations.turn, args=(to,),
            )  # fmt: skip
        if citations.turned() is not None:
            words = f"Back to the passage ({_kind(page)} {source.page:,})"
            st.button(words, key="viewer-back", type="tertiary", on_click=citations.turn_back)


def _notes(page: DocumentPage, opened: Opened) -> None:
    if page.note:
        st.warning(label(page.note), icon=":material/warning:")
    elif opened.answer and not opened.source.digest:
        st.info(_NO_PLACE, icon=":material/info:")


def _reading_on(page: DocumentPage) -> None:
    """A sheet or a text without pages can be longer than what is shown of it at once."""
    with st.container(horizontal=True, key="viewer-reading-on"):
        for words, at in (("Earlier lines", page.earlier), ("Later lines", page.later)):
            if at is not None:
                st.button(words, key=f"viewer-{words[:5].lower()}", on_click=citations.turn, args=(page.page, at))


def _picture_html(picture: bytes, page: DocumentPage) -> str:
    with Image.open(io.BytesIO(picture)) as read:
        (width, height), dots = read.size, read.info["dpi"][1]
    place = 0 if page.top is None else min(100, 100 * page.top * dots / _POINTS_PER_INCH / height)
    said = f"Page {page.page} of {page.document}{', with the cited passage marked' if page.marked else ''}"
    data = base64.b64encode(picture).decode()
    image = f'<img class="sheet" alt="{escape(said)}" src="data:image/png;base64,{data}" width={width} height={height}>'
    return f'<div class="sheet-frame">{image}<span class="mark-place" style="top: {place:.2f}%"></span></div>'


def _text_html(page: DocumentPage) -> str:
    shown = "".join(_part_html(part) for part in page.parts) or "<p>There is no text on this page.</p>"
    return f'<div class="sheet text" tabindex="0" role="region" aria-label="Text of the page">{shown}</div>'


def _part_html(part: Line | Grid) -> str:
    if isinstance(part, Line):
        inner = escape(part.text)
        return f"<p><mark{_MARKS[part.mark]}>{inner}</mark></p>" if part.mark else f"<p>{inner}</p>"
    caption = f"<caption>{escape(part.title)}</caption>" if part.title else ""
    heads = "".join(f"<th>{escape(head)}</th>" for head in part.columns)
    head = f"<thead><tr>{heads}</tr></thead>" if any(part.columns) else ""
    return f"<table>{caption}{head}<tbody>{''.join(_rows_html(part))}</tbody></table>"


def _rows_html(grid: Grid) -> Iterator[str]:
    for row, mark in zip(grid.rows, grid.marks, strict=True):
        cells = "".join(
            f"<td{f' title={chr(34)}{escape(cell.place)}{chr(34)}' if cell.place else ''}>{escape(cell.text)}</td>"
            for cell in row
        )
        yield f"<tr{_MARKS[mark]}>{cells}</tr>"


def _why_html(found: Found | None) -> str:
    if found is None:
        return f"<p>{escape(_OLD)}</p>"
    rows = [
        ("By meaning", _rank(found.dense_rank, "nearest in meaning")),
        ("Similarity", "–" if found.similarity is None else f"{found.similarity:.2f} of 1"),
        ("By words", _rank(found.lexical_rank, "for the question's words")),
    ]
    if found.boost != 1.0:
        rows.append(("Raised", f"{found.boost:.2f} times: {', '.join(found.reasons)}"))
    elif found.reasons:
        rows.append(("Because", ", ".join(found.reasons)))
    if found.line is not None:
        rows.append(("Best line", f"shows {found.line:.0%} of what the question asks"))
    if found.rerank is not None:
        rows.append(("Reranker", f"{found.rerank:.2f}"))
    if found.folded:
        rows.append(("Said again in", "; ".join(found.folded)))
    return f'<dl class="told">{"".join(f"<dt>{head}</dt><dd>{escape(text)}</dd>" for head, text in rows)}</dl>'


def _rank(rank: int | None, what: str) -> str:
    return f"number {rank} {what}" if rank else "not found this way"
