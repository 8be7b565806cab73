"""What a question asks for, as the lexical search and the relevance signal see it."""

import re
from dataclasses import dataclass

from retrieval.chunk_store import words_of

STOP_WORDS = frozenset(
    """a about above after again all also am an and any are as at be because been before being between both but by can
    could did do does doing down during each few for from further get give given had has have having he her here him
    his how i if in into is it its itself just let like make many me more most much my no nor not of off on once only or
    other our out over own please s same she should show so some such t tell than that the their them then there these
    they this those through to too under until up us very was we were what when where which while who whom whose why
    will with would you your""".split()  # noqa: SIM905 (a paragraph reads better than 150 quoted words)
)
_NAME = re.compile(r"\b(?:[A-Z][a-z]+[A-Z]\w*|[a-z]+[A-Z]\w*|[A-Z][\w&’']*)")
_YEAR = re.compile(r"\b(?:FY|fy)?\s?'?((?:19|20)\d\d)\b|\b(?:FY|fy)\s?'?(\d\d)\b")


@dataclass(frozen=True, slots=True)
class Query:
    """A question taken apart.

    `terms` are its words without stop words, `stems` the stem of each; `names` the capitalised ones among them and
    `years` the years it names.
    """

    text: str
    terms: tuple[str, ...]
    names: frozenset[str]
    years: frozenset[str]
    stems: tuple[str, ...]


def read_query(text: str) -> Query:
    """Take a question apart."""
    terms = tuple(word for word in words_of(text) if word not in STOP_WORDS and (len(word) > 1 or word.isdigit()))
    names: set[str] = set()
    for sentence in re.split(r"(?<=[.?!])\s+", text):
        found = list(_NAME.finditer(sentence))
        # the first word of a sentence is capitalised whatever it is
        names.update(word for match in found if match.start() > 0 for word in words_of(match.group()))
    years = {first or f"20{second}" for first, second in _YEAR.findall(text)}
    return Query(
        text, terms, frozenset(name for name in names if name in terms), frozenset(years), tuple(map(stem, terms))
    )


def stem(word: str) -> str:
    """A crude stem: enough to match plural and tense."""
    for ending in ("ingly", "edly", "ing", "ies", "ed", "es", "s", "ly"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)].rstrip("e")
    return word.rstrip("e") if len(word) > 3 else word


def stems(text: str) -> frozenset[str]:
    """The stems of a text's words."""
    return frozenset(stem(word) for word in re.findall(r"[^\W_]+", text.lower()))
