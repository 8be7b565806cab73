"""Whether the passages that an answer cites bear out the sentences that cite them, by numbers and telling words."""

import re
from collections.abc import Sequence
from decimal import Decimal

from dossier.amounts import numbers_in
from training.answers.expected import MONTHS, is_year, telling_words

_MARKERS = re.compile(r"(?:\s?\[\d{1,3}\])+")
_NUMBER = re.compile(r"\d+")
_DAY = re.compile(rf"\b\d{{1,2}} (?=(?:{'|'.join(sorted(MONTHS))})\b)|(?<=\w) \d{{1,2}}(?=, \d{{4}}\b)", re.IGNORECASE)
_FACTORS = frozenset(map(Decimal, (*range(13), 100)))
"""Numbers that an expression may have of itself."""
_LEAST_WORDS = 0.5


def citations_supported(text: str, passages: Sequence[str]) -> float | None:
    """The share of an answer's citations that are borne out; None: it cites nothing. `[n]` cites `passages[n - 1]`.

    It is borne out when all numbers of its sentence stand in what that cites, one of them in this passage; where it has
    none, when half of its telling words do. Dates stand in column heads and don't count; of a computed number (before
    ` = `) its operands do.
    """
    found: list[bool] = []
    at = 0
    for markers in _MARKERS.finditer(text):
        sentence, at = text[at : markers.start()], markers.end()
        cited = [passages[n - 1] for n in map(int, _NUMBER.findall(markers[0])) if 0 < n <= len(passages)]
        found += [_is_supported(sentence, passage, cited) for passage in cited]
    return sum(found) / len(found) if found else None


def _is_supported(sentence: str, passage: str, cited: Sequence[str]) -> bool:
    numbers = _numbers(sentence)
    if not numbers:
        words = telling_words(sentence)
        return len(words & telling_words(passage)) >= _LEAST_WORDS * len(words)
    own, all_of_them = _sizes(passage), frozenset[Decimal]().union(*map(_sizes, cited))
    return numbers <= all_of_them and bool(numbers & own)


def _numbers(sentence: str) -> frozenset[Decimal]:
    sentence = _DAY.sub(" ", sentence)
    said = [one for one in numbers_in(sentence) if not is_year(one.digits)]
    computed = sentence.find(" = ")
    if computed < 0:
        return frozenset(one.size for one in said)
    return frozenset(one.size for one in said if one.start > computed) - _FACTORS


def _sizes(text: str) -> frozenset[Decimal]:
    return frozenset(one.size for one in numbers_in(text))
