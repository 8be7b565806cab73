"""More questions about the tables of contexts that are there already: their tokens are read anyway."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest

from dossier.records import Document, Table, TableCell, TableRow
from retrieval.parsing.tables import unit_of
from training.data.duplicates import plain
from training.data.example import AnswerKind, Context, Example, Task, to_line
from training.data.importing.source import TABLE_SETS, Source
from training.data.labels import checked
from training.data.table_heads import with_one_head
from training.data.table_questions import Page, table_questions


def more_questions(examples: Sequence[Example], most: int) -> Source:
    """Up to `most` questions for each table that the examples are asked on, as many of each operation as there are.

    Their answers are computed from the table's own cells. Questions that the table can't answer are left to dressing,
    since a context's text may answer them. What is asked already isn't asked again.
    """
    contexts: dict[Context, list[Example]] = defaultdict(list)
    for example in examples:
        if example.task is Task.QA and example.context.rows:
            contexts[example.context].append(example)
    made = tuple(
        question
        for context, asked in contexts.items()
        for question in _chosen(context, asked[0], {plain(one.question) for one in asked}, most)
    )
    digest = hashlib.sha256("".join(map(to_line, made)).encode("utf-8", "surrogatepass")).hexdigest()
    return Source(TABLE_SETS.title, TABLE_SETS, digest, made)


def _chosen(context: Context, first: Example, asked: set[str], most: int) -> Iterator[Example]:
    page = _page(context, first)
    kinds: dict[str, list[Example]] = defaultdict(list)
    for example in table_questions(TABLE_SETS.title, page, ()):
        new = plain(example.question) not in asked
        if new and example.answer.kind is not AnswerKind.UNANSWERABLE:
            kinds[example.origin.place.split(", ")[2]].append(example)
    in_turn = [example for turn in zip_longest(*kinds.values()) for example in turn if example]
    for raw in in_turn[:most]:
        example, problem = checked(raw)
        if not problem:
            place = f"{first.where}: {', '.join(example.origin.place.split(', ')[2:])}"
            yield replace(example, context=context, origin=replace(first.origin, set=TABLE_SETS.title, place=place))


def _page(context: Context, first: Example) -> Page:
    heads, *body = with_one_head(context.rows)
    unit = unit_of((context.title, *heads))
    rows = tuple(TableRow(at, at + 1, tuple(map(TableCell, row))) for at, row in enumerate(body))
    table = Table(1, 0, len(rows), "", unit, ("", *heads[1:]), rows)
    name = hashlib.sha256(context.text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return Page(Document(name, "", "", metadata=first.origin.about), table, frozenset())
