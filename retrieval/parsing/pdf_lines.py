"""The lines of a PDF page with their places, without what a reader of the page can't see."""

import ctypes
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from dossier.records import Box
from retrieval.parsing.parsed import clean_text
from retrieval.parsing.pdf_ligatures import letters_of

BROKEN_WORD = ("\u00ad", "\ufffe", "\x02")
"""What PDFium writes for a hyphen at the end of a line that a word was broken at."""
_JOINTS = ("\ufffe", "\x02")
MENDED = "\u00ad"
"""Stands in a line's text for a hyphen that ended a printed line: of a broken word, or of `third-party`."""
_INVISIBLE_MODES = (pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium.FPDF_TEXTRENDERMODE_CLIP)
_LEAST_POINTS = 1.5
_RULE_HEIGHT, _RULE_WIDTH = 2.5, 8.0
"""A painted area flatter than this and wider than that is a rule."""
_WHITE = 250
_IMAGE_SHARE = 0.5
"""An image that covers this share of a page makes it a scan: invisible text over it is its text layer."""
_FAR, _PIXELS = 1000, 100
_LETTER = re.compile(r"\s?[A-Za-z]|[A-Za-z][A-Za-z\s]?")
_BEFORE, _AFTER = re.compile(r"[A-Za-z-]*$"), re.compile(r"[A-Za-z]*")
_NO_WORD = re.compile(r"(?:[^A-Za-z\s]{1,14}|[Nn][./]?[AaMm]\.?)(?:\s+(?:[^A-Za-z\s]{1,14}|[Nn][./]?[AaMm]\.?))*")
_COLOUR = [ctypes.c_uint() for _ in range(4)]
"""Where PDFium writes a colour: one place for all, since a page has thousands of objects and readers one thread."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a line: `start` and `end` count characters of the line's raw text, `left` and `right` are points."""

    text: str
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class PdfLine:
    """One line of text. `first` and `last` are PDFium's character numbers (last excluded), `raw` what stands there."""

    text: str
    raw: str
    first: int
    last: int
    box: Box | None


