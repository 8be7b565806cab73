"""What every reader returns: the text of a document by page, with its headings, tables and places on the page."""

import re
from dataclasses import dataclass, field
from typing import Final

from pydantic import TypeAdapter

from dossier.records import Box, Metadata, Table

READ_AGAIN: Final = "and index again"
"""Ends a warning that an owner can do something about: files with it are read again once what may be used changes."""
_INVISIBLE = (
    "\u034f\u115f\u1160\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0"
    "\U000e0000-\U000e01ef"
)
"""Joiners, fillers, direction marks, variation selectors and tag characters: letters nobody sees, models read."""
_UNSEEN = re.compile(f"[{_INVISIBLE}]")
_CONTROL = re.compile(rf"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufff9-\ufffd{_INVISIBLE}]")
_SOFT_HYPHEN = re.compile(r"[\u00ad\ufffe\x02]\n?")


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading at character `offset` of its page. Level 1 is the outermost."""

    offset: int
    level: int
    text: str


@dataclass(frozen=True, slots=True)
class LineBox:
    """Where the characters `start`:`end` of a page's text stand on the page."""

    start: int
    end: int
    box: Box


@dataclass(frozen=True, slots=True)
class ParsedPage:
    """Text of one page (a slide, a sheet, or a whole document without pages), lines ended by newlines.

    A table's rows are lines of the text like all others (`Label 12 34`); `tables` says what they mean. `line_boxes`
    are in reading order, for formats whose pages have a fixed look.
    """

    number: int
    text: str
    headings: tuple[Heading, ...] = ()
    tables: tuple[Table, ...] = ()
    line_boxes: tuple[LineBox, ...] = ()


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """A document as its reader saw it.

    `warning` says what was left out, in plain words; `item` names it within a file that holds several documents (an
    entry of a feed), empty for the whole file; `metadata` is what the format itself says (a feed entry's date).
    """

    title: str
    pages: tuple[ParsedPage, ...]
    warning: str = ""
    item: str = ""
    metadata: Metadata = field(default_factory=Metadata)


_DOCUMENTS: TypeAdapter[tuple[ParsedDocument, ...]] = TypeAdapter(tuple[ParsedDocument, ...])


def to_json(documents: tuple[ParsedDocument, ...]) -> bytes:
    """Encode for the way out of the reader's process (never pickle: the reader saw untrusted bytes)."""
    return _DOCUMENTS.dump_json(documents)


def from_json(data: bytes) -> tuple[ParsedDocument, ...]:
    """Decode what `to_json` wrote."""
    return _DOCUMENTS.validate_json(data)


def clean_text(text: str) -> str:
    """Text with plain newlines, words joined again at soft hyphens, and without control or invisible characters."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _SOFT_HYPHEN.sub("", text)
    text = text.replace("\u00a0", " ").replace("\u2028", "\n").replace("\u2029", "\n").replace("\x0c", "\n")
    return _CONTROL.sub("", text).encode("utf-8", "ignore").decode("utf-8")


def invisible_count(text: str) -> int:
    """How many invisible characters `clean_text` takes out of a text (a mark at its very start doesn't count)."""
    return 0 if text.isascii() else len(_UNSEEN.findall(text.removeprefix("\ufeff")))


def title_from_name(name: str) -> str:
    """A readable title from a file name: `acme_2024-annual.pdf` becomes `acme 2024 annual`."""
    stem = name.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    return re.sub(r"[\s_\-.]+", " ", stem).strip() or name
