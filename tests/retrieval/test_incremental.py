"""What an indexing run doesn't do: hash, read or embed again what it knows. FAISS, SQLite and the readers are real."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from dossier.errors import DocumentError
from dossier.records import FileState, Metadata
from dossier.settings import Settings
from retrieval import digests, generation, reading
from retrieval.chunk_store import ChunkStore
from retrieval.embedder import Vectors
from retrieval.generation import digest_of
from retrieval.parsing.isolate import READERS, Limits, OnPage
from retrieval.parsing.parsed import ParsedDocument, ParsedPage
from retrieval.scope import Scopes
from retrieval.search import Searcher
from retrieval.vectors import VectorIndex
from retrieval.word_search import WordSearch
from tests.retrieval.index_loop import HashedWords, index_folder_of, index_now

EVERYONE: frozenset[str] = frozenset()


class Counting(HashedWords):
    """Remembers what it was asked to embed."""

    def __init__(self, digest: str = "0") -> None:
        super().__init__()
        self.digest = digest
        self.texts: list[str] = []

    def embed(self, texts: Sequence[str], on_done: Callable[[int], None] | None = None) -> Vectors:
        self.texts.extend(texts)
        return super().embed(texts, on_done)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that were read, by the readers themselves, in this process."""
    names: list[str] = []

    def read_here(path: Path, limits: Limits, on_page: OnPage) -> tuple[ParsedDocument, ...]:
        names.append(path.name)
        return READERS[path.suffix](path)

    monkeypatch.setattr(reading, "read_isolated", read_here)
    return names


def section(number: int, word: str = "rule") -> str:
    return f"## Section {number}\n\n" + " ".join(f"{word}{number}x{n}" for n in range(100)) + ".\n\n"


def store_of(settings: Settings) -> ChunkStore:
    index = index_folder_of(settings)
    return ChunkStore(index / generation.current_name(index) / generation.CHUNKS)


def words_in(settings: Settings, *terms: str) -> list[str]:
    """Sources whose passages hold a term, by the word index alone."""
    store = store_of(settings)
    hr = frozenset({"hr"})
    scope = Scopes(store).of(hr)
    ids = [chunk_id for chunk_id, _ in WordSearch(store).search(terms, scope, scope, 50)]
    sources = sorted({chunk.source for chunk in store.get(ids, hr).values()})
    store.close()
    return sources


def check_vectors(settings: Settings) -> None:
    """Every chunk has one vector: the one of the text that its digest is of."""
    index = index_folder_of(settings)
    folder = index / generation.current_name(index)
    store = store_of(settings)
    vectors = VectorIndex.load(folder / generation.VECTORS)
    chunks = store.chunks_after(0, 10_000)
    assert len(chunks) == len(vectors)
    for chunk_id, chunk in chunks:
        nearest = vectors.search(HashedWords().embed([chunk.text])[0], len(chunks))
        assert chunk_id in dict(nearest)
        assert dict(nearest)[chunk_id] > 0.5
    store.close()


def test_a_renamed_file_is_neither_read_nor_embedded_and_is_found_by_its_new_name(
    settings: Settings, documents: Path, read: list[str]
) -> None:
    (documents / "hr" / "memo.txt").write_text("Lunch is at noon.\n")
    index_now(settings)
    read.clear()
    (documents / "hr" / "memo.txt").rename(documents / "hr" / "note.txt")
    (documents / "moved").mkdir()
    (documents / "leave.md").rename(documents / "moved" / "leave.md")
    embedder = Counting()
    report = index_now(settings, lambda: embedder)
    assert (read, embedder.texts, report.embedded, report.documents) == ([], [], 0, 4)
    assert words_in(settings, "note") == ["hr/note.txt"] and words_in(settings, "memo") == []
    store = store_of(settings)
    known = {stored.document.source: stored.document for stored in store.documents()}
    store.close()
    assert set(known) == {"hr/note.txt", "hr/salaries.txt", "moved/leave.md", "sales.html"}
    assert (known["hr/note.txt"].title, known["moved/leave.md"].title) == ("note", "Leave")
    assert known["hr/note.txt"].groups == {"hr"}
    check_vectors(settings)
    assert not index_now(settings).changed


def test_copies_and_swapped_names_are_not_read(settings: Settings, documents: Path, read: list[str]) -> None:
    (documents / "pay.md").write_text("# Pay\n\nPay day is the twentyfifth.\n")
    index_now(settings)
    read.clear()
    (documents / "copy of pay.md").write_bytes((documents / "pay.md").read_bytes())
    (documents / "leave.md").rename(documents / "x")
    (documents / "pay.md").rename(documents / "leave.md")
    (documents / "x").rename(documents / "pay.md")
    report = index_now(settings)
    assert (read, report.embedded, report.documents) == ([], 0, 5)
    assert words_in(settings, "twentyfifth") == ["copy of pay.md", "leave.md"]
    assert words_in(settings, "annual") == ["pay.md"]
    check_vectors(settings)


