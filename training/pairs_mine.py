"""Questions to pairs: the chunks that hold the evidence, and the index's own near-misses that don't."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from dossier.records import Chunk
from training.pairs import Asked, Pair, holds, holds_any
from training.pairs_corpus import EVERYONE, Corpus

DEPTH = 30
"""Passages that are searched for near-misses."""


def by_document(chunks: Mapping[int, Chunk]) -> dict[str, list[int]]:
    """The chunks of each document, by its path and by its file name."""
    found: dict[str, list[int]] = defaultdict(list)
    for number, chunk in chunks.items():
        found[chunk.source].append(number)
        name = chunk.source.rsplit("/", 1)[-1]
        if name != chunk.source:
            found[name].append(number)
    return found


def right_chunks(asked: Asked, corpus: Corpus, documents: Mapping[str, Sequence[int]]) -> tuple[int, ...]:
    """The chunks of the question's document that hold most of its evidence; none when it isn't found."""
    score: dict[int, int] = {}
    for number in documents.get(asked.source, ()):
        chunk = corpus.chunks[number]
        if not asked.page or chunk.page == asked.page:
            score[number] = sum(holds(chunk.text, piece) for piece in asked.evidence)
    best = max(score.values(), default=0)
    return tuple(number for number, count in score.items() if count and count == best)


def mine(asked: Sequence[Asked], corpus: Corpus, most: int, on_done: Callable[[int], None] | None = None) -> list[Pair]:
    """Pairs of the questions whose evidence is found, each with up to `most` near-misses, nearest first.

    A near-miss ranks high for the question and holds none of its evidence: passages that say the same elsewhere
    aren't wrong and are left out.
    """
    documents = by_document(corpus.chunks)
    pairs: list[Pair] = []
    for done, question in enumerate(asked, start=1):
        right = right_chunks(question, corpus, documents)
        if right:
            wrong = _near_misses(question, right, corpus, most)
            pairs.append(Pair(question.question, right, wrong, question.group, "question"))
        if on_done:
            on_done(done)
    return pairs


def _near_misses(asked: Asked, right: Iterable[int], corpus: Corpus, most: int) -> tuple[int, ...]:
    if not most:
        return ()
    taken = set(right)
    wrong: list[int] = []
    for passage in corpus.searcher.search(asked.question, EVERYONE, DEPTH).passages:
        known = passage.chunk_id in corpus.texts and passage.chunk_id not in taken
        if known and not holds_any(passage.chunk.text, asked.evidence):
            wrong.append(passage.chunk_id)
        if len(wrong) == most:
            break
    return tuple(wrong)
