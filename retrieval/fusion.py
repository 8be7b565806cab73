"""Makes passages of what the two halves of the search found: fused by rank, alike ones folded, neighbours joined."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from dossier.records import Chunk, Passage
from retrieval.identity import NOTHING, Boost

RANK_CONSTANT = 20
"""The k of reciprocal rank fusion (Cormack, Clarke and Büttcher 2009, section 2; they used 60, see DECISIONS)."""
_ALIKE = 0.9
"""Two passages whose word sequences overlap by this Jaccard share say the same."""
_SHINGLE = 4
_GAP = 4
"""Characters between two chunks that are neighbours: only white space is cut away between chunks."""

Hits = Sequence[tuple[int, float]]


@dataclass(frozen=True, slots=True)
class Ranks:
    """Where each half found the chunks: rank from 1 by chunk id, and the cosine."""

    dense: Mapping[int, int]
    lexical: Mapping[int, int]
    similarity: Mapping[int, float]

    @classmethod
    def of(cls, dense: Hits, lexical: Hits) -> "Ranks":
        """Number the hits of both halves, which come best first."""
        return cls(
            {chunk_id: rank for rank, (chunk_id, _) in enumerate(dense, start=1)},
            {chunk_id: rank for rank, (chunk_id, _) in enumerate(lexical, start=1)},
            dict(dense),
        )

    def ids(self) -> list[int]:
        """All chunks that were found."""
        return list({**self.dense, **self.lexical})

    def fused(self, chunk_id: int) -> float:
        """Reciprocal rank fusion's score of a chunk."""
        return fused_score(self.dense.get(chunk_id), self.lexical.get(chunk_id))


def fused_score(*ranks: int | None) -> float:
    """Reciprocal rank fusion's score of what stands at these ranks from 1; None: that half didn't find it."""
    return sum(1 / (RANK_CONSTANT + rank) for rank in ranks if rank is not None)


def fuse(ranks: Ranks, chunks: Mapping[int, Chunk], boosts: Mapping[str, Boost]) -> list[Passage]:
    """The chunks as passages, best first."""
    passages = [
        _passage(ranks, chunk_id, chunk, boosts.get(chunk.source, NOTHING)) for chunk_id, chunk in chunks.items()
    ]
    return sorted(passages, key=lambda passage: (-passage.score, passage.chunk_id))


def _passage(ranks: Ranks, chunk_id: int, chunk: Chunk, boost: Boost) -> Passage:
    return Passage(
        chunk_id,
        chunk,
        score=ranks.fused(chunk_id) * boost.factor,
        similarity=ranks.similarity.get(chunk_id),
        dense_rank=ranks.dense.get(chunk_id),
        lexical_rank=ranks.lexical.get(chunk_id),
        boost=boost.factor,
        reasons=boost.reasons,
    )


def fold(passages: Sequence[Passage], limit: int) -> list[Passage]:
    """The best passages without those that repeat a better one; that one tells where else the same is said."""
    kept: list[Passage] = []
    shingles: list[frozenset[tuple[str, ...]]] = []
    for passage in passages:
        own = _shingles(passage.chunk.text)
        same = next((i for i, other in enumerate(shingles) if _alike(own, other)), None)
        if same is not None:
            place = f"{passage.document}, page {passage.chunk.page}"
            kept[same] = replace(kept[same], folded=(*kept[same].folded, place))
        elif len(kept) < limit:
            kept.append(passage)
            shingles.append(own)
    return kept


def join(passages: Sequence[Passage]) -> list[Passage]:
    """Passages of which neighbours on one page are one, in the place of the better."""
    joined: list[Passage] = []
    for passage in passages:
        for index, other in enumerate(joined):
            if (both := _joined(other, passage)) is not None:
                joined[index] = both
                break
        else:
            joined.append(passage)
    # a passage may have closed the gap between two that came before it
    return joined if len(joined) == len(passages) else join(joined)


def _joined(better: Passage, other: Passage) -> Passage | None:
    first, last = sorted((better.chunk, other.chunk), key=lambda chunk: chunk.start)
    gap = last.start - first.end
    if (first.source, first.page, first.section) != (last.source, last.page, last.section) or not 0 <= gap <= _GAP:
        return None
    text = f"{first.text}{chr(10) * gap}{last.text}"
    chunk = replace(first, end=last.end, text=text, boxes=first.boxes + last.boxes)
    return replace(better, chunk=chunk, folded=better.folded + other.folded)


def _shingles(text: str) -> frozenset[tuple[str, ...]]:
    words = text.lower().split()
    return frozenset(tuple(words[i : i + _SHINGLE]) for i in range(max(1, len(words) - _SHINGLE + 1)))


def _alike(one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]) -> bool:
    smaller, larger = sorted((len(one), len(other)))
    if smaller < _ALIKE * larger:
        return False
    both = len(one & other)
    return both >= _ALIKE * (smaller + larger - both)
