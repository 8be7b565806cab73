"""When a tuned model's arithmetic is said: the question asks to compute, and names the rows that it is computed from.

A small model computes from the wrong row as surely as from the right one. What stands in the documents isn't enough
then: from a row that the question doesn't name nothing is computed.
"""

import re

from dossier.grounding import Verified
from dossier.places import Operand
from dossier.reply import ReplyKind
from retrieval.chunk_store import words_of
from retrieval.query import STOP_WORDS, Query, stem

_ASKS = re.compile(
    r"\b(?:chang|differ|increas|decreas|grow|grew|ris(?:e|en|ing)\b|rose|fall|fell|declin|drop|percent|proportion"
    r"|share of|part of|averag|mean\b|sum\b|total of|altogether|together|combined|add(?:ed)? up|ratio|relative to"
    r"|times\b|more\b|less\b|fewer\b|ahead of\b|behind\b|exceed|outweigh|if\b|instead\b)|%",
    re.IGNORECASE,
)
_NAMED = 0.66
"""Of a row's words: how many the question must have."""
_YEAR = re.compile(r"(?:19|20)\d\d")


def asks_to_compute(question: str) -> bool:
    """Whether a question may want arithmetic, or a comparison over time."""
    return _ASKS.search(question) is not None


def is_named(found: Verified, query: Query) -> bool:
    """Whether a checked reply computes with two or more cells whose rows, and years, the question names."""
    if not found.grounded or found.reply is None or found.reply.kind is not ReplyKind.EXPRESSION:
        return False
    cells = [operand for operand in found.operands if operand.source]
    places = {(cell.source, cell.row, cell.column) for cell in cells}
    supposed = any(not operand.source for operand in found.operands)
    return len(places) + supposed >= 2 and all(_is_named(cell, query) for cell in cells)


def _is_named(cell: Operand, query: Query) -> bool:
    if cell.row < 0:
        return False
    words = {stem(word) for word in words_of(cell.label) if word not in STOP_WORDS and not word.isdigit()}
    years = {int(year) for year in query.years}
    known = years | {year - 1 for year in years}
    there = {int(year) for year in _YEAR.findall(cell.head)}
    return bool(words) and len(words & set(query.stems)) >= _NAMED * len(words) and (not years or there <= known)
