"""Computes what a question asks for from the tables of the documents found, before any model is asked."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from dossier.excerpts import Excerpt, excerpt_of
from dossier.grounding import Verified, verify_reply
from dossier.packs import Pack
from dossier.places import Operand
from dossier.records import Passage, Table
from retrieval.chunk_store import words_of
from retrieval.query import Query
from retrieval.search import Found, Searcher
from serving.answering.wording import period_in
from serving.calculating.calculate import Known, calculate
from serving.calculating.plans import Operation, Plan

_POSSESSIVE = re.compile(r"['’]s\b")
_WORD = re.compile(r"[^\W_]+")
_SURE = 1.0
Tables = Mapping[int, Sequence[Table]]
"""The tables of each passage's page, by the passage's number."""
_DOCUMENTS = 2
"""Documents of which all tables are looked at: a release may come before the report that has the whole year."""


@dataclass(frozen=True, slots=True)
class Computed:
    """What was computed, with the excerpts and passages that it cites: those found, and those that hold its cells.

    `sure`: the rows are called exactly what the question calls them, and what it names was found. `looked_up`: it is
    one cell, which needed no computing.
    """

    found: Verified
    excerpts: tuple[Excerpt, ...]
    passages: tuple[Passage, ...]
    tables: Tables
    sure: bool
    looked_up: bool = False


@dataclass(frozen=True, slots=True)
class _Placed:
    """A table as an excerpt, and the source of its document."""

    source: str
    excerpt: Excerpt


def compute_plan(
    plan: Plan, searcher: Searcher, found: Found, tables: Tables, groups: frozenset[str], pack: Pack
) -> Computed | None:
    """Carry out a plan over the tables on the pages found and of the first documents; None where they lack its rows.

    `tables` are those of each passage's page. Blocks: it reads the index.
    """
    query = found.query
    if not found.passages:
        return None
    placed = _placed(searcher, found.passages, tables, groups)
    excerpts = tuple(one.excerpt for one in placed)
    calculation = calculate(query, plan, excerpts, _known(query, found.passages, pack))
    if calculation is None:
        return None
    verified = verify_reply(calculation.reply, excerpts, query.asked)
    passages, shown = _with_places(searcher, found.passages, placed, verified.operands, groups)
    if not verified.grounded or any(not shown[source - 1].passage for source in calculation.reply.sources):
        return None
    known = len(found.passages)
    added = searcher.tables_of_pages(passages[known:], groups, known + 1)
    operands = tuple(replace(operand, head=period_in(operand.head)) for operand in verified.operands)
    verified = replace(verified, texts=(calculation.said,) if calculation.said else verified.texts)
    sure = calculation.score >= _SURE and found.signals.names >= 1
    one_cell = plan.operation is Operation.LOOKUP
    return Computed(replace(verified, operands=operands), shown, passages, {**tables, **added}, sure, one_cell)


def _is_about(query: Query, passage: Passage) -> bool:
    """Whether a document is of whom the question names: others have rows of the same names."""
    return not query.names or any(_holds(passage, name) for name in query.names)


def _holds(passage: Passage, name: str) -> bool:
    """Whether a name is that of a document's company, or stands in the document's own."""
    known = _WORD.findall(f"{_POSSESSIVE.sub('', passage.chunk.metadata.company)} {passage.document}".lower())
    return any(word.startswith(part) for part in _WORD.findall(_POSSESSIVE.sub("", name)) for word in known)


def _placed(
    searcher: Searcher, passages: Sequence[Passage], tables: Tables, groups: frozenset[str]
) -> tuple[_Placed, ...]:
    """The tables on the passages' pages, then the others of the first documents; each once."""
    found = [(number, passages[number - 1], table) for number in sorted(tables) for table in tables[number]]
    firsts = {passage.chunk.source: passage for passage in reversed(passages)}
    for source in list(dict.fromkeys(passage.chunk.source for passage in passages))[:_DOCUMENTS]:
        found += [(0, firsts[source], table) for table in searcher.tables(source, groups)]
    seen: dict[tuple[str, int, int], _Placed] = {}
    for number, passage, table in found:
        source = passage.chunk.source
        key = (source, table.page, table.start)
        if key not in seen:
            seen[key] = _Placed(source, excerpt_of(table, passage, number, whole_heads=True))
    return tuple(seen.values())


def _known(query: Query, passages: Sequence[Passage], pack: Pack) -> Known:
    about = [(passage.document, passage.chunk.metadata) for passage in passages]
    names = frozenset(word for _, one in about for word in words_of(_POSSESSIVE.sub("", one.company.lower())))
    names |= {name for name in query.names for passage in passages if _holds(passage, name)}
    current = frozenset(name for name, one in about if query.quarters and one.period[5:].lower() in query.quarters)
    meant = frozenset(passage.document for passage in passages if _is_about(query, passage))
    back = {words: term for term, words in pack.synonyms.items()}
    return Known(pack.formulas, {**back, **pack.synonyms}, names, current, meant)


def _with_places(
    searcher: Searcher,
    passages: tuple[Passage, ...],
    placed: Sequence[_Placed],
    operands: Sequence[Operand],
    groups: frozenset[str],
) -> tuple[tuple[Passage, ...], tuple[Excerpt, ...]]:
    """The passages with those that hold the rows, and the excerpts that know them: what is cited must bear it out.

    A page has several passages; the one that was found may have the words of it, and another the table.
    """
    shown = [one.excerpt for one in placed]
    rows = {operand.source: operand.row for operand in reversed(operands) if operand.source}
    for source, row in rows.items():
        excerpt, document = shown[source - 1], placed[source - 1].source
        body = row - len(excerpt.rows) + len(excerpt.spans)  # heads have no place of their own
        if not 0 <= body < len(excerpt.spans):
            continue
        start = excerpt.spans[body][0]
        number = _passage_with(passages, document, excerpt.page, start)
        if not number and (there := searcher.passage_at(document, excerpt.page, start, groups)) is not None:
            passages = (*passages, there)
            number = len(passages)
        shown[source - 1] = replace(excerpt, passage=number or excerpt.passage)
    return passages, tuple(shown)


def _passage_with(passages: Sequence[Passage], source: str, page: int, start: int) -> int:
    """The number of the passage that holds an offset of a page; 0: none does."""
    chunks = enumerate((passage.chunk for passage in passages), start=1)
    return next(
        (n for n, one in chunks if (one.source, one.page) == (source, page) and one.start <= start < one.end), 0
    )
