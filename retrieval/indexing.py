"""Indexes a pack's documents as the settings say, and looks after that index."""

from dataclasses import dataclass
from pathlib import Path

from dossier.errors import IndexingError
from dossier.packs import Pack, index_folder
from dossier.records import Progress
from dossier.settings import Settings
from dossier.weights import verified_embedder
from retrieval import upkeep
from retrieval.build import BuildPlan, BuildReport, build, nothing_found, recipe_of
from retrieval.changes import Difference
from retrieval.corrections import read_corrections
from retrieval.embedder import Embedder
from retrieval.embedding import OnProgress
from retrieval.parsing.isolate import Limits
from retrieval.parsing.ocr import Means
from retrieval.readers import readers_of
from retrieval.scan import CORRECTIONS_FILE, Scan, scan

_GIB = 1 << 30


@dataclass(frozen=True, slots=True)
class Choices:
    """How to index. `rebuild` reads and embeds everything anew, `retry` what couldn't be read before."""

    rebuild: bool = False
    allow_empty: bool = False
    retry: bool = False


def build_index(
    settings: Settings,
    pack: Pack,
    on_progress: OnProgress | None = None,
    rebuild: bool = False,
    allow_empty: bool = False,
    retry: bool = False,
) -> BuildReport:
    """Index a pack's documents with the settings' embedder and limits. Raises IndexingError, WeightsError."""
    plan = plan_of(settings, pack, Choices(rebuild, allow_empty, retry))
    return build(plan, lambda: load_embedder(settings), on_progress or _silent)


def plan_of(settings: Settings, pack: Pack, choices: Choices) -> BuildPlan:
    """The plan of an indexing run over the documents as they are now. Raises IndexingError."""
    return BuildPlan(
        index=index_folder(settings, pack.documents),
        scan=scan_of(settings, pack),
        limits=limits_of(settings),
        chunk_tokens=settings.chunk_tokens,
        free_bytes=int(settings.free_disk_gib * _GIB),
        rebuild=choices.rebuild,
        allow_empty=choices.allow_empty,
        retry=choices.retry,
    )


def limits_of(settings: Settings) -> Limits:
    """What reading one file may cost, with what scanned pages can be read with now."""
    ocr = Means(settings.ocr_languages, settings.ocr_seconds)
    return Limits(settings.parse_seconds, int(settings.parse_memory_gib * _GIB), ocr)


def scan_of(settings: Settings, pack: Pack) -> Scan:
    """The files of a pack's documents folder. Raises IndexingError."""
    corrections = read_corrections(pack.documents, CORRECTIONS_FILE, index_folder(settings, pack.documents))
    return scan(pack.documents, readers_of(settings, pack), corrections)


def require_documents(settings: Settings, pack: Pack) -> None:
    """Raise IndexingError when the documents folder isn't there or an indexing run would find nothing in it."""
    found = scan_of(settings, pack)
    if not found.found:
        raise IndexingError(nothing_found(found))


def difference_now(settings: Settings, pack: Pack, on_progress: OnProgress | None = None) -> Difference:
    """What an indexing run would change. Raises IndexingError, WeightsError."""
    recipe = recipe_of(load_embedder(settings), settings.chunk_tokens)
    index = index_folder(settings, pack.documents)
    return upkeep.difference_now(index, scan_of(settings, pack), recipe, on_progress or _silent)


def verify_index(settings: Settings, pack: Pack, on_progress: OnProgress | None = None) -> upkeep.Verification:
    """Read and check the index and the documents. Raises IndexMissingError; documents that are gone are no error."""
    found = scan_of(settings, pack) if Path(pack.documents).is_dir() else Scan((), ())
    return upkeep.verify(index_folder(settings, pack.documents), found, on_progress or _silent)


def load_embedder(settings: Settings) -> Embedder:
    """The settings' embedder, its weights verified. Raises WeightsError."""
    folder, digest = verified_embedder(settings)
    return Embedder(folder, settings.embedder, digest)


def _silent(progress: Progress) -> None:
    """Show nothing."""
