"""The names that a question holds, and which of them are companies."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from retrieval.chunk_store import words_of
from retrieval.metadata import MONTH
from retrieval.query import STOP_WORDS, stem
from serving.follow_ups.periods import quarters_in, years_in

HEAD = re.compile(
    r"^(?:what|which|who|whom|whose|where|when|why|how|is|are|was|were|do|does|did|has|have|had|can|could|may|must|should"
    r"|will|would|list|show|tell|give|explain|name|describe|summari[sz]e)\b",
    re.IGNORECASE,
)
"""How a question begins."""
_PLACE = re.compile(r"\b(?:in|at|on|within|outside)\s+(?:the\s+)?$", re.IGNORECASE)
_WORD = r"(?:[A-Z][\w&.-]*[\w&]|[a-z]+[A-Z]\w*)"
_NAME = re.compile(rf"(?<![\w$]){_WORD}(?:\s+(?:of\s+)?{_WORD})*")
_MONTH = re.compile(rf"(?:{MONTH})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Name:
    """A name at characters `start` to `end`; `company` says whether it is one, or stands where one would."""

    text: str
    start: int
    end: int
    company: bool


def names_in(text: str, companies: Collection[str], linked: bool) -> list[Name]:
    """The names in a question. At its beginning a capital tells nothing, unless `and` stood before it."""
    blank = text
    for place in (*years_in(text), *quarters_in(text)):
        blank = blank[: place.start] + " " * (place.end - place.start) + blank[place.end :]
    found = []
    for match in _NAME.finditer(blank):
        words = match[0].split()
        start = match.start()
        while words and (words[0].lower() in STOP_WORDS or _MONTH.fullmatch(words[0]) or HEAD.fullmatch(words[0])):
            start += len(words.pop(0))
            start += len(blank[start:]) - len(blank[start:].lstrip())
        if not words:
            continue
        name = text[start : match.end()].rstrip()
        known = any(stem(word) in companies for word in words_of(name))
        own = re.match(r"[’']s?\b", text[match.end() :]) is not None
        plain = name.isupper() or (start == 0 and not linked and not re.search(r"[a-z][A-Z]", name))
        if plain and not known and not own:
            continue
        in_place = _PLACE.search(text[:start]) is not None and not own
        found.append(Name(name, start, start + len(name), known or not in_place))
    return found
