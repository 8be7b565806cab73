"""A chunk store of a documents folder, read by the real readers, without an embedder."""

from collections.abc import Sequence
from pathlib import Path

from retrieval.chunk_store import ChunkStore
from retrieval.chunk_writer import ChunkWriter
from retrieval.generation import digest_of
from retrieval.parsing.isolate import Limits
from retrieval.readers import Readers
from retrieval.reading import Reading, ToRead
from retrieval.scan import scan

CHUNK_TOKENS = 60


def words(texts: Sequence[str]) -> list[int]:
    """Counts words, as a tokenizer counts tokens."""
    return [len(text.split()) for text in texts]


def stored(folder: Path, file: Path) -> ChunkStore:
    """Read the folder (its `groups.toml` too) into a new store in `file`, opened for reading."""
    found = scan(folder, Readers.read(folder, (), "groups.toml", file.parent))
    to_read = [ToRead(one, digest_of(one.path)) for one in found.found]
    writer = ChunkWriter.create(file)
    Reading(Limits(60, 2_000_000_000), CHUNK_TOKENS, words, lambda _: None).read(writer, to_read, {}, {})
    writer.close()
    return ChunkStore(file)
