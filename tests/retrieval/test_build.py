"""Indexing runs with the real embedder, FAISS and SQLite, broken off and taken up again."""

import shutil
from pathlib import Path

import pytest

from dossier.errors import IndexingError
from dossier.packs import index_folder, load_pack
from dossier.records import FileState
from dossier.settings import Settings, load_settings
from retrieval.build import BuildReport
from retrieval.embedder import Embedder
from retrieval.indexing import build_index
from retrieval.search import Searcher

pytestmark = pytest.mark.model


def build(settings: Settings, **choices: bool) -> BuildReport:
    return build_index(settings, load_pack(settings), None, **choices)


def searcher(settings: Settings, embedder: Embedder) -> Searcher:
    pack = load_pack(settings)
    return Searcher(index_folder(settings, pack.documents), embedder)


def states(report: BuildReport) -> dict[str, FileState]:
    return {file.source: file.state for file in report.files}


def test_only_what_changed_is_embedded_and_deleted_files_are_forgotten(
    settings: Settings, documents: Path, embedder: Embedder
) -> None:
    first = build(settings)
    assert first.documents == 3
    assert first.embedded == first.chunks
    assert not build(settings).changed
    (documents / "leave.md").write_text("# Leave\n\nEveryone has 30 days of annual leave a year.\n")
    (documents / "sales.html").unlink()
    second = build(settings)
    assert second.embedded == 1
    assert states(second) == {"leave.md": FileState.INDEXED, "hr/salaries.txt": FileState.UNCHANGED}
    found = searcher(settings, embedder).search("How many days of annual leave?", frozenset({"hr"}), 5)
    assert "30 days" in found.passages[0].chunk.text
    assert not any("27 days" in passage.chunk.text or "412" in passage.chunk.text for passage in found.passages)


def test_groups_filter_inside_the_search_and_follow_their_file(
    settings: Settings, documents: Path, embedder: Embedder
) -> None:
    build(settings)
    question = "The salary band of grade seven ends at 98,400 euros."
    for groups, visible in ((frozenset({"hr"}), True), (frozenset(), False), (frozenset({"sales"}), False)):
        found = searcher(settings, embedder).search(question, groups, 10)
        assert any(passage.document == "salaries.txt" for passage in found.passages) is visible
    (documents / "groups.toml").write_text('[groups]\n"hr/*" = ["board"]\n')
    assert build(settings).embedded == 0
    found = searcher(settings, embedder).search(question, frozenset({"hr"}), 10)
    assert not any(passage.document == "salaries.txt" for passage in found.passages)


def test_bad_files_are_listed_and_the_rest_is_indexed(settings: Settings, documents: Path) -> None:
    (documents / "broken.pdf").write_bytes(b"%PDF-1.4 nothing")
    (documents / "empty.md").write_bytes(b"")
    (documents / "table.xyz").write_text("a")
    (documents / "outside.md").symlink_to("/etc/hostname")
    found = states(build(settings))
    assert found["broken.pdf"] is FileState.FAILED
    assert found["empty.md"] is FileState.FAILED
    assert found["table.xyz"] is FileState.SKIPPED
    assert found["outside.md"] is FileState.SKIPPED
    assert found["leave.md"] is FileState.INDEXED
    assert not build(settings).changed


def test_no_documents_and_no_folder_are_errors_that_keep_the_index(
    settings: Settings, documents: Path, embedder: Embedder
) -> None:
    build(settings)
    shutil.rmtree(documents)
    with pytest.raises(IndexingError, match="doesn't exist"):
        build(settings)
    documents.mkdir()
    with pytest.raises(IndexingError, match="no documents"):
        build(settings)
    assert searcher(settings, embedder).search("annual leave", frozenset(), 3).passages


def test_too_little_disk_is_refused_before_anything_is_written(settings: Settings, documents: Path) -> None:
    full = load_settings(home=settings.home, documents=documents, free_disk_gib=10**6)
    with pytest.raises(IndexingError, match="too little disk"):
        build(full)
