"""Indexes a pack's documents as the settings say."""

from dossier.packs import Pack, index_folder
from dossier.records import Progress
from dossier.settings import Settings
from dossier.weights import verified_embedder
from retrieval.build import BuildPlan, BuildReport, OnProgress, build
from retrieval.embedder import Embedder
from retrieval.parsing.isolate import Limits
from retrieval.scan import scan

_GIB = 1 << 30


def build_index(
    settings: Settings,
    pack: Pack,
    on_progress: OnProgress | None = None,
    rebuild: bool = False,
    allow_empty: bool = False,
) -> BuildReport:
    """Index a pack's documents with the settings' embedder and limits. Raises IndexingError, WeightsError."""
    plan = BuildPlan(
        index=index_folder(settings, pack.documents),
        scan=scan(pack.documents, pack.collections, settings.groups_file),
        limits=Limits(settings.parse_seconds, int(settings.parse_memory_gib * _GIB)),
        chunk_tokens=settings.chunk_tokens,
        free_bytes=int(settings.free_disk_gib * _GIB),
        rebuild=rebuild,
        allow_empty=allow_empty,
    )
    return build(plan, lambda: load_embedder(settings), on_progress or _silent)


def load_embedder(settings: Settings) -> Embedder:
    """The settings' embedder, its weights verified. Raises WeightsError."""
    folder, digest = verified_embedder(settings)
    return Embedder(folder, settings.embedder, digest)


def _silent(progress: Progress) -> None:
    """Show nothing."""
