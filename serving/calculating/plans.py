"""What a question asks to compute: the operation, what it calls the operands, and the years."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from dossier.packs import FORMULA
from retrieval.query import with_whole_years
from serving.calculating.comparisons import Sides, sides_in


class Operation(StrEnum):
    """What is computed: of one row over two or more years, or of two rows in one year; a look-up is one cell."""

    GROWTH = "growth"
    CHANGE = "change"
    SUM = "sum"
    AVERAGE = "average"
    SHARE = "share"
    RATIO = "ratio"
    LESS = "less"
    COMPARE = "compare"
    LOOKUP = "lookup"


@dataclass(frozen=True, slots=True)
class Plan:
    """An operation over what the question calls its operands, in its own words.

    `named` is what a formula is called (empty where the question tells the operands itself): where the documents have
    a row of that name, nothing needs computing. `sides` are the rows that are compared. `both_ways`: the question asks
    whether something rose or fell. `contributes`: the part of a share is one of the amounts that make up the whole.
    """

    operation: Operation
    operands: tuple[str, ...]
    years: tuple[str, ...]
    named: str = ""
    sides: Sides | None = None
    both_ways: bool = False
    contributes: bool = False


_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_SPAN = re.compile(r"\b((?:19|20)\d\d)(?:\s?[-–—]\s?| (?:to|through|until) (?:fiscal )?)((?:19|20)\d\d)\b")
_LONGEST_SPAN = 20
_PERCENT = r"(?:(?:percent(?:age)?\b|per cent\b|%)(?! points?))"
_ASKS_WORDS = re.compile(
    r"\bwhy\b|\b(?:reason|cause|driver|driven|explain|because)|\bhow many of\b|\bmean by\b|\bdefin"
    rf"|\bwho\b|\bwhen\b|\b(?:change|difference)s? (?:in|of|between) (?:the )?{_PERCENT} of\b",
    re.IGNORECASE,
)
"""What asks for words, or for a count, not for arithmetic."""
_PART = rf"(?:{_PERCENT}|share|proportion|part|portion|fraction)"
_MOVES = (
    r"(?:gr[eo]w(?:s|n|ing|th)?|ris(?:e|es|en|ing)|rose|f[ae]ll(?:s|en|ing)?|increas\w*|decreas\w*|chang\w*|declin\w*"
    r"|drop(?:s|ped)?|gain(?:s|ed)?|climb(?:s|ed)?|shr[aiu]nk|improv\w*|(?:go(?:es)?|went) (?:up|down))"
)
_GROWTH = re.compile(
    rf"{_PERCENT}.*\b{_MOVES}\b|\b{_MOVES}\b.*{_PERCENT}|\bhow (?:fast|quickly|strongly)\b.*\b{_MOVES}\b"
    rf"|\b(?:growth|change) rates?\b|\brates? of (?:growth|change|increase|decrease)\b"
    r"|\b(?:relative|year[- ]o(?:n|ver)[- ]year) change\b",
    re.IGNORECASE,
)
_COMPARED = r"\bcompared? (?:with|to|against) (?:that of |fiscal |the year )*(?:19|20)\d\d\b"
_EITHER_WAY = (
    r"\b(?:(?:ris|increas|grow)\w*|up) or (?:fall|decreas|declin|shrink|drop|down)"
    r"|\b(?:(?:fall|decreas|declin|shrink|drop)\w*|down) or (?:ris|increas|grow|up\b)"
    r"|\bin (?:fiscal )?(?:19|20)\d\d or (?:in )?(?:fiscal )?(?:19|20)\d\d\b"
)
_CHANGE = re.compile(
    rf"\bby how (?:much|many)\b.*\b{_MOVES}\b|\bhow (?:much|many)\b.*\b(?:more|less|fewer|higher|lower)\b"
    rf"|\b(?:difference|change|increase|decrease)s? (?:/ ?\(?(?:increase|decrease)\)? )?(?:in|of|between)\b"
    rf"|\bhow (?:much|many)\b.*\b{_MOVES}\b|\bhow did\b.*\bchange\b"
    rf"|\b{_MOVES}\b.*\bby how (?:much|many)\b|{_COMPARED}|{_EITHER_WAY}",
    re.IGNORECASE,
)
_UP = r"(?:ris|increas|grow|up|more|higher|larger|better)"
_DOWN = r"(?:fall|decreas|declin|shrink|drop|down|less|fewer|lower|smaller|worse)"
_BOTH_WAYS = re.compile(
    rf"{_COMPARED}|{_EITHER_WAY}|\bhow did\b.*\b(?:chang|compar|develop)|\b{_UP}\w* or {_DOWN}|\b{_DOWN}\w* or {_UP}",
    re.IGNORECASE,
)
"""Asks in which direction something went."""
_EITHER = re.compile(
    r"\b(?:more or (?:less|fewer)|(?:less|fewer) or more|(?:less|fewer)(?= .*\bthan\b))\b", re.IGNORECASE
)
"""Words of a comparison over time that are no part of a row's name."""
_SUM = re.compile(
    r"\badd(?:ed|ing)? up\b|\bsum of\b|\btogether\b|\bcombined (?:over|for|in)\b|\bin total over\b", re.IGNORECASE
)
_AVERAGE = re.compile(r"(?<!weighted[- ])\b(?:average|mean)\b(?! (?:shares|number of shares|cost))", re.IGNORECASE)
_IS = r"(?:was|were|is|are|has been|have been)"
_USED = (
    r"(?:put into|spend on|invest in|pay (?:out )?(?:as|in|for)|use for|return as"
    r"|(?:earn|make|generate) (?:in|from)|get from)"
)
_BROUGHT = r"(?:bring in|make up|account for|contribute|represent|generate|earn)"
_MADE_OF = (
    r"(?:paid out (?:as|in)|spent on|due to|attributable to|related to|from"
    r"|(?:made up|earned|generated|brought in) (?:by|in|from))"
)
_SHARE_OF = rf"\b(?:what|which) {_PART} of (?P<whole>.+?)"
_ANY_OF = rf"\b(?:what|which|how much) (?:{_PART} )?of (?P<whole>.+?)"
_SHARES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_SHARE_OF} did (?:.+? )??{_USED} (?P<part>.+)",
        rf"{_SHARE_OF} did (?P<part>.+?) {_BROUGHT}\b.*",
        rf"{_ANY_OF} {_IS} {_MADE_OF} (?P<part>.+)",
        rf"{_ANY_OF} (?:(?:comes?|came|stems?|stemmed) from|went (?:to|into|on)) (?P<part>.+)",
        rf"{_SHARE_OF} {_IS} (?P<part>.+)",
        rf"(?:(?:what|how (?:large|high|much|big)) {_IS} )?(?P<part>.+?),? (?:as|in) an? {_PART} of (?P<whole>.+)",
        rf"\bwhat {_PART} {_IS} (?P<part>.+?) of (?P<whole>.+)",
        rf"\bwhat {_PART} did (?P<part>.+?) (?:make up|represent|account for) of (?P<whole>.+)",
        rf"\bhow many times (?:did|does|{_IS}) (?P<part>.+?) (?:covers?|exceeds?|(?:larg|high)er than) (?P<whole>.+)",
        r"\bratio (?:of|between) (?P<part>.+?) (?:to|and) (?P<whole>.+)",
    )
)
"""How people ask for the share of a part in a whole."""
_CONTRIBUTES = re.compile(rf"\bdid\b.*\b{_BROUGHT}\b|\b(?:comes?|came|stems?|stemmed) from\b", re.IGNORECASE)
_BY_WHAT = re.compile(r"\bby (?:what|how)\b", re.IGNORECASE)
_TIMES = re.compile(r"\btimes\b|\bratio\b", re.IGNORECASE)
_LESS = re.compile(
    r"(?:(?:what|how (?:much|large|high)) (?:was|were|is|are) )?(?P<more>.+?) (?:less|minus|net of) (?P<less>.+)",
    re.IGNORECASE,
)

