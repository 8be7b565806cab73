"""Compares two documents section by section. Pairing and figures are code's; no model takes part."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from dossier.records import Document, Table
from retrieval.content import Content
from serving.comparing.figures import (
    FigureChange,
    compare_rows,
    compare_sentences,
    tables_paired,
)
from serving.comparing.sections import Pair, Place, Section, headings_of, paired, sections_of
from serving.comparing.units import with_units

MOST_SECTIONS = 150
"""Sections that are told; those that differ come first to be kept."""
MOST_FIGURES = 400
MOST_ROWS = 12
"""Labels of rows that only one has, of a section."""
SHOWN = 2_500
"""Characters of a section that are shown of each document."""
_LEAST_ROWS = 4
"""Labels that tables under different headings must share to be the same table."""
_SENTENCE = re.compile(r"(?<=[.!?;])\s+(?=[A-Z(\"“])|\n+")
_MOST_ALIKE = 400
"""Sentences of a section up to which they are looked at for which are the same."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some text of a section. `differs`: the other document's section doesn't say it so."""

    text: str
    differs: bool


@dataclass(frozen=True, slots=True)
class Side:
    """A section in one document: where it begins, and its text; `cut` is how many characters more there are."""

    heading: tuple[str, ...]
    place: Place
    digest: str
    pieces: tuple[Piece, ...]
    cut: int


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure that differs, with the digests of both places (empty: the place can't be marked)."""

    change: FigureChange
    old_digest: str
    new_digest: str


@dataclass(frozen=True, slots=True)
class SectionCompared:
    """A section of both documents, or of one. `same`: both say the same in the same figures, so no text is given."""

    old: Side | None
    new: Side | None
    same: bool
    figures: tuple[Figure, ...]
    figures_alike: int
    rows_only_old: tuple[str, ...]
    rows_only_new: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two documents side by side. `notes` say in plain words what isn't shown."""

    old: Document
    new: Document
    sections: tuple[SectionCompared, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Told:
    """The figures of one section of both."""

    differing: tuple[FigureChange, ...]
    alike: int
    only_old: tuple[str, ...]
    only_new: tuple[str, ...]


def compare(old: Content, new: Content) -> Comparison:
    """Compare a document with a later or another one."""
    old, new = with_units(old), with_units(new)
    known = headings_of(old, new)
    pairs = paired(sections_of(old, known), sections_of(new, known))
    compared = [*(_compared(pair, old, new) for pair in pairs), *_tables_elsewhere(pairs, old, new)]
    notes = [_cut_note(one.document) for one in (old, new) if one.cut]
    if len(compared) > MOST_SECTIONS:
        notes.append(
            f"The documents have {len(compared):,} sections together; {MOST_SECTIONS} are shown, those that differ "
            "first. Compare shorter documents to see all."
        )
        compared = _most_telling(compared)
    figures = sum(len(one.figures) for one in compared)
    if figures > MOST_FIGURES:
        notes.append(f"{figures:,} figures differ; the first {MOST_FIGURES} are shown.")
        compared = _first_figures(compared)
    return Comparison(old.document, new.document, tuple(compared), tuple(notes))


def _compared(pair: Pair, old: Content, new: Content) -> SectionCompared:
    before, now = pair
    if before is None or now is None:
        texts = zip(pair, (old, new), strict=True)
        alone = [None if one is None else _side(one, content, _sentences(one), None) for one, content in texts]
        return SectionCompared(alone[0], alone[1], False, (), 0, (), ())
    told = _figures(before, now)
    said, says = _sentences(before), _sentences(now)
    same = [_plain(one) for one in said] == [_plain(one) for one in says] and not (
        told.differing or told.only_old or told.only_new
    )
    return SectionCompared(
        old=_side(before, old, [] if same else said, says),
        new=_side(now, new, [] if same else says, said),
        same=same,
        figures=tuple(_with_digests(one, old, new) for one in told.differing),
        figures_alike=told.alike,
        rows_only_old=told.only_old[:MOST_ROWS],
        rows_only_new=told.only_new[:MOST_ROWS],
    )


def _figures(old: Section, new: Section) -> _Told:
    figures: list[FigureChange] = []
    only_old: list[str] = []
    only_new: list[str] = []
    for before, now in tables_paired(old.tables, new.tables):
        rows = compare_rows(before, now)
        figures += rows.figures
        only_old += rows.only_old
        only_new += rows.only_new
    figures += compare_sentences(_sentences(old), _sentences(new), (old.place, new.place))
    differing = tuple(one for one in figures if one.differs)
    return _Told(differing, len(figures) - len(differing), tuple(only_old), tuple(only_new))


def _tables_elsewhere(pairs: Sequence[Pair], old: Content, new: Content) -> Iterator[SectionCompared]:
    """Tables that stand under other headings in one than in the other, as statements do in a release and a report."""
    held: tuple[dict[Table, Section], dict[Table, Section]] = ({}, {})
    for before, now in pairs:
        taken = tables_paired(before.tables, now.tables) if before and now else []
        for at, section in enumerate((before, now)):
            known = {both[at] for both in taken}
            held[at].update({table: section for table in section.tables if table not in known} if section else {})
    for its, mine in tables_paired(list(held[0]), list(held[1]), _LEAST_ROWS):
        rows = compare_rows(its, mine)
        differing = tuple(_with_digests(one, old, new) for one in rows.figures if one.differs)
        if differing:
            left, right = (_around(table, sections[table]) for table, sections in zip((its, mine), held, strict=True))
            yield SectionCompared(left, right, False, differing, len(rows.figures) - len(differing), (), ())


def _around(table: Table, section: Section) -> Side:
    """A table's section, without its text."""
    return Side(section.path, Place(table.page, table.start, table.end), "", (), 0)


def _side(section: Section, content: Content, said: Sequence[str], other: Sequence[str] | None) -> Side:
    pieces: list[Piece] = []
    left = SHOWN
    for text, differs in _marked(said, other):
        if left > 0:
            pieces.append(Piece(text[:left], differs))
        left -= len(text)
    place = section.place
    digest = content.digest_of(place.page, place.start, place.end)
    return Side(section.path, place, digest, tuple(pieces), max(0, -left))


def _marked(said: Sequence[str], other: Sequence[str] | None) -> list[tuple[str, bool]]:
    """The sentences, and whether the other section doesn't have them in this order."""
    if other is None:
        return [(text, False) for text in said]
    mine, its = [_plain(text) for text in said], [_plain(text) for text in other]
    if max(len(mine), len(its)) > _MOST_ALIKE:
        known = set(its)
        return [(text, plain not in known) for text, plain in zip(said, mine, strict=True)]
    same: set[int] = set()
    for block in SequenceMatcher(None, mine, its, autojunk=False).get_matching_blocks():
        same |= set(range(block.a, block.a + block.size))
    return [(text, number not in same) for number, text in enumerate(said)]


def _sentences(section: Section) -> list[str]:
    return [part.strip() for part in _SENTENCE.split(section.text) if part.strip()]


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())


def _with_digests(change: FigureChange, old: Content, new: Content) -> Figure:
    digests = [
        content.digest_of(value.place.page, value.place.start, value.place.end)
        for content, value in ((old, change.old), (new, change.new))
    ]
    return Figure(change, *digests)


def _most_telling(compared: Sequence[SectionCompared]) -> list[SectionCompared]:
    """As many as are told, in their order: figures that differ first, then text that does, then what is the same."""
    weights = [(one.same, not one.figures, number) for number, one in enumerate(compared)]
    kept = {number for _, _, number in sorted(weights)[:MOST_SECTIONS]}
    return [one for number, one in enumerate(compared) if number in kept]


def _first_figures(compared: Sequence[SectionCompared]) -> list[SectionCompared]:
    shown, left = [], MOST_FIGURES
    for one in compared:
        shown.append(replace(one, figures=one.figures[:left]))
        left = max(0, left - len(one.figures))
    return shown


def _cut_note(document: Document) -> str:
    return f"{document.name} is too long to be compared whole; only its beginning is."
