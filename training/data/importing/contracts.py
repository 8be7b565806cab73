"""CUAD (Hendrycks et al. 2021) as questions on an excerpt of a contract, answered by the clause or not at all."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dossier.prompt import NOT_IN_DOCUMENTS
from dossier.records import Metadata
from training.data.example import AnswerKind, Context, Example, Labelled, Origin, Task
from training.pairs_cuad import CATEGORIES, Contract, clause_question, contracts_in

_AROUND = 1200
"""Characters of the contract before and behind a clause."""
_LONGEST = 3000
_OMITTED = "<omitted>"


@dataclass(frozen=True, slots=True)
class _Text:
    """A contract's text with single spaces, and the places of its lines' ends."""

    said: str

    def excerpt(self, start: int, end: int) -> tuple[str, ...]:
        """The text around a place, from one word's beginning to another's end."""
        left = self.said.rfind(" ", 0, max(0, start - _AROUND)) + 1
        right = self.said.find(" ", end + _AROUND)
        return (self.said[left : right if right > 0 else len(self.said)],)


def cuad_examples(name: str, folder: Path) -> Iterator[Example]:
    """Clauses that lawyers marked, and for half as many kinds that a contract lacks a question without an answer.

    Raises SettingsError when the folder isn't CUAD.
    """
    for contract in contracts_in(folder):
        text = _Text(_spaced(contract.text))
        found = [example for category in CATEGORIES if (example := _marked(name, contract, category, text))]
        yield from found
        absent = [category for category in CATEGORIES if not contract.clauses(category)]
        absent.sort(key=lambda category: _number(contract, category))
        for category in absent[: (len(found) + 1) // 2]:
            at = _number(contract, category) % max(1, len(text.said))
            label = Labelled((NOT_IN_DOCUMENTS,), AnswerKind.UNANSWERABLE)
            yield _example(name, contract, category, label, text.excerpt(at, at))


def _marked(name: str, contract: Contract, category: str, text: _Text) -> Example | None:
    """The question for a kind of clause; None where its text can't be found in the contract or is too long."""
    pieces = [_spaced(part) for clause in contract.clauses(category) for part in clause.split(_OMITTED)]
    places = sorted((at, at + len(piece)) for piece in pieces if piece and (at := text.said.find(piece)) >= 0)
    if not places:
        return None
    start, end = places[0]
    together = [place for place in places if place[1] - start <= _LONGEST]
    if not together:
        return None
    end = max(place[1] for place in together)
    texts = tuple(dict.fromkeys(text.said[left:right] for left, right in together))
    kind = AnswerKind.SPANS if len(texts) > 1 else AnswerKind.SPAN
    return _example(name, contract, category, Labelled(texts, kind, evidence=texts), text.excerpt(start, end))


def _example(name: str, contract: Contract, category: str, label: Labelled, excerpt: tuple[str, ...]) -> Example:
    about = Metadata(company=contract.party, kind="contract")
    place = f"{contract.file.name}, {category}"
    origin = Origin(name, place, contract.file.name, contract.group, "", about)
    title = (contract.row["Document Name-Answer"] or "Agreement").strip()
    return Example(Task.CLAUSE, clause_question(contract, category), label, origin, Context(title, (), excerpt))


def _spaced(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _number(contract: Contract, category: str) -> int:
    return int.from_bytes(hashlib.sha256(f"absent:{contract.file.name}:{category}".encode()).digest()[:6])
