"""The index as the gateway sees it: the current generation, replaced as a whole when a newer one is ready."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dossier.errors import IndexMissingError, NotFoundError
from dossier.records import FileReport
from retrieval import generation, upkeep
from retrieval.chunk_store import StoredDocument
from retrieval.content import Content
from retrieval.corrections import correct
from retrieval.embedder import Embedder
from retrieval.news.reading import NewsItem
from retrieval.page_view import PageView, Spot
from retrieval.readers import file_of
from retrieval.search import Rerank, Searcher

_LIMITED = "who may read a document of that time has changed since."


@dataclass(frozen=True, slots=True)
class IndexStatus:
    """What is being answered from. `message` says in plain words when something is wrong."""

    generation: str
    documents: int
    chunks: int
    message: str = ""


class IndexView:
    """Hands out the open generation. A request keeps the one it got, also when a newer one is opened meanwhile."""

    def __init__(
        self, folder: Path, embedder: Embedder, synonyms: Mapping[str, str], reranker: Rerank | None = None
    ) -> None:
        """Open what there is; a missing index is reported by `status` and by `searcher`."""
        self._folder, self._embedder, self._synonyms, self._reranker = folder, embedder, synonyms, reranker
        self._lock = threading.Lock()
        self._searcher: Searcher | None = None
        self._problem = self._seen = ""
        self.reopen()

    @property
    def embedder(self) -> Embedder:
        """The embedder of questions."""
        return self._embedder

    def warm_up(self) -> None:
        """Load what a first search would have to load, so that the first question doesn't wait for it."""
        if self._searcher is not None:
            self._searcher.search("ready", frozenset(), 1)

    def reopen(self) -> None:
        """Open the current generation for the requests to come. When that fails, the open one goes on answering."""
        with self._lock:
            try:
                self._seen = self._current()
                self._searcher = Searcher(self._folder, self._embedder, self._synonyms, self._reranker)
                self._problem = self._searcher.warning
            except IndexMissingError as error:
                self._problem = str(error)

    def searcher(self) -> Searcher:
        """The current generation, opened now if another process has built it. Raises IndexMissingError."""
        if self._is_outdated():
            self.reopen()
        if self._searcher is None:
            raise IndexMissingError(self._problem)
        return self._searcher

    @contextmanager
    def searcher_of(self, name: str, groups: frozenset[str]) -> Iterator[tuple[Searcher, str]]:
        """An older generation, open as long as it is needed; the current one where that is gone, and why.

        The current one also where the groups may no longer read a document that they could read then: a generation
        keeps the rights of its day. Raises IndexMissingError when there is no current one either.
        """
        current = self.searcher()
        if current.manifest.name == name:
            yield current, ""
            return
        try:
            older = self._opened(name)
        except IndexMissingError as error:
            yield current, str(error)
            return
        try:
            yield (current, _LIMITED) if _limited_since(older, current, groups) else (older, "")
        finally:
            older.close()

    def _opened(self, name: str) -> Searcher:
        if name not in generation.names(self._folder):
            raise IndexMissingError(f"the generation {name} isn't kept any more.")
        try:
            return Searcher(self._folder, self._embedder, self._synonyms, self._reranker, name=name)
        except OSError as error:  # cleared away at this moment
            raise IndexMissingError(f"the generation {name} can't be read ({error}).") from error

    def status(self) -> IndexStatus:
        """Generation, counts and problems."""
        if self._searcher is None:
            return IndexStatus("", 0, 0, self._problem)
        manifest = self._searcher.manifest
        return IndexStatus(manifest.name, manifest.documents, manifest.chunks, self._problem)

    def files(self) -> list[FileReport]:
        """How each file ended in the run that built the open generation."""
        return self._searcher.files() if self._searcher else []

    def stored_documents(self) -> list[StoredDocument]:
        """Every document of the open generation, whoever may read it: for admins."""
        return self._searcher.documents() if self._searcher else []

    def page_texts(self, source: str, page: int | None = None) -> list[str]:
        """The texts of a document's chunks (of one page's), whoever may read them: for admins."""
        return self._searcher.page_texts(source, page) if self._searcher else []

    def page(self, spot: Spot, groups: frozenset[str]) -> PageView:
        """A page of a document. Raises NotFoundError where there is none that the groups may read."""
        view = self.searcher().page(spot, groups)
        if view is None:
            raise NotFoundError(
                f"There is no page {spot.page} of {spot.source!r} in the index that you may read. It may have been "
                "removed, or limited to groups that you aren't in."
            )
        return view

    def readable_documents(self, groups: frozenset[str]) -> Sequence[StoredDocument]:
        """The documents that the groups may read, by source. Raises IndexMissingError."""
        return self.searcher().readable_documents(groups)

    def news(self, groups: frozenset[str]) -> Sequence[NewsItem]:
        """The newest items of feeds that the groups may read. Raises IndexMissingError."""
        return self.searcher().news(groups)

    def content(self, source: str, groups: frozenset[str]) -> Content:
        """A whole document. Raises NotFoundError where there is none that the groups may read."""
        found = self.searcher().content(source, groups)
        if found is None:
            raise NotFoundError(
                f"There is no document {source!r} in the index that you may read. It may have been removed, or limited "
                "to groups that you aren't in."
            )
        return found

    def correct(self, source: str, values: Mapping[str, str]) -> dict[str, str]:
        """Keep an admin's correction of a document's metadata until the next indexing run takes it up.

        Raises NotFoundError for a document that isn't indexed, QuestionError for a wrong field or value.
        """
        file = source if any(report.source == source for report in self.files()) else file_of(source)
        if not any(file in (one.document.source, file_of(one.document.source)) for one in self.stored_documents()):
            raise NotFoundError(f"there is no document {source!r} in the index.")
        return correct(self._folder, file, values)

    def generations(self) -> tuple[upkeep.GenerationState, ...]:
        """The generations on disk, oldest first."""
        return upkeep.generations(self._folder)

    def _is_outdated(self) -> bool:
        """Whether CURRENT points elsewhere than when it was last looked at: one small file, read for each question."""
        name = self._current()
        return bool(name) and name != self._seen

    def _current(self) -> str:
        """The name in CURRENT; empty where there is none or it is damaged (then the newest whole one answers)."""
        try:
            return generation.current_name(self._folder)
        except IndexMissingError:
            return ""


def _limited_since(older: Searcher, current: Searcher, groups: frozenset[str]) -> bool:
    """Whether a document that the groups could read then is still there, by its path or its bytes, and kept from them.

    One that is gone is no secret: what it said may be asked again as long as its generation is kept.
    """
    readable = current.readable_documents(groups)
    known = {stored.document.source for stored in readable} | {stored.document.digest for stored in readable}
    kept_back = [one.document for one in current.documents() if one.document.source not in known]
    hidden = {one.source for one in kept_back} | {one.digest for one in kept_back if one.digest not in known}
    return any(hidden & {stored.document.source, stored.document.digest} for stored in older.readable_documents(groups))
