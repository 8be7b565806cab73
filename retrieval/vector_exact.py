"""Vectors as they came, searched one by one: exact, and quick while there are few."""

from pathlib import Path

import faiss
import numpy as np

from retrieval.embedder import Vectors
from retrieval.vector_allowed import Allowed, Ids


class ExactVectors:
    """A FAISS flat index with ids. Scores are exact inner products."""

    KIND = "exact"

    def __init__(self, index: "faiss.IndexIDMap") -> None:
        """Wrap a FAISS index over `IndexFlatIP`."""
        self.index = index
        self._flat = faiss.downcast_index(index.index)
        self._order: Ids | None = None

    @classmethod
    def create(cls, dimension: int) -> "ExactVectors":
        """Make an empty one."""
        return cls(faiss.IndexIDMap(faiss.IndexFlatIP(dimension)))

    def __len__(self) -> int:
        """Number of vectors."""
        return int(self.index.ntotal)

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """Add (n, dimension) vectors under their ids."""
        self.index.add_with_ids(vectors, ids)
        self._order = None

    def remove(self, gone: Allowed) -> None:
        """Forget these ids."""
        self.index.remove_ids(gone.selector)
        self._order = None

    def search(self, query: Vectors, limit: int, allowed: Allowed | None) -> tuple[Vectors, Ids]:
        """Scores and ids of the nearest to one query (1, dimension), best first; ids are -1 where there are fewer."""
        parameters = faiss.SearchParameters(sel=allowed.selector) if allowed is not None else None
        scores, ids = self.index.search(query, limit, params=parameters)
        return scores[0], ids[0]

    def ids(self) -> Ids:
        """All ids (n,), in the order of the rows."""
        return np.array(faiss.vector_to_array(self.index.id_map), np.int64)

    def rows(self) -> Vectors:
        """All vectors (n, dimension), as a view that holds until the next change."""
        count = len(self) * self._flat.d
        flat = faiss.rev_swig_ptr(self._flat.get_xb(), count) if count else np.empty(0, np.float32)
        return np.asarray(flat, np.float32).reshape(len(self), self._flat.d)

    def reconstruct(self, ids: Ids) -> Vectors:
        """The vectors (n, dimension) of these ids. Raises KeyError for an id that isn't there."""
        own = self.ids()
        if self._order is None:
            self._order = np.argsort(own, kind="stable")
        return np.array(self.rows()[rank_of(ids, own[self._order], self._order)])

    def owned(self, file: Path) -> "ExactVectors":
        """The same read into memory, so that it may be changed."""
        return ExactVectors(faiss.read_index(str(file)))


def rank_of(wanted: Ids, ordered: Ids, places: Ids) -> Ids:
    """Where each wanted id is, given all ids in order and the place of each. Raises KeyError for an unknown one."""
    at = np.searchsorted(ordered, wanted)
    known = at < len(ordered)
    known[known] = ordered[at[known]] == wanted[known]
    if not known.all():
        raise KeyError(int(wanted[~known][0]))
    return places[at]
