"""E-mail: sender, receivers, date, subject, the text, and what is attached. Nothing is fetched or written to disk."""

import email
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC
from email.errors import HeaderParseError, MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import parsedate_to_datetime

from dossier.errors import DocumentError
from dossier.records import Metadata
from retrieval.parsing.hidden import Notes
from retrieval.parsing.html import parse_html, write_html
from retrieval.parsing.markup import decode
from retrieval.parsing.page import PageWriter, finish
from retrieval.parsing.parsed import Heading, ParsedDocument, ParsedPage, title_from_name

MAX_ATTACHMENTS = 30
MAX_DEPTH = 3
"""Mails within mails within mails."""
MAX_ATTACHED_BYTES = 100_000_000
_MAX_PARTS = 1_000
_SHOWN = ("From", "To", "Cc", "Date", "Subject")

ReadAttachment = Callable[[str, bytes], tuple[ParsedDocument, ...] | None]
"""Reads an attachment by its name; None for a kind that isn't read. Raises DocumentError like all readers."""


@dataclass(slots=True)
class _Parts:
    """What a message holds, sorted: texts, pages in HTML, attachments, messages within."""

    plain: list[Message]
    html: list[Message]
    attached: list[tuple[str, Message]]
    mails: list[Message]


class MailReader:
    """Reads EML files. `read_attachment` reads attachments of other kinds; mails within mails it reads itself."""

    def __init__(self, read_attachment: ReadAttachment) -> None:
        self._read_attachment = read_attachment

    def read(self, name: str, data: bytes) -> ParsedDocument:
        """Read one mail: its text is page 1, each readable attachment's pages follow under its name."""
        message = email.message_from_bytes(data)
        if not any(message.get(header) for header in ("From", "To", "Subject", "Date", "Received", "Message-ID")):
            raise DocumentError("it isn't an e-mail (no From, To, Subject or Date).")
        work = _Mail(self._read_attachment)
        work.add(message, 0)
        title = _header(message, "Subject") or title_from_name(name)
        return finish(title, work.pages, work.notes, Metadata(kind="e-mail", date=_date(message)))


class _Mail:
    """One mail in the making: its pages so far, and what is left of the bounds."""

    def __init__(self, read_attachment: ReadAttachment) -> None:
        self._read_attachment = read_attachment
        self.pages: list[ParsedPage] = []
        self.notes = Notes()
        self._bytes, self._attachments = MAX_ATTACHED_BYTES, MAX_ATTACHMENTS

    def add(self, message: Message, depth: int) -> None:
        """Append a message's page, then its attachments' pages."""
        page = PageWriter(len(self.pages) + 1, self.notes)
        subject = _header(message, "Subject") or "E-mail"
        page.heading(1, subject if depth == 0 else f"Attached mail: {subject}")
        for header in _SHOWN:
            text = _header(message, header)
            if text:
                page.line(f"{header}: {text}")
        parts = _sorted_parts(message)
        if parts.plain and any(_text(part).strip() for part in parts.plain):
            for part in parts.plain:
                page.line(_text(part))
        else:
            for part in parts.html:
                write_html(parse_html(_text(part)), page, self.notes)
        for name, _ in parts.attached:
            page.line(f"Attachment: {name}")
        self.pages.append(page.page())
        for name, part in parts.attached:
            self._attach(name, part)
        for inner in parts.mails:
            if depth + 1 < MAX_DEPTH:
                self.add(inner, depth + 1)
            else:
                self.notes.remark(f"mails more than {MAX_DEPTH} deep within mails weren't read")

    def _attach(self, name: str, part: Message) -> None:
        data = part.get_payload(decode=True)
        if not isinstance(data, bytes) or not data:
            return
        if self._attachments <= 0 or len(data) > self._bytes:
            self.notes.remark(
                f"attachments beyond {MAX_ATTACHMENTS} or {MAX_ATTACHED_BYTES // 1_000_000} MB weren't read"
            )
            return
        self._attachments -= 1
        self._bytes -= len(data)
        try:
            documents = self._read_attachment(name, data)
        except DocumentError as error:
            self.notes.remark(f"the attachment {name} wasn't read: {str(error).rstrip('.')}")
            return
        for document in documents or ():
            if document.warning:
                self.notes.remark(f"in the attachment {name} {document.warning}")
            for page in document.pages:
                if page.text.strip():
                    self.pages.append(_under(page, name, len(self.pages) + 1))


def _under(page: ParsedPage, name: str, number: int) -> ParsedPage:
    """An attachment's page with its file name as heading above everything."""
    lead = f"Attachment {name}\n"
    shift = len(lead)
    headings = tuple(Heading(item.offset + shift, item.level + 1, item.text) for item in page.headings)
    tables = tuple(
        replace(
            table,
            page=number,
            start=table.start + shift,
            end=table.end + shift,
            rows=tuple(replace(row, start=row.start + shift, end=row.end + shift) for row in table.rows),
        )
        for table in page.tables
    )
    return ParsedPage(number, lead + page.text, (Heading(0, 1, lead.strip()), *headings), tables)


def _sorted_parts(message: Message) -> _Parts:
    """A message's parts without recursion, bounded; what lies inside an attached mail stays there."""
    parts = _Parts([], [], [], [])
    stack, seen = [message], 0
    while stack and seen < _MAX_PARTS:
        part = stack.pop()
        seen += 1
        kind = part.get_content_type()
        payload = part.get_payload()
        if kind == "message/rfc822" and isinstance(payload, list):
            parts.mails.extend(inner for inner in payload if isinstance(inner, Message))
        elif isinstance(payload, list):
            stack.extend(reversed([inner for inner in payload if isinstance(inner, Message)]))
        else:
            name = _file_name(part)
            if name or part.get_content_disposition() == "attachment":
                parts.attached.append((name or "unnamed", part))
            elif kind in ("text/plain", "text/html"):
                (parts.plain if kind == "text/plain" else parts.html).append(part)
    return parts


def _file_name(part: Message) -> str:
    """An attachment's name without folders: it is shown and tells the kind, and nothing is ever written there."""
    try:
        name = str(part.get_filename() or "")
    except (ValueError, LookupError, TypeError):
        return "unnamed"
    name = _decoded(name).replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(character for character in name if character.isprintable())[:120].strip()


def _text(part: Message) -> str:
    data = part.get_payload(decode=True)
    if not isinstance(data, bytes):
        return ""
    return decode(data.replace(b"\x00", b""), str(part.get_param("charset") or "")).replace("\r\n", "\n")


def _header(message: Message, name: str) -> str:
    return " ".join(_decoded(str(message.get(name, ""))).split())[:2000]


def _decoded(text: str) -> str:
    """A header's text with its encoded words decoded; as it stands where they are wrong."""
    try:
        return str(make_header(decode_header(text)))
    except (HeaderParseError, MessageError, LookupError, ValueError):
        return text.encode("utf-8", "replace").decode()


def _date(message: Message) -> str:
    """The mail's date in ISO 8601 with its time zone (UTC where it names none); empty when there is none."""
    try:
        moment = parsedate_to_datetime(str(message.get("Date", "")))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()
    except (ValueError, TypeError, IndexError, OverflowError):
        return ""
