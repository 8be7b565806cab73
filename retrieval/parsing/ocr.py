"""Scanned pages by Tesseract, where it is installed; where it isn't, the pages are counted and said."""

import csv
import io
import os
import shutil
import subprocess
import time
from dataclasses import dataclass, field

import pypdfium2

from dossier.records import Box
from retrieval.parsing.parsed import clean_text
from retrieval.parsing.pdf_lines import PdfLine, around

_PROGRAM = "tesseract"
_DOTS_PER_INCH = 200
_POINTS_PER_INCH = 72
_LEAST_CONFIDENCE = 30.0
_PAGE_SECONDS = 30.0
_SECONDS = 45.0
"""What OCR may take of the time that reading one file has; the pages after that are left out and said."""
_LEAST_LETTERS = 12


def is_text(text: str) -> bool:
    """Whether a page's text layer is worth anything: enough characters, and most of them known to mean something."""
    letters = [character for character in text if not character.isspace()]
    if len(letters) < _LEAST_LETTERS:
        return False
    odd = sum("\ue000" <= character <= "\uf8ff" or character == "\ufffd" for character in letters)
    return odd <= 0.3 * len(letters)


@dataclass(slots=True)
class Recognised:
    """OCR of one document: pages read, and scanned pages left out."""

    pages: int = 0
    left_out: int = 0
    _began: float = field(default_factory=time.monotonic)

    def lines(self, page: pypdfium2.PdfPage) -> list[PdfLine]:
        """The lines of a scanned page, none where they can't be had."""
        program = shutil.which(_PROGRAM)
        spent = time.monotonic() - self._began
        if program is None or spent > _SECONDS:
            self.left_out += 1
            page.close()
            return []
        picture = page.render(scale=_DOTS_PER_INCH / _POINTS_PER_INCH, grayscale=True).to_pil()
        page.close()
        stream = io.BytesIO()
        picture.save(stream, "PNG")
        try:
            found = _read(program, stream.getvalue())
        except (OSError, subprocess.SubprocessError):
            self.left_out += 1
            return []
        self.pages += 1
        return found

    def reason(self) -> str:
        """Why pages were left out, in plain words, and what to do."""
        what = "scanned page" if self.left_out == 1 else "scanned pages"
        if shutil.which(_PROGRAM) is None:
            return (
                f"{self.left_out} {what} without text: no OCR program is installed. "
                "Install Tesseract (package tesseract-ocr) and index again."
            )
        return f"{self.left_out} {what} that OCR couldn't read in time. Split the file and index again."


def _read(program: str, picture: bytes) -> list[PdfLine]:
    """Lines with boxes from Tesseract's table of words. Everything goes through pipes: the reader may write no file."""
    command = [program, "stdin", "stdout", "--dpi", str(_DOTS_PER_INCH), "--psm", "3", "tsv"]
    environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
    done = subprocess.run(
        command, input=picture, capture_output=True, check=True, timeout=_PAGE_SECONDS, env=environment
    )
    rows = csv.DictReader(io.StringIO(done.stdout.decode("utf-8", "replace")), delimiter="\t", quoting=csv.QUOTE_NONE)
    lines: dict[tuple[str, ...], list[tuple[str, Box]]] = {}
    for row in rows:
        text = clean_text(row["text"] or "").strip()
        if row["level"] == "5" and text and float(row["conf"]) >= _LEAST_CONFIDENCE:
            key = (row["block_num"], row["par_num"], row["line_num"])
            lines.setdefault(key, []).append((text, _box(row)))
    return [_line([text for text, _ in words], [box for _, box in words]) for words in lines.values()]


def _line(words: list[str], boxes: list[Box]) -> PdfLine:
    text = " ".join(words)
    return PdfLine(text, text, 0, 0, around(boxes))


def _box(row: dict[str, str]) -> Box:
    scale = _POINTS_PER_INCH / _DOTS_PER_INCH
    left, top = float(row["left"]) * scale, float(row["top"]) * scale
    width, height = float(row["width"]) * scale, float(row["height"]) * scale
    return Box(round(left, 1), round(top, 1), round(left + width, 1), round(top + height, 1))
