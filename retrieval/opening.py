"""Opens a pack's index for searching, as the settings say."""

from pathlib import Path

from dossier.packs import Pack, index_folder
from dossier.settings import Settings
from retrieval.indexing import load_embedder
from retrieval.reranker import Reranker
from retrieval.search import Rerank, Searcher


def open_searcher(settings: Settings, pack: Pack) -> Searcher:
    """The current generation with the settings' embedder and reranker. Raises IndexMissingError, WeightsError."""
    index = index_folder(settings, pack.documents)
    return Searcher(index, load_embedder(settings), pack.synonyms, load_reranker(settings))


def load_reranker(settings: Settings) -> Rerank | None:
    """The settings' reranker, its folder verified; None when there is none. Raises WeightsError."""
    return Reranker(Path(settings.reranker)) if settings.reranker else None
