"""Whether a text names whom or what is asked about: all telling words stand in it."""

import re
from collections.abc import Sequence

_WORD = re.compile(r"\w[\w&.'-]*")
_SMALL = frozenset(["the", "a", "an", "of", "and", "for", "its", "their", "inc", "corp", "company"])


def words_in(text: str) -> frozenset[str]:
    """The words of a text, also without a genitive's end and signs around them."""
    said = set(_WORD.findall(text.lower()))
    return frozenset(said | {word.removesuffix("'s").strip(".'-") for word in said})


def telling(name: str) -> list[str]:
    """The words of a name that tell it from others."""
    return [word for word in _WORD.findall(name.lower()) if word.strip(".") not in _SMALL]


def names_all(words: frozenset[str], wanted: Sequence[str]) -> bool:
    """Whether all wanted words are among the words."""
    return all(word in words or word.removesuffix("'s") in words or word.strip(".") in words for word in wanted)
