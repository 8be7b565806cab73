"""Scanned pages by Tesseract, where it is installed; where it isn't, the pages are counted and said."""

import math
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import pypdfium2

from retrieval.parsing.ocr_words import CALL_SECONDS, Recogniser, Upright, is_legible, turned_back, upright
from retrieval.parsing.parsed import READ_AGAIN
from retrieval.parsing.pdf_lines import PdfLine
from retrieval.parsing.pdf_tables import DraftTable, find_tables

_DOTS_PER_INCH = 300
_PIXELS = 25_000_000
"""Of a page's picture, whatever size the page says it has; A3 at 300 dots an inch has 17 million."""
_POINTS_PER_INCH = 72
_LEAST_LETTERS = 12
_FEW_LETTERS = 200
"""A picture of a whole page with fewer letters over it is read too: the letters may be a stamp on a scan."""
_MORE = 1.5
"""What is read from the picture counts where it has so many times the letters that stand over it."""
_NONE: Final = f"no OCR program is installed. Install Tesseract (package tesseract-ocr) {READ_AGAIN}"
_LATE: Final = f"the {{:g}} seconds of ocr_seconds are over. Raise it or split the file, {READ_AGAIN}"
_FAILED: Final = f"OCR failed, or took over {CALL_SECONDS:g} seconds for one page"
_ILLEGIBLE: Final = "OCR can't make it out"


@dataclass(frozen=True, slots=True)
class Means:
    """What scanned pages may be read with: Tesseract's languages (`eng+deu`), and seconds on the clock for one file.

    With `trial` the pages after the first are only counted, as if they had been read.
    """

    languages: str = "eng"
    seconds: float = 1800.0
    program: str = field(default_factory=lambda: shutil.which("tesseract") or "")
    """Where Tesseract is, empty where it isn't. As part of the limits it makes an index read again what it left out."""
    trial: bool = False


@dataclass(slots=True)
class _Allowed:
    means: Means | None = None
    on_page: Callable[[], None] = lambda: None


_allowed = _Allowed()
"""What this process may do: a reader's process reads one file."""


def allow(means: Means, on_page: Callable[[], None]) -> None:
    """Set what this process may read scanned pages with, and what is called before each."""
    _allowed.means, _allowed.on_page = means, on_page


def is_text(text: str) -> bool:
    """Whether a page's text layer is worth anything: enough characters, and most of them known to mean something."""
    return _letters(text) >= _LEAST_LETTERS and not is_scrambled(text)


def is_scrambled(text: str) -> bool:
    """Whether much of a text is characters of nobody's, as a font without a table of its letters gives."""
    odd = sum("\ue000" <= character <= "\uf8ff" or character == "\ufffd" for character in text)
    return odd > 0.3 * _letters(text)


def is_sparse(text: str) -> bool:
    """Whether so little stands over a picture of the whole page that the picture may say more."""
    return _letters(text) < _FEW_LETTERS


def says_more(read: Sequence[PdfLine], layer: Sequence[PdfLine]) -> bool:
    """Whether OCR read clearly more than the page's own text layer says."""
    own = "".join(line.text for line in layer)
    return is_scrambled(own) or sum(_letters(line.text) for line in read) >= _MORE * _letters(own)


def _letters(text: str) -> int:
    return sum(not character.isspace() for character in text)


@dataclass(slots=True)
class Recognised:
    """OCR of one document: pages read, and scanned pages left out by the reason."""

    pages: int = 0
    why: Counter[str] = field(default_factory=Counter)
    _spent: float = 0.0
    _ready: str | None = None
    _means: Means = field(default_factory=lambda: _allowed.means or Means())

    @property
    def left_out(self) -> int:
        """How many scanned pages weren't read."""
        return self.why.total()

    def read(self, page: pypdfium2.PdfPage) -> tuple[list[PdfLine], list[DraftTable]]:
        """Lines and tables of a scanned page, none where they can't be had. Closes the page."""
        if self._ready is None:
            self._ready = _why_none(self._means)
        late = self._spent >= self._means.seconds
        if why := self._ready or (_LATE.format(self._means.seconds) if late else ""):
            page.close()
            self.why[why] += 1
            return [], []
        if self._means.trial and self.pages:
            page.close()
            self.pages += 1
            return [], []
        _allowed.on_page()
        began = time.monotonic()
        try:
            return self._lines(page)
        except (OSError, subprocess.SubprocessError):
            self.why[_FAILED] += 1
            return [], []
        finally:
            self._spent += time.monotonic() - began

    def _lines(self, page: pypdfium2.PdfPage) -> tuple[list[PdfLine], list[DraftTable]]:
        width, height = page.get_size()
        scale = min(_DOTS_PER_INCH / _POINTS_PER_INCH, math.sqrt(_PIXELS / max(1.0, width * height)))
        picture = page.render(scale=scale, grayscale=True).to_pil()
        page.close()
        recogniser = Recogniser(self._means.program, self._means.languages)
        found, turn = recogniser.words(picture, max(70, round(scale * _POINTS_PER_INCH)))
        if not is_legible(found):
            self.why[_ILLEGIBLE] += 1
            return [], []
        self.pages += 1
        lines = upright(found, 1 / scale)
        tables = find_tables(lines.lines, lines.words_of, lambda: ())
        return _placed(lines, turn, (width, height)), tables

    def reason(self) -> str:
        """Why pages were left out, in plain words, and what to do."""
        told = (
            f"{count} scanned {'page' if count == 1 else 'pages'} without text: {why}"
            for why, count in self.why.most_common()
        )
        return "; ".join(told) + "."


def _placed(found: Upright, turn: int, size: tuple[float, float]) -> list[PdfLine]:
    """The lines with their places on the page as it is shown."""
    return [
        replace(line, box=turned_back(line.box, found.slope, turn, size)) if line.box else line for line in found.lines
    ]


def _why_none(means: Means) -> str:
    """Why no page can be read on this machine; empty if pages can."""
    if not means.program:
        return _NONE
    asked = [means.program, "--list-langs"]
    try:
        told = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=CALL_SECONDS).stdout.split()
    except (OSError, subprocess.SubprocessError):
        return _FAILED
    missing = [one for one in means.languages.split("+") if one not in told]
    if not missing:
        return ""
    packages = ", ".join(f"tesseract-ocr-{one.replace('_', '-').lower()}" for one in missing)
    return f"OCR doesn't know {', '.join(missing)}. Install {packages} or change ocr_languages, {READ_AGAIN}"
