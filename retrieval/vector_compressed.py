"""Vectors in a byte per dimension, sorted into lists of near ones: a quarter of the memory, a few lists a search.

An inverted file (Jégou, Douze and Schmid 2011, section IV) over 8-bit scalar quantised vectors, both FAISS's. The codes
don't depend on the lists: when the lists are made anew, codes move and lose nothing.
"""

import threading
from collections.abc import Iterator
from pathlib import Path
from weakref import WeakKeyDictionary

import faiss
import numpy as np
from numpy.typing import NDArray

from retrieval.embedder import Vectors
from retrieval.vector_allowed import Allowed, Ids
from retrieval.vector_exact import rank_of

Codes = NDArray[np.uint8]

SCANNED_PER_ROOT = 80.0
"""Vectors that a search looks at, for each unit of the square root of their number: 25,000 of 100,000, 80,000 of a
million. Chosen at 100,000 vectors (see DECISIONS); not measured at a million."""
SCANNED_PER_RESULT = 20
"""And at least so many for each result that is asked for."""
NEWCOMERS = 0.2
"""Share of vectors that may have come since the lists were made. Documents come in the order of their names, by topic:
with lists made for the first quarter of such vectors recall was 0.935, with lists made for all 0.988."""
LISTS_PER_ROOT = 4.6
"""Lists for each unit of the square root of the number of vectors: 1,024 at the 50,000th, 4,096 for a million."""
_SAMPLE_PER_LIST = 40
_ROUNDS = 6
_SEED = 1234
_LEAST_RANGE = 4.0
"""What the codes of every dimension reach to on both sides, in units of a component's mean size, 1 / sqrt(dimension).
So texts of another kind than the first ones aren't cut off; what reaches further in the sample reaches further here."""
_MOVED = 16_384
"""Vectors that are decoded at once while lists are made anew."""


def lists_for(count: int) -> int:
    """How many lists so many vectors are sorted into: a power of two, that doubles when they grow fourfold."""
    return 1 << max(4, int(np.log2(LISTS_PER_ROOT * max(1, count) ** 0.5)))


