"""Stands in for `dossier index --json`: indexes for real, with hashed words in the embedder's place.

Run as `python -m tests.serving.hashed_index HOME DOCUMENTS build`.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dossier.errors import DossierError
from dossier.settings import Settings
from serving.index_view import IndexView
from tests.retrieval.index_loop import HashedWords, index_folder_of, index_now
from tests.serving.api.serving_app import Served, served


@contextmanager
def indexing(home: Path, documents: Path) -> Iterator[Served]:
    """A gateway over an index of these documents that it brings up to date as a real one does."""
    settings = Settings(home=home, documents=documents)
    index_now(settings)
    view = IndexView(index_folder_of(settings), HashedWords(), {})
    command = (sys.executable, "-m", "tests.serving.hashed_index", str(home), str(documents))

    def opened() -> IndexView:
        view.searcher()  # a newer generation, if there is one
        return view

    with served(home, command, documents=documents) as gateway:
        vars(gateway.index).update(
            files=lambda: opened().files(),
            stored_documents=lambda: opened().stored_documents(),
            correct=lambda source, values: opened().correct(source, values),
            generations=view.generations,
        )
        yield gateway


if __name__ == "__main__":
    try:
        report = index_now(Settings(home=Path(sys.argv[1]), documents=Path(sys.argv[2])))
    except DossierError as error:
        print(json.dumps({"error": {"code": error.code, "message": str(error)}}))
        sys.exit(error.exit_status)
    numbers = {name: getattr(report, name) for name in ("generation", "documents", "chunks", "embedded", "removed")}
    print(json.dumps({"report": {**numbers, "files": []}}))
