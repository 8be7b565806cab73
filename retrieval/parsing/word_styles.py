"""What the styles of a Word document say about its runs: hidden, white, tiny; and which paragraphs are headings."""

import re
from dataclasses import dataclass

from docx.document import Document
from lxml import etree

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MAX_CHAIN = 12
_WHITE = frozenset(["FFFFFF", "FEFEFE", "FDFDFD"])


@dataclass(frozen=True, slots=True)
class Look:
    """Properties of letters; None where nothing is said."""

    vanish: bool | None = None
    white: bool | None = None
    half_points: float | None = None
    shaded: bool | None = None

    def over(self, below: "Look") -> "Look":
        """These properties where they say something, else those below."""
        return Look(
            below.vanish if self.vanish is None else self.vanish,
            below.white if self.white is None else self.white,
            below.half_points if self.half_points is None else self.half_points,
            below.shaded if self.shaded is None else self.shaded,
        )


class Styles:
    """The styles of a document by their ids, worked out once each."""

    def __init__(self, document: Document) -> None:
        self._elements = {
            str(style.get(f"{W}styleId")): style for style in document.styles.element.iterchildren(f"{W}style")
        }
        self._looks: dict[str, Look] = {}

    def look(self, style: str | None) -> Look:
        """How a paragraph or character style writes, with what it is based on."""
        if not style:
            return Look()
        if style not in self._looks:
            look = Look()
            for element in self._chain(style):
                look = look.over(look_of(element.find(f"{W}rPr"), element.find(f"{W}pPr")))
            self._looks[style] = look
        return self._looks[style]

    def level(self, style: str | None) -> int:
        """Heading level of a paragraph style from 1; 0 for all others."""
        for element in self._chain(style or ""):
            outline = element.find(f"{W}pPr/{W}outlineLvl")
            if outline is not None and number(outline, 9) < 9:
                return int(number(outline, 9)) + 1
            name = str(attribute(element.find(f"{W}name")) or "")
            match = re.fullmatch(r"heading (\d)", name.lower())
            if match or name.lower() == "title":
                return int(match.group(1)) if match else 1
        return 0

    def _chain(self, style: str) -> list[etree._Element]:
        chain: list[etree._Element] = []
        while style in self._elements and len(chain) < _MAX_CHAIN:
            chain.append(self._elements[style])
            style = str(attribute(chain[-1].find(f"{W}basedOn")) or "")
        return chain


def look_of(run: etree._Element | None, paragraph: etree._Element | None = None) -> Look:
    """What run and paragraph properties (`w:rPr`, `w:pPr`) say directly."""
    look = Look(shaded=_shaded(paragraph))
    if run is None:
        return look
    vanish, colour, size = (run.find(f"{W}{name}") for name in ("vanish", "color", "sz"))
    white = None
    if colour is not None:
        white = str(attribute(colour)).upper() in _WHITE or colour.get(f"{W}themeColor") in ("background1", "light1")
    return Look(
        None if vanish is None else attribute(vanish) not in ("0", "false", "off"),
        white,
        None if size is None else number(size, 24),
        _shaded(run) or look.shaded,
    )


def attribute(element: etree._Element | None) -> str | None:
    """The `w:val` of an element."""
    return None if element is None else element.get(f"{W}val")


def number(element: etree._Element, default: float) -> float:
    """The `w:val` of an element as a number."""
    text = attribute(element) or ""
    return float(text) if re.fullmatch(r"\d{1,6}(\.\d{1,4})?", text) else default


def _shaded(properties: etree._Element | None) -> bool | None:
    if properties is None:
        return None
    shade, mark = properties.find(f"{W}shd"), properties.find(f"{W}highlight")
    fill = "" if shade is None else str(shade.get(f"{W}fill") or "").upper()
    themed = shade is not None and shade.get(f"{W}themeFill") is not None
    return True if mark is not None or themed or fill not in ("", "AUTO", *_WHITE) else None
