"""A question that an index can answer, for showing what it does."""

import re
from collections.abc import Iterator
from pathlib import Path

from dossier.errors import IndexMissingError
from dossier.records import Chunk, Document, Table
from retrieval import generation
from retrieval.chunk_store import ChunkStore

_LOOK_AT = 200
_LOOK_IN = 20
_LABEL = re.compile(r"(?:total|net|gross|operating|average)(?: [a-z’'&-]+){1,4}", re.IGNORECASE)
_PART_OF_YEAR = re.compile(r"\b(?:Q[1-4]|quarter|months|weeks)\b", re.IGNORECASE)
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")


def sample_question(index: Path) -> str:
    """Ask for a figure of a table; where there is none, what a document says about one of its sections.

    Only documents that everyone may read are looked at. Raises IndexMissingError.
    """
    manifest, _ = generation.newest_intact(index)
    store = ChunkStore(index / manifest.name / generation.CHUNKS)
    try:
        return next(_about_figures(store), "") or _about_section(_middle_chunk(store))
    finally:
        store.close()


def _about_figures(store: ChunkStore) -> Iterator[str]:
    for stored in store.readable_documents(frozenset())[:_LOOK_IN]:
        for table in store.tables_of(stored.document.source, frozenset()):
            yield from _about_table(stored.document, table)


def _about_table(document: Document, table: Table) -> Iterator[str]:
    head = table.columns[1] if len(table.columns) > 1 else ""
    years = _YEAR.findall(head)
    if len(years) != 1 or _PART_OF_YEAR.search(head):
        return
    for row in table.rows:
        label, amount = row.cells[0].text, row.cells[1].text
        if _LABEL.fullmatch(label) and any(character.isdigit() for character in amount):
            verb = "were" if label.endswith("s") else "was"
            about = document.metadata.company
            name = f"{about}’s {label.lower()}" if about else f"{label.lower()} in {document.title}"
            yield f"What {verb} {name} in {years[0]}?"


def _middle_chunk(store: ChunkStore) -> Chunk:
    """A chunk from the middle that stands in a section, if there is any."""
    readable = store.readable_ids(frozenset())
    ids = readable if readable is not None else [chunk_id for chunk_id, _ in store.chunks_after(0, _LOOK_AT)]
    if not ids:
        raise IndexMissingError("every document is limited to groups; sign in to ask.")
    chunks = store.get(ids[len(ids) // 2 :][:_LOOK_AT], frozenset())
    return next((chunk for chunk in chunks.values() if chunk.section), next(iter(chunks.values())))


def _about_section(chunk: Chunk) -> str:
    about = f" about {chunk.section[-1].strip(' .:')}" if chunk.section else ""
    return f"What does {chunk.title} say{about}?"
