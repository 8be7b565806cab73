"""Which documents a question names: by words of their file name and title that few other documents share."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dossier.records import Document
from retrieval.parsing.parsed import title_from_name
from retrieval.query import Query, stem, stems

_COMMON = 0.5
"""A word in the identity of more than this share of documents tells nothing."""


@dataclass(frozen=True, slots=True)
class Identities:
    """How telling each word of file names and titles is, and which documents carry it."""

    weights: Mapping[str, float]
    carriers: Mapping[str, frozenset[str]]

    def matches(self, query: Query) -> dict[str, float]:
        """Documents that the question names, as source to a share from 0 to 1 (1: matches best of all).

        Only its capitalised words and years count: common nouns stand in too many file names by chance.
        """
        scores: dict[str, float] = {}
        for word in {stem(name) for name in query.names | query.years}:
            for source in self.carriers.get(word, ()):
                scores[source] = scores.get(source, 0.0) + self.weights[word]
        best = max(scores.values(), default=0.0)
        return {source: score / best for source, score in scores.items()} if best else {}


def identities(documents: Iterable[Document]) -> Identities:
    """Gather the telling words of all documents."""
    words = {document.source: stems(f"{title_from_name(document.source)} {document.title}") for document in documents}
    counts = Counter(word for present in words.values() for word in present)
    limit = max(1, int(len(words) * _COMMON))
    telling = {word: math.log(1 + len(words) / count) for word, count in counts.items() if count <= limit}
    carriers: dict[str, set[str]] = {}
    for source, present in words.items():
        for word in present & telling.keys():
            carriers.setdefault(word, set()).add(source)
    return Identities(telling, {word: frozenset(sources) for word, sources in carriers.items()})
