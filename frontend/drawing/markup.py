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
_COMMAND: Final = re.compile(r"(`[^`]+`)")
_KEPT: Final = ("table", "list", "heading", "fence", "code", "emphasis", "backticks", "escape", "newline")
_OPEN, _CLOSE, _OPEN_AROUND, _CLOSE_AROUND, _FIRST = "\ue000", "\ue001", "\ue002", "\ue003", 0xE100
"""Characters of private use around a marked part while Markdown is read; the number of its mark is one too."""
_SIGN: Final = re.compile("\ue000([\ue100-\uf8ff])([^\ue000-\ue003]*)\ue001|\ue002([\ue100-\uf8ff])|\ue003")
_PRIVATE: Final = re.compile("[\ue000-\uf8ff]")
_MOST_MARKS: Final = 0xF8FF - _FIRST


@dataclass(frozen=True, slots=True)
class Mark:
    """Characters `start` to `end` of an answer, shown as `kind` (a class of the style sheet) with a title."""

    start: int
    end: int
    kind: str
    title: str


def answer_html(
    text: str,
    titles: Mapping[int, str] | None = None,
    marks: Sequence[Mark] = (),
    around: Sequence[Mark] = (),
    cite: str = "",
) -> str:
    """An answer as HTML. `[n]` becomes a marker where n is in `titles` (what it stands for); None: every n does.

    `marks` are parts of the text, in order; `around` are longer ones, which may have marks and emphasis in them. Lines
    keep their breaks; there is no element in the result that loads or links to anything. With `cite` (the answer's id)
    markers are buttons, which name their source as `<cite>-<n>`.
    """
    marks = (*marks, *around)[:_MOST_MARKS]
    tokens = _READER.parse(_with_marks(text, marks, len(around)), {"titles": titles, "marks": marks, "cite": cite})
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
    return _escaped(" ".join(text.split()))


def sentence(text: str) -> str:
    """What the product says, for Streamlit: as a label, but commands between backticks are code."""
    parts = _COMMAND.split(" ".join(text.split()))
    return "".join(part if number % 2 else _escaped(part) for number, part in enumerate(parts))


def _escaped(text: str) -> str:
    return _LABEL_SPECIAL.sub(r"\\\1", text).replace("\\:", ":\u200b")


def _with_marks(text: str, marks: Sequence[Mark], around: int) -> str:
    """The text with signs around its marked parts. Characters of private use that it has itself become others.

    The last `around` marks may have others in them.
    """
    text = _PRIVATE.sub("\ufffd", text)
    signs: list[tuple[int, int, str]] = []
    ends = {True: 0, False: 0}
    for number, mark in enumerate(marks):
        outer = number >= len(marks) - around
        if ends[outer] <= mark.start < mark.end <= len(text):
            ends[outer] = mark.end
            opening, closing = (_OPEN_AROUND, _CLOSE_AROUND) if outer else (_OPEN, _CLOSE)
            signs += [(mark.start, 1 if outer else 2, opening + chr(_FIRST + number)), (mark.end, -outer, closing)]
    pieces, at = [], 0
    for place, _, sign in sorted(signs, key=lambda one: one[:2]):
        pieces += [text[at:place], sign]
        at = place
    return "".join([*pieces, text[at:]])


def _split_markers(state: StateCore) -> None:
    titles, marking, cite = state.env.get("titles"), _Marking(state.env["marks"]), state.env["cite"]
    for block in state.tokens:
        if block.type == "inline" and block.children:
            parts = [part for child in block.children for part in _parts(child, titles, cite)]
            block.children = [piece for part in parts for piece in marking.pieces(part)]


class _Marking:
    """Shows the marked parts of one text. A part that has others in it goes on through several tokens."""

    def __init__(self, marks: Sequence[Mark]) -> None:
        self._marks = marks
        self._around: Mark | None = None

    def pieces(self, token: Token) -> list[Token]:
        """A token of text as pieces, each with the marks that it is in."""
        if token.type != "text":
            return [token]
        pieces, at = [], 0
        for found in _SIGN.finditer(token.content):
            pieces.append(self._shown(token.content[at : found.start()]))
            if found[1]:
                pieces.append(self._shown(found[2], self._marks[ord(found[1]) - _FIRST]))
            else:
                self._around = self._marks[ord(found[3]) - _FIRST] if found[3] else None
            at = found.end()
        pieces.append(self._shown(token.content[at:]))
        return [piece for piece in pieces if piece.content]

    def _shown(self, content: str, mark: Mark | None = None) -> Token:
        html = escape(content, quote=False)
        for one in (mark, self._around):
            if html and one is not None:
                html = f'<span class="{escape(one.kind)}" title="{escape(one.title)}">{html}</span>'
        return _html(html) if mark or self._around else _text(content)


def _parts(token: Token, titles: Mapping[int, str] | None, cite: str) -> list[Token]:
    if token.type != "text":
        return [token]
    parts, at = [], 0
    for found in _MARKER.finditer(token.content):
        number = int(found[1])
        if titles is not None and number not in titles:
            continue
        parts.append(_text(token.content[at : found.start()].rstrip(" ")))
        parts.append(_marker(number, (titles or {}).get(number, ""), cite))
        at = found.end()
    parts.append(_text(token.content[at:]))
    return [part for part in parts if part.content]


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


def _marker(number: int, title: str, cite: str) -> Token:
    said = f' title="{escape(title)}"' if title else ""
    if cite and title:
        named = f'aria-label="Source {number}: {escape(title)}. Open the page." data-cite="{escape(cite)}-{number}"'
        return _html(f'\u202f<button type="button" class="marker"{said} {named}>[{number}]</button>')
    return _html(f'\u202f<span class="marker"{said}>[{number}]</span>')


def _html(content: str) -> Token:
    # html_inline is rendered as it is: this is the only place that makes one, and all in it is ours or escaped
    return Token("html_inline", "", 0, content=content)


def _make_reader() -> MarkdownIt:
    reader = MarkdownIt("zero", {"html": False, "linkify": False, "breaks": True}).enable(list(_KEPT))
    reader.core.ruler.push("markers", _split_markers)
    return reader


_READER: Final = _make_reader()
