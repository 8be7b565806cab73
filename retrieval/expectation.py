"""What kind of answer a question expects, and whether a line could be one: a count, a date, a name ..."""

import re

from retrieval.answer_kinds import KINDS, Kind
from retrieval.query import Query

_LEADS = re.compile(r"^(?:[•▪●*\-+]|\d{1,2}[.)])\s+")
_WORD = re.compile(r"[^\W\d_][\w’'&.-]*")
_EXPECTED = {kind: told.expected for kind, told in KINDS.items() if told.expected is not None}


def expected_by(question: str) -> Kind:
    """The kind of answer that a question asks for: the first whose words it has."""
    return next((kind for kind, signs in _EXPECTED.items() if signs.asks.search(question)), Kind.ANYTHING)


def could_answer(query: Query, line: str) -> bool:
    """Whether a line holds something of the kind that the question expects."""
    kind = expected_by(query.asked)
    if kind is Kind.ANYTHING:
        return True
    holds = _EXPECTED[kind].holds
    return holds.search(line) is not None if holds else _names_someone(line, frozenset(query.terms))


def _names_someone(line: str, asked: frozenset[str]) -> bool:
    """Whether a capitalised word that isn't the first of a sentence and isn't in the question stands in the line."""
    text = _LEADS.sub("", line)
    for match in _WORD.finditer(text):
        word = match.group()
        before = text[: match.start()].rstrip()
        if (
            word[0].isupper()
            and not word.isupper()
            and before
            and before[-1] not in ".!?:"
            and word.lower() not in asked
        ):
            return True
    return False
