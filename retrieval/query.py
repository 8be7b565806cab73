"""What a question asks for, as the lexical search and the relevance signal see it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from retrieval.chunk_store import words_of

STOP_WORDS = frozenset(
    """a about above after again all also am an and any are as at be because been before being between both but by can
    could did do does doing down during each few for from further get give given had has have having he her here him
    his how i if in into is it its itself just let like make many me mean means more most much my no nor not of off on
    once only or
    other our out over own please s same she should show so some such t tell than that the their them then there these
    they this those through to too under until up us very was we were what when where which while who whom whose why
    will with would you your""".split()  # noqa: SIM905 (a paragraph reads better than 150 quoted words)
)
_NAME = re.compile(r"\b(?:[A-Z][a-z]+[A-Z]\w*|[a-z]+[A-Z]\w*|[A-Z][\w&’']*)")
_FISCAL = re.compile(r"\bFY\s?'?(?:20)?(\d\d)\b", re.IGNORECASE)
_YEAR = re.compile(r"\b(?:FY|fy)?\s?'?((?:19|20)\d\d)\b|\b(?:FY|fy)\s?'?(\d\d)\b")
_QUARTER = re.compile(r"\b(first|second|third|fourth)[- ](?:fiscal )?quarter\b|\bQ([1-4])\b", re.IGNORECASE)
_ORDINALS = {"first": "q1", "second": "q2", "third": "q3", "fourth": "q4"}
_SPOKEN_QUARTERS = {"q1": "first quarter", "q2": "second quarter", "q3": "third quarter", "q4": "fourth quarter"}
_SPELLINGS = tuple(
    (re.compile(british), american)
    for british, american in (
        (r"^program(?:me)(s?)$", r"program\1"),
        (r"^(\w{3,})ou(r(?:s|ed|ing|al)?)$", r"\1o\2"),
        (r"^(\w{4,})is(e|es|ed|ing|ation|ations)$", r"\1iz\2"),
        (r"^(cent|theat|met|lit)re(s?)$", r"\1er\2"),
        (r"^(\w*(?:trave|labe|mode|cance|fue))ll(ed|ing|er|ers)$", r"\1l\2"),
        (r"^(licen|defen|offen)ce(s?)$", r"\1se\2"),
        (r"^cheque(s?)$", r"check\1"),
    )
)
"""British spellings and the American ones that documents may use instead."""
_KINDS = tuple(
    (re.compile(pattern, re.IGNORECASE), kind)
    for pattern, kind in (
        (r"\b10-?k\b|\bannual (?:report|filing)s?\b", "annual report"),
        (r"\b10-?q\b|\bquarterly (?:report|filing)s?\b", "10-q"),
        (r"\b(?:earnings|press|news|results?) release\b", "earnings release"),
        (r"\b(?:contract|agreement)s?\b", "contract"),
        (r"\b(?:policy|policies)\b", "policy"),
        (r"\be-?mails?\b", "e-mail"),
        (r"\bnews\b|\bheadlines?\b", "news"),
    )
)
_RECENT = re.compile(
    r"\b(?:latest|newest|recent(?:ly)?|lately|what(?:'s| is) new|this (?:week|month)|today)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Query:
    """A question taken apart.

    `asked` is the question as it came, `text` with abbreviated years and synonyms spelled out, for the embedder;
    `terms` are its words without stop words, `stems` the stem of each; `names` the capitalised ones among them,
    `years` and `quarters` (`q2`) what it names of periods, `kinds` the kinds of document; `recent` says whether it asks
    for what is new.
    """

    asked: str
    text: str
    terms: tuple[str, ...]
    names: frozenset[str]
    years: frozenset[str]
    stems: tuple[str, ...]
    quarters: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    recent: bool = False


def read_query(text: str, synonyms: Mapping[str, str] | None = None) -> Query:
    """Take a question apart. `synonyms` adds to a term (in lower case) what the documents may call it."""
    asked = text
    text = with_whole_years(text)
    added = [words for term, words in (synonyms or {}).items() if _mentions(text, term)]
    quarters = _quarters(asked)
    added += [words for quarter in sorted(quarters) if not _mentions(text, words := _SPOKEN_QUARTERS[quarter])]
    text = " ".join([text, *added])
    american = [pattern.sub(spelling, word) for word in words_of(text) for pattern, spelling in _SPELLINGS]
    text = " ".join([text, *sorted(set(american) - set(words_of(text)))])
    terms = tuple(word for word in words_of(text) if word not in STOP_WORDS and (len(word) > 1 or word.isdigit()))
    names: set[str] = set()
    for match in _NAME.finditer(asked):
        names.update(words_of(match.group()))
    years = {first or f"20{second}" for first, second in _YEAR.findall(text)}
    return Query(
        asked=asked,
        text=text,
        terms=terms,
        names=frozenset(name for name in names if name in terms),
        years=frozenset(years),
        stems=tuple(map(stem, terms)),
        quarters=quarters,
        kinds=frozenset(kind for pattern, kind in _KINDS if pattern.search(asked)),
        recent=_RECENT.search(asked) is not None,
    )


def with_whole_years(text: str) -> str:
    """A text with `FY25` written as `fiscal 2025`."""
    return _FISCAL.sub(lambda match: f"fiscal 20{match.group(1)}", text)


def _quarters(text: str) -> frozenset[str]:
    found = {_ORDINALS.get(ordinal.lower(), "") or f"q{number}" for ordinal, number in _QUARTER.findall(text)}
    return frozenset(found)


def _mentions(text: str, term: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(term)}(?!\w)", text, re.IGNORECASE) is not None


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """A crude stem: enough to match plural and tense."""
    for ending in ("ingly", "edly", "ing", "ies", "ed", "es", "s", "ly"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)].rstrip("e")
    return word.rstrip("e") if len(word) > 3 else word


def stems(text: str) -> frozenset[str]:
    """The stems of a text's words."""
    return frozenset(stem(word) for word in re.findall(r"[^\W_]+", text.lower()))
