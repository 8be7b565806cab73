"""Which of a table's columns the words of a question name."""

import re
from collections.abc import Collection, Sequence

from serving.whole_tables.sheets import Sheet
from serving.whole_tables.values import TOKEN, Column, Kind, root

_BRACKETS = re.compile(r"\([^)]*\)|\[[^\]]*\]")
_LONGEST = 4
"""Words of a head that are looked for."""
_KEYS = frozenset(map(root, ("name", "id", "no", "number", "code", "title", "nr")))
_CODES = frozenset(map(root, ("id", "no", "nr", "number", "code", "zip", "postcode", "phone")))
_EACH = re.compile(
    r"\bprices?\b|\brates?\b|%|\bpercent|\bmargins?\b|\bratio|\baverage|\bages?\b|\bscores?\b|\bratings?\b|\bper\b|\byears?\b",
    re.IGNORECASE,
)


class Words:
    """The words of a question, and which of them are explained already."""

    def __init__(self, words: Sequence[str]) -> None:
        self.all = tuple(words)
        self.low = tuple(word.casefold() for word in words)
        self.stems = tuple(root(word) for word in self.low)
        self._open = [True] * len(words)

    def are_open(self, start: int, end: int) -> bool:
        """Whether none of these words is explained yet, and all are there."""
        return 0 <= start < end <= len(self.all) and all(self._open[start:end])

    def close(self, start: int, end: int) -> None:
        """These words are explained."""
        self._open[start:end] = [False] * (end - start)

    def left(self) -> list[int]:
        """The places of the words that aren't explained."""
        return [at for at, still in enumerate(self._open) if still]


def stems_of(head: str) -> frozenset[str]:
    """The stems of a head's words, without its unit in brackets."""
    words = TOKEN.findall(_BRACKETS.sub(" ", head).casefold().replace("_", " ").replace("/", " "))
    return frozenset(map(root, words))


def is_code(column: Column) -> bool:
    """Whether a column's numbers name something and count nothing."""
    return bool(stems_of(column.head) & _CODES)


def is_key(column: Column) -> bool:
    """Whether a head says that the column names its rows: `Supplier name`, `Order no`."""
    return bool(stems_of(column.head) & _KEYS)


def adds_up(column: Column) -> bool:
    """Whether the sum of a column means something: prices, rates and ages don't add up."""
    return column.kind is Kind.NUMBER and not _EACH.search(column.head) and "%" not in column.units


def is_year(column: Column) -> bool:
    """Whether a column holds years."""
    return column.kind is Kind.NUMBER and bool(stems_of(column.head) & {root("year"), "fy"})


def ending_at(words: Words, end: int, sheet: Sheet, columns: Collection[int]) -> tuple[int, int] | None:
    """The one of `columns` whose head stands right before a place, and where it begins there."""
    found = _at(words, [(end - length, end) for length in range(_LONGEST, 0, -1)], sheet, columns)
    return (found[0], found[1]) if found else None


def starting_at(words: Words, start: int, sheet: Sheet, columns: Collection[int]) -> tuple[int, int] | None:
    """The one of `columns` whose head stands right at a place, and where it ends there."""
    found = _at(words, [(start, start + length) for length in range(_LONGEST, 0, -1)], sheet, columns)
    return (found[0], found[2]) if found else None


def _at(
    words: Words, spans: Sequence[tuple[int, int]], sheet: Sheet, columns: Collection[int]
) -> tuple[int, int, int] | None:
    for start, end in spans:
        if words.are_open(start, end):
            said = frozenset(words.stems[start:end])
            whole = [at for at in columns if stems_of(sheet.columns[at].head) == said]
            if len(whole) == 1:
                return whole[0], start, end
    start, end = spans[-1]
    if words.are_open(start, end):
        part = [at for at in columns if words.stems[start] in stems_of(sheet.columns[at].head)]
        if len(part) == 1:
            return part[0], start, end
    return None


def named(words: Words, sheet: Sheet, columns: Collection[int]) -> list[int]:
    """The columns that the words left name best: several where they fit equally well."""
    left = {words.stems[at] for at in words.left()}
    ranks: dict[int, tuple[bool, int]] = {}
    for at in columns:
        head = stems_of(sheet.columns[at].head)
        if hit := head & left:
            ranks[at] = (head <= left, len(hit))
    best = max(ranks.values(), default=None)
    return [at for at, rank in ranks.items() if rank == best]


def one_of(found: Sequence[int], sheet: Sheet) -> int | None:
    """The one column meant; of several that name the rows (`Supplier id`, `Supplier name`) the first."""
    if len(found) > 1:
        found = [at for at in found if is_key(sheet.columns[at])][:1]
    return found[0] if len(found) == 1 else None
