"""PDFs by page with pypdfium2: text, tables and places, headings from bookmarks and from the look of the lines."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pypdfium2

from dossier.errors import DocumentError
from dossier.records import Table, TableRow
from retrieval.parsing.ocr import Recognised, is_scrambled, is_sparse, is_text, says_more
from retrieval.parsing.parsed import Heading, LineBox, ParsedDocument, ParsedPage, clean_text, title_from_name
from retrieval.parsing.pdf_lines import BROKEN_WORD, MENDED, PdfLine, PdfPage
from retrieval.parsing.pdf_tables import DraftTable, continued, find_tables

_UNSEEN = "characters that can't be seen on the page were"
MAX_PAGES = 20_000
MAX_CHARACTERS = 60_000_000
_EDGE = 3
"""Lines at the top and bottom of a page that may be running heads and feet."""
_PART = re.compile(r"^part\s+[ivx]+\b.{0,60}$", re.IGNORECASE)
_ITEM = re.compile(r"^item\s+\d+[a-c]?\b[.:]?\s*\S.{0,110}$", re.IGNORECASE)
_NOTE = re.compile(r"^(note\s+\d+\s*[-–—.:]|\d{1,2}\.\s+[A-Z])\s*.{2,100}$", re.IGNORECASE)
_LETTERS = re.compile(rf"(?<![\w{MENDED}])\w+(?![\w{MENDED}])")
_JOINT = re.compile(rf"(\w+){MENDED}(\w+)")
_WORD = re.compile(r"[A-Za-z]{3,}")


def read_pdf(path: Path, data: bytes | None = None) -> ParsedDocument:
    """Read a PDF's text, tables and places; from `data` where it isn't a file (a mail's attachment).

    `path` then just names it.
    Raises DocumentError when it is encrypted, broken or holds no text.
    """
    try:
        pdf = pypdfium2.PdfDocument(path if data is None else data)
    except pypdfium2.PdfiumError as error:
        raise DocumentError(_why_not(error)) from error
    with pdf:
        if len(pdf) > MAX_PAGES:
            raise DocumentError(f"it has {len(pdf)} pages; at most {MAX_PAGES} are read. Split the file.")
        read = _read_pages(pdf)
        bookmarks = _bookmarks(pdf)
        title = _title(pdf, path.name)
    if not any(page.lines for page in read.pages):
        raise DocumentError(read.why_empty())
    read.pages = _mended(read.pages)
    running = _running_lines([[line.text for line in page.lines] for page in read.pages])
    pages = tuple(_assembled(page, bookmarks.get(page.number, []), running) for page in read.pages)
    return ParsedDocument(title, pages, read.warning())


@dataclass(frozen=True, slots=True)
class _PageRead:
    """What was read of one page."""

    number: int
    lines: Sequence[PdfLine]
    tables: Sequence[DraftTable]


@dataclass(slots=True)
class _Read:
    """The pages read, and what was left out of them."""

    pages: list[_PageRead] = field(default_factory=list)
    unreadable: int = 0
    hidden: int = 0
    ocr: Recognised = field(default_factory=Recognised)

    def why_empty(self) -> str:
        """Why a document without text has none."""
        if self.ocr.left_out:
            return f"it holds no text, only {self.ocr.reason()}"
        if self.ocr.pages:
            what = "scanned page" if self.ocr.pages == 1 else "scanned pages"
            return f"it holds no text: OCR found none on the {self.ocr.pages} {what}."
        return "it holds no text. Add a text layer by OCR and index it again."

    def warning(self) -> str:
        """What was left out, in plain words."""
        parts = []
        if self.unreadable:
            parts.append(f"{self.unreadable} of {len(self.pages)} pages couldn't be read")
        if self.hidden:
            what = "character that can't be seen on the page was" if self.hidden == 1 else _UNSEEN
            parts.append(f"{self.hidden} {what} left out")
        if self.ocr.pages:
            what = "scanned page was" if self.ocr.pages == 1 else "scanned pages were"
            parts.append(f"{self.ocr.pages} {what} read by OCR, which makes mistakes")
        if self.ocr.left_out:
            parts.append(self.ocr.reason())
        return "; ".join(parts)


def _read_pages(pdf: pypdfium2.PdfDocument) -> _Read:
    read = _Read()
    characters = 0
    for index in range(len(pdf)):
        page = _read_page(pdf, index, read)
        characters += sum(len(line.text) for line in page.lines)
        if characters > MAX_CHARACTERS:
            raise DocumentError(f"it holds more than {MAX_CHARACTERS:,} characters of text. Split the file.")
        read.pages.append(page)
    if read.unreadable == len(pdf):
        raise DocumentError("none of its pages can be read (broken PDF). Get a good copy and index it again.")
    return read


def _read_page(pdf: pypdfium2.PdfDocument, index: int, read: _Read) -> _PageRead:
    try:
        page = PdfPage(pdf[index])
    except pypdfium2.PdfiumError:
        read.unreadable += 1
        return _PageRead(index + 1, (), ())
    try:
        lines = page.lines()
        read.hidden += page.hidden
        tables = find_tables(lines, page.words, page.rules)
        text = "".join(line.text for line in lines)
        if is_scrambled(text) or (page.is_picture and is_sparse(text) and not (page.has_layer and is_text(text))):
            seen, found = read.ocr.read(pdf[index])
            if says_more(seen, lines):
                lines, tables = seen, found
        if tables and read.pages and read.pages[-1].tables:
            tables[0] = continued(tables[0], read.pages[-1].tables[-1])
        return _PageRead(index + 1, lines, tables)
    finally:
        page.close()


def _mended(pages: list[_PageRead]) -> list[_PageRead]:
    """Pages whose words that a line's end broke are whole again.

    A hyphen between two words that the document has on their own (`third-party`) stays, unless it has them as one.
    """
    if not any(MENDED in line.text for page in pages for line in page.lines):
        return pages
    known = {word.lower() for page in pages for line in page.lines for word in _LETTERS.findall(line.text)}

    def mend(match: re.Match[str]) -> str:
        before, after = match.groups()
        parts = before.lower() in known and after.lower() in known
        digits = not (before + after).isalpha()
        return f"{before}-{after}" if digits or (parts and (before + after).lower() not in known) else before + after

    return [
        replace(
            page,
            lines=[
                replace(line, text=_JOINT.sub(mend, line.text).replace(MENDED, "-"))
                if MENDED in line.text[:-1]
                else line
                for line in page.lines
            ],
        )
        for page in pages
    ]


def _assembled(page: _PageRead, bookmarks: list[tuple[int, str]], running: frozenset[str]) -> ParsedPage:
    """A page's text with the places of its lines, headings and tables, without running heads and feet."""
    kept = _kept(page.lines, running)
    text, starts, boxes = "", {}, []
    for number in kept:
        line = page.lines[number]
        starts[number] = len(text)
        text += line.text[:-1] if line.text.endswith(BROKEN_WORD) else f"{line.text}\n"
        if line.box is not None:
            boxes.append(LineBox(starts[number], max(starts[number], len(text) - 1), line.box))
    ends = {number: starts[number] + len(page.lines[number].text) for number in kept}
    tables = tuple(
        table for draft in page.tables if (table := _placed_table(draft, page.number, starts, ends)) is not None
    )
    return ParsedPage(page.number, text, _headings(text, bookmarks, running), tables, tuple(boxes))


def _placed_table(draft: DraftTable, page: int, starts: dict[int, int], ends: dict[int, int]) -> Table | None:
    """A table with character offsets instead of line numbers, without rows that went with the running lines."""
    rows = tuple(
        TableRow(starts[row.first], ends[row.last], row.cells)
        for row in draft.rows
        if row.first in starts and row.last in ends
    )
    inside = [number for number in range(draft.first, draft.last + 1) if number in starts]
    if not rows:
        return None
    place = (page, starts[inside[0]], ends[inside[-1]])
    return Table(*place, draft.caption, draft.unit, draft.columns, rows)


def _why_not(error: pypdfium2.PdfiumError) -> str:
    reason = str(error).lower()
    if "password" in reason:
        return "it is encrypted. Save a copy without a password and index it again."
    if "security" in reason:
        return "it uses an encryption that isn't supported. Save a copy without it and index it again."
    return "it isn't a readable PDF (broken or cut short). Get a good copy and index it again."


def _bookmarks(pdf: pypdfium2.PdfDocument) -> dict[int, list[tuple[int, str]]]:
    """Bookmarks by page number, as (level from 1, title)."""
    found: dict[int, list[tuple[int, str]]] = {}
    try:
        for bookmark in pdf.get_toc(max_depth=4):
            target = bookmark.get_dest()
            page = target.get_index() if target else None
            title = clean_text(bookmark.get_title()).strip()
            if page is not None and title:
                found.setdefault(page + 1, []).append((bookmark.level + 1, title[:120]))
    except pypdfium2.PdfiumError:
        return found  # bookmarks only sharpen the section path; the text is complete without them
    return found


def _title(pdf: pypdfium2.PdfDocument, name: str) -> str:
    title = clean_text(pdf.get_metadata_dict().get("Title", "")).strip()
    useful = len(_WORD.findall(title)) >= 2 and "microsoft word" not in title.lower()
    return title[:200] if useful else title_from_name(name)


def _running_lines(pages: Sequence[Sequence[str]]) -> frozenset[str]:
    """Lines that stand on many pages, page numbers aside: running heads and feet. Digits are written as 0."""
    counts = Counter(line for lines in pages for line in {_same_digits(line) for line in lines} if line)
    least = max(4, len(pages) // 8)
    return frozenset(line for line, count in counts.items() if count >= least)


def _same_digits(line: str) -> str:
    return re.sub(r"\d+", "0", line.strip())


def _kept(lines: Sequence[PdfLine], running: frozenset[str]) -> range:
    """Numbers of a page's lines without running ones at top and bottom; elsewhere a repeated line may be a row."""
    first, last = 0, len(lines)
    while first < min(_EDGE, last) and _same_digits(lines[first].text) in running:
        first += 1
    while last > max(first, len(lines) - _EDGE) and _same_digits(lines[last - 1].text) in running:
        last -= 1
    return range(first, last)


def _headings(text: str, bookmarks: list[tuple[int, str]], running: frozenset[str]) -> tuple[Heading, ...]:
    headings = [Heading(_offset_of(title, text), level, title) for level, title in bookmarks]
    marked = {heading.text.lower() for heading in headings}
    deepest = max((level for level, _ in bookmarks), default=0)
    offset = 0
    for line in text.splitlines(keepends=True):
        stripped = line.strip()
        level = 0 if _same_digits(stripped) in running or stripped.lower() in marked else _heading_level(stripped)
        if level:
            headings.append(Heading(offset, max(level, deepest + 1 if bookmarks else level), stripped))
        offset += len(line)
    return tuple(sorted(headings, key=lambda heading: heading.offset))


def _offset_of(title: str, text: str) -> int:
    position = text.lower().find(title.lower())
    return max(position, 0)


def _heading_level(line: str) -> int:
    """The level of a line that looks like a heading, or 0."""
    if not 4 <= len(line) <= 120 or line.endswith((".", ",", ";")) and not _ITEM.match(line):
        return 0
    for level, pattern in enumerate((_PART, _ITEM, _NOTE), start=1):
        if pattern.match(line):
            return level
    words = line.split()
    letters = [character for character in line if character.isalpha()]
    capitals = bool(letters) and line == line.upper() and len(letters) >= 0.7 * len(line.replace(" ", ""))
    return 4 if capitals and 2 <= len(words) <= 14 else 0
