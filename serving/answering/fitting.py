"""Whether what would be said could be an answer at all: an amount to `how much`, a date to `which date`, news to all.

The retriever weighs such things against others; what lacks them is never the answer, however well its words fit.
"""

import re
from collections.abc import Mapping, Sequence

from dossier.evidence import is_row
from dossier.records import Line, Passage, Table
from retrieval.answer_kinds import KINDS, SUM, Kind
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
_CALENDAR = re.compile(rf"(?:{MONTH})|fiscal|q[1-4]|fy\d*", re.IGNORECASE)
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
        if computed or KINDS[Kind.WORDS].is_demanded(asked):
            return False
    elif _lacks(Kind.MONEY, asked, plain):
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
    if _lacks(Kind.SHARE, asked, said):
        return False
    for kind in (Kind.TIME, Kind.DATE, Kind.DURATION):
        if KINDS[kind].is_demanded(asked):
            return KINDS[kind].may_be(said)
    bare = _DATES.sub(" ", said)
    # a row's amount is a count where nothing says that it is money
    if SUM.search(bare) and _lacks(Kind.COUNT, asked, bare):
        return False
    return not _lacks(Kind.AMOUNT, asked, bare)


def _lacks(kind: Kind, asked: str, said: str) -> bool:
    """Whether a question asks for this kind of answer, and what is said can't be one."""
    return KINDS[kind].is_demanded(asked) and not KINDS[kind].may_be(said)


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
