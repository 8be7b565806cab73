"""The real gateway over a real index of the finance pack's documents; words are hashed instead of embedded."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dossier.settings import Settings
from retrieval.search import Searcher
from tests.frontend.desk import folder_of_documents
from tests.retrieval.index_loop import HashedWords, index_folder_of, index_now
from tests.serving.api.serving_app import Served, served


@contextmanager
def searchable(home: Path, limited: str = "") -> Iterator[Served]:
    """A running gateway that searches; the documents that `limited` fits are for the group `hr`, which mira is in."""
    folder = folder_of_documents(home / "documents")
    if limited:
        (folder / "groups.toml").write_text(f'[groups]\n"{limited}" = ["hr"]\n')
    settings = Settings(home=home / "index", documents=folder)
    index_now(settings)
    searcher = Searcher(index_folder_of(settings), HashedWords())
    with served(home / "gateway", documents=folder) as running:
        running.index.found_in, running.index.store = searcher, searcher._store
        yield running
