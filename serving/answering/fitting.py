"""Whether what would be said could be an answer at all: an amount to `how much`, a date to `which date`, news to all.

The retriever weighs such things against others; what lacks them is never the answer, however well its words fit.
"""

import re
from collections.abc import Mapping, Sequence

from dossier.evidence import is_row
from dossier.records import Line, Passage, Table
from retrieval.expectation import NUMBER_WORD, PERIOD
from retrieval.lines import RankedLine
from retrieval.metadata import MONTH
from retrieval.query import STOP_WORDS, Query, stem, stems
from serving.answering.computing import asks_to_compute
from serving.answering.wording import word_line
from serving.calculating.comparisons import sides_in
from serving.calculating.rows import telling

NEAR = 0.1
"""How much worse than the first line one may be that takes its place because the first can't be the answer."""
_ALIKE = 0.8
"""From here on a question is a row's name: `long-term debt, less current portion`."""
_MARKER = re.compile(r"\s*\[\d{1,3}\]")
_ASKS_PERCENT = re.compile(
    r"\b(?:percent(?:age)?|per cent)\b(?! points?)|\b(?:what|which) (?:share|portion|proportion|fraction)\b",
    re.IGNORECASE,
)
_HAS_PERCENT = re.compile(r"%|\bper ?cent|\b(?:half|third|quarter|all|none|one in)\b", re.IGNORECASE)
_ASKS_TIME = re.compile(r"\bwhat time\b", re.IGNORECASE)
_HAS_TIME = re.compile(r"\b\d{1,2}(?::\d\d)?\s?[ap]\.?m\b|\b\d{1,2}:\d\d\b|\b(?:noon|midnight)\b", re.IGNORECASE)
_ASKS_DAY = re.compile(r"\b(?:what|which) (?:dates?|days?)\b", re.IGNORECASE)
_HAS_DAY = re.compile(
    rf"\b(?:{MONTH})\.? \d{{1,2}}\b|\b\d{{1,2}}(?:st|nd|rd|th)?(?: of)? (?:{MONTH})\b"
    r"|\b\d{1,4}[/-]\d{1,2}[/-]\d{1,4}\b|\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b"
    r"|\b\d{1,2}(?:st|nd|rd|th)\b|\b(?:first|last) (?:\w+ )?day\b|\bdays? (?:of|after|before)\b",
    re.IGNORECASE,
)
_ASKS_PERIODS = re.compile(rf"\bhow many (?:\w+ )?{PERIOD}\b", re.IGNORECASE)
_HAS_PERIOD = re.compile(rf"(?:\d(?:st|nd|rd|th)?|\b{NUMBER_WORD})[\s-](?:\w+[\s-])?{PERIOD}\b", re.IGNORECASE)
_ASKS_COUNT = re.compile(r"\bhow many\b(?! (?:million |billion )?(?:\w+ )?dollars)", re.IGNORECASE)
_ASKS_AMOUNT = re.compile(
    r"\bhow (?:many|much|long|far|big|large|old)\b"
    r"|\b(?:what|which) (?:sum|amount|size)\b"
    r"|\bwhat (?:\w+[ -]){0,3}(?:price|fee|cost|value|profit|revenue|sales|rate|salary|pay|severance|margin|income"
    r"|earnings|ratio)s? (?:of|did|do|does|was|were|is|are|has|had|have)\b"
    r"|\bwhat(?:['’]s| is| was) the (?:most|longest|maximum|minimum)\b|\bwhat(?:['’]s| is) the \w+ (?:limit|cap)\b"
    r"|\bwhat(?:['’]s| is) the (?:biggest|largest|highest|smallest)\b.*\b(?:can|may)\b"
    r"|\bwhat does\b.*\b(?:cost|charge)\b",
    re.IGNORECASE,
)
_HAS_AMOUNT = re.compile(
    rf"\d|\b(?:{NUMBER_WORD}|no|none|nothing|zero|free|unlimited|twice|double|full)\b", re.IGNORECASE
)
_ASKS_MONEY = re.compile(
    r"\b(?:what|how much) (?:did|do|does|will|must)\b.*\b(?:cost|pay|charge)\b"
    r"|\bwhat (?:\w+[ -]){0,3}(?:price|fee|cost)s? (?:of|did|do|does|was|were|is|are)\b",
    re.IGNORECASE,
)
_HAS_WORTH = re.compile(
    r"[$€£¥]|\b(?:million|billion|thousand|dollar|euro|pound|cent)s?\b|\b(?:free|nothing|no cost)\b", re.IGNORECASE
)
_ASKS_FIGURE = re.compile(
    r"\bthe (?:floor area|number|amount|price|cost|total|percentage|figure) (?:of|for)\b", re.IGNORECASE
)
_HAS_MONEY = re.compile(r"[$€£]\s?\d")
_COUNTED = re.compile(rf"(?<![$€£\d.,])\b\d[\d,]*(?:\.\d+)?\b(?!\s?%)|\b{NUMBER_WORD}\b", re.IGNORECASE)
_CALENDAR = re.compile(rf"(?:{MONTH})|fiscal|q[1-4]|fy\d*", re.IGNORECASE)
_ASKS_WORDS = re.compile(
    r"\bwhy\b|\bhow come\b|\bwhat (?:drove|made|led|caused|explains?|happens|becomes|became)\b|\bwho(?:m|se)?\b"
    r"|\bwhere\b(?! did more)|\bhow (?:does|do|did|is|are)\b.*"
    r"\b(?:define|decide|react|treat|put|describe|handle|recogni[sz]e|account for|work)\b",
    re.IGNORECASE,
)
"""What no row of amounts answers."""
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_PLACES = frozenset({"united", "states", "america"})
"""What documents write as U.S."""
_SHORTEST_NAME = 3
_DATES = re.compile(
    rf"\b(?:{MONTH})\.? \d{{1,2}}\b(?:,? (?:19|20)\d\d)?|\b\d{{1,2}} (?:{MONTH})\b|\b(?:fiscal |FY ?)?(?:19|20)\d\d\b"
    r"|\b[QH][1-4]\b|\b(?:note|item|part|section|rule|form) \d[\w-]*",
    re.IGNORECASE,
)
"""Numbers that are no amounts."""