class PdfPage:
    """An open page. Coordinates are points from the visible area's top left corner."""

    def __init__(self, page: pypdfium2.PdfPage) -> None:
        """Read the page's text; close it again with `close`."""
        self._page = page
        self._text = page.get_textpage()
        self.width, self.height = page.get_size()
        self.is_picture = self.has_layer = False
        self.hidden = 0
        self._paths: list[Any] = []
        self._seen = self._transform()
        self._edge = [ctypes.c_float() for _ in range(4)]
        self._corner = [ctypes.c_double() for _ in range(4)]
        self._visible = _visible(page)
        self._size, self._matrix = ctypes.c_float(), pdfium.FS_MATRIX()

    def close(self) -> None:
        """Give the page's memory back."""
        self._text.close()
        self._page.close()

    def lines(self) -> list[PdfLine]:
        """The lines that can be seen, in the file's order."""
        raw = self._text.get_text_range()
        unseen = self._unseen(len(raw))
        lines: list[PdfLine] = []
        position = 0
        for part in raw.splitlines(keepends=True):
            start, position = position, position + len(part)
            if unseen:
                lines.extend(self._seen_parts(part, start, unseen))
            else:
                lines.append(self._line(part, start))
        return _joined([line for line in lines if line.text.strip()], raw)

    def words(self, line: PdfLine) -> list[Word]:
        """The words of a line with their places."""
        found: list[Word] = []
        position = 0
        for word in line.raw.split():
            start = line.raw.index(word, position)
            position = start + len(word)
            left, right = self._edges(line.first + start, line.first + position - 1)
            found.append(Word(self._mendable(word, line.first + start).replace(MENDED, "-"), left, right))
        return found

    def rules(self) -> list[Box]:
        """The page's horizontal rules, once `lines` was called."""
        bounds = (self._bounds(path) for path in self._paths)
        return [box for box in bounds if box.bottom - box.top <= _RULE_HEIGHT and box.right - box.left >= _RULE_WIDTH]

    def _line(self, part: str, start: int) -> PdfLine:
        raw = part.rstrip("\r\n")
        text = raw if raw.endswith(BROKEN_WORD) else self._mendable(raw, start)
        return PdfLine(text, raw, start, start + len(raw), self._box(start, len(raw)) if raw.strip() else None)

    def _mendable(self, raw: str, start: int) -> str:
        """A line's clean text with MENDED where PDFium took the next line into it at a hyphen."""
        if not any(mark in raw for mark in _JOINTS):
            return clean_text(raw)
        text = ""
        for index, character in enumerate(raw):
            if character not in _JOINTS:
                text += clean_text(character)
            elif pdfium.FPDFText_IsHyphen(self._text.raw, start + index) == 1:
                text += MENDED
            elif _LETTER.fullmatch(raw[index - 1 : index] + raw[index + 1 : index + 2]):
                text += letters_of("".join(_BEFORE.findall(text)), "".join(_AFTER.findall(raw[index + 1 :])[:1]))
        return text

    def _seen_parts(self, part: str, start: int, unseen: set[int]) -> list[PdfLine]:
        """A line without its unseen characters, in one piece for each run of seen ones."""
        pieces: list[PdfLine] = []
        run = 0
        for index in range(len(part) + 1):
            if index < len(part) and start + index not in unseen:
                continue
            if part[run:index].strip():
                pieces.append(self._line(part[run:index], start + run))
            run = index + 1
        return pieces

    def _box(self, start: int, count: int) -> Box | None:
        rectangles = pdfium.FPDFText_CountRects(self._text.raw, start, count)
        left, top, right, bottom = self._corner
        found: list[tuple[float, float, float, float]] = []
        for index in range(max(rectangles, 0)):
            if pdfium.FPDFText_GetRect(self._text.raw, index, left, top, right, bottom):
                found.append((left.value, top.value, right.value, bottom.value))
        if not found:
            return None
        lefts, tops, rights, bottoms = zip(*found, strict=True)
        return self._placed(min(lefts), max(tops), max(rights), min(bottoms))

    def _placed(self, left: float, top: float, right: float, bottom: float) -> Box:
        """A rectangle of the PDF's own coordinates (from the bottom left, unrotated) as it is seen."""
        x0, y0, xx, yx, xy, yy = self._seen
        xs = (x0 + xx * left + xy * top, x0 + xx * right + xy * bottom)
        ys = (y0 + yx * left + yy * top, y0 + yx * right + yy * bottom)
        return Box(round(min(xs), 1), round(min(ys), 1), round(max(xs), 1), round(max(ys), 1))

    def _transform(self) -> tuple[float, float, float, float, float, float]:
        """Where PDFium draws a point (x, y): (x0 + xx * x + xy * y, y0 + yx * x + yy * y)."""
        (x0, y0), (x1, y1), (x2, y2) = (self._drawn(*point) for point in ((0, 0), (_FAR, 0), (0, _FAR)))
        return x0, y0, (x1 - x0) / _FAR, (y1 - y0) / _FAR, (x2 - x0) / _FAR, (y2 - y0) / _FAR

    def _drawn(self, x: float, y: float) -> tuple[float, float]:
        column, row = ctypes.c_int(), ctypes.c_int()
        size = (round(self.width * _PIXELS), round(self.height * _PIXELS))  # PDFium answers in whole pixels
        pdfium.FPDF_PageToDevice(self._page.raw, 0, 0, *size, 0, x, y, ctypes.byref(column), ctypes.byref(row))
        return column.value / _PIXELS, row.value / _PIXELS

    def _edges(self, first: int, last: int) -> tuple[float, float]:
        left, bottom, right, top = self._text.get_charbox(first)
        start = self._placed(left, top, right, bottom)
        left, bottom, right, top = self._text.get_charbox(last)
        end = self._placed(left, top, right, bottom)
        return min(start.left, end.left), max(start.right, end.right)

    def _unseen(self, count: int) -> set[int]:
        """Numbers of the characters that nobody sees on the page; also notes images and counts what is left out."""
        texts, paths, images = self._objects()
        self._paths = paths
        areas = [_area(self._bounds(item)) for item in images]
        whole = _IMAGE_SHARE * self.width * self.height
        scan = any(area >= whole for area in areas)
        self.is_picture = sum(areas) >= whole  # some scanners write a page in strips
        suspects = [(text, why) for text in texts if (why := self._suspicion(text, scan))]
        if not suspects:
            return set()
        fills = [self._bounds(path) for path in paths if not _is_white(path)]
        hidden = {_address(text) for text, why in suspects if why != "white" or not self._stands_on(text, fills)}
        found = (pdfium.FPDFText_GetTextObject(self._text.raw, index) for index in range(count)) if hidden else ()
        unseen = {index for index, item in enumerate(found) if item and _address(item) in hidden}
        self.hidden = len(unseen)
        return unseen

    def _objects(self) -> tuple[list[Any], list[Any], list[Any]]:
        """The page's text, path and image objects."""
        kinds: dict[int, list[Any]] = {}
        for index in range(pdfium.FPDFPage_CountObjects(self._page.raw)):
            item = pdfium.FPDFPage_GetObject(self._page.raw, index)
            kinds.setdefault(pdfium.FPDFPageObj_GetType(item), []).append(item)
        wanted = (pdfium.FPDF_PAGEOBJ_TEXT, pdfium.FPDF_PAGEOBJ_PATH, pdfium.FPDF_PAGEOBJ_IMAGE)
        texts, paths, images = (kinds.get(kind, []) for kind in wanted)
        return texts, paths, images

    def _bounds(self, item: Any) -> Box:  # noqa: ANN401 (PDFium's handles have no public type)
        left, bottom, right, top = self._edge
        pdfium.FPDFPageObj_GetBounds(item, left, bottom, right, top)
        return self._placed(left.value, top.value, right.value, bottom.value)

    def _suspicion(self, text: Any, scan: bool) -> str:  # noqa: ANN401
        """Why a text may be unseen: never painted, too small to read, off the page, or white; empty if it is seen.

        Over a scanned page unseen text is the scan's own text layer.
        """
        if pdfium.FPDFTextObj_GetTextRenderMode(text) in _INVISIBLE_MODES:
            self.has_layer |= scan
            return "" if scan else "never painted"
        if self._points(text) < _LEAST_POINTS:
            return "too small"
        left, bottom, right, top = self._edge
        pdfium.FPDFPageObj_GetBounds(text, left, bottom, right, top)
        area = self._visible
        if right.value < area[0] or top.value < area[1] or left.value > area[2] or bottom.value > area[3]:
            return "off the page"
        return "white" if _is_white(text) and not scan else ""

    def _stands_on(self, text: Any, fills: Sequence[Box]) -> bool:  # noqa: ANN401
        """Whether a coloured area lies under the middle of a text."""
        box = self._bounds(text)
        x, y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
        return any(area.left <= x <= area.right and area.top <= y <= area.bottom for area in fills)

    def _points(self, text: Any) -> float:  # noqa: ANN401
        """Size of the letters as they are seen, in points: the font's size times the object's scale."""
        if not pdfium.FPDFTextObj_GetFontSize(text, self._size):
            return _LEAST_POINTS
        matrix = self._matrix
        pdfium.FPDFPageObj_GetMatrix(text, matrix)
        # upright text is scaled by d, text turned by a quarter by b
        return float(self._size.value * (abs(matrix.d) or abs(matrix.b)))


