"""PDF text by page with pypdfium2, headings from bookmarks and from the look of the lines."""

import re
from collections import Counter
from pathlib import Path

import pypdfium2

from dossier.errors import DocumentError
from retrieval.parsing.parsed import Heading, ParsedDocument, ParsedPage, clean_text, title_from_name

MAX_PAGES = 20_000
MAX_CHARACTERS = 60_000_000
_EDGE = 3
"""Lines at the top and bottom of a page that may be running heads and feet."""
_PART = re.compile(r"^part\s+[ivx]+\b.{0,60}$", re.IGNORECASE)
_ITEM = re.compile(r"^item\s+\d+[a-c]?\b[.:]?\s*\S.{0,110}$", re.IGNORECASE)
_NOTE = re.compile(r"^(note\s+\d+\s*[-–—.:]|\d{1,2}\.\s+[A-Z])\s*.{2,100}$", re.IGNORECASE)
_WORD = re.compile(r"[A-Za-z]{3,}")


def read_pdf(path: Path, data: bytes | None = None) -> ParsedDocument:
    """Read a PDF's text, from `data` where it isn't a file (a mail's attachment; `path` then just names it).

    Raises DocumentError when it is encrypted, broken or holds no text.
    """
    try:
        pdf = pypdfium2.PdfDocument(path if data is None else data)
    except pypdfium2.PdfiumError as error:
        raise DocumentError(_why_not(error)) from error
    with pdf:
        if len(pdf) > MAX_PAGES:
            raise DocumentError(f"it has {len(pdf)} pages; at most {MAX_PAGES} are read. Split the file.")
        texts, unreadable = _page_texts(pdf)
        bookmarks = _bookmarks(pdf)
        title = _title(pdf, path.name)
    if not any(text.strip() for text in texts):
        raise DocumentError("it holds no text (scanned pages?). Add a text layer by OCR and index it again.")
    running = _running_lines(texts)
    texts = [_without_running(text, running) for text in texts]
    pages = tuple(
        ParsedPage(number, text, _headings(text, bookmarks.get(number, []), running))
        for number, text in enumerate(texts, start=1)
    )
    warning = f"{unreadable} of {len(texts)} pages couldn't be read" if unreadable else ""
    return ParsedDocument(title, pages, warning)


def _why_not(error: pypdfium2.PdfiumError) -> str:
    reason = str(error).lower()
    if "password" in reason:
        return "it is encrypted. Save a copy without a password and index it again."
    if "security" in reason:
        return "it uses an encryption that isn't supported. Save a copy without it and index it again."
    return "it isn't a readable PDF (broken or cut short). Get a good copy and index it again."


def _page_texts(pdf: pypdfium2.PdfDocument) -> tuple[list[str], int]:
    texts: list[str] = []
    unreadable = characters = 0
    for index in range(len(pdf)):
        try:
            page = pdf[index]
            text_page = page.get_textpage()
            text = clean_text(text_page.get_text_range())
            text_page.close()
            page.close()
        except pypdfium2.PdfiumError:
            text, unreadable = "", unreadable + 1
        characters += len(text)
        if characters > MAX_CHARACTERS:
            raise DocumentError(f"it holds more than {MAX_CHARACTERS:,} characters of text. Split the file.")
        texts.append(text)
    if unreadable == len(texts):
        raise DocumentError("none of its pages can be read (broken PDF). Get a good copy and index it again.")
    return texts, unreadable


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


def _running_lines(texts: list[str]) -> frozenset[str]:
    """Lines that stand on many pages, page numbers aside: running heads and feet. Digits are written as 0."""
    counts = Counter(line for text in texts for line in {_same_digits(line) for line in text.splitlines()} if line)
    least = max(4, len(texts) // 8)
    return frozenset(line for line, count in counts.items() if count >= least)


def _same_digits(line: str) -> str:
    return re.sub(r"\d+", "0", line.strip())


def _without_running(text: str, running: frozenset[str]) -> str:
    """A page without the running lines at its top and bottom; elsewhere a repeated line may be a table row."""
    lines = text.splitlines(keepends=True)
    first, last = 0, len(lines)
    while first < min(_EDGE, last) and (not lines[first].strip() or _same_digits(lines[first]) in running):
        first += 1
    while last > max(first, len(lines) - _EDGE) and (
        not lines[last - 1].strip() or _same_digits(lines[last - 1]) in running
    ):
        last -= 1
    return "".join(lines[first:last])


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
