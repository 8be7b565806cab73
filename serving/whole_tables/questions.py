"""What a question asks over the rows of a table: the operation, by rules, before any table is looked at."""

import re
from dataclasses import dataclass
from enum import StrEnum

from dossier.amounts import numbers_in
from serving.whole_tables.values import TOKEN


class Aggregate(StrEnum):
    """What is made of many rows."""

    COUNT = "count"
    SUM = "sum"
    AVERAGE = "average"


class Order(StrEnum):
    """Which rows come first."""

    HIGHEST = "highest"
    LOWEST = "lowest"


@dataclass(frozen=True, slots=True)
class Wish:
    """A question taken apart: what is made of the rows, which come first and how many, and the other words.

    `number` is how many are asked for (0: it isn't said), `distinct` whether each value counts once, `hint` what a
    superlative says of the column (`price`, `date`, or nothing). `clear` is False where the words alone could ask
    for a single cell as well. `words` are the question's without those of the operation, in their order.
    """

    aggregate: Aggregate | None
    order: Order | None
    words: tuple[str, ...]
    number: int = 0
    distinct: bool = False
    hint: str = ""
    clear: bool = True


NUMBERS = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"]
_N = rf"(?P<n>\d{{1,3}}|{'|'.join(NUMBERS)})"
_HIGH = r"highest|largest|biggest|greatest|maximum|max|most expensive|costliest|most recent|latest|newest|most|top"
_LOW = r"lowest|smallest|least expensive|cheapest|minimum|min|earliest|oldest|fewest|least|bottom"
_HINTS = {
    **dict.fromkeys(("most expensive", "costliest", "cheapest", "least expensive"), "price"),
    **dict.fromkeys(("most recent", "latest", "newest", "earliest", "oldest"), "date"),
}
_NOT_THIS = re.compile(
    r"\bwhy\b|\bexplain|\breasons?\b|\bpercent(?:age)? of\b|\bshare of\b|\bgrowth\b|\bgr[eo]w|\bchang|\bincreas"
    r"|\bdecreas|\bdifference\b|\bratio\b|\bcompar|\bmedian\b|\bnot\b|n['’]t\b|\bno\b|\bnone\b|\bexcept|\bexclud|\bwithout\b"
    r"|\bother than\b|\bnever\b|\bneither\b|\bapart from\b|\bweighted\b|\bmore .* than .* (?:in|did|does|has)\b"
    r"|\bhow much more\b|\bhow many (?:more|fewer|times|percent)\b"
    r"|\bmean by\b|\bdoes .* mean\b|\bcumulative|\bper ?cent\b|\bif\b",
    re.IGNORECASE,
)
"""Asks for something else, or leaves rows out in a way that isn't read here."""
_DISTINCT = r"(?:different|distinct|unique)"
_COUNT = re.compile(
    rf"\bhow many(?P<distinct> {_DISTINCT})?\b|\b(?:number|count) of(?: the)?(?P<distinct2> {_DISTINCT})?\b"
    rf"|^count(?: (?:all|the|of))*(?P<distinct3> {_DISTINCT})?\b",
    re.IGNORECASE,
)
_SUM = re.compile(
    r"\b(?:the )?(?:grand )?(?:sum|total) of\b|\b(?:add|sum)(?:ed|med)? up\b|\b(?:in|the) total\b(?= |$)|\baltogether\b"
    r"|\bsummed\b|\btotal\b",
    re.IGNORECASE,
)
_CLEAR_SUM = re.compile(
    r"\b(?:sum|total) of\b|\b(?:add|sum)(?:ed|med)? up\b|\bin total\b|\bsummed\b|\baltogether\b", re.I
)
_AVERAGE = re.compile(r"\b(?:average|mean)\b(?: of)?", re.IGNORECASE)
_ORDER = re.compile(
    rf"\b(?:(?:the )?{_N} )?(?P<high>{_HIGH})\b(?: {_N.replace('<n>', '<n2>')}\b)?"
    rf"|\b(?:(?:the )?{_N.replace('<n>', '<n3>')} )?(?P<low>{_LOW})\b(?: {_N.replace('<n>', '<n4>')}\b)?",
    re.IGNORECASE,
)
_WHICH = re.compile(rf"^(?:what|which) {_N}\b", re.IGNORECASE)
_LIST = re.compile(
    rf"^(?:please )?(?:list|name|show|give)(?: me| us)?(?: all)?(?: the| of the)*(?P<distinct> {_DISTINCT})?\b"
    rf"|^(?:what|which)(?: are)?(?: all)?(?: the)? (?P<distinct2>{_DISTINCT})\b",
    re.IGNORECASE,
)
_WHICH_ARE = re.compile(r"^which\b", re.IGNORECASE)
_MOST_OF_COMPARISON = re.compile(r"\bat (?:most|least)\b", re.IGNORECASE)
_HELD = {"at most": "<=", "at least": ">="}


