"""An index of the documents that questions are about: the same reading, cutting and embedding as in use."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from dossier.errors import SettingsError
from dossier.packs import Collection
from dossier.records import Chunk
from dossier.settings import Settings
from retrieval import generation
from retrieval.build import BuildPlan, OnProgress, build
from retrieval.chunk_store import ChunkStore, iter_blocks
from retrieval.chunking import embedded_text
from retrieval.corrections import read_corrections
from retrieval.embedder import Embedder
from retrieval.indexing import limits_of
from retrieval.query import read_query
from retrieval.readers import Readers
from retrieval.scan import CORRECTIONS_FILE, scan
from retrieval.search import Searcher, SearchOptions
from training.pairs import Examples

_BLOCK = 2048
_GIB = 1 << 30
EVERYONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Corpus:
    """An open index and what it embeds.

    `chunks` and `texts` (what the embedder reads of each) are those that everyone may read: documents that are limited
    to groups never become training data.
    """

    searcher: Searcher
    chunks: Mapping[int, Chunk]
    texts: Mapping[int, str]
    synonyms: Mapping[str, str]

    def query_text(self, question: str) -> str:
        """What the embedder reads of a question."""
        return read_query(question, self.synonyms).text


def write_documents(examples: Sequence[Examples], folder: Path) -> None:
    """Write the documents that question sets bring, in place of those of an earlier run. Raises SettingsError."""
    if folder.exists():
        shutil.rmtree(folder)
    for found in examples:
        for source, text in found.texts.items():
            if PurePosixPath(source).is_absolute() or ".." in PurePosixPath(source).parts:
                raise SettingsError(f"{found.name} names a document {source!r} outside its folder. Correct the file.")
            file = folder / source
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")


def index_corpus(
    settings: Settings,
    documents: Path,
    index: Path,
    embedder: Embedder,
    on_progress: OnProgress,
    collections: Sequence[Collection] = (),
) -> Path:
    """Index a folder, or bring its index up to date; returns the index. Raises IndexingError.

    `collections` are those of the pack whose documents these are: they say who may read them.
    """
    readers = Readers.read(documents, collections, settings.groups_file, index)
    corrections = read_corrections(documents, CORRECTIONS_FILE, index)
    plan = BuildPlan(
        index=index,
        scan=scan(documents, readers, corrections),
        limits=limits_of(settings),
        chunk_tokens=settings.chunk_tokens,
        free_bytes=int(settings.free_disk_gib * _GIB),
    )
    build(plan, lambda: embedder, on_progress)
    return index


def read_corpus(index: Path, embedder: Embedder, synonyms: Mapping[str, str]) -> Corpus:
    """Open an index with everything that its embedder reads. Raises IndexMissingError, CorruptIndexError."""
    # single chunks are what models learn to tell apart: neighbours aren't joined
    searcher = Searcher(index, embedder, synonyms, options=SearchOptions(join=False))
    store = ChunkStore(index / searcher.manifest.name / generation.CHUNKS)
    try:
        readable = store.readable_ids(EVERYONE)
        allowed = None if readable is None else frozenset(readable)
        chunks = {
            number: chunk
            for block in iter_blocks(store, 0, _BLOCK)
            for number, chunk in block
            if allowed is None or number in allowed
        }
    finally:
        store.close()
    texts = {number: embedded_text(chunk, embedder.count_tokens) for number, chunk in chunks.items()}
    return Corpus(searcher, chunks, texts, synonyms)
