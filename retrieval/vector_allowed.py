"""A set of chunk ids that a search may find, as small and quick to ask as its ids allow."""

from collections.abc import Sequence

import faiss
import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]

_BITMAP_ALWAYS = 1 << 20
"""Bytes that a bitmap may take whatever it holds: ids up to eight million."""
_BATCH_BYTES = 48
"""Bytes that FAISS's hash set takes for an id: an estimate (a node and its bucket)."""


class Allowed:
    """Ids that a search may find; ids that don't exist do no harm.

    A bitmap (one bit for each id up to the highest) where the ids are dense, as those of a chunk store are: a million
    ids take 125 kB. A hash set where they are sparse.
    """

    def __init__(self, ids: Sequence[int] | Ids) -> None:
        """Hold these ids. Negative ones are left out: no chunk has one."""
        given = np.asarray(ids, np.int64).reshape(-1)
        given = given[given >= 0]
        top = int(given.max(initial=-1)) + 1
        self._sparse: Ids | None = None
        if top // 8 <= max(_BITMAP_ALWAYS, _BATCH_BYTES * len(given)):
            present = np.zeros(top, np.bool_)
            present[given] = True
            self.count = int(np.count_nonzero(present))
            self._bits = np.packbits(present, bitorder="little")
            self.selector: faiss.IDSelector = faiss.IDSelectorBitmap(self._bits)
        else:
            self._sparse = np.unique(given)
            self.count = len(self._sparse)
            self.selector = faiss.IDSelectorBatch(self._sparse)

    def __len__(self) -> int:
        """Number of ids, each counted once."""
        return self.count

    def holds(self, ids: Ids) -> NDArray[np.bool_]:
        """Which of these ids (n,) are in the set, as booleans (n,)."""
        if self._sparse is not None:
            return np.isin(ids, self._sparse)
        inside = (ids >= 0) & (ids < 8 * len(self._bits))
        where = np.where(inside, ids, 0)
        if not len(self._bits):
            return inside
        return np.asarray(inside & ((self._bits[where >> 3] >> (where & 7).astype(np.uint8)) & 1).astype(np.bool_))


def selector(ids: Sequence[int] | Ids) -> Allowed:
    """A set of ids that a search may find."""
    return Allowed(ids)