def test_a_copy_in_another_group_is_only_for_that_group(settings: Settings, documents: Path) -> None:
    index_now(settings)
    (documents / "open.txt").write_bytes((documents / "hr" / "salaries.txt").read_bytes())
    index_now(settings)
    found = Searcher(index_folder_of(settings), HashedWords()).search("salary band of grade seven", EVERYONE, 10)
    assert "open.txt" in {passage.document for passage in found.passages}
    (documents / "hr" / "open2.txt").write_bytes((documents / "leave.md").read_bytes())
    (documents / "hr" / "leave2.md").write_bytes((documents / "leave.md").read_bytes())
    index_now(settings)
    found = Searcher(index_folder_of(settings), HashedWords()).search("days of annual leave", EVERYONE, 10)
    assert {passage.chunk.source for passage in found.passages if "annual" in passage.chunk.text} == {"leave.md"}


def test_unchanged_parts_of_a_changed_document_keep_their_vectors(
    settings: Settings, documents: Path, read: list[str]
) -> None:
    book = documents / "book.md"
    book.write_text("# Book\n\n" + "".join(section(number) for number in range(8)))
    index_now(settings)
    read.clear()
    book.write_text("# Book\n\n" + "".join(section(n, "new" if n == 4 else "rule") for n in range(8)))
    embedder = Counting()
    report = index_now(settings, lambda: embedder)
    assert read == ["book.md"]
    assert report.embedded == len(embedder.texts) == 1 and "new4x1" in embedder.texts[0]
    assert report.reused == 7
    assert words_in(settings, "rule4x5") == [] and words_in(settings, "new4x5") == ["book.md"]
    check_vectors(settings)


def test_the_same_text_is_embedded_once(settings: Settings, documents: Path) -> None:
    for folder in ("a", "b"):
        (documents / folder).mkdir()
        (documents / folder / "same.md").write_text("# Same\n\n" + section(1) + (section(2) if folder == "b" else ""))
    embedder = Counting()
    index_now(settings, lambda: embedder)
    assert len(embedder.texts) == len(set(embedder.texts))
    assert words_in(settings, "rule1x1") == ["a/same.md", "b/same.md"]
    check_vectors(settings)


