"""What every reader returns: the text of a document by page, with its headings."""

import json
import re
from dataclasses import asdict, dataclass

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ufff9-\ufffd\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_SOFT_HYPHEN = re.compile(r"[\u00ad\ufffe\x02]\n?")


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading at character `offset` of its page. Level 1 is the outermost."""

    offset: int
    level: int
    text: str


@dataclass(frozen=True, slots=True)
class ParsedPage:
    """Text of one page (or of a whole document without pages), lines ended by newlines."""

    number: int
    text: str
    headings: tuple[Heading, ...] = ()


@dataclass(frozen=True, slots=True)
class ParsedDocument:
    """A document as its reader saw it. `warning` says what was left out, in plain words."""

    title: str
    pages: tuple[ParsedPage, ...]
    warning: str = ""

    def to_json(self) -> bytes:
        """Encode for the way out of the reader's process (never pickle: the reader saw untrusted bytes)."""
        return json.dumps(asdict(self)).encode()

    @classmethod
    def from_json(cls, data: bytes) -> "ParsedDocument":
        """Decode what `to_json` wrote."""
        raw = json.loads(data)
        pages = tuple(
            ParsedPage(page["number"], page["text"], tuple(Heading(**heading) for heading in page["headings"]))
            for page in raw["pages"]
        )
        return cls(title=raw["title"], pages=pages, warning=raw["warning"])


def clean_text(text: str) -> str:
    """Text with plain newlines, words joined again at soft hyphens, and without control or invisible characters."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = _SOFT_HYPHEN.sub("", text)
    text = text.replace("\u00a0", " ").replace("\u2028", "\n").replace("\u2029", "\n").replace("\x0c", "\n")
    return _CONTROL.sub("", text).encode("utf-8", "ignore").decode("utf-8")


def title_from_name(name: str) -> str:
    """A readable title from a file name: `acme_2024-annual.pdf` becomes `acme 2024 annual`."""
    stem = name.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    return re.sub(r"[\s_\-.]+", " ", stem).strip() or name
