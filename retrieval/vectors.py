"""The vectors of one generation under their chunk ids: exact while there are few, compressed beyond that."""

from collections.abc import Sequence
from pathlib import Path

import faiss
import numpy as np

from retrieval.embedder import Vectors
from retrieval.vector_allowed import Allowed, Ids, selector
from retrieval.vector_compressed import CompressedVectors
from retrieval.vector_exact import ExactVectors

__all__ = ["Allowed", "VectorIndex", "selector"]

EXACT_LIMIT = 50_000
"""More vectors than that are compressed (see DECISIONS for the times and the memory on both sides)."""
_BLOCK = 2_048
"""Vectors that are added at once, so that an index grows alike however many come together."""


class VectorIndex:
    """Unit vectors by chunk id, searched by inner product (cosine).

    Up to `EXACT_LIMIT` vectors they are kept as they came and every search is exact. The block that exceeds it makes
    the index compressed: a byte per dimension, sorted into lists around centres fitted to the vectors so far. `write`
    makes the lists anew when more than a fifth of the vectors came since they were made. An index that shrinks stays
    compressed, since what it holds isn't exact any more; a build from nothing makes an exact one again. So hovering
    around the limit changes nothing. The same calls make the same index.
    """

    METRIC = "inner product of unit vectors"

    def __init__(self, vectors: ExactVectors | CompressedVectors, file: Path | None = None) -> None:
        """Wrap vectors, memory-mapped from `file` if given; use `create` or `load`."""
        self._vectors, self._mapped = vectors, file

    @classmethod
    def create(cls, dimension: int) -> "VectorIndex":
        """Make an empty index."""
        return cls(ExactVectors.create(dimension))

    @classmethod
    def load(cls, file: Path) -> "VectorIndex":
        """Open an index file (its digest is checked before). Raises OSError when it isn't one.

        It is mapped into memory, not read: opening takes milliseconds, processes share it, and the system may drop
        what isn't used. The file must stay as it is (generations are; deleting it does no harm). The first change reads
        it into memory.
        """
        try:
            index = faiss.read_index(str(file), faiss.IO_FLAG_MMAP_IFC)
        except RuntimeError as error:
            raise OSError(f"{file} isn't a readable FAISS index: {error}") from error
        if isinstance(index, faiss.IndexIVFScalarQuantizer):
            return cls(CompressedVectors(index), file)
        if isinstance(index, faiss.IndexIDMap) and isinstance(faiss.downcast_index(index.index), faiss.IndexFlatIP):
            return cls(ExactVectors(index), file)
        raise OSError(
            f"{file} holds a FAISS index of another kind ({type(index).__name__}). Index the documents again."
        )

    @property
    def kind(self) -> str:
        """`exact` or `compressed`."""
        return self._vectors.KIND

    @property
    def dimension(self) -> int:
        """Length of each vector."""
        return int(self._vectors.index.d)

    def __len__(self) -> int:
        """Number of vectors."""
        return len(self._vectors)

    def add(self, ids: Sequence[int] | Ids, vectors: Vectors) -> None:
        """Add (n, dimension) float32 vectors under chunk ids that the index doesn't hold yet."""
        own = self._owned()
        numbers = np.asarray(ids, np.int64)
        for start in range(0, len(numbers), _BLOCK):
            part = slice(start, start + _BLOCK)
            own.add(numbers[part], np.ascontiguousarray(vectors[part], np.float32))
            if isinstance(own, ExactVectors) and len(own) > EXACT_LIMIT:
                own = self._vectors = _compressed(own)

    def remove(self, ids: Sequence[int] | Ids) -> None:
        """Forget the vectors of these chunks; ids that aren't there do no harm."""
        if len(ids):
            self._owned().remove(Allowed(ids))

    def search(self, query: Vectors, limit: int, allowed: Allowed | None = None) -> list[tuple[int, float]]:
        """The `limit` nearest chunks of one query vector (dimension,), best first, as (id, cosine).

        `allowed` holds the ids that may be found; others are never scored. Cosines of a compressed index are off by
        about 0.001. Many threads may search at once: each search runs in its caller's thread alone.
        """
        limit = min(limit, len(self), len(self) if allowed is None else len(allowed))
        if limit <= 0:
            return []
        row = np.ascontiguousarray(query, np.float32).reshape(1, -1)
        scores, ids = self._vectors.search(row, limit, allowed)
        return [(int(i), float(score)) for i, score in zip(ids, scores, strict=True) if i >= 0]

    def ids(self) -> Ids:
        """The chunk ids (n,), in ascending order."""
        return np.sort(self._vectors.ids())

    def reconstruct(self, ids: Sequence[int] | Ids) -> Vectors:
        """The vectors (n, dimension) of these chunks, as they came or, compressed, close to it.

        Raises KeyError for an id that isn't there.
        """
        return self._vectors.reconstruct(np.asarray(ids, np.int64).reshape(-1))

    def write(self, file: Path) -> None:
        """Settle the index and write its file. Raises OSError (for instance when the disk is full)."""
        if isinstance(self._vectors, CompressedVectors):
            self._vectors.settle()
        # FAISS's own file writer has reported success for a file cut short on a full disk; Python's doesn't
        with file.open("wb") as stream:
            faiss.write_index(self._vectors.index, faiss.PyCallbackIOWriter(stream.write))

    def _owned(self) -> ExactVectors | CompressedVectors:
        """The vectors in memory of this process: FAISS ends the process when mapped ones are changed."""
        if self._mapped is not None:
            try:
                self._vectors, self._mapped = self._vectors.owned(self._mapped), None
            except RuntimeError as error:
                raise OSError(f"{self._mapped} can't be read: {error}") from error
        return self._vectors


def _compressed(exact: ExactVectors) -> CompressedVectors:
    rows, ids = exact.rows(), exact.ids()
    compressed = CompressedVectors.train(rows, len(rows))
    compressed.add(ids, np.ascontiguousarray(rows))
    compressed.index.nprobe = 1  # the lists were made for these
    return compressed
