"""Which documents a question names: by words of their title, file name and metadata that few others share."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from dossier.records import Document
from retrieval.metadata import ANNUAL, spoken
from retrieval.parsing.parsed import title_from_name
from retrieval.query import Query, stem, stems

_COMMON = 0.5
"""A word in the identity of more than this share of documents tells nothing."""
NAMED_WEIGHT = 0.5
"""How much passages of a document that the question names gain over others (see DECISIONS)."""
KIND_WEIGHT = 0.15
QUARTER_WEIGHT = 0.25
RECENCY_WEIGHT = 0.3
_HALF_LIFE_DAYS = 14.0


@dataclass(frozen=True, slots=True)
class Boost:
    """What a document gains by what the question names: a factor on its passages' scores, and why in words."""

    factor: float = 1.0
    reasons: tuple[str, ...] = ()


NOTHING = Boost()


@dataclass(frozen=True, slots=True)
class Identities:
    """How telling each word of file names, titles and metadata is, and which documents carry it."""

    weights: Mapping[str, float]
    carriers: Mapping[str, frozenset[str]]
    documents: Mapping[str, Document] = field(default_factory=dict)
    newest: str = ""

    def boosts(self, query: Query) -> dict[str, Boost]:
        """What each document gains, by its source; documents that gain nothing are left out."""
        shares = self.matches(query)
        touched = set(shares)
        if query.kinds or query.quarters or query.recent:
            touched |= set(self.documents)
        found = {source: self._boost(query, source, shares.get(source, 0.0)) for source in touched}
        return {source: boost for source, boost in found.items() if boost.reasons}

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

    def _boost(self, query: Query, source: str, named: float) -> Boost:
        about = self.documents[source].metadata
        gains = [(NAMED_WEIGHT * named, "the question names it")] if named else []
        kind = ANNUAL if about.kind in ("10-k", "20-f", "40-f") else about.kind
        if kind in query.kinds:
            gains.append((KIND_WEIGHT, f"the question asks for a document of this kind ({about.kind})"))
        if about.period[5:].lower() in query.quarters:
            gains.append((QUARTER_WEIGHT, f"it is about the period asked for ({about.period})"))
        if query.recent and about.date and self.newest:
            gains.append((RECENCY_WEIGHT * _freshness(about.date, self.newest), f"it is of {about.date[:10]}"))
        return Boost(1 + sum(gain for gain, _ in gains), tuple(reason for _, reason in gains))


def identities(documents: Iterable[Document]) -> Identities:
    """Gather the telling words of all documents."""
    known = {document.source: document for document in documents}
    words = {source: _words(document) for source, document in known.items()}
    counts = Counter(word for present in words.values() for word in present)
    limit = max(1, int(len(words) * _COMMON))
    telling = {word: math.log(1 + len(words) / count) for word, count in counts.items() if count <= limit}
    carriers: dict[str, set[str]] = {}
    for source, present in words.items():
        for word in present & telling.keys():
            carriers.setdefault(word, set()).add(source)
    newest = max((document.metadata.date for document in known.values()), default="")
    return Identities(telling, {word: frozenset(sources) for word, sources in carriers.items()}, known, newest)


def _words(document: Document) -> frozenset[str]:
    about = document.metadata
    return stems(f"{title_from_name(document.source)} {document.title} {spoken(about)} {about.ticker}")


def _freshness(day: str, newest: str) -> float:
    """1 for the newest document, half of that for each half-life of age."""
    try:
        age = (date.fromisoformat(newest[:10]) - date.fromisoformat(day[:10])).days
    except ValueError:  # a date that an admin wrote otherwise
        return 0.0
    return float(0.5 ** (max(age, 0) / _HALF_LIFE_DAYS))
