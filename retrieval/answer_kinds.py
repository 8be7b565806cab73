"""The kinds of answer that questions ask for, and what tells each: one table for all who read questions and lines.

A kind is told twice. Softly (`expected`): what a question leans to and what a line of that kind usually holds, which is
weighed against other signs. Strictly (`demanded`): what a question asks for in so many words, and what no answer to it
can lack. The two differ on purpose: what is good enough to weigh isn't always good enough to refuse on.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from retrieval.metadata import MONTH

_NUMBER_WORD = (
    r"(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen|"
    r"(?:twen|thir|for|fif|six|seven|eigh|nine)ty|hundred|thousand|half a|a dozen)"
)
_PERIOD = r"(?:second|minute|hour|day|week|month|quarter|year)s?"
_OF_TIME = rf"[\s-](?:\w+[\s-])?{_PERIOD}\b"
"""What makes a number a period of time: ` working days`."""
_WHAT = r"\b(?:what|which)"
_WHO = r"\bwho(?:m|se)?\b"
_ORDINAL = r"\b\d{1,2}(?:st|nd|rd|th)\b"
_SUM = r"[$€£]\s?\d"
_COUNTED = rf"(?<![$€£\d.,])\b(?!(?:19|20)\d\d\b)\d[\d,]*(?:\.\d+)?\b(?!\s?%)|\b{_NUMBER_WORD}\b"
"""A number that is neither money nor a share nor a year."""


class Kind(StrEnum):
    """Kinds of answers that questions ask for in so many words."""

    SHARE = "share"
    DURATION = "duration"
    COUNT = "count"
    MONEY = "money"
    AMOUNT = "amount"
    DATE = "date"
    TIME = "time of day"
    NAME = "name"
    WORDS = "words"
    ANYTHING = "anything"


@dataclass(frozen=True, slots=True)
class Signs:
    """What a question for a kind of answer says (`asks`), and what such an answer holds; none: no pattern tells it."""

    asks: re.Pattern[str]
    holds: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """How a kind is told softly and strictly; none: it isn't."""

    expected: Signs | None = None
    demanded: Signs | None = None

    def is_demanded(self, question: str) -> bool:
        """Whether a question asks for it in so many words."""
        return self.demanded is not None and self.demanded.asks.search(question) is not None

    def may_be(self, said: str) -> bool:
        """Whether what is said holds what no answer of this kind lacks."""
        holds = self.demanded.holds if self.demanded else None
        return holds is None or holds.search(said) is not None


def _signs(asks: str, holds: str = "", *, as_written: bool = False) -> Signs:
    """Signs from patterns. `as_written`: in a line, letters must be large and small as they are here."""
    flags = re.NOFLAG if as_written else re.IGNORECASE
    return Signs(re.compile(asks, re.IGNORECASE), re.compile(holds, flags) if holds else None)


