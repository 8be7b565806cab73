"""RSS and Atom feeds: each entry a document of its own, with its time. Nothing that a feed points to is fetched."""

import calendar
import hashlib
import io
import re
from datetime import UTC, datetime
from typing import Any

import feedparser

from dossier.errors import DocumentError
from dossier.records import Metadata
from retrieval.parsing.hidden import Notes
from retrieval.parsing.html import parse_html, write_html
from retrieval.parsing.page import PageWriter, finish
from retrieval.parsing.parsed import ParsedDocument

MAX_ENTRIES = 5_000
_LARGEST = 50_000_000


def read_feed(name: str, data: bytes) -> tuple[ParsedDocument, ...]:
    """Read RSS 0.9 to 2.0, RSS 1.0 or Atom. Raises DocumentError for XML that is no feed or declares entities."""
    if b"<!ENTITY" in data.replace(b"\x00", b""):
        raise DocumentError("it declares XML entities, which can expand without end. It may be hostile.")
    if len(data) > _LARGEST:
        raise DocumentError(f"it is larger than {_LARGEST // 1_000_000} MB, too much for a feed. Split the file.")
    # from a stream, never as text: text that looks like an address would be fetched. Markup stays as it is, since
    # the cleaning of feedparser drops the styles by which hidden text is known
    feed = feedparser.parse(io.BytesIO(data), sanitize_html=False, resolve_relative_uris=False)
    if not feed.version and not feed.entries:
        raise DocumentError("it is XML, but neither an RSS nor an Atom feed. Save its text in a supported format.")
    if not feed.entries:
        raise DocumentError("it is a feed without entries.")
    documents: list[ParsedDocument] = []
    items: dict[str, int] = {}
    for entry in feed.entries[:MAX_ENTRIES]:
        document = _entry(entry, str(feed.feed.get("title", "")))
        if document is None:
            continue
        count = items[document.item] = items.get(document.item, 0) + 1
        item = document.item if count == 1 else f"{document.item}-{count}"
        documents.append(ParsedDocument(document.title, document.pages, document.warning, item, document.metadata))
    if not documents:
        raise DocumentError("none of its entries holds text.")
    return _with_warning(documents, feed)


def _with_warning(documents: list[ParsedDocument], feed: Any) -> tuple[ParsedDocument, ...]:  # noqa: ANN401 (untyped)
    """The documents, the first of which tells what holds for the whole file."""
    remarks = [documents[0].warning] if documents[0].warning else []
    if feed.bozo and not isinstance(feed.get("bozo_exception"), feedparser.CharacterEncodingOverride):
        remarks.append("the feed is damaged; entries may be missing")
    if len(feed.entries) > MAX_ENTRIES:
        remarks.append(f"only the first {MAX_ENTRIES:,} of {len(feed.entries):,} entries were read; split the file")
    first = documents[0]
    return (
        ParsedDocument(first.title, first.pages, "; ".join(remarks), first.item, first.metadata),
        *documents[1:],
    )


def _entry(entry: Any, feed_title: str) -> ParsedDocument | None:  # noqa: ANN401 (feedparser has no types)
    notes = Notes()
    page = PageWriter(1, notes)
    title = _plain(str(entry.get("title", "")), notes)
    date = _time(entry)
    page.heading(1, title)
    for line in (feed_title, f"By {entry.author}" if entry.get("author") else "", date):
        if line:
            page.line(line)
    bodies = [str(part.get("value", "")) for part in entry.get("content", ())] or [str(entry.get("summary", ""))]
    for body in bodies:
        write_html(parse_html(body), page, notes)
    key = str(entry.get("id") or entry.get("link") or f"{title}\n{date}")
    item = hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()[:16]
    if not title and not any(body.strip() for body in bodies):
        return None
    done = finish(title or feed_title or "Entry", (page.page(),), notes)
    return ParsedDocument(done.title, done.pages, done.warning, item, Metadata(kind="news", date=date))


def _time(entry: Any) -> str:  # noqa: ANN401 (feedparser has no types)
    """When an entry was published (else updated), in UTC; empty when it doesn't say."""
    moment = entry.get("published_parsed") or entry.get("updated_parsed") or entry.get("created_parsed")
    if not moment:
        return ""
    try:
        return datetime.fromtimestamp(calendar.timegm(moment), UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return ""


def _plain(markup: str, notes: Notes) -> str:
    """A title's words: titles may hold markup."""
    text = parse_html(markup).get_text(" ") if re.search(r"[<&]", markup) else markup
    return " ".join(notes.clean(text).split())
