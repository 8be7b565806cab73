"""Citation markers `[n]` in an answer's text."""

import re
from dataclasses import dataclass

_MARKER = re.compile(r" ?\[(\d{1,9}(?:\s*,\s*\d{1,9})*)\]")


@dataclass(frozen=True, slots=True)
class Citation:
    """A marker `[number]` in an answer, at `start`:`end` of its text, for the passage of that number."""

    number: int
    start: int
    end: int


def marker(number: int) -> str:
    """The marker that cites passage `number`."""
    return f"[{number}]"


def parse_citations(text: str, passages: int) -> tuple[str, tuple[Citation, ...]]:
    """The text with valid markers only, and where they stand.

    A marker is valid when its number is from 1 to `passages`; others are removed, since they point at nothing. `[1, 3]`
    becomes `[1][3]`.
    """
    clean: list[str] = []
    citations: list[Citation] = []
    length = position = 0
    for match in _MARKER.finditer(text):
        before = text[position : match.start()]
        clean.append(before)
        length += len(before)
        position = match.end()
        valid = [int(part) for part in match.group(1).split(",") if 1 <= int(part) <= passages]
        if valid and match.group().startswith(" "):
            clean.append(" ")
            length += 1
        for number in valid:
            mark = marker(number)
            citations.append(Citation(number, length, length + len(mark)))
            clean.append(mark)
            length += len(mark)
    clean.append(text[position:])
    return "".join(clean), tuple(citations)
