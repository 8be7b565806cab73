"""Markdown and plain text. Markup is read for its headings, tables and words, and never executed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

from dossier.errors import DocumentError
from dossier.records import TableCell
from retrieval.parsing.hidden import Notes
from retrieval.parsing.html import parse_html, write_html
from retrieval.parsing.page import PageWriter, finish
from retrieval.parsing.parsed import ParsedDocument, title_from_name
from retrieval.parsing.tables import Row

_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_STYLED = re.compile(r"<\w[^>]*\b(?:style|hidden|aria-hidden|color)\b", re.IGNORECASE)


def decode(data: bytes, charset: str = "") -> str:
    """Text of a file: UTF-8 or UTF-16 by its mark, else the named charset or Windows-1252.

    Raises DocumentError for binary data.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    if b"\x00" in data[:8192]:
        raise DocumentError("it isn't text (binary data). Convert it to a supported format.")
    for encoding in dict.fromkeys(("utf-8-sig", charset or "cp1252")):
        try:
            return data.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    return data.decode("cp1252", "replace")


def read_text(name: str, data: bytes) -> ParsedDocument:
    """Read plain text."""
    notes = Notes()
    page = PageWriter(1, notes)
    page.line(decode(data).replace("\r\n", "\n"))
    return finish(title_from_name(name), (page.page(),), notes)


@dataclass(frozen=True, slots=True)
class _Part:
    """Lines `start` to `end` of the source, which aren't written as they are: a heading, a table, HTML."""

    start: int
    end: int
    kind: str
    tokens: Sequence[Token]


def read_markdown(name: str, data: bytes) -> ParsedDocument:
    """Read Markdown: its lines as written, headings and tables from its syntax (not from code blocks)."""
    notes = Notes()
    text = _FRONT_MATTER.sub("", notes.clean(decode(data)))
    lines = text.split("\n")
    page = PageWriter(1, notes)
    title = ""
    done = 0
    for part in _parts(MarkdownIt("commonmark").enable("table").parse(text)):
        if part.start < done:
            continue
        _copy(lines[done : part.start], page)
        if part.kind == "heading":
            level, words = int(part.tokens[0].tag[1]), _plain(part.tokens[1].content)
            title = title or (words if level == 1 else "")
            page.heading(level, words)
        elif part.kind == "table":
            page.table(_rows(part.tokens), header=1)
        else:
            source = "\n".join(lines[part.start : part.end])
            write_html(parse_html(source), page, notes)
        done = part.end
    _copy(lines[done:], page)
    return finish(title or title_from_name(name), (page.page(),), notes)


def _copy(lines: Sequence[str], page: PageWriter) -> None:
    for line in lines:
        page.line(line)


def _parts(tokens: Sequence[Token]) -> list[_Part]:
    """Headings, tables and HTML in the order of the source."""
    parts = []
    for index, token in enumerate(tokens):
        if not token.map:
            continue
        start, end = token.map
        if token.type == "heading_open" and tokens[index + 1].content.strip():
            parts.append(_Part(start, end, "heading", tokens[index : index + 2]))
        elif token.type == "table_open":
            close = next(i for i in range(index, len(tokens)) if tokens[i].type == "table_close")
            parts.append(_Part(start, end, "table", tokens[index:close]))
        elif token.type == "html_block" or (token.type == "inline" and _hides(token)):
            parts.append(_Part(start, end, "html", (token,)))
    return parts


def _hides(inline: Token) -> bool:
    """Whether a paragraph holds a comment or an element with a style, which may hide words."""
    return any(
        child.type == "html_inline" and (_COMMENT.search(child.content) or _STYLED.search(child.content))
        for child in inline.children or ()
    )


def _rows(tokens: Sequence[Token]) -> list[Row]:
    rows: list[Row] = []
    for token in tokens:
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline":
            rows[-1].append(TableCell(_plain(token.content)))
    return rows


def _plain(inline: str) -> str:
    """Inline Markdown without its marks: links become their text, emphasis, code ticks and tags go."""
    inline = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", _COMMENT.sub("", inline))
    return re.sub(r"[*`]+|(?<!\w)_+|_+(?!\w)|</?[a-z][^>]*>", "", inline).strip()