def fitting(
    lines: Sequence[RankedLine], query: Query, passages: Sequence[Passage], tables: Mapping[int, Sequence[Table]]
) -> list[RankedLine]:
    """Of the lines, best first, those that could be the answer and are hardly worse than the first.

    `tables` are those of each passage's page.
    """
    near = [one for one in lines if one.score >= lines[0].score - NEAR]
    return [
        one
        for one in near
        if fits(
            query,
            one,
            passages[one.line.passage - 1],
            word_line(one.line, passages[one.line.passage - 1], query, tables[one.line.passage]),
        )
    ]


def fits(query: Query, ranked: RankedLine, passage: Passage, said: str) -> bool:
    """Whether `said`, a line as an answer would word it, holds what the question asks for in so many words.

    It must say more than the question itself, be of the kind that is asked for, and its passage must have the names
    that the question has. A row of a table is no answer to why, nor to what is to be computed from it.
    """
    plain, asked = _MARKER.sub("", said).strip(), query.asked
    computed = asks_to_compute(asked) and ranked.named < _ALIKE
    if is_row(ranked.line.text):
        if computed or _ASKS_WORDS.search(asked):
            return False
    elif _ASKS_MONEY.search(asked) and not _HAS_WORTH.search(plain):
        return False
    return (
        _says_something_new(asked, plain)
        and _is_in_kind(asked, plain)
        and _names_both(asked, plain)
        and not _is_of_another_year(query, plain, ranked.line)
        and _has_names(query, ranked.line, passage)
    )


def _says_something_new(asked: str, said: str) -> bool:
    """A question, or a heading that the question repeats, answers nothing."""
    if said.endswith("?") or (said.isupper() and " " in said and not re.search(r"\d", said)):
        return False
    known = stems(asked) | {stem(word) for word in STOP_WORDS}
    return bool(stems(said) - known)


def _is_in_kind(asked: str, said: str) -> bool:
    if _ASKS_PERCENT.search(asked) and not _HAS_PERCENT.search(said):
        return False
    if _ASKS_TIME.search(asked):
        return _HAS_TIME.search(said) is not None
    if _ASKS_DAY.search(asked):
        return _HAS_DAY.search(said) is not None
    if _ASKS_PERIODS.search(asked):
        return _HAS_PERIOD.search(said) is not None
    bare = _DATES.sub(" ", said)
    if _ASKS_COUNT.search(asked) and _HAS_MONEY.search(bare) and not _COUNTED.search(bare):
        return False
    return not (_ASKS_AMOUNT.search(asked) or _ASKS_FIGURE.search(asked)) or _HAS_AMOUNT.search(bare) is not None


def _is_of_another_year(query: Query, said: str, line: Line) -> bool:
    """Whether what is said names years, and none that the question names."""
    told = set(_YEAR.findall(f"{said} {line.heading}"))
    return bool(query.years and told) and not told & query.years


def _names_both(asked: str, said: str) -> bool:
    """A comparison of two things is answered by what names both of them."""
    sides = sides_in(asked.strip().rstrip("?.! "))
    return sides is None or all(telling(name) & stems(said) for name in sides.names)


def _has_names(query: Query, line: Line, passage: Passage) -> bool:
    """Whether the passage has the names of the question; abbreviations and the first word may be called otherwise."""
    chunk = passage.chunk
    around = f"{chunk.metadata.company} {passage.document} {line.heading} {chunk.context} {chunk.columns} {chunk.text}"
    known = stems(around)
    words = re.findall(r"[^\W_]+", query.asked)
    free = {words[0].lower(), *(word.lower() for word in words if word.isupper())} if words else set()
    names = [name for name in query.names - free - _PLACES if len(name) >= _SHORTEST_NAME and not name.isdigit()]
    return all(stem(name) in known or _CALENDAR.fullmatch(name) for name in names)
