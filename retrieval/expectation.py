"""What kind of answer a question expects, and whether a line could be one: a count, a date, a name ..."""

import re
from enum import StrEnum

from retrieval.metadata import MONTH
from retrieval.query import Query

NUMBER_WORD = (
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen|"
    r"(?:twen|thir|for|fif|six|seven|eigh|nine)ty|hundred|thousand|half a|a dozen)"
)
PERIOD = r"(?:second|minute|hour|day|week|month|quarter|year)s?"
_LEADS = re.compile(r"^(?:[•▪●*\-+]|\d{1,2}[.)])\s+")
_WORD = re.compile(r"[^\W\d_][\w’'&.-]*")


class Expected(StrEnum):
    """Kinds of answers that questions ask for in so many words."""

    COUNT = "count"
    MONEY = "money"
    SHARE = "share"
    DATE = "date"
    DURATION = "duration"
    NAME = "name"
    ANYTHING = "anything"


_ASKS = (
    (Expected.SHARE, r"\b(?:what|which) (?:percent(?:age)?|share|proportion|fraction)\b|\bwhat (?:\w+ ){0,3}rate\b"),
    (Expected.DURATION, r"\bhow (?:long|often|frequently)\b|\bhow many (?:\w+ )?(?:minute|hour|day|week|month)s?\b"),
    (Expected.COUNT, r"\bhow many\b|\b(?:what|which) number\b|\bnumber of\b"),
    (Expected.MONEY, r"\bhow much\b|\bwhat (?:\w+ ){0,4}(?:cost|price|fee)s?\b"),
    (Expected.DATE, r"\bwhen\b|\b(?:what|which) (?:date|day|year|month)\b|\b(?:by|until|since) when\b|\bhow late\b"),
    (
        Expected.NAME,
        r"\bwho(?:m|se)?\b|\bwhere\b|\b(?:which|what) (?:\w+ )?(?:city|state|country|firm|auditor|person)\b",
    ),
)
_HOLDS = {
    Expected.SHARE: re.compile(r"\d\s?%|\bper ?cent\b|\b(?:half|third|quarter)\b", re.IGNORECASE),
    Expected.DURATION: re.compile(
        rf"(?:\b\d+|\b{NUMBER_WORD})[\s-](?:\w+[\s-])?{PERIOD}\b|\b(?:dai|week|month|quarter|annual|year)ly\b"
        rf"|\b(?:each|every|per|once a) {PERIOD}\b",
        re.IGNORECASE,
    ),
    Expected.COUNT: re.compile(
        rf"(?<![$€£\d.,])\b(?!(?:19|20)\d\d\b)\d[\d,]*(?:\.\d+)?\b(?!\s?%)|\b{NUMBER_WORD}\b", re.IGNORECASE
    ),
    Expected.MONEY: re.compile(
        r"[$€£]\s?\d|\b\d[\d,.]*\s?(?:million|billion|thousand|dollars|euros|pounds)\b", re.IGNORECASE
    ),
    Expected.DATE: re.compile(
        rf"\b(?:{MONTH.title()})\b|\b(?:19|20)\d\d\b|\b\d{{1,2}}[/.]\d{{1,2}}[/.]\d{{2,4}}\b|\b\d{{1,2}}(?:st|nd|rd|th)\b"
    ),
}


def expected_by(question: str) -> Expected:
    """The kind of answer that a question asks for."""
    return next((kind for kind, asks in _ASKS if re.search(asks, question, re.IGNORECASE)), Expected.ANYTHING)


def could_answer(query: Query, line: str) -> bool:
    """Whether a line holds something of the kind that the question expects."""
    kind = expected_by(query.asked)
    if kind is Expected.ANYTHING:
        return True
    return _names_someone(line, frozenset(query.terms)) if kind is Expected.NAME else bool(_HOLDS[kind].search(line))


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
