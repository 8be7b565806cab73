"""A word as Tesseract saw it in a picture."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Seen:
    """A word in pixels of the picture, with the block, paragraph and line that it stands in."""

    text: str
    confidence: float
    left: int
    top: int
    width: int
    height: int
    line: tuple[str, ...]
