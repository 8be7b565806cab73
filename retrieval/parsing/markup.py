"""Markdown, HTML and plain text. Markup is read for its headings and words, and never executed."""

import re
from pathlib import Path

from bs4 import BeautifulSoup
from bs4.element import Comment, NavigableString, PreformattedString, Tag
from markdown_it import MarkdownIt

from dossier.errors import DocumentError
from retrieval.parsing.parsed import Heading, ParsedDocument, ParsedPage, clean_text, title_from_name

_UNSEEN_TAGS = ("script", "style", "noscript", "template", "iframe", "object", "svg", "head", "select", "button")
_HIDDEN_STYLE = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d])|opacity\s*:\s*0(?![.\d])"
)
_BLOCKS = frozenset(
    ["p", "div", "li", "tr", "table", "ul", "ol", "section", "article", "header", "footer", "main", "aside", "pre"]
    + ["blockquote", "dt", "dd", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "caption", "figcaption", "form"]
)
_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)


def decode(data: bytes) -> str:
    """Text of a file: UTF-8 or UTF-16 by its mark, else Windows-1252. Raises DocumentError for binary data."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return clean_text(data.decode("utf-16", "replace"))
    if b"\x00" in data[:8192]:
        raise DocumentError("it isn't text (binary data). Convert it to a supported format.")
    try:
        return clean_text(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return clean_text(data.decode("cp1252", "replace"))


def read_text(path: Path) -> ParsedDocument:
    """Read plain text."""
    return _one_page(title_from_name(path.name), decode(path.read_bytes()), ())


def read_markdown(path: Path) -> ParsedDocument:
    """Read Markdown: the text as written, headings from its headings (not from comments in code blocks)."""
    text = _FRONT_MATTER.sub("", decode(path.read_bytes()))
    starts = _line_starts(text)
    headings = []
    tokens = MarkdownIt("commonmark").parse(text)
    for token, inline in zip(tokens, tokens[1:], strict=False):
        if token.type == "heading_open" and token.map and inline.content.strip():
            headings.append(Heading(starts[token.map[0]], int(token.tag[1]), _plain(inline.content)))
    title = next((heading.text for heading in headings if heading.level == 1), title_from_name(path.name))
    return _one_page(title, text, tuple(headings))


def read_html(path: Path) -> ParsedDocument:
    """Read what a browser would show of an HTML page: no scripts, styles, comments or hidden elements."""
    soup = BeautifulSoup(path.read_bytes(), "lxml")
    title = clean_text(soup.title.get_text(" ", strip=True)) if soup.title else ""
    for tag in soup.find_all(_is_unseen):
        tag.decompose()
    pieces: list[str] = []
    headings: list[tuple[int, int, str]] = []
    _collect(soup, pieces, headings)
    text = "".join(pieces)
    found = tuple(Heading(offset, level, name) for offset, level, name in headings)
    return _one_page(title or title_from_name(path.name), text, found)


def _plain(inline: str) -> str:
    """Inline Markdown without its marks: links become their text, emphasis and code ticks go."""
    inline = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", inline)
    return re.sub(r"[*_`]+", "", inline).strip()[:120]


def _is_unseen(tag: Tag) -> bool:
    style = str(tag.get("style") or "").lower()
    return (
        tag.name in _UNSEEN_TAGS
        or tag.has_attr("hidden")
        or str(tag.get("aria-hidden", "")).lower() == "true"
        or bool(_HIDDEN_STYLE.search(style))
    )


def _collect(root: Tag, pieces: list[str], headings: list[tuple[int, int, str]]) -> None:
    """Append the visible text below `root`, a line per block, walking without recursion (nesting is untrusted)."""
    length = 0
    stack: list[object] = [root]
    while stack:
        node = stack.pop()
        if node == "\n":
            if pieces and not pieces[-1].endswith("\n"):
                pieces.append("\n")
                length += 1
        elif isinstance(node, Tag):
            if re.fullmatch(r"h[1-6]", node.name or ""):
                name = " ".join(clean_text(node.get_text(" ")).split())[:120]
                if name:
                    headings.append(
                        (length + (0 if not pieces or pieces[-1].endswith("\n") else 1), int(node.name[1]), name)
                    )
            block = node.name in _BLOCKS
            stack.extend(["\n"] if block else [])
            stack.extend(reversed(list(node.children)))
            stack.extend(["\n"] if block else [])
        elif isinstance(node, NavigableString) and not isinstance(node, Comment | PreformattedString):
            text = re.sub(r"\s+", " ", clean_text(str(node)))
            if text.strip() or (text and pieces and not pieces[-1].endswith((" ", "\n"))):
                pieces.append(text)
                length += len(text)


def _one_page(title: str, text: str, headings: tuple[Heading, ...]) -> ParsedDocument:
    if not text.strip():
        raise DocumentError("it holds no text.")
    return ParsedDocument(title[:200], (ParsedPage(1, text, headings),))


def _line_starts(text: str) -> list[int]:
    starts = [0]
    for line in text.split("\n"):
        starts.append(starts[-1] + len(line) + 1)
    return starts
