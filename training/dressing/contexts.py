"""The context of an example as excerpts: its table, and its paragraphs in pieces as long as an index's."""

import re
from collections.abc import Iterator, Sequence

from dossier.excerpts import Excerpt, table_excerpt
from training.data.example import Context
from training.data.table_heads import with_one_head

_LONGEST = 700
"""Characters of a piece of text; a paragraph that is longer is cut after a sentence."""
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z“\"(\d])")


def excerpts_in(context: Context) -> tuple[Excerpt, ...]:
    """All that a context holds, the table first."""
    table = (table_excerpt(with_one_head(context.rows), context.title),) if context.rows else ()
    return (*table, *(Excerpt(heading=context.title, text=text) for text in _pieces(context.paragraphs)))


def _pieces(paragraphs: Sequence[str]) -> Iterator[str]:
    """Paragraphs joined while they are short and cut where they are long."""
    piece = ""
    for paragraph in paragraphs:
        for part in _sentences(paragraph):
            if piece and len(piece) + len(part) > _LONGEST:
                yield piece
                piece = ""
            piece = f"{piece}\n{part}".strip()
    if piece:
        yield piece


def _sentences(paragraph: str) -> Iterator[str]:
    """A paragraph whole, or its sentences put together up to the longest piece."""
    text = " ".join(paragraph.split())
    if len(text) <= _LONGEST:
        yield text
        return
    part = ""
    for sentence in _SENTENCE.split(text):
        if part and len(part) + len(sentence) > _LONGEST:
            yield part
            part = ""
        part = f"{part} {sentence}".strip()
    yield part