def wish_of(question: str) -> Wish | None:
    """What a question asks over rows; None where it asks for nothing of that kind.

    Whether the rest of its words fit a table is for the plan to see.
    """
    asked = re.sub(r"['’]s\b", "", " ".join(question.split()).strip().rstrip("?.! "))
    if not asked or _NOT_THIS.search(asked):
        return None
    asked = _MOST_OF_COMPARISON.sub(lambda match: _HELD[match.group().lower()], asked)
    if match := _COUNT.search(asked):
        rest = _without(asked, match)
        if _ORDER.search(rest) or _AVERAGE.search(rest) or _COUNT.search(rest):
            return None
        distinct = any(match[name] for name in ("distinct", "distinct2", "distinct3"))
        rest = re.sub(r"\bin total\b|\baltogether\b", " ", rest, flags=re.IGNORECASE)
        return Wish(Aggregate.COUNT, None, words_in(rest), distinct=distinct)
    if (order := _ORDER.search(asked)) and not _only_most(asked, order):
        return _ordered(asked, order)
    for pattern, aggregate in ((_AVERAGE, Aggregate.AVERAGE), (_SUM, Aggregate.SUM)):
        if match := pattern.search(asked):
            clear = aggregate is Aggregate.AVERAGE or _CLEAR_SUM.search(asked) is not None
            rest = pattern.sub(" ", asked)
            return (
                None
                if _AVERAGE.search(rest) or _SUM.search(rest)
                else Wish(aggregate, None, words_in(rest), clear=clear)
            )
    if match := _LIST.search(asked):
        distinct = bool(match["distinct"] or match["distinct2"])
        return Wish(None, None, words_in(_without(asked, match)), distinct=distinct)
    if match := _WHICH_ARE.search(asked):
        return Wish(None, None, words_in(_without(asked, match)), clear=False)
    return None


def words_in(text: str) -> tuple[str, ...]:
    """The words, numbers and signs of comparison of a text."""
    return tuple(TOKEN.findall(text))


def _ordered(asked: str, order: re.Match[str]) -> Wish | None:
    rest = _without(asked, order)
    if _ORDER.search(rest):
        return None
    said = next((order[name] for name in ("n", "n2", "n3", "n4") if order[name]), "")
    if not said and (which := _WHICH.search(rest)):
        said, rest = which["n"], f"which {rest[which.end() :]}"
    aggregate = None
    for pattern, one in ((_AVERAGE, Aggregate.AVERAGE), (_SUM, Aggregate.SUM)):
        if pattern.search(rest):
            aggregate, rest = one, pattern.sub(" ", rest)
            break
    word = (order["high"] or order["low"]).lower()
    direction = Order.HIGHEST if order["high"] else Order.LOWEST
    most = word in ("most", "fewest", "least")
    hint = "most" if most else _HINTS.get(word, "")
    return Wish(aggregate, direction, words_in(rest), _number(said), hint=hint)


def _only_most(asked: str, order: re.Match[str]) -> bool:
    """Whether it is `most of`: no superlative of a table's values."""
    return order.group().lower().endswith("most") and asked[order.end() :].startswith(" of")


def _number(said: str) -> int:
    if not said:
        return 0
    return NUMBERS.index(said.lower()) + 1 if said.lower() in NUMBERS else int(next(numbers_in(said)).value)


def _without(text: str, match: re.Match[str]) -> str:
    return f"{text[: match.start()]} {text[match.end() :]}".strip()
