"""Pairs that documents give by themselves: headings, table rows, and sentences taken out of their passage."""

import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dossier.evidence import amounts_of, is_row
from dossier.records import Chunk
from retrieval.chunking import embedded_text
from retrieval.embedder import Embedder

_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z(“\"])")
_SHORT, _LONG = 8, 40
"""Words of a sentence that can stand for a question."""


@dataclass(frozen=True, slots=True)
class TextPair:
    """A text that stands for a question, and the passage that it belongs to, as the embedder reads it."""

    asking: str
    passage: str
    chunk_id: int
    group: str
    kind: str


def from_documents(chunks: Mapping[int, Chunk], embedder: Embedder, seed: int) -> list[TextPair]:
    """At most one pair a chunk, in an order and of a kind drawn by `seed`: heading, row, opening or sentence."""
    random_ = random.Random(seed)  # noqa: S311 (draws training data, guards nothing)
    pairs: list[TextPair] = []
    for number, chunk in random_.sample(sorted(chunks.items()), len(chunks)):
        options = list(_options(chunk, random_))
        if options:
            kind, asking, kept = random_.choice(options)
            passage = embedded_text(kept, embedder.count_tokens)
            pairs.append(TextPair(asking, passage, number, chunk.source, kind))
    return pairs


def _options(chunk: Chunk, random_: random.Random) -> Iterator[tuple[str, str, Chunk]]:
    """What can be asked of a chunk, as (kind, text that asks, the chunk that answers)."""
    lines = [" ".join(line.split()) for line in chunk.text.splitlines()]
    if chunk.section and len(chunk.section[-1].split()) > 1:
        yield "heading", f"{chunk.section[-1]}, {chunk.title}", chunk
    rows = [line for line in lines if is_row(line) and len(amounts_of(line)[0].split()) > 1]
    if rows:
        label, _ = amounts_of(random_.choice(rows))
        years = _YEAR.findall(chunk.columns or chunk.text)
        when = f" in {random_.choice(years)}" if years else ""
        yield "row", f"{label}{when}, {chunk.title}", chunk
    if chunk.page == 1 and chunk.start == 0 and chunk.title:
        about = " ".join(part for part in (chunk.title, chunk.metadata.company, chunk.metadata.period) if part)
        yield "opening", about, chunk
    sentences = [part for part in _SENTENCE.split(chunk.text) if _SHORT <= len(part.split()) <= _LONG]
    if len(sentences) > 1:
        sentence = random_.choice(sentences)
        yield "sentence", " ".join(sentence.split()), _without(chunk, sentence)


def _without(chunk: Chunk, sentence: str) -> Chunk:
    """The chunk less one sentence (inverse cloze task, Lee et al. 2019), so that words alone don't give it away."""
    text = chunk.text.replace(sentence, "", 1).strip()
    place = (chunk.page, chunk.start, chunk.end, chunk.section)
    return Chunk(chunk.source, chunk.title, *place, text, chunk.columns, metadata=chunk.metadata)
