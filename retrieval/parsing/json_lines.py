"""JSON lines: each line an item of its own, with the fields that say title, text, date and the like."""

import json
import re
from datetime import UTC, datetime
from pathlib import PurePath

from dossier.errors import DocumentError
from dossier.records import Metadata
from retrieval.parsing.hidden import Notes
from retrieval.parsing.markup import decode
from retrieval.parsing.page import PageWriter, finish
from retrieval.parsing.parsed import ParsedDocument, title_from_name

MAX_ITEMS = 20_000
_TITLE = ("title", "headline", "subject", "name", "heading")
_TEXT = ("text", "body", "content", "contents", "abstract", "summary", "description", "message", "passage")
_DATE = ("date", "published", "published_at", "created", "created_at", "timestamp", "time", "updated")
_ITEM = ("id", "_id", "uid", "guid", "doc_id", "key")
_ABOUT = {
    "company": ("company", "organization", "organisation", "issuer"),
    "kind": ("kind", "type", "doc_type", "form", "category"),
    "period": ("period", "fiscal_period", "fiscal_year"),
    "language": ("language", "lang"),
}
_DEEPEST, _LONGEST_VALUE = 4, 100_000


def read_json_lines(name: str, data: bytes) -> tuple[ParsedDocument, ...]:
    """Read a JSONL file: a document a line. Lines that aren't JSON objects are counted in the first one's warning."""
    notes = Notes()
    documents: list[ParsedDocument] = []
    names: set[str] = set()
    bad = total = 0
    for number, line in enumerate(decode(data).split("\n"), start=1):
        if not line.strip():
            continue
        total += 1
        document = _item(line, number, name, notes) if len(documents) < MAX_ITEMS else None
        if document is not None:
            item = document.item if document.item not in names else f"{document.item}-line-{number}"
            names.add(item)
            documents.append(ParsedDocument(document.title, document.pages, "", item, document.metadata))
        else:
            bad += len(documents) < MAX_ITEMS
    if not documents:
        raise DocumentError(f"none of its {total} lines is a JSON object with text.")
    if bad:
        notes.remark(f"{bad} of {total} lines aren't JSON objects with text and were left out")
    if total - bad > len(documents):
        notes.remark(f"only the first {MAX_ITEMS:,} of {total:,} lines were read; split the file")
    first = documents[0]
    return (ParsedDocument(first.title, first.pages, notes.warning(), first.item, first.metadata), *documents[1:])


def iso_date(value: object) -> str:
    """A date as ISO 8601 from ISO text or seconds since 1970; empty when it is neither."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 1e8 < value < 1e11:
        return datetime.fromtimestamp(value, UTC).isoformat(timespec="seconds")
    text = str(value).strip()
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        match = re.match(r"(?:19|20)\d\d(?:-\d\d){0,2}", text)
        return match.group() if match else ""
    return text[:10] if len(text) <= 10 else parsed.isoformat()


def _item(line: str, number: int, name: str, notes: Notes) -> ParsedDocument | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or not value:
        return None
    fields = {str(key).lower(): part for key, part in value.items()}
    title, text = _first(fields, _TITLE), _first(fields, _TEXT)
    used = {key for key in (title, text) if key}
    page = PageWriter(1, notes)
    if title:
        page.heading(1, str(fields[title]))
    if text:
        page.line(str(fields[text])[:_LONGEST_VALUE])
    item = _first(fields, _ITEM)
    for key, part in value.items():
        if str(key).lower() not in used | {item}:
            for path, leaf in _leaves(str(key), part, 0):
                page.line(f"{path}: {leaf}")
    about = {field: _text_of(fields, _first(fields, keys)) for field, keys in _ABOUT.items()}
    date = _first(fields, _DATE)
    metadata = Metadata(**{**about, "kind": about["kind"].lower()}, date=iso_date(fields[date]) if date else "")
    heading = str(fields[title]) if title else f"{title_from_name(name)}, line {number}"
    label = re.sub(r"[^\w.-]+", "-", str(fields[item]))[:80].strip("-") if item else ""
    try:
        done = finish(heading, (page.page(),), Notes(), metadata)
    except DocumentError:
        return None
    return ParsedDocument(done.title, done.pages, "", PurePath(label).name or f"line-{number}", metadata)


def _first(fields: dict[str, object], names: tuple[str, ...]) -> str:
    """The first of the names that has a plain value; empty when none has."""
    plain = (name for name in names if isinstance(fields.get(name), str | int | float))
    return next((name for name in plain if str(fields[name]).strip()), "")


def _text_of(fields: dict[str, object], key: str) -> str:
    return str(fields[key])[:100] if key else ""


def _leaves(path: str, value: object, depth: int) -> list[tuple[str, str]]:
    """Nested values as `outer.inner: value`, lists as their values in one line."""
    if value is None or value == "" or depth > _DEEPEST:
        return []
    if isinstance(value, dict):
        return [leaf for key, part in value.items() for leaf in _leaves(f"{path}.{key}", part, depth + 1)]
    if isinstance(value, list):
        if all(isinstance(part, str | int | float) for part in value):
            return [(path, ", ".join(str(part) for part in value)[:_LONGEST_VALUE])]
        return [leaf for part in value for leaf in _leaves(path, part, depth + 1)]
    return [(path, str(value)[:_LONGEST_VALUE])]
