"""The owner's own index as a source: questions about the tables of its documents."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from dossier.records import EVERYONE, Document, Table
from retrieval import generation
from retrieval.chunk_store import ChunkStore
from training.data.example import Example, to_line
from training.data.importing.source import OWN_TABLES, Source
from training.data.table_figures import figure_rows
from training.data.table_questions import Page, table_questions

_YEAR = re.compile(r"\b(?:19|20)\d\d\b")
_STRANGERS = 400


def read_own_tables(index: Path) -> Source:
    """Questions about the tables of the documents that everyone may read. Raises IndexMissingError.

    What is limited to groups is never looked at. Raises CorruptIndexError when no generation is whole.
    """
    manifest, _ = generation.newest_intact(index)
    store = ChunkStore(index / manifest.name / generation.CHUNKS)
    try:
        documents = [stored.document for stored in store.readable_documents(EVERYONE)]
        found = [(document, store.tables_of(document.source, EVERYONE)) for document in documents]
    finally:
        store.close()
    name = OWN_TABLES.title
    examples = tuple(_examples(name, found))
    digest = hashlib.sha256("".join(map(to_line, examples)).encode("utf-8", "surrogatepass")).hexdigest()
    return Source(name, OWN_TABLES, digest, examples)


def _examples(name: str, found: Sequence[tuple[Document, Sequence[Table]]]) -> Iterator[Example]:
    labels = {
        document.source: [row.label for table in tables for row in figure_rows(table)] for document, tables in found
    }
    for document, tables in found:
        heads = " ".join(head for table in tables for head in (table.caption, *table.columns))
        years = frozenset(map(int, _YEAR.findall(heads)))
        own = set(labels[document.source])
        strangers = [label for source, there in labels.items() if source != document.source for label in there]
        foreign = sorted(set(strangers) - own)[:_STRANGERS]
        for table in tables:
            yield from table_questions(name, Page(document, table, years), foreign)
