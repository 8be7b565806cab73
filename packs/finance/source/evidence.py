"""Finds the lines of the documents that support an answer, as text extraction sees them."""

import re
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

# The PDF reader has no type information, so it is reached by name and typed as Any.
_PDF: Any = import_module("pypdfium2").PdfDocument


class EvidenceNotFound(ValueError):
    """The words of a question's evidence stand on no page, or on several."""


@dataclass(frozen=True)
class Line:
    """One line of a document with its physical page, counted from 1 (always 1 for Markdown)."""

    document: str
    page: int
    text: str


def read_pages(path: Path) -> list[list[str]]:
    """Return the lines of every page of a document, as they are extracted."""
    if path.suffix != ".pdf":
        return [path.read_text(encoding="utf-8").splitlines()]
    pdf = _PDF(path)
    try:
        return [page.get_textpage().get_text_range().splitlines() for page in pdf]
    finally:
        pdf.close()


class Evidence:
    """The pages of all documents, searchable by the words of a line."""

    def __init__(self, folder: Path) -> None:
        self._pages = {path.name: read_pages(path) for path in sorted(folder.iterdir()) if path.suffix != ".csv"}

    def find(self, document: str, words: str, beside: str = "", place: int = 0) -> list[Line]:
        """Return the lines that hold the words, which may run over several lines of one page.

        Only pages that also contain the text ``beside`` count. Several matches on the page are told apart by
        ``place``; matches on several pages are an error, because a question must name one.
        """
        found = []
        for number, lines in enumerate(self._pages[document], start=1):
            if beside in " ".join(lines):
                matches = _matches(lines, words)
                found += [(number, matches)] if matches else []
        if len(found) != 1 or place >= len(found[0][1]):
            pages = [number for number, _ in found]
            raise EvidenceNotFound(f"{words!r} beside {beside!r} in {document}: pages {pages}")
        number, matches = found[0]
        if len(matches) > 1 and not beside:
            raise EvidenceNotFound(f"{words!r} stands {len(matches)} times on page {number} of {document}")
        return [Line(document, number, text) for text in matches[place]]


def _matches(lines: list[str], words: str) -> list[list[str]]:
    """Return, for each place where the words occur, the whole lines that they touch."""
    text, starts = "", []
    for line in lines:
        starts.append(len(text))
        text += " ".join(line.split()) + " "
    bounds = [*starts[1:], len(text)]
    pattern = r"(?<![\w,.$(])" + re.escape(words) + r"(?![\d])"
    return [
        [
            line
            for line, start, end in zip(lines, starts, bounds, strict=True)
            if start < hit.end() and end > hit.start()
        ]
        for hit in re.finditer(pattern, text)
    ]
