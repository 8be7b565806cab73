"""A whole document as the index has it: its chunks and its tables in order."""

import hashlib
import json
from dataclasses import dataclass

from dossier.records import Chunk, Document, Metadata, Table
from retrieval.chunk_store import CHUNK_COLUMNS, READABLE, ChunkStore, chunk_of

MOST_CHUNKS = 4_000
"""Of one document; a longer one is cut."""
_DOCUMENT = f"SELECT d.title, d.digest, d.pages, d.metadata FROM documents d WHERE d.source = :source AND {READABLE}"  # noqa: S608
_CHUNKS = (
    f"SELECT {CHUNK_COLUMNS} FROM chunks c JOIN documents d ON d.id = c.document_id "  # noqa: S608
    f"WHERE d.source = :source AND {READABLE} ORDER BY c.page, c.start LIMIT :most"
)


@dataclass(frozen=True, slots=True)
class Content:
    """A document with its chunks and tables. `cut`: it has more chunks than these."""

    document: Document
    chunks: tuple[Chunk, ...]
    tables: tuple[Table, ...]
    cut: bool = False

    def digest_of(self, page: int, start: int, end: int) -> str:
        """SHA-256 of these characters of a page, as a page is marked by; empty where no chunk holds them all."""
        for chunk in self.chunks:
            if chunk.page == page and chunk.start <= start < end <= chunk.end:
                said = chunk.text[start - chunk.start : end - chunk.start]
                return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()
        return ""


def read_content(store: ChunkStore, source: str, groups: frozenset[str], most: int = MOST_CHUNKS) -> Content | None:
    """The document, for groups that may read it; None: there is none for them."""
    found = next(store.rows(_DOCUMENT, {"source": source}, groups), None)
    if found is None:
        return None
    title, digest, pages, about = found
    chunks = [chunk_of((*row,)) for row in store.rows(_CHUNKS, {"source": source, "most": most + 1}, groups)]
    return Content(
        document=Document(source, title, digest, pages=pages, metadata=Metadata(**json.loads(about))),
        chunks=tuple(chunk for _, chunk in chunks[:most]),
        tables=tuple(store.tables_of(source, groups)),
        cut=len(chunks) > most,
    )
