"""A sample of an index, for asking something that it can answer."""

from pathlib import Path

from dossier.errors import IndexMissingError
from dossier.records import Chunk
from retrieval import generation
from retrieval.chunk_store import ChunkStore

_LOOK_AT = 200


def middle_chunk(index: Path) -> Chunk:
    """A chunk from the middle of the current generation that stands in a section, if there is any.

    Only documents that everyone may read are looked at. Raises IndexMissingError.
    """
    manifest, _ = generation.newest_intact(index)
    store = ChunkStore(index / manifest.name / generation.CHUNKS)
    try:
        readable = store.readable_ids(frozenset())
        ids = readable if readable is not None else [chunk_id for chunk_id, _ in store.chunks_after(0, _LOOK_AT)]
        if not ids:
            raise IndexMissingError("every document is limited to groups; sign in to ask.")
        chunks = store.get(ids[len(ids) // 2 :][:_LOOK_AT], frozenset())
    finally:
        store.close()
    return next((chunk for chunk in chunks.values() if chunk.section), next(iter(chunks.values())))
