"""Text from documents and from the model, made safe to show.

Answers are read as a small Markdown: paragraphs, lists, emphasis, code, tables, headings. Links, images and HTML
aren't part of it and stay the characters that they are. What goes out is HTML of our own with the text escaped.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

_MARKER: Final = re.compile(r"\[(\d{1,2})\]")
_LABEL_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:^=@&/])")
_KEPT: Final = ("table", "list", "heading", "fence", "code", "emphasis", "backticks", "escape", "newline")
_OPEN, _CLOSE, _FIRST = "\ue000", "\ue001", 0xE100
"""Characters of private use around a marked part while Markdown is read; the number of its mark is one too."""
_MARKED: Final = re.compile("\ue000([\ue100-\uf8ff])([^\ue001]*)\ue001")
_PRIVATE: Final = re.compile("[\ue000-\uf8ff]")
_MOST_MARKS: Final = 0xF8FF - _FIRST


@dataclass(frozen=True, slots=True)
class Mark:
    """Characters `start` to `end` of an answer, shown as `kind` (a class of the style sheet) with a title."""

    start: int
    end: int
    kind: str
    title: str


def answer_html(text: str, titles: Mapping[int, str] | None = None, marks: Sequence[Mark] = ()) -> str:
    """An answer as HTML. `[n]` becomes a marker where n is in `titles` (what it stands for); None: every n does.

    `marks` are parts of the text, in order. Lines keep their breaks; there is no element in the result that loads or
    links to anything.
    """
    marks = marks[:_MOST_MARKS]
    tokens = _READER.parse(_with_marks(text, marks), {"titles": titles, "marks": marks})
    html = _PRIVATE.sub("", _READER.renderer.render(tokens, _READER.options, {}))
    return f'<div class="answer">{html}</div>'


def passage_html(text: str, line: tuple[int, int] | None = None) -> str:
    """A passage as HTML, verbatim; the characters `line` (start, end) are marked as what the answer rests on."""
    if line is None:
        return f'<div class="passage">{escape(text)}</div>'
    start, end = line
    marked = f"{escape(text[:start])}<mark>{escape(text[start:end])}</mark>{escape(text[end:])}"
    return f'<div class="passage">{marked}</div>'


def plain_html(text: str, kind: str) -> str:
    """Text as one HTML block of the class `kind`, with nothing in it read as markup."""
    return f'<div class="{escape(kind)}">{escape(text)}</div>'


def label(text: str) -> str:
    """Text for a Streamlit label or caption, which would read Markdown, icons and formulas into it."""
    return _LABEL_SPECIAL.sub(r"\\\1", " ".join(text.split())).replace("\\:", ":\u200b")


def _with_marks(text: str, marks: Sequence[Mark]) -> str:
    """The text with signs around its marked parts. Characters of private use that it has itself become others."""
    text = _PRIVATE.sub("\ufffd", text)
    pieces, at = [], 0
    for number, mark in enumerate(marks):
        if at <= mark.start < mark.end <= len(text):
            pieces += [text[at : mark.start], _OPEN, chr(_FIRST + number), text[mark.start : mark.end], _CLOSE]
            at = mark.end
    return "".join([*pieces, text[at:]])


def _split_markers(state: StateCore) -> None:
    titles, marks = state.env.get("titles"), state.env["marks"]
    for block in state.tokens:
        if block.type == "inline" and block.children:
            parts = [part for child in block.children for part in _parts(child, titles)]
            block.children = [piece for part in parts for piece in _marked(part, marks)]


def _marked(token: Token, marks: Sequence[Mark]) -> list[Token]:
    if token.type != "text":
        return [token]
    pieces, at = [], 0
    for found in _MARKED.finditer(token.content):
        mark = marks[ord(found[1]) - _FIRST]
        shown = f'<span class="number {escape(mark.kind)}" title="{escape(mark.title)}">{escape(found[2])}</span>'
        pieces += [_text(token.content[at : found.start()]), Token("html_inline", "", 0, content=shown)]
        at = found.end()
    pieces.append(_text(token.content[at:]))
    return [piece for piece in pieces if piece.content]


def _parts(token: Token, titles: Mapping[int, str] | None) -> list[Token]:
    if token.type != "text":
        return [token]
    parts, at = [], 0
    for found in _MARKER.finditer(token.content):
        number = int(found[1])
        if titles is not None and number not in titles:
            continue
        parts.append(_text(token.content[at : found.start()].rstrip(" ")))
        parts.append(_marker(number, (titles or {}).get(number, "")))
        at = found.end()
    parts.append(_text(token.content[at:]))
    return [part for part in parts if part.content]


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


def _marker(number: int, title: str) -> Token:
    # html_inline is rendered as it is: this is the only place that makes one, and all in it is ours or escaped
    said = f' title="{escape(title)}"' if title else ""
    return Token("html_inline", "", 0, content=f'\u202f<span class="marker"{said}>[{number}]</span>')


def _make_reader() -> MarkdownIt:
    reader = MarkdownIt("zero", {"html": False, "linkify": False, "breaks": True}).enable(list(_KEPT))
    reader.core.ruler.push("markers", _split_markers)
    return reader


_READER: Final = _make_reader()
