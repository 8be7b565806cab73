"""Tesseract's words of one picture as lines of a page, also where the page lies on its side or upside down."""

import csv
import io
import os
import re
import statistics
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dossier.records import Box
from retrieval.parsing.ocr_rows import in_rows, level, slope_of
from retrieval.parsing.ocr_seen import Seen
from retrieval.parsing.parsed import clean_text
from retrieval.parsing.pdf_lines import PdfLine, Word, around

if TYPE_CHECKING:
    from PIL.Image import Image

CALL_SECONDS = 30.0
"""Of one call of Tesseract; a page needs up to three."""
_LEAST_CONFIDENCE = 30.0
"""Of a word, in percent, as Tesseract itself says it."""
_LEGIBLE = 55.0
"""Half of a page's words must be surer than this: upside down, half are below 36, upright half are above 94."""
_LETTERS = re.compile(r"\w{3,}")
_ROTATE = re.compile(r"^Rotate: (\d+)$", re.MULTILINE)
_DASH, _DOLLAR = re.compile(r"[_—–-]*[_—–][_—–-]*"), re.compile(r"§\$?|\$§")
_AMOUNT = re.compile(r"\(?\d")


@dataclass(frozen=True, slots=True)
class Recogniser:
    """One way to call Tesseract. Everything goes through pipes: the reader's process may write no file."""

    program: str
    languages: str

    def words(self, picture: "Image", dots: int) -> tuple[list[Seen], int]:
        """The words, in pixels of the picture turned by so many degrees against the clock, which makes it upright."""
        found = self._read(picture, dots)
        if _is_upright(found):
            return found, 0
        told = self._run(picture, dots, "--psm", "0", check=False)
        match = _ROTATE.search(told)
        turn = (360 - int(match[1])) % 360 if match else 0
        if turn:
            turned = self._read(picture.rotate(turn, expand=True), dots)
            if _sureness(turned) > _LEGIBLE:
                return turned, turn
        return found, 0

    def _read(self, picture: "Image", dots: int) -> list[Seen]:
        told = self._run(picture, dots, "-l", self.languages, "--psm", "3", "tsv")
        rows = csv.DictReader(io.StringIO(told), delimiter="\t", quoting=csv.QUOTE_NONE)
        found = []
        for row in rows:
            text = clean_text(row["text"] or "").strip()
            if row["level"] == "5" and text:
                left, top, width, height = (int(row[side]) for side in ("left", "top", "width", "height"))
                line = (row["block_num"], row["par_num"], row["line_num"])
                found.append(Seen(text, float(row["conf"]), left, top, width, height, line))
        return found

    def _run(self, picture: "Image", dots: int, *options: str, check: bool = True) -> str:
        stream = io.BytesIO()
        picture.save(stream, "PPM")  # nothing to compress, for the other end of a pipe
        command = [self.program, "stdin", "stdout", "--dpi", str(dots), *options]
        environment = {**os.environ, "OMP_THREAD_LIMIT": "1"}
        done = subprocess.run(
            command, input=stream.getvalue(), capture_output=True, check=check, timeout=CALL_SECONDS, env=environment
        )
        return done.stdout.decode("utf-8", "replace")


def is_legible(found: list[Seen]) -> bool:
    """Whether the words make sense; a page without any is empty."""
    return not found or _sureness(found) > _LEGIBLE


@dataclass(frozen=True, slots=True)
class Upright:
    """Lines of a page as they stand when it is upright and level, in points, with the words of each.

    `slope` is how far a level line falls on the picture for each point to the right.
    """

    lines: list[PdfLine]
    words: list[list[Word]]
    slope: float

    def words_of(self, line: PdfLine) -> list[Word]:
        """A line's words with their places."""
        return self.words[line.first]


def upright(found: list[Seen], points: float) -> Upright:
    """The lines that the words make; `points` are a pixel's."""
    by_line: dict[tuple[str, ...], list[Seen]] = {}
    for seen in found:
        if seen.confidence >= _LEAST_CONFIDENCE:
            by_line.setdefault(seen.line, []).append(seen)
    slope = slope_of(list(by_line.values()))
    by_line = {key: [level(seen, slope) for seen in line] for key, line in by_line.items()}
    made = Upright([], [], slope)
    for line in in_rows(list(by_line.values())):
        texts = _plain([seen.text for seen in line])
        boxes = [_box(seen, points) for seen in line]
        words = [Word(text, box.left, box.right) for text, box in zip(texts, boxes, strict=True)]
        text, number = " ".join(texts), len(made.lines)
        made.lines.append(PdfLine(text, text, number, number + 1, around(boxes)))
        made.words.append(words)
    return made


def turned_back(box: Box, slope: float, turn: int, size: tuple[float, float]) -> Box:
    """A box of the upright, level page on the page as it is shown, `size` in points, which was turned by `turn`."""
    left, right, (width, height) = box.left, box.right, size
    top, bottom = box.top + min(slope * left, slope * right), box.bottom + max(slope * left, slope * right)
    if turn == 90:  # what is left on the upright page is at the top of the shown one
        left, top, right, bottom = width - bottom, left, width - top, right
    elif turn == 180:
        left, top, right, bottom = width - right, height - bottom, width - left, height - top
    elif turn == 270:
        left, top, right, bottom = top, height - right, bottom, height - left
    return Box(*(round(side, 1) for side in (left, top, right, bottom)))


def _is_upright(found: list[Seen]) -> bool:
    """Whether the words make sense and lie: Tesseract also reads pages on their side, word by word."""
    long = [seen for seen in found if _LETTERS.fullmatch(seen.text)]
    lying = sum(seen.width > seen.height for seen in long)
    return is_legible(found) and 2 * lying >= len(long)


def _sureness(found: list[Seen]) -> float:
    return statistics.median(seen.confidence for seen in found) if found else 0.0


def _plain(texts: list[str]) -> list[str]:
    """Words without what Tesseract makes of a table's marks: `—_` is a dash, `§` before an amount a dollar sign."""
    return [
        "—" if _DASH.fullmatch(text) else "$" if _DOLLAR.fullmatch(text) and after and _AMOUNT.match(after) else text
        for text, after in zip(texts, [*texts[1:], ""], strict=True)
    ]


def _box(seen: Seen, points: float) -> Box:
    right, bottom = seen.left + seen.width, seen.top + seen.height
    return Box(*(round(side * points, 1) for side in (seen.left, seen.top, right, bottom)))
