"""The vectors of one generation: an exact FAISS index with the chunk ids."""

from collections.abc import Sequence
from pathlib import Path

import faiss
import numpy as np

from retrieval.embedder import Vectors


class VectorIndex:
    """Unit vectors by chunk id, searched exactly by inner product (cosine)."""

    METRIC = "inner product of unit vectors"

    def __init__(self, index: "faiss.IndexIDMap2") -> None:
        """Wrap a FAISS index; use `create` or `load`."""
        self._index = index

    @classmethod
    def create(cls, dimension: int) -> "VectorIndex":
        """Make an empty index."""
        return cls(faiss.IndexIDMap2(faiss.IndexFlatIP(dimension)))

    @classmethod
    def load(cls, file: Path) -> "VectorIndex":
        """Read an index file (its digest is checked before). Raises OSError when it isn't one."""
        try:
            return cls(faiss.read_index(str(file)))
        except RuntimeError as error:
            raise OSError(f"{file} isn't a readable FAISS index: {error}") from error

    def __len__(self) -> int:
        """Number of vectors."""
        return int(self._index.ntotal)

    def add(self, ids: Sequence[int], vectors: Vectors) -> None:
        """Add (n, dimension) vectors under their chunk ids."""
        self._index.add_with_ids(vectors, np.asarray(ids, np.int64))

    def remove(self, ids: Sequence[int]) -> None:
        """Forget the vectors of these chunks."""
        if ids:
            self._index.remove_ids(np.asarray(ids, np.int64))

    def reconstruct(self, ids: Sequence[int]) -> Vectors:
        """The vectors of these chunks, (n, dimension)."""
        rows = [self._index.reconstruct(chunk_id) for chunk_id in ids]
        return np.stack(rows) if rows else np.empty((0, self._index.d), np.float32)

    def search(self, query: Vectors, limit: int, allowed: "faiss.IDSelector | None" = None) -> list[tuple[int, float]]:
        """The `limit` nearest chunks of one query vector (dimension,), best first, as (id, cosine).

        `allowed` holds the ids that may be found; others are never scored.
        """
        limit = min(limit, len(self))
        if limit == 0:
            return []
        parameters = faiss.SearchParameters(sel=allowed) if allowed is not None else None
        scores, ids = self._index.search(query.reshape(1, -1), limit, params=parameters)
        return [(int(i), float(score)) for i, score in zip(ids[0], scores[0], strict=True) if i >= 0]

    def write(self, file: Path) -> None:
        """Write the index file. Raises OSError (for instance when the disk is full)."""
        # FAISS's own file writer has reported success for a file cut short on a full disk; Python's doesn't
        with file.open("wb") as stream:
            faiss.write_index(self._index, faiss.PyCallbackIOWriter(stream.write))


def selector(ids: Sequence[int]) -> "faiss.IDSelector":
    """A set of ids that a search may find."""
    return faiss.IDSelectorBatch(np.asarray(ids, np.int64))
