"""The sections of a document, and which section of one is which of another."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from dossier.records import Chunk, Table
from retrieval.content import Content
from serving.comparing.headings import about

_ALIKE = 0.82
"""Headings whose letters match in this share (difflib's ratio) are the same heading in other words."""
_LONGEST_HEADING = 120
_MOST_ALIKE = 150
"""Sections left on each side up to which headings are compared letter by letter."""


@dataclass(frozen=True, slots=True)
class Place:
    """Characters of a page; `end` 0: the page."""

    page: int
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Section:
    """What stands under one heading: its text without its tables, the tables, and where it begins."""

    path: tuple[str, ...]
    place: Place
    text: str
    tables: tuple[Table, ...]

    @property
    def key(self) -> tuple[str, ...]:
        """The path as it is compared."""
        return tuple(about(heading) for heading in self.path)


Pair = tuple[Section | None, Section | None]
"""A section of the old document and the same of the new one; None: only the other has it."""


def headings_of(*contents: Content) -> dict[str, int]:
    """The headings of documents as they are compared, and how deep each stands."""
    paths = {chunk.section for content in contents for chunk in content.chunks}
    return {about(heading): depth for path in sorted(paths) for depth, heading in enumerate(path, start=1)}


def sections_of(content: Content, known: Mapping[str, int]) -> list[Section]:
    """The sections in order.

    A short section shares a chunk with the one before it, whose path the chunk has: a line that is one of the `known`
    headings begins a section too.
    """
    reading = _Reading(content, known)
    for chunk in content.chunks:
        reading.take(chunk)
    return reading.sections()


class _Reading:
    """Reads a document's chunks line by line into sections."""

    def __init__(self, content: Content, known: Mapping[str, int]) -> None:
        self._known = known
        self._tables: dict[int, list[Table]] = defaultdict(list)
        for table in content.tables:
            self._tables[table.page].append(table)
        self._begun: list[_Begun] = []
        self._read: dict[int, int] = {}
        self._held: set[tuple[int, int]] = set()

    def take(self, chunk: Chunk) -> None:
        """Read the next chunk."""
        if not self._begun or self._begun[-1].path != chunk.section:
            self._begin(chunk.section, chunk, chunk.start)
        at = chunk.start
        for line in chunk.text.split("\n"):
            if line.strip() and at >= self._read.get(chunk.page, 0):
                self._line(" ".join(line.split()), chunk, at)
                self._begun[-1].reach(chunk, at + len(line))
            at += len(line) + 1
        self._read[chunk.page] = max(self._read.get(chunk.page, 0), chunk.end)

    def sections(self) -> list[Section]:
        """What was read."""
        return [
            Section(one.path, Place(one.first.page, one.start, one.end), "\n".join(one.lines), tuple(one.tables))
            for one in self._begun
        ]

    def _begin(self, path: tuple[str, ...], chunk: Chunk, at: int) -> None:
        self._begun.append(_Begun(path, chunk, at, at))

    def _line(self, line: str, chunk: Chunk, at: int) -> None:
        now = self._begun[-1]
        table = next((one for one in self._tables.get(chunk.page, ()) if one.start <= at < one.end), None)
        if table is not None:
            if (table.page, table.start) not in self._held:
                self._held.add((table.page, table.start))
                now.tables.append(table)
            return
        heading = about(line) if len(line) <= _LONGEST_HEADING else ""
        if now.is_new and heading in {about(one) for one in now.path}:
            return  # its own heading
        if heading in self._known:
            self._begin((*now.path[: self._known[heading] - 1], line), chunk, at)
            return
        now.lines.append(line)


@dataclass(slots=True)
class _Begun:
    """A section that is being read; `end` is how far its first chunk was."""

    path: tuple[str, ...]
    first: Chunk
    start: int
    end: int
    lines: list[str] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)

    @property
    def is_new(self) -> bool:
        """Whether nothing but headings was read."""
        return not self.lines and not self.tables

    def reach(self, chunk: Chunk, end: int) -> None:
        """It goes on to here."""
        if chunk is self.first:
            self.end = end


def paired(old: Sequence[Section], new: Sequence[Section]) -> list[Pair]:
    """Every section of both once, in the order of the new document.

    Paired are the same paths of headings, then the same headings, then headings that are nearly the same.
    """
    partner: dict[int, int] = {}
    keys: tuple[Callable[[Section], Hashable], ...] = (lambda one: one.key, _leaf)
    for key in keys:
        _pair_same(old, new, key, partner)
    _pair_alike(old, new, partner)
    return list(_in_order(old, new, partner))


def _leaf(section: Section) -> Hashable:
    return section.key[-1:] or None


def _pair_same(
    old: Sequence[Section], new: Sequence[Section], key: Callable[[Section], Hashable], partner: dict[int, int]
) -> None:
    """Pair what has the same key, the first with the first. `partner` is the old one's number by the new one's."""
    taken = set(partner.values())
    waiting: dict[Hashable, list[int]] = defaultdict(list)
    for number, section in enumerate(old):
        if number not in taken:
            waiting[key(section)].append(number)
    for number, section in enumerate(new):
        if number not in partner and waiting.get(key(section)):
            partner[number] = waiting[key(section)].pop(0)


def _pair_alike(old: Sequence[Section], new: Sequence[Section], partner: dict[int, int]) -> None:
    taken = set(partner.values())
    left = {number: str(one.key[-1]) for number, one in enumerate(old) if number not in taken and one.key}
    mine = {number: str(one.key[-1]) for number, one in enumerate(new) if number not in partner and one.key}
    if max(len(left), len(mine)) > _MOST_ALIKE:
        return
    for number, heading in mine.items():
        close = get_close_matches(heading, left.values(), 1, _ALIKE)
        if close:
            partner[number] = next(one for one, its in left.items() if its == close[0])
            del left[partner[number]]


def _in_order(old: Sequence[Section], new: Sequence[Section], partner: dict[int, int]) -> Iterator[Pair]:
    taken, at = set(partner.values()), 0
    for number, section in enumerate(new):
        its = partner.get(number)
        if its is not None:
            for before in range(at, its):
                if before not in taken:
                    yield old[before], None
            at = max(at, its + 1)
        yield (None if its is None else old[its]), section
    for after in range(at, len(old)):
        if after not in taken:
            yield old[after], None
