"""A conversation with its sources as a file to keep, to send or to print."""

import re
from collections.abc import Iterator
from enum import StrEnum
from html import escape
from typing import Any, Final

from markdown_it import MarkdownIt

from serving.store import Conversation, Message

_KEPT: Final = (
    "table",
    "list",
    "heading",
    "fence",
    "code",
    "emphasis",
    "backticks",
    "escape",
    "entity",
    "newline",
    "blockquote",
)
_READER: Final = MarkdownIt("zero", {"html": False, "linkify": False, "breaks": True}).enable(list(_KEPT))
_NAME: Final = re.compile(r"[^\w -]+")
_HARMLESS: Final = (("&", "&amp;"), ("<", "&lt;"), ("](", "]\\("), ("][", "]\\["), ("![", "!\\["))
_REFUSED: Final = "not_in_documents"
_STYLE: Final = (
    "body{font:11pt/1.5 Georgia,serif;max-width:44rem;margin:2rem auto;padding:0 1rem;color:#22262a}"
    "h1{font-size:1.5rem}h2{font-size:1.1rem;margin:2rem 0 .5rem;break-after:avoid}"
    "blockquote{margin:.5rem 0;padding-left:1rem;border-left:2px solid #bbb;font-size:.9em;white-space:pre-wrap}"
    "table{border-collapse:collapse}td,th{border-bottom:1px solid #ccc;padding:.2rem .8rem .2rem 0;text-align:left}"
    "@page{margin:2cm}@media print{body{margin:0;max-width:none}}"
)


class ExportForm(StrEnum):
    """What the file is."""

    MARKDOWN = "markdown"
    JSON = "json"
    PAGE = "page"

    @property
    def media_type(self) -> str:
        """How the web calls it."""
        return {ExportForm.MARKDOWN: "text/markdown", ExportForm.JSON: "application/json"}.get(self, "text/html")

    @property
    def suffix(self) -> str:
        """How file names end."""
        return {ExportForm.MARKDOWN: "md", ExportForm.JSON: "json"}.get(self, "html")


def file_name(conversation: Conversation) -> str:
    """The title as a file is named, without its suffix."""
    return _NAME.sub("", conversation.title).strip()[:60].strip() or "conversation"


def exported(conversation: Conversation, form: ExportForm) -> str:
    """The conversation as Markdown, or as a page that opens the browser's printing, which saves PDF too.

    What documents and people wrote stays text in both: nothing in it is a link, an image or an element.
    """
    written = "\n\n".join(_lines(conversation))
    if form is ExportForm.MARKDOWN:
        return f"{written}\n"
    title = escape(conversation.title or "Conversation")
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title><style>{_STYLE}</style>'
        f"<body>{_READER.render(written)}<script>addEventListener('load', () => print())</script></body></html>"
    )


def _lines(conversation: Conversation) -> Iterator[str]:
    yield f"# {_flat(conversation.title or 'Conversation')}"
    yield f"*{conversation.created_at:%d %B %Y, %H:%M} UTC*"
    for message in conversation.messages:
        if message.role == "user":
            yield f"## {_flat(message.text)}"
        else:
            yield from _answer(message)


def _answer(message: Message) -> Iterator[str]:
    yield from _said(message)
    if message.chart is not None:
        yield f"*{_flat(_chart(message.chart))}*"
    if message.unsupported:
        doubts = (f"“{message.text[one['start'] : one['end']]}” {one['reason']}" for one in message.unsupported)
        yield "Not borne out by the sources:\n\n" + "\n".join(f"- {_flat(doubt)}" for doubt in doubts)
    for source in message.sources:
        if not source.get("cited", True):
            continue
        yield _place(source)
        yield "\n".join(f"> {line}" for line in _plain(str(source.get("text", ""))).splitlines())
    if message.answered_by:
        yield f"*Answered by {_flat(message.answered_by)}, {message.created_at:%d %B %Y, %H:%M} UTC*"


def _said(message: Message) -> Iterator[str]:
    if message.asked_as:
        yield f"*Asked as: {_flat(message.asked_as)}*"
    if message.verdict == _REFUSED:
        yield "**Not in the documents**"
    if message.text:
        yield _plain(message.text)
    if message.interrupted:
        yield "*Stopped before it was finished.*"
    if message.note:
        yield f"*{_flat(message.note)}*"


def _chart(chart: dict[str, Any]) -> str:
    said = str(chart.get("description") or chart.get("title") or "no title").strip().rstrip(".")
    return f"A chart belongs here: {said}. It is drawn in Dossier; the JSON export holds it with its values."


def _place(source: dict[str, Any]) -> str:
    place = [str(source.get("document", "")), f"page {source.get('page', 1)}", " › ".join(source.get("section") or ())]
    return f"**[{source.get('number', '')}] {_flat(', '.join(part for part in place if part))}**"


def _flat(text: str) -> str:
    """Text on one line in which nothing is markup."""
    return re.sub(r"([\\`*_\[\]<>#|~])", r"\\\1", " ".join(text.split()))


def _plain(text: str) -> str:
    """An answer's or a passage's text: its lists and tables stay, elements, links and images become characters."""
    for sign, instead in _HARMLESS:
        text = text.replace(sign, instead)
    return text
