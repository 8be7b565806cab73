"""What a question needs to be found, at the level of documents, pages and passages."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from dossier.records import Evidence, Question

_WORD = re.compile(r"[^\W_]+")
_LONG = 200
"""Evidence of more characters may be cut by chunking: half of it is enough."""


class Level(StrEnum):
    """How exactly something has to be found."""

    DOCUMENT = "document"
    PAGE = "page"
    PASSAGE = "passage"


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that a system found: document (as the question's evidence names it), page from 1, and its text."""

    document: str
    page: int
    text: str
    score: float = 0.0
    dense_rank: int | None = None
    lexical_rank: int | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where an answer stands. `page` None: anywhere in the document; `text` empty: anywhere on the page."""

    document: str
    page: int | None = None
    text: str = ""

    def is_met_by(self, hit: Hit) -> bool:
        """Whether a hit shows this place."""
        if hit.document != self.document or (self.page is not None and hit.page != self.page):
            return False
        return not self.text or holds(hit.text, self.text)


@dataclass(frozen=True, slots=True)
class Target:
    """One thing that has to be found: any of its places will do. `gain` is how relevant it is (nDCG's gain)."""

    places: tuple[Place, ...]
    gain: float = 1.0


@dataclass(frozen=True, slots=True)
class Case:
    """One question with its targets at each level that is known.

    `all_needed`: the question counts as found when every target is; else when one is.
    """

    id: str
    question: str
    kind: str
    targets: Mapping[Level, tuple[Target, ...]]
    all_needed: bool = True


def case_of(question: Question) -> Case:
    """The case of an answerable question.

    Any one of the places listed is enough, except for a `comparison` that names two companies: it takes a place of
    each.
    """
    needs = _needs(question)
    targets = {
        level: tuple(Target(tuple(dict.fromkeys(_place(item, level) for item in need))) for need in needs)
        for level in Level
    }
    return Case(question.id, question.question, question.kind, targets)


def holds(text: str, evidence: str) -> bool:
    """Whether a passage's text says the evidence, whatever the case, white space and punctuation.

    Evidence that is longer than a passage may be is held by a passage that says its first or second half or that stands
    wholly inside it.
    """
    said, wanted = _plain(text), _plain(evidence)
    if not wanted.strip():
        return False
    if wanted in said:
        return True
    if len(evidence) <= _LONG:
        return False
    words = wanted.split()
    halves = (words[: len(words) // 2], words[len(words) // 2 :])
    return any(f" {' '.join(half)} " in said for half in halves) or (bool(said.strip()) and said in wanted)


def company_of(document: str) -> str:
    """The company that a file name begins with: `ebay` for `EBAY_2022_10K.pdf`."""
    match = re.match(r"[^\W\d_]+", document)
    return match.group().lower() if match else document.lower()


def _needs(question: Question) -> list[Sequence[Evidence]]:
    if question.kind != "comparison":
        return [question.evidence]
    companies = dict.fromkeys(company_of(item.document) for item in question.evidence)
    return [[item for item in question.evidence if company_of(item.document) == company] for company in companies]


def _place(item: Evidence, level: Level) -> Place:
    if level is Level.DOCUMENT:
        return Place(item.document)
    return Place(item.document, item.page, item.text if level is Level.PASSAGE else "")


def _plain(text: str) -> str:
    """Words in lower case between single spaces, framed by spaces so that only whole words match."""
    return f" {' '.join(_WORD.findall(text.lower()))} "