def _joined(lines: Sequence[PdfLine], raw: str) -> list[PdfLine]:
    """The lines with amounts that PDFium puts in a line of their own (single digits) back in the line they end."""
    joined: list[PdfLine] = []
    for line in lines:
        last = joined[-1] if joined else None
        if last is not None and _NO_WORD.fullmatch(line.text) and _goes_on(last, line, raw):
            box = around([last.box, line.box]) if last.box and line.box else None
            span = raw[last.first : line.last]
            joined[-1] = PdfLine(f"{last.text} {line.text}", span, last.first, line.last, box)
        else:
            joined.append(line)
    return joined


def _goes_on(last: PdfLine, line: PdfLine, raw: str) -> bool:
    """Whether a line stands right of the one before it, at the same height."""
    a, b = last.box, line.box
    if a is None or b is None or b.left < a.right or raw[last.last : line.first].strip():
        return False
    return min(a.bottom, b.bottom) - max(a.top, b.top) > 0.5 * min(a.bottom - a.top, b.bottom - b.top)


def around(boxes: Sequence[Box]) -> Box:
    """The smallest box around others."""
    return Box(
        min(box.left for box in boxes),
        min(box.top for box in boxes),
        max(box.right for box in boxes),
        max(box.bottom for box in boxes),
    )


def _visible(page: pypdfium2.PdfPage) -> tuple[float, float, float, float]:
    """The part of the page that is shown, in the PDF's own coordinates: left, bottom, right, top."""
    media, crop = page.get_mediabox(), page.get_cropbox()
    return max(media[0], crop[0]), max(media[1], crop[1]), min(media[2], crop[2]), min(media[3], crop[3])


def _is_white(item: Any) -> bool:  # noqa: ANN401
    red, green, blue, alpha = _COLOUR
    if not pdfium.FPDFPageObj_GetFillColor(item, red, green, blue, alpha):
        return False
    return alpha.value == 0 or min(red.value, green.value, blue.value) >= _WHITE


def _address(item: Any) -> int:  # noqa: ANN401
    return ctypes.addressof(item.contents)


def _area(box: Box) -> float:
    return (box.right - box.left) * (box.bottom - box.top)
