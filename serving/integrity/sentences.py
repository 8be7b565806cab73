"""The sentences of an answer, each with the citations that belong to it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dossier.citations import Citation
from dossier.evidence import ends_in_abbreviation

_END = re.compile(r"[.!?][”\"’')*_]*(?:\s?\[\d+\])*(?=\s+[A-Z“\"‘'(\d•*$€£])|[ \t]*(?:\n\s*|$)")
_BULLET = re.compile(r"(?:[•▪●*\-+|]|#{1,6}|\d{1,2}[.)])\s+")
_RULE = re.compile(r"\s*\|?[ :|-]*-[ :|-]*(?:\n|$)")
_NUMBERED = re.compile(r"\d{1,2}")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence or a line of an answer: characters `start` to `end`, without a list's sign in front.

    `cites` are the passages that it cites; a marker behind its full stop belongs to it.
    """

    start: int
    end: int
    text: str
    cites: tuple[int, ...]


def sentences_of(text: str, citations: Sequence[Citation]) -> Iterator[Sentence]:
    """The sentences of an answer, in order. Lines are sentences too; a table's heads and rule aren't."""
    start = 0
    for match in _END.finditer(text):
        piece = text[start : match.end()]
        bare = piece.rstrip()
        within = "\n" not in match.group() and match.end() < len(text)
        if within and (ends_in_abbreviation(bare) or _NUMBERED.fullmatch(bare.strip().rstrip("."))):
            continue
        lead = len(piece) - len(piece.lstrip())
        while bullet := _BULLET.match(piece, lead):
            lead = bullet.end()
        heads = bare.lstrip().startswith("|") and _RULE.match(text, match.end())
        if any(sign.isalnum() for sign in piece[lead:]) and not heads:
            first, last = start + lead, start + len(bare.rstrip("| "))
            cites = dict.fromkeys(one.number for one in citations if first <= one.start < match.end())
            yield Sentence(first, last, text[first:last], tuple(cites))
        start = match.end()
