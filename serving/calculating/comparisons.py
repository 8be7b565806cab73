"""What a question compares: two rows of one company in one period, or one row of two companies."""

import re
from collections.abc import Set
from dataclasses import dataclass

from retrieval.chunk_store import words_of
from retrieval.query import STOP_WORDS, stem
from serving.calculating.rows import telling

_MORE = r"(?:more|most|higher|highest|larger|largest|bigger|biggest|greater|greatest)"
_FEWER = r"(?:less|least|lower|lowest|smaller|smallest|fewer|fewest)"
_COMPARES = re.compile(rf"\b(?:{_MORE}|{_FEWER}|compared?|versus|vs|than|difference|gap|ahead)\b", re.IGNORECASE)
_SMALLER = re.compile(rf"\b{_FEWER}\b(?! (?:portion|current|allowance))", re.IGNORECASE)
_MARGIN = re.compile(
    r"(?:[,;]|\s[-–—]|\sand|,\sand)\s+"
    r"(?:by (?:how|what|which)|how (?:far|much|many|big|large)|what(?: was| is| were|'s)?)\b[^,;]*$",
    re.IGNORECASE,
)
"""The end of a question that wants the difference too."""
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_WHEN = r"(?: (?:in|during|for|at|as of|over) (?:(?:the )?(?:end of )?(?:fiscal |financial )?(?:year )?)?(?:19|20)\d\d)"
_DOES = r"(?:bring|make|earn|generate|cost|have|contribute|employ|produce|sell|take|get|spend|pay|grow)"
_SIDES = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?P<rest>(?:which|what|where|who)\b.+?)\s*[,:–—]\s+(?:the )?(?P<one>[^,:]+?) or (?:the )?(?P<other>[^,:]+)",
        rf"(?P<rest>.*\b(?:did|does|do|was|were|is|are|has|have)\b.+?\b(?P<way>in|on|into|to|from|for|as|by)) "
        rf"(?P<one>[^,]+?) or (?:(?P=way) )?(?P<other>.+?)(?P<when>{_WHEN}?)",
        rf"(?:did|do|does) (?P<one>.+?) or (?P<other>.+?) {_DOES}(?P<rest>\b.*)",
        rf"(?:was|were|is|are) (?P<one>.+?) or (?P<other>.+?) (?:the )?(?:{_MORE}|{_FEWER})\b(?P<rest>.*)",
    )
)
_NAMED = re.compile(r"\b(?:[A-Z]|[a-z]+[A-Z])[\w&.]*(?:['’]s?)?")
_POSSESSIVE = re.compile(r"['’]s?$")
_PLACES = re.compile(r"\b(?:balance sheet|income statement|cash[- ]flow statement|books)\b", re.IGNORECASE)
_NOISE = frozenset(
    map(
        stem,
        """higher highest larger largest bigger biggest greater greatest lower lowest smaller smallest fewer fewest less
        least than versus vs against gap ahead margin segment segments division unit line category product region money
        side figure two both company companies firm firms billion million thousand billions millions thousands carry
        carried have hold held see saw show shows turn""".split(),  # noqa: SIM905 (a paragraph reads better)
    )
)


@dataclass(frozen=True, slots=True)
class Sides:
    """Two rows that a question compares, as it calls them, and what it calls both of them."""

    names: tuple[str, str]
    both: str
    smaller: bool


@dataclass(frozen=True, slots=True)
class Companies:
    """Two companies whose row of the name `measure` a question compares, each in its year (empty: the latest)."""

    names: tuple[str, str]
    measure: str
    years: tuple[str, str]
    smaller: bool


def sides_in(asked: str) -> Sides | None:
    """The rows that a question sets against each other with `or`; None where it doesn't. `asked` ends in no mark."""
    if not _COMPARES.search(asked):
        return None
    short = _MARGIN.sub("", asked)
    for pattern in _SIDES:
        if match := pattern.fullmatch(short):
            one, other = match["one"].strip(), match["other"].strip()
            if telling(one) and telling(other) and telling(one) != telling(other):
                return Sides((one, other), _plain(match["rest"]), _is_smaller(asked))
    return None


def companies_in(asked: str, known: Set[str]) -> Companies | None:
    """The two companies that a question compares; None where it names others than two, or compares nothing.

    `known` are stems of the words that name companies in the index.
    """
    runs = _companies(asked, known)
    names = list(dict.fromkeys(name for name, _, _ in runs))
    if len(names) != 2 or not _COMPARES.search(asked):
        return None
    rest = asked
    for _, start, end in reversed(runs):
        rest = f"{rest[:start]} {rest[end:]}"
    measure = _plain(_MARGIN.sub("", rest))
    years = _years(asked, runs)
    return Companies((names[0], names[1]), measure, years, _is_smaller(asked)) if measure and years else None


def _companies(asked: str, known: Set[str]) -> list[tuple[str, int, int]]:
    """Names of companies and where they stand; words of one name that follow each other are one."""
    runs: list[tuple[str, int, int]] = []
    for match in _NAMED.finditer(asked):
        word = _POSSESSIVE.sub("", match[0])
        if stem(word.lower()) not in known:
            continue
        if runs and asked[runs[-1][2] : match.start()] == " ":
            name, start, _ = runs.pop()
            runs.append((f"{name} {word}", start, match.end()))
        else:
            runs.append((word, match.start(), match.end()))
    return runs


def _years(asked: str, runs: list[tuple[str, int, int]]) -> tuple[str, str] | None:
    """The year of each company: its own behind its name, the one that holds for both, or none; None: can't be told."""
    found = [(match[0], match.start()) for match in _YEAR.finditer(asked)]
    different = dict.fromkeys(year for year, _ in found)
    if len(different) <= 1:
        year = next(iter(different), "")
        return year, year
    (_, _, first), (_, second, _) = runs[0], runs[-1]
    own = [year for year, at in found if first <= at < second], [year for year, at in found if at > second]
    return (own[0][0], own[1][0]) if len(own[0]) == len(own[1]) == 1 else None


def _plain(text: str) -> str:
    """The words of a question that may name a row, in their order."""
    words = words_of(_PLACES.sub(" ", text))
    telling_words = telling(" ".join(words))
    return " ".join(
        word for word in words if stem(word) in telling_words and stem(word) not in _NOISE and word not in STOP_WORDS
    )


def _is_smaller(asked: str) -> bool:
    return _SMALLER.search(asked) is not None and not re.search(rf"\b{_MORE}\b", asked, re.IGNORECASE)
