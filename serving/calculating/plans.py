"""What a question asks to compute: the operation, what it calls the operands, and the years."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from retrieval.query import with_whole_years


class Operation(StrEnum):
    """What is computed: of one row over two or more years, or of two rows in one year."""

    GROWTH = "growth"
    CHANGE = "change"
    SUM = "sum"
    AVERAGE = "average"
    SHARE = "share"
    RATIO = "ratio"
    LESS = "less"


@dataclass(frozen=True, slots=True)
class Plan:
    """An operation over what the question calls its operands, in its own words.

    `named` is what a formula is called (empty where the question tells the operands itself): where the documents have
    a row of that name, nothing needs computing.
    """

    operation: Operation
    operands: tuple[str, ...]
    years: tuple[str, ...]
    named: str = ""


_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_SPAN = re.compile(r"\b((?:19|20)\d\d)(?:\s?[-–—]\s?| (?:to|through|until) (?:fiscal )?)((?:19|20)\d\d)\b")
_LONGEST_SPAN = 20
_ASKS_WORDS = re.compile(
    r"\bwhy\b|\b(?:reason|cause|driver|driven|due to what|explain|because)|\bhow many of\b|\bmean by\b|\bwho\b|\bwhen\b",
    re.IGNORECASE,
)
"""What asks for words, or for a count, not for arithmetic."""
_PERCENT = r"(?:(?:percent(?:age)?|per cent|%)(?! points?))"
_PART = rf"(?:{_PERCENT}|share|proportion|part|portion|fraction)"
_MOVES = (
    r"(?:gr[eo]w(?:s|n|ing|th)?|ris(?:e|es|en|ing)|rose|f[ae]ll(?:s|en|ing)?|increas\w*|decreas\w*|chang\w*|declin\w*"
    r"|drop(?:s|ped)?|gain(?:s|ed)?|climb(?:s|ed)?|shr[aiu]nk|improv\w*|(?:go(?:es)?|went) (?:up|down))"
)
_GROWTH = re.compile(
    rf"{_PERCENT}.*\b{_MOVES}\b|\b{_MOVES}\b.*{_PERCENT}|\bhow (?:fast|quickly|strongly)\b.*\b{_MOVES}\b"
    rf"|\b(?:growth|change) rates?\b|\brates? of (?:growth|change|increase|decrease)\b|\b(?:relative|year[- ]o(?:n|ver)[- ]year) change\b",
    re.IGNORECASE,
)
_CHANGE = re.compile(
    rf"\bby how (?:much|many)\b.*\b{_MOVES}\b|\bhow (?:much|many)\b.*\b(?:more|less|fewer|higher|lower)\b"
    rf"|\b(?:difference|(?:net |total )?change|increase|decrease)s? (?:in|of|between)\b"
    rf"|\bhow (?:much|many)\b.*\b{_MOVES}\b|\bhow did\b.*\bchange\b|\b{_MOVES}\b.*\bby how (?:much|many)\b",
    re.IGNORECASE,
)
_SUM = re.compile(
    r"\badd(?:ed|ing)? up\b|\bsum of\b|\btogether\b|\bcombined (?:over|for|in)\b|\bin total over\b", re.IGNORECASE
)
_AVERAGE = re.compile(r"\b(?:average|mean)\b(?! (?:shares|number of shares|cost))", re.IGNORECASE)
_WHOLE_FIRST = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"\b(?:what|which) {_PART} of (?P<whole>.+?) did (?:.+? )??(?:put into|spend on|invest in|pay (?:out )?(?:as|in|for)|use for"
        r"|earn (?:in|from)|make (?:in|from)|get from|generate (?:in|from)|return as) (?P<part>.+)",
        rf"\b(?:what|which) {_PART} of (?P<whole>.+?) did (?P<part>.+?) (?:bring in|make up|account for|contribute|represent|generate|earn)\b.*",
        rf"\b(?:what|which|how much) (?:{_PART} )?of (?P<whole>.+?) (?:was|were|is|are|has been|have been) (?:paid out (?:as|in)|spent on|due to"
        r"|(?:made up|earned|generated|brought in) (?:by|in|from)|attributable to|related to|from) (?P<part>.+)",
        rf"\b(?:what|which|how much) (?:{_PART} )?of (?P<whole>.+?) (?:c[ao]mes?|came|stems?|stemmed) from (?P<part>.+)",
        rf"\b(?:what|which|how much) (?:{_PART} )?of (?P<whole>.+?) went (?:to|into) (?P<part>.+)",
        rf"\b(?:what|which) {_PART} of (?P<whole>.+?) (?:was|were|is|are) (?P<part>.+)",
    )
)
_PART_FIRST = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"(?:(?:what|how (?:large|high|much|big)) (?:was|were|is|are) )?(?P<part>.+?),? (?:as|expressed as|in) an? {_PART} of (?P<whole>.+)",
        rf"\bwhat {_PART} (?:was|were|is|are|did) (?P<part>.+?) (?:of|make up of|represent of) (?P<whole>.+)",
        r"\bhow many times (?:did|does|was|were|is|are) (?P<part>.+?) (?:covers?|exceeds?|larger than|higher than|that of) (?P<whole>.+)",
        r"\bratio (?:of|between) (?P<part>.+?) (?:to|and) (?P<whole>.+)",
    )
)
_TIMES = re.compile(r"\btimes\b|\bratio\b", re.IGNORECASE)
_LESS = re.compile(r"(?:.*[:,] )?(?P<more>.+?) (?:less|minus|net of) (?P<less>.+)", re.IGNORECASE)


def plan_of(question: str, formulas: Mapping[str, str]) -> Plan | None:
    """The plan of a question; None where it asks for no arithmetic that is known here.

    `formulas` are the domain's: a name (several with bars between), and two operands with `/` or `-` between.
    """
    asked = with_whole_years(question).strip().rstrip("?.! ")
    if _ASKS_WORDS.search(asked):
        return None
    years = _years(asked)
    return _formula(asked, years, formulas) or _share(asked, years) or _over_time(asked, years) or _less(asked, years)


def _years(asked: str) -> tuple[str, ...]:
    """The years that a question names, the ones between the ends of a span too."""
    named = dict.fromkeys(_YEAR.findall(asked))
    for first, last in _SPAN.findall(asked) if _AVERAGE.search(asked) or _SUM.search(asked) else ():
        named.update(dict.fromkeys(map(str, range(int(first), min(int(last), int(first) + _LONGEST_SPAN) + 1))))
    return tuple(named)


def _formula(asked: str, years: tuple[str, ...], formulas: Mapping[str, str]) -> Plan | None:
    if len(years) > 1 or _CHANGE.search(asked) or _GROWTH.search(asked):
        return None
    for names, formula in formulas.items():
        for name in names.split("|"):
            if re.search(rf"\b{re.escape(name.strip())}\b", asked, re.IGNORECASE):
                return _read_formula(formula, years, name.strip())
    return None


def _read_formula(formula: str, years: tuple[str, ...], name: str) -> Plan:
    body, _, unit = formula.partition(" in ")
    left, sign, right = re.split(r"\s([/-])\s", body, maxsplit=1)
    operation = Operation.LESS if sign == "-" else Operation.RATIO if unit == "times" else Operation.SHARE
    return Plan(operation, (left.strip(), right.strip()), years, name)


def _share(asked: str, years: tuple[str, ...]) -> Plan | None:
    for pattern in (*_WHOLE_FIRST, *_PART_FIRST):
        if (match := pattern.search(asked)) and not _GROWTH.search(match["part"]):
            times = _TIMES.search(asked) and not re.search(_PERCENT, asked)
            operation = Operation.RATIO if times else Operation.SHARE
            return Plan(operation, (match["part"], match["whole"]), years)
    return None


def _over_time(asked: str, years: tuple[str, ...]) -> Plan | None:
    if _AVERAGE.search(asked) and (_CHANGE.search(asked) or _GROWTH.search(asked)):
        return None  # the change of an average is two steps
    for pattern, operation, least in (
        (_GROWTH, Operation.GROWTH, 0),
        (_CHANGE, Operation.CHANGE, 0),
        (_SUM, Operation.SUM, 2),
        (_AVERAGE, Operation.AVERAGE, 2),
    ):
        if pattern.search(asked) and len(years) >= least:
            return Plan(operation, (asked,), years)
    return None


def _less(asked: str, years: tuple[str, ...]) -> Plan | None:
    match = _LESS.fullmatch(asked)
    return Plan(Operation.LESS, (match["more"], match["less"]), years) if match and len(years) <= 1 else None
