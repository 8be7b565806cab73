"""Pictures of PDF pages with passages marked on them. They are made in a process of its own (see isolate)."""

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pypdfium2

from dossier.errors import DocumentError
from dossier.records import Box

if TYPE_CHECKING:
    from PIL.Image import Image

CHANGED = "The file has changed since it was indexed."
_SCALE = 1.75
"""Pixels for each point: sharp on a screen, and a letter page stays below a megabyte."""
_LONGEST = 1700
"""Pixels of the longer side, however large the page says it is."""
_LEAST = 0.05
_POINTS = 72
_MARGIN = 1.5
"""Points around a line's box, which its letters fill to the edge."""
_PASSAGE, _LINE = (255, 240, 178), (255, 214, 92)
"""Colours of the passage and of the line in it that the answer rests on; the page shows through."""


@dataclass(frozen=True, slots=True)
class Marked:
    """A page to draw: of the file with this SHA-256, with a passage's boxes and, stronger, those of its cited line."""

    digest: str
    page: int
    passage: tuple[Box, ...] = ()
    line: tuple[Box, ...] = ()


def draw_page(wanted: Marked, path: Path) -> bytes:
    """The page as a PNG, whose resolution tells what a point is.

    Raises DocumentError when the file isn't the one that was indexed or can't be drawn.
    """
    data = path.read_bytes()
    if hashlib.sha256(data).hexdigest() != wanted.digest:
        raise DocumentError(CHANGED)
    try:
        with pypdfium2.PdfDocument(data) as pdf:
            page = pdf[wanted.page - 1]
            scale = max(_LEAST, min(_SCALE, _LONGEST / max(*page.get_size(), 1.0)))
            picture = page.render(scale=scale).to_pil().convert("RGB")
            page.close()
    except (pypdfium2.PdfiumError, IndexError) as error:
        raise DocumentError(f"Page {wanted.page} can't be drawn. Download the file to read it.") from error
    _paint(picture, wanted.passage, scale, _PASSAGE)
    _paint(picture, wanted.line, scale, _LINE)
    stream = io.BytesIO()
    picture.save(stream, "PNG", dpi=(_POINTS * scale, _POINTS * scale))
    return stream.getvalue()


def _paint(picture: "Image", boxes: Sequence[Box], scale: float, colour: tuple[int, int, int]) -> None:
    """Multiply a colour into the boxes, as a highlighter does: paper takes it on, ink stays."""
    from PIL import Image, ImageChops

    for box in boxes:
        place = (
            max(0, int((box.left - _MARGIN) * scale)),
            max(0, int((box.top - _MARGIN) * scale)),
            min(picture.width, int((box.right + _MARGIN) * scale) + 1),
            min(picture.height, int((box.bottom + _MARGIN) * scale) + 1),
        )
        if place[0] < place[2] and place[1] < place[3]:
            below = picture.crop(place)
            picture.paste(ImageChops.darker(below, Image.new("RGB", below.size, colour)), place)
