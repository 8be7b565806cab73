"""What one search may find: the chunks of documents that the groups may read and the filters let through.

The rule of who may read stands once, in the chunk store's SQL. Both halves of the search get their ids from it: FAISS
as a selector, the word search as a mask.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import faiss

from dossier.records import Document, Filters
from retrieval.chunk_store import ChunkStore, StoredDocument
from retrieval.vectors import selector

ANY = Filters()
_KEPT = 64
"""Scopes that are kept: one per set of groups and filters lately asked with."""


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Scope:
    """`ids` are the chunks that may be found, as a FAISS selector and as `mask` (byte i is 1 for chunk i).

    Both None: every chunk. `documents` are the ones that may be known of.
    """

    groups: frozenset[str]
    documents: tuple[StoredDocument, ...]
    selector: "faiss.IDSelector | None" = None
    mask: bytes | None = None


class Scopes:
    """The scopes of one generation. Its rights and documents never change, so that they can be kept."""

    def __init__(self, store: ChunkStore) -> None:
        """Make scopes from a generation's store."""
        self._store = store
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[frozenset[str], Filters], Scope] = OrderedDict()

    def of(self, groups: frozenset[str], filters: Filters = ANY) -> Scope:
        """The scope of a set of groups and filters."""
        with self._lock:
            scope = self._kept.get((groups, filters))
            if scope is None:
                scope = self._kept[groups, filters] = self._make(groups, filters)
                while len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)
            self._kept.move_to_end((groups, filters))
            return scope

    def _make(self, groups: frozenset[str], filters: Filters) -> Scope:
        readable = self._store.readable_documents(groups)
        documents = tuple(stored for stored in readable if passes(stored.document, filters))
        ids = self._store.readable_ids(groups) if filters == ANY else self._ids_of(groups, documents)
        if ids is None:
            return Scope(groups, documents)
        mask = bytearray(self._store.last_chunk_id() + 1)
        for chunk_id in ids:
            mask[chunk_id] = 1
        return Scope(groups, documents, selector(ids), bytes(mask))

    def _ids_of(self, groups: frozenset[str], documents: Sequence[StoredDocument]) -> list[int]:
        return self._store.readable_ids(groups, [stored.id for stored in documents]) or []


def passes(document: Document, filters: Filters) -> bool:
    """Whether a document meets every filter that is set."""
    about = document.metadata
    names = f"{about.company}\n{about.ticker}".casefold()
    return (
        _any(filters.documents, lambda pattern: fnmatchcase(document.source.casefold(), pattern))
        and _any(filters.companies, lambda name: any(name in part for part in names.split("\n") if part))
        and _any(filters.kinds, lambda kind: kind == about.kind.casefold())
        and _any(filters.periods, lambda period: about.period.casefold().startswith(period))
        and _any(filters.languages, lambda language: language == about.language.casefold())
        and (not filters.since or (bool(about.date) and about.date[: len(filters.since)] >= filters.since))
        and (not filters.until or (bool(about.date) and about.date[: len(filters.until)] <= filters.until))
    )


def _any(wanted: Sequence[str], meets: Callable[[str], bool]) -> bool:
    return not wanted or any(meets(value.casefold()) for value in wanted)