_LOOKUP = re.compile(
    r"(?:(?:what|how (?:much|large|high|big)) (?:was|were|is|are)|(?:tell|give|show) me) (?P<what>.+)", re.IGNORECASE
)

_OF_SEVERAL = re.compile(rf"{_AVERAGE.pattern}|{_SUM.pattern}|\brespective|\b{_PERCENT} of\b", re.IGNORECASE)
"""What one cell doesn't answer."""


def plan_of(question: str, formulas: Mapping[str, str]) -> Plan | None:
    """The plan of a question; None where it asks for no arithmetic that is known here.

    `formulas` are a pack's (`Pack.formulas`).
    """
    asked = asked_of(question)
    if _ASKS_WORDS.search(asked):
        return None
    years = _years(asked)
    return (
        _formula(asked, years, formulas)
        or _share(asked, years)
        or _sides(asked, years)
        or _over_time(asked, years)
        or _less(asked, years)
        or look_up_of(asked)
    )


def asked_of(question: str) -> str:
    """A question as plans read it: whole years, no mark at its end."""
    return with_whole_years(question).strip().rstrip("?.! ")


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
    parts = FORMULA.fullmatch(formula)
    if parts is None:
        raise ValueError(f"{formula!r} isn't a formula")
    operation = Operation.LESS if parts["less"] else Operation.RATIO if parts["unit"] == "times" else Operation.SHARE
    return Plan(operation, (parts["left"], parts["right"] or parts["base"]), years, name)


def _share(asked: str, years: tuple[str, ...]) -> Plan | None:
    for pattern in () if _BY_WHAT.search(asked) else _SHARES:
        if (match := pattern.search(asked)) and not _GROWTH.search(match["part"]):
            times = _TIMES.search(asked) and not re.search(_PERCENT, asked)
            operation = Operation.RATIO if times else Operation.SHARE
            contributes = _CONTRIBUTES.search(asked) is not None
            return Plan(operation, (match["part"], match["whole"]), years, contributes=contributes)
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
            operand = _EITHER.sub(" ", asked)
            return Plan(operation, (operand,), years, both_ways=_BOTH_WAYS.search(asked) is not None)
    return None


def _sides(asked: str, years: tuple[str, ...]) -> Plan | None:
    """Two rows in one year, whose difference is asked for, or which of them is the larger one."""
    sides = sides_in(asked) if len(years) <= 1 else None
    if sides is None:
        return None
    operands = tuple(f"{name} {sides.both}" for name in sides.names)
    return Plan(Operation.COMPARE, operands, years, sides=sides)


def _less(asked: str, years: tuple[str, ...]) -> Plan | None:
    match = _LESS.fullmatch(asked)
    return Plan(Operation.LESS, (match["more"], match["less"]), years) if match and len(years) <= 1 else None


def look_up_of(asked: str) -> Plan | None:
    """The look-up of a question that names one year or none: a row by its own name, which needs no computing."""
    match, years = _LOOKUP.fullmatch(asked), _years(asked)
    if match is None or len(years) > 1 or _OF_SEVERAL.search(match["what"]):
        return None
    return Plan(Operation.LOOKUP, (match["what"],), years)
