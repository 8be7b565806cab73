"""What the retrieval models learn from: documents, questions about them, and where the answers stand."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

_WORD = re.compile(r"[^\W_]+(?:[.,]\d+)*")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question and its evidence.

    `source` is the document's path in its folder, `evidence` what stands there (a row, a sentence, a clause; any one of
    them is enough), `page` where (0: anywhere in the document) and `group` what must stay on one side of a split (one
    table, one report, one party's contracts).
    """

    question: str
    source: str
    evidence: tuple[str, ...]
    group: str
    page: int = 0


@dataclass(frozen=True, slots=True)
class Examples:
    """Questions with the documents that they are about.

    `texts` are the documents by path, for sets that bring their own; empty where the questions are about a folder that
    exists already.
    """

    name: str
    asked: tuple[Asked, ...]
    texts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pair:
    """What a model learns from: a question, the chunks that answer it, and near-misses that don't (ids of chunks)."""

    question: str
    right: tuple[int, ...]
    wrong: tuple[int, ...]
    group: str
    kind: str


def is_held_out(group: str, share: float) -> bool:
    """Whether a group is kept for measuring: by its name alone, so that every run decides alike."""
    number = int.from_bytes(hashlib.sha256(f"split:{group}".encode()).digest()[:4])
    return number < share * (1 << 32)


def words(text: str) -> list[str]:
    """Words and numbers of a text in lower case; a number keeps its decimals and thousands (`1,284.6`)."""
    return _WORD.findall(text.lower())


def holds(text: str, evidence: str, share: float = 0.85) -> bool:
    """Whether a text says what the evidence says: all of its numbers and most of its words, in whatever layout."""
    wanted = set(words(evidence))
    if not wanted:
        return False
    there = wanted & set(words(text))
    numbers = {word for word in wanted if word[0].isdigit()}
    return numbers <= there and len(there) >= share * len(wanted)


def holds_any(text: str, evidence: Sequence[str]) -> bool:
    """Whether a text says what one of the pieces of evidence says."""
    return any(holds(text, piece) for piece in evidence)