def test_items_of_a_file_keep_their_chunks_while_others_change(
    settings: Settings, documents: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def items(path: Path, limits: Limits, on_page: OnPage) -> tuple[ParsedDocument, ...]:
        """A line of a text file is a document: `name: text`."""
        if path.name != "feed.txt":
            return READERS[path.suffix](path)
        lines = [line.split(": ") for line in path.read_text().splitlines()]
        return tuple(ParsedDocument(n, (ParsedPage(1, t),), "", n, Metadata(date="2026-01-01")) for n, t in lines)

    monkeypatch.setattr(reading, "read_isolated", items)
    feed = documents / "feed.txt"
    feed.write_text("one: alpha news\ntwo: beta news\nthree/../x: gamma news\nsame: delta\nsame: epsilon\n")
    report = index_now(settings)
    feed_report = next(file for file in report.files if file.source == "feed.txt")
    assert (feed_report.state, feed_report.chunks, feed_report.pages) == (FileState.INDEXED, 5, 5)
    assert report.documents == 8
    assert words_in(settings, "gamma") == ["feed.txt#three .. x"]
    assert words_in(settings, "delta", "epsilon") == ["feed.txt#same", "feed.txt#same~2"]
    store = store_of(settings)
    before = {chunk.source: chunk_id for chunk_id, chunk in store.chunks_after(0, 100)}
    store.close()
    feed.write_text(
        "zero: zeta news\none: alpha news\ntwo: eta news\nthree/../x: gamma news\nsame: delta\nsame: epsilon\n"
    )
    embedder = Counting()
    report = index_now(settings, lambda: embedder)
    assert sorted(text.split("\n")[-1] for text in embedder.texts) == ["eta news", "zeta news"]
    store = store_of(settings)
    after = {chunk.source: chunk_id for chunk_id, chunk in store.chunks_after(0, 100)}
    store.close()
    kept = {"feed.txt#one", "feed.txt#three .. x", "feed.txt#same", "feed.txt#same~2"}
    assert {name for name in before if name.startswith("feed") and after.get(name) == before[name]} == kept
    assert words_in(settings, "beta") == []
    feed.rename(documents / "renamed.txt")
    index_now(settings)
    assert words_in(settings, "zeta") == ["renamed.txt#zero"]
    check_vectors(settings)


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files whose digest was computed."""
    names: list[str] = []

    def count(path: Path) -> str:
        names.append(path.name)
        return digest_of(path)

    monkeypatch.setattr(digests, "digest_of", count)
    return names


def test_unchanged_files_are_not_even_hashed(
    settings: Settings, documents: Path, hashed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    index_now(settings)
    assert len(hashed) == 3
    hashed.clear()
    index_now(settings)
    assert len(hashed) == 3, "files that changed a moment ago can't be trusted"
    monkeypatch.setattr(digests, "_RACY_NS", 0)
    index_now(settings)
    hashed.clear()
    index_now(settings)
    assert hashed == []
    leave = documents / "leave.md"
    before = leave.stat()
    leave.write_text(leave.read_text().replace("27", "28"))
    os.utime(leave, ns=(before.st_atime_ns, before.st_mtime_ns))
    report = index_now(settings)
    assert hashed == ["leave.md"] and report.embedded == 1
    hashed.clear()
    index_now(settings, rebuild=True)
    assert len(hashed) == 3


def test_damaged_notes_of_digests_are_passed_over(
    settings: Settings, hashed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digests, "_RACY_NS", 0)
    index_now(settings)
    notes = index_folder_of(settings) / ".digests.json"
    for damage in (notes.read_bytes().replace(b"0", b"1"), b"", b"[", notes.read_bytes()[:-9]):
        notes.write_bytes(damage)
        hashed.clear()
        assert not index_now(settings).changed
        assert len(hashed) == 3


@pytest.mark.parametrize(
    "change", ["embedder", "chunk_tokens", "PARSER_VERSION", "METADATA_VERSION", "CHUNKER_VERSION"]
)
def test_another_recipe_rebuilds_everything_while_the_old_generation_answers(
    settings: Settings, read: list[str], monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    index_now(settings)
    index = index_folder_of(settings)
    answers: list[str] = []

    class Asking(Counting):
        def count_tokens(self, texts: Sequence[str]) -> list[int]:
            found = Searcher(index, HashedWords()).search("days of annual leave", EVERYONE, 1)
            answers.append(f"{found.generation}: {found.passages[0].document}")
            return super().count_tokens(texts)

    read.clear()
    choices = {"chunk_tokens": 100} if change == "chunk_tokens" else {}
    if change.isupper():
        monkeypatch.setattr(f"retrieval.build.{change}", "other")
    embedder = Asking("1" if change == "embedder" else "0")
    report = index_now(settings, lambda: embedder, **choices)
    assert sorted(read) == ["leave.md", "salaries.txt", "sales.html"]
    assert set(answers) == {"g000001: leave.md"}
    assert report.generation == "g000002" == generation.current_name(index)
    # the same embedder gives the same text the same vector: that is taken over, also into another recipe
    assert (report.embedded, report.reused) == ((3, 0) if change == "embedder" else (0, 3))
    assert not index_now(settings, lambda: embedder, **choices).changed


def test_rebuilding_takes_nothing_over(settings: Settings, read: list[str]) -> None:
    index_now(settings)
    read.clear()
    report = index_now(settings, rebuild=True)
    assert (len(read), report.embedded, report.reused) == (3, 3, 0)


def test_files_that_failed_are_read_again_when_asked_or_when_the_limits_change(
    settings: Settings, documents: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[str] = []

    def read_here(path: Path, limits: Limits, on_page: OnPage) -> tuple[ParsedDocument, ...]:
        if path.name == "slow.txt":
            tries.append(path.name)
            if len(tries) < 4:
                raise DocumentError("it takes too long.")
        return READERS[path.suffix](path)

    monkeypatch.setattr(reading, "read_isolated", read_here)
    (documents / "slow.txt").write_text("The slow file.\n")
    assert {f.source: f.reason for f in index_now(settings).files}["slow.txt"] == "it takes too long."
    again = index_now(settings)
    assert not again.changed and len(tries) == 1
    assert {f.source: f.state for f in again.files}["slow.txt"] is FileState.FAILED
    assert not index_now(settings, retry=True).changed and len(tries) == 2
    (documents / "other.txt").write_text("Another file.\n")
    index_now(settings)
    assert len(tries) == 2
    (documents / "slow.txt").write_text("The slow file, changed.\n")
    index_now(settings)
    assert len(tries) == 3
    assert index_now(settings, retry=True).documents == 5
    assert words_in(settings, "slow") == ["slow.txt"]


def test_a_file_that_can_not_be_read_any_more_does_not_answer(settings: Settings, documents: Path) -> None:
    index_now(settings)
    (documents / "leave.md").write_bytes(b"\x00\x01\x02")
    report = index_now(settings)
    assert {file.source: file.state for file in report.files}["leave.md"] is FileState.FAILED
    assert report.removed == 1 and words_in(settings, "annual") == []


def test_vectors_come_back_as_they_were_stored(tmp_path: Path) -> None:
    index = VectorIndex.create(64)
    vectors = HashedWords().embed(["one two", "three", "four five"])
    index.add([5, 9, 7], vectors)
    assert np.array_equal(index.reconstruct([7, 5]), vectors[[2, 0]])
    assert index.reconstruct([]).shape == (0, 64)