class CompressedVectors:
    """A FAISS inverted file with 8-bit codes. Scores are inner products with decoded vectors (off by about 0.001)."""

    KIND = "compressed"

    def __init__(self, index: "faiss.IndexIVFScalarQuantizer") -> None:
        """Wrap a trained FAISS index."""
        self.index = index
        self._lock = threading.Lock()
        self._forget()

    @classmethod
    def train(cls, sample: Vectors, count: int) -> "CompressedVectors":
        """Make an empty one for about `count` vectors, its lists and codes fitted to a sample (n, dimension)."""
        index = _empty(sample, lists_for(count))
        faiss.copy_array_to_vector(_ranges(sample), index.sq.trained)
        index.is_trained = True
        return cls(index)

    def __len__(self) -> int:
        """Number of vectors."""
        return int(self.index.ntotal)

    def add(self, ids: Ids, vectors: Vectors) -> None:
        """Add (n, dimension) vectors under their ids, to the lists as they are."""
        self.index.add_with_ids(vectors, ids)
        self.index.nprobe += len(ids)
        self._forget()

    @property
    def newcomers(self) -> int:
        """How many vectors came since the lists were made."""
        # FAISS keeps this number in its file. Its own use for it is as a default, and no search here leaves it at that.
        return int(self.index.nprobe) - 1

    def settle(self) -> None:
        """Make the lists anew if too many vectors came since: they may be about other things than the first ones."""
        if self.newcomers > NEWCOMERS * len(self):
            self._sort_anew()

    def remove(self, gone: Allowed) -> None:
        """Forget these ids. Every list is looked through: its cost grows with the index."""
        self.index.remove_ids(gone.selector)
        self._forget()

    def search(self, query: Vectors, limit: int, allowed: Allowed | None) -> tuple[Vectors, Ids]:
        """Scores and ids of the nearest to one query (1, dimension), best first; ids are -1 where there are fewer.

        The lists nearest to the query are looked through until enough vectors were scored that may be found. So a
        filter costs no recall: where few may be found, every list that holds one is looked through.
        """
        nearness, order = self.index.quantizer.search(query, self.index.nlist)
        held = self._held(allowed)[order[0]]
        filled = held > 0
        reached = np.cumsum(held[filled])
        count = int(np.searchsorted(reached, self._enough(limit))) + 1
        lists, near = order[0][filled][:count], nearness[0][filled][:count]
        scores, ids = np.empty(limit, np.float32), np.full(limit, -1, np.int64)
        if len(lists):
            self._scan(query, (np.ascontiguousarray(lists), np.ascontiguousarray(near)), allowed, (scores, ids))
        return scores, ids

    def ids(self) -> Ids:
        """All ids (n,), list by list."""
        return np.concatenate([np.empty(0, np.int64), *(ids for ids, _ in self._lists())])

    def reconstruct(self, ids: Ids) -> Vectors:
        """The decoded vectors (n, dimension) of these ids. Raises KeyError for an id that isn't there."""
        ordered, places = self._places()
        at = rank_of(ids, ordered, places)
        codes = np.empty((len(ids), self.index.code_size), np.uint8)
        lists, offsets = at >> 32, at & 0xFFFFFFFF
        for number in np.unique(lists):
            wanted = lists == number
            codes[wanted] = self._codes(int(number))[offsets[wanted]]
        return self._decode(codes)

    def owned(self, file: Path) -> "CompressedVectors":
        """The same read into memory, so that it may be changed."""
        return CompressedVectors(faiss.read_index(str(file)))

    def _forget(self) -> None:
        """Forget what was worked out about the lists: they have changed."""
        self._sizes: Ids | None = None
        self._order: tuple[Ids, Ids] | None = None
        self._counts: WeakKeyDictionary[Allowed, Ids] = WeakKeyDictionary()

    def _enough(self, limit: int) -> int:
        """How many vectors a search scores."""
        return max(int(SCANNED_PER_ROOT * len(self) ** 0.5), SCANNED_PER_RESULT * limit)

    def _scan(
        self, query: Vectors, lists: tuple[Ids, Vectors], allowed: Allowed | None, found: tuple[Vectors, Ids]
    ) -> None:
        """Look through these lists (numbers and their nearness) and fill in the scores and ids found."""
        # FAISS's Python wrapper takes no filter here; the function that it wraps does. It releases the interpreter.
        parameters = faiss.SearchParametersIVF(nprobe=len(lists[0]), sel=allowed.selector if allowed else None)
        self.index.search_preassigned_c(
            1,
            faiss.swig_ptr(query),
            len(found[0]),
            *map(faiss.swig_ptr, (*lists, *found)),
            False,
            parameters,
        )

    def _held(self, allowed: Allowed | None) -> Ids:
        """How many vectors each list holds that may be found. Counted once for a set of ids."""
        with self._lock:
            if allowed is None:
                if self._sizes is None:
                    self._sizes = np.array([len(ids) for ids, _ in self._lists()], np.int64)
                return self._sizes
            if allowed not in self._counts:
                counts = [np.count_nonzero(allowed.holds(ids)) for ids, _ in self._lists()]
                self._counts[allowed] = np.array(counts, np.int64)
            return self._counts[allowed]

    def _places(self) -> tuple[Ids, Ids]:
        """All ids in order and the place of each: list number and offset in one integer. Made when first needed."""
        with self._lock:
            if self._order is None:
                places = [(number << 32) + np.arange(len(ids)) for number, (ids, _) in enumerate(self._lists())]
                own, at = self.ids(), np.concatenate(places).astype(np.int64)
                order = np.argsort(own, kind="stable")
                self._order = own[order], at[order]
            return self._order

    def _lists(self) -> Iterator[tuple[Ids, int]]:
        """The ids of each list, as views that hold until the next change, with the list's number."""
        lists = self.index.invlists
        for number in range(self.index.nlist):
            size = lists.list_size(number)
            yield faiss.rev_swig_ptr(lists.get_ids(number), size) if size else np.empty(0, np.int64), number

    def _codes(self, number: int) -> Codes:
        """The codes (n, code size) of a list, as a view that holds until the next change."""
        lists, width = self.index.invlists, self.index.code_size
        size = lists.list_size(number)
        flat = faiss.rev_swig_ptr(lists.get_codes(number), size * width) if size else np.empty(0, np.uint8)
        return np.asarray(flat, np.uint8).reshape(size, width)

    def _decode(self, codes: Codes) -> Vectors:
        return np.asarray(self.index.sq.decode(np.ascontiguousarray(codes)), np.float32)

    def _sort_anew(self) -> None:
        """Make lists for the present number of vectors from a sample of them, and move the codes there."""
        count = lists_for(len(self))
        step = max(1, len(self) // (_SAMPLE_PER_LIST * count))
        new = _empty(self._decode(np.concatenate([self._codes(n)[::step] for n in range(self.index.nlist)])), count)
        faiss.copy_array_to_vector(faiss.vector_to_array(self.index.sq.trained), new.sq.trained)
        new.is_trained = True
        waiting: list[tuple[Ids, Codes]] = []
        for ids, number in self._lists():
            waiting.append((ids, self._codes(number)))
            if sum(len(ids) for ids, _ in waiting) >= _MOVED or number == self.index.nlist - 1:
                self._move(new, np.concatenate([ids for ids, _ in waiting]), np.concatenate([c for _, c in waiting]))
                waiting.clear()
        self.index = new
        self._forget()

    def _move(self, new: "faiss.IndexIVFScalarQuantizer", ids: Ids, codes: Codes) -> None:
        """Put codes into the lists of another index: the number of the list goes before each code."""
        _, lists = new.quantizer.search(self._decode(codes), 1)
        width = new.coarse_code_size()
        heads = lists.astype("<i8").view(np.uint8).reshape(len(ids), 8)[:, :width]
        new.add_sa_codes(np.ascontiguousarray(np.hstack([heads, codes])), ids)


def _ranges(sample: Vectors) -> Vectors:
    """What FAISS keeps of fitted codes: each dimension's lowest value, then each one's width."""
    least = _LEAST_RANGE / sample.shape[1] ** 0.5
    low, high = np.minimum(sample.min(0), -least), np.maximum(sample.max(0), least)
    return np.asarray(np.concatenate([low, high - low]), np.float32)


def _empty(sample: Vectors, lists: int) -> "faiss.IndexIVFScalarQuantizer":
    """An empty index whose lists are around the centres of a sample; its codes aren't fitted yet."""
    dimension = sample.shape[1]
    centres = faiss.Kmeans(
        dimension,
        lists,
        niter=_ROUNDS,
        spherical=True,
        seed=_SEED,
        min_points_per_centroid=1,
        max_points_per_centroid=_SAMPLE_PER_LIST,
    )
    centres.train(np.ascontiguousarray(sample, np.float32))
    quantizer = faiss.IndexFlatIP(dimension)
    quantizer.add(centres.centroids)
    kind, metric = faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
    index = faiss.IndexIVFScalarQuantizer(quantizer, dimension, lists, kind, metric, False)
    index.nprobe = 1  # no newcomers
    return index