KINDS: Mapping[Kind, Told] = {
    Kind.SHARE: Told(
        _signs(
            rf"{_WHAT} (?:percent(?:age)?|share|proportion|fraction)\b|\bwhat (?:\w+ ){{0,3}}rate\b",
            r"\d\s?%|\bper ?cent\b|\b(?:half|third|quarter)\b",
        ),
        _signs(
            rf"\b(?:percent(?:age)?|per cent)\b(?! points?)|{_WHAT} (?:share|portion|proportion|fraction)\b",
            r"%|\bper ?cent|\b(?:half|third|quarter|all|none|one in)\b",
        ),
    ),
    Kind.DURATION: Told(
        _signs(
            r"\bhow (?:long|often|frequently)\b|\bhow many (?:\w+ )?(?:minute|hour|day|week|month)s?\b",
            rf"(?:\b\d+|\b{_NUMBER_WORD}){_OF_TIME}|\b(?:dai|week|month|quarter|annual|year)ly\b"
            rf"|\b(?:each|every|per|once a) {_PERIOD}\b",
        ),
        _signs(rf"\bhow many (?:\w+ )?{_PERIOD}\b", rf"(?:\d(?:st|nd|rd|th)?|\b{_NUMBER_WORD}){_OF_TIME}"),
    ),
    Kind.COUNT: Told(
        _signs(rf"\bhow many\b|{_WHAT} number\b|\bnumber of\b", _COUNTED),
        _signs(r"\bhow many\b(?! (?:million |billion )?(?:\w+ )?dollars)", _COUNTED),
    ),
    Kind.MONEY: Told(
        _signs(
            r"\bhow much\b|\bwhat (?:\w+ ){0,4}(?:cost|price|fee)s?\b",
            rf"{_SUM}|\b\d[\d,.]*\s?(?:million|billion|thousand|dollars|euros|pounds)\b",
        ),
        _signs(
            r"\b(?:what|how much) (?:did|do|does|will|must)\b.*\b(?:cost|pay|charge)\b"
            r"|\bwhat (?:\w+[ -]){0,3}(?:price|fee|cost)s? (?:of|did|do|does|was|were|is|are)\b",
            r"[$€£¥]|\b(?:million|billion|thousand|dollar|euro|pound|cent)s?\b|\b(?:free|nothing|no cost)\b",
        ),
    ),
    Kind.AMOUNT: Told(
        demanded=_signs(
            r"\bhow (?:many|much|long|far|big|large|old)\b"
            rf"|{_WHAT} (?:sum|amount|size)\b"
            r"|\bwhat (?:\w+[ -]){0,3}(?:price|fee|cost|value|profit|revenue|sales|rate|salary|pay|severance|margin"
            r"|income|earnings|ratio)s? (?:of|did|do|does|was|were|is|are|has|had|have)\b"
            r"|\bwhat(?:['’]s| is| was) the (?:most|longest|maximum|minimum)\b"
            r"|\bwhat(?:['’]s| is) the \w+ (?:limit|cap)\b"
            r"|\bwhat(?:['’]s| is) the (?:biggest|largest|highest|smallest)\b.*\b(?:can|may)\b"
            r"|\bwhat does\b.*\b(?:cost|charge)\b"
            r"|\bthe (?:floor area|number|amount|price|cost|total|percentage|figure) (?:of|for)\b",
            rf"\d|\b(?:{_NUMBER_WORD}|no|none|nothing|zero|free|unlimited|twice|double|full)\b",
        ),
    ),
    Kind.DATE: Told(
        _signs(
            rf"\bwhen\b|{_WHAT} (?:date|day|year|month)\b|\b(?:by|until|since) when\b|\bhow late\b",
            rf"\b(?:{MONTH.title()})\b|\b(?:19|20)\d\d\b|\b\d{{1,2}}[/.]\d{{1,2}}[/.]\d{{2,4}}\b|{_ORDINAL}",
            as_written=True,  # "may" and "march" are seldom months
        ),
        _signs(
            rf"{_WHAT} (?:dates?|days?)\b",
            rf"\b(?:{MONTH})\.? \d{{1,2}}\b|\b\d{{1,2}}(?:st|nd|rd|th)?(?: of)? (?:{MONTH})\b"
            r"|\b\d{1,4}[/-]\d{1,2}[/-]\d{1,4}\b|\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b"
            rf"|{_ORDINAL}|\b(?:first|last) (?:\w+ )?day\b|\bdays? (?:of|after|before)\b",
        ),
    ),
    Kind.TIME: Told(
        demanded=_signs(r"\bwhat time\b", r"\b\d{1,2}(?::\d\d)?\s?[ap]\.?m\b|\b\d{1,2}:\d\d\b|\b(?:noon|midnight)\b"),
    ),
    Kind.NAME: Told(
        _signs(rf"{_WHO}|\bwhere\b|\b(?:which|what) (?:\w+ )?(?:city|state|country|firm|auditor|person)\b"),
    ),
    Kind.WORDS: Told(
        demanded=_signs(
            r"\bwhy\b|\bhow come\b|\bwhat (?:drove|made|led|caused|explains?|happens|becomes|became)\b"
            rf"|{_WHO}|\bwhere\b(?! did more)|\bhow (?:does|do|did|is|are)\b.*"
            r"\b(?:define|decide|react|treat|put|describe|handle|recogni[sz]e|account for|work)\b",
        ),
    ),
}
"""In the order in which a question is read for what it expects. WORDS is what no row of amounts answers."""

SUM = re.compile(_SUM)
"""Money that a line writes with its sign. Narrower than what a line of the kind MONEY usually holds."""
