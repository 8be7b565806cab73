"""A page at a time: headings, wrapped text and table rows drawn on a PDF canvas."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from io import BytesIO
from typing import Any

# The PDF library has no type information, so it is reached by name and typed as Any in this module only.
_CANVAS: Any = import_module("reportlab.pdfgen.canvas").Canvas
_WIDTH: Any = import_module("reportlab.pdfbase.pdfmetrics").stringWidth

PAGE_WIDTH, PAGE_HEIGHT = 612.0, 792.0
LEFT, RIGHT = 68.0, 544.0
TOP, BOTTOM = 716.0, 72.0
REGULAR, BOLD, ITALIC = "Times-Roman", "Times-Bold", "Times-Italic"
SANS, SANS_BOLD = "Helvetica", "Helvetica-Bold"
INK, SOFT, ACCENT = (0.1, 0.1, 0.12), (0.42, 0.44, 0.47), (0.09, 0.27, 0.36)


@dataclass(frozen=True)
class Font:
    """A face with its size, line height and colour."""

    face: str
    size: float
    leading: float
    color: tuple[float, float, float] = INK


BODY = Font(REGULAR, 10.2, 13.4)
SMALL = Font(ITALIC, 8.6, 11.0, SOFT)
HEADINGS = {
    1: Font(SANS_BOLD, 15, 21, ACCENT),
    2: Font(SANS_BOLD, 11, 15, INK),
    3: Font(ITALIC, 10.6, 14, INK),
}


def text_width(text: str, font: Font) -> float:
    """Measure a line of text in points."""
    return float(_WIDTH(text, font.face, font.size))


def wrap(text: str, font: Font, width: float) -> list[str]:
    """Break a text into lines that fit the width."""
    lines: list[str] = []
    line = ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if line and text_width(longer, font) > width:
            lines.append(line)
            line = word
        else:
            line = longer
    return [*lines, line] if line else lines


class PageWriter:
    """Fills pages from the top down and starts a new one when the space is used up."""

    def __init__(self, title: str, header: tuple[str, str], unnumbered: int = 0) -> None:
        self._buffer = BytesIO()
        # Without compression the bytes depend on nothing but the drawing, not on the machine's compressor.
        size = (PAGE_WIDTH, PAGE_HEIGHT)
        self._canvas = _CANVAS(self._buffer, pagesize=size, invariant=1, pageCompression=0)
        self._canvas.setTitle(title)
        self._canvas.setAuthor("Larkfield Instruments, Inc.")
        self._header = header
        self._unnumbered = unnumbered
        self.page = 1
        self.y = TOP
        self._frame()

    @property
    def printed_page(self) -> int:
        """The page number that readers see; pages before the numbering count as nothing."""
        return self.page - self._unnumbered

    @property
    def at_top(self) -> bool:
        """Whether nothing has been written on this page yet."""
        return self.y == TOP

    def finish(self) -> bytes:
        """Close the document and return its bytes."""
        self._canvas.showPage()
        self._canvas.save()
        return self._buffer.getvalue()

    def next_page(self) -> None:
        """Start a new page, unless this one is still empty."""
        if self.at_top:
            return
        self._canvas.showPage()
        self.page += 1
        self.y = TOP
        self._frame()

    def need(self, height: float) -> None:
        """Start a new page when less than the height is left."""
        if self.y - height < BOTTOM and not self.at_top:
            self.next_page()

    def skip(self, height: float) -> None:
        """Leave some space, except at the top of a page."""
        if not self.at_top:
            self.y -= height

    def line(self, text: str, font: Font, x: float = LEFT) -> None:
        """Write one line and move below it."""
        self.need(font.leading)
        self.y -= font.leading
        self.put(text, font, x)

    def put(self, text: str, font: Font, x: float) -> None:
        """Write text at the current height without moving."""
        self._canvas.setFont(font.face, font.size)
        self._canvas.setFillColorRGB(*font.color)
        self._canvas.drawString(x, self.y, text)

    def put_right(self, text: str, font: Font, x: float) -> None:
        """Write text that ends at x; a closing parenthesis hangs over so that the digits line up."""
        overhang = text_width(")", font) if text.endswith(")") else 0.0
        overhang = text_width("%", font) if text.endswith("%") else overhang
        self.put(text, font, x - text_width(text, font) + overhang)

    def paragraph(self, text: str, font: Font = BODY, indent: float = 0, mark: str = "") -> None:
        """Write wrapped text; a mark such as a bullet stands in the indent of the first line."""
        lines = wrap(text, font, RIGHT - LEFT - indent)
        if len(lines) > 1:
            self.need(2 * font.leading)
        for number, line in enumerate(lines):
            self.need(font.leading)
            self.y -= font.leading
            first = bool(mark) and not number
            self.put(f"{mark} {line}" if first else line, font, self._start(indent, mark if first else "", font))

    @staticmethod
    def _start(indent: float, mark: str, font: Font) -> float:
        # Mark and first line are one string, so that text extraction keeps them on one line.
        return LEFT + indent - (text_width(f"{mark} ", font) if mark else 0)

    def rule(self, start: float, end: float, drop: float = 0, width: float = 0.5) -> None:
        """Draw a horizontal line a little below the current height."""
        self._canvas.setStrokeColorRGB(*INK)
        self._canvas.setLineWidth(width)
        self._canvas.line(start, self.y - drop, end, self.y - drop)

    def dotted(self, start: float, end: float) -> None:
        """Draw a row of dots that leads the eye from a heading to its page number."""
        self._canvas.setDash(0.6, 3)
        self._canvas.setStrokeColorRGB(*SOFT)
        self._canvas.setLineWidth(0.6)
        self._canvas.line(start, self.y, end, self.y)
        self._canvas.setDash()

    def band(self, height: float, color: tuple[float, float, float]) -> None:
        """Fill the width of the page from the top edge down (covers)."""
        self._canvas.setFillColorRGB(*color)
        self._canvas.rect(0, PAGE_HEIGHT - height, PAGE_WIDTH, height, stroke=0, fill=1)

    def _frame(self) -> None:
        if self.printed_page < 1:
            return
        small = Font(SANS, 8, 10, SOFT)
        height, self.y = self.y, PAGE_HEIGHT - 46
        self.put(self._header[0], small, LEFT)
        self.put(self._header[1], small, RIGHT - text_width(self._header[1], small))
        self.rule(LEFT, RIGHT, 6, 0.4)
        self.y = 44
        number = str(self.printed_page)
        self.put(number, small, (PAGE_WIDTH - text_width(number, small)) / 2)
        self.y = height


def columns_right(count: int, width: float) -> Sequence[float]:
    """Return the right edges of the figure columns, the last one at the margin."""
    return [RIGHT - 9 - (count - 1 - number) * width for number in range(count)]
