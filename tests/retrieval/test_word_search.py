"""BM25 over what may be read: FTS5's scores where that is everything, else those of an index without the rest."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from dossier.records import Chunk, Document, Filters
from retrieval.chunk_store import ChunkStore
from retrieval.chunk_writer import ChunkWriter, Parts
from retrieval.scope import Scopes
from retrieval.word_search import WordSearch

Text = tuple[str, frozenset[str], str]
EVERYONE: frozenset[str] = frozenset()
BOARD = frozenset({"board"})
STEMS = ("audit", "ledg", "walk", "café", "größe", "価")
VOCABULARY = [f"{stem}{ending}" for stem in STEMS for ending in ("", "s", "ing")]
ODD = "a\u19b0b"
"""One word for Python, two for the word index: they disagree on some vowel signs."""
QUESTIONS = [
    ["audit"],
    ["audits", "ledging", "walk"],
    ["cafe", "große", "nowhere"],
    ["every", "walks"],
    ["audit", "audit"],
    ["価", "every", "audit", "2023"],
    [ODD, "walk"],
    ["nowhere"],
    ["long", "walk"],
    [],
]


def made(seed: int, count: int = 300) -> list[Text]:
    """Documents of one chunk of words as unevenly frequent as real ones, half of them for the board."""
    draw = np.random.default_rng(seed)
    texts = []
    for number in range(count):
        words = [VOCABULARY[rank % len(VOCABULARY)] for rank in draw.zipf(1.4, size=draw.integers(0, 60))]
        words += ["every"] * (number % 10 > 2) + [ODD] * (number % 17 == 0) + ["a", "b"] * (number % 13 == 0)
        words += ["a"] * (number % 7 == 0) + ["long"] * (200 * (number % 40 == 0))
        groups = BOARD if draw.random() < 0.5 else EVERYONE
        words += ["ledging", "cafe"] * (2 if groups else 0)  # so that other words are rare for who may read all
        texts.append((f"{number}.txt", groups, " ".join(words)))
    return texts


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, Sequence[Text]], ChunkStore]:
    """Makes a store of documents of one chunk."""

    def written(name: str, texts: Sequence[Text]) -> ChunkStore:
        writer = ChunkWriter.create(tmp_path / name)
        for source, groups, text in [*texts, ("gone", EVERYONE, "audit every walk")]:
            chunk = Chunk(source, source, 1, 0, len(text), ("Walks",), text)
            writer.add_document(Parts(Document(source, source, "0", groups), source, "0", "", [chunk]))
        writer.retire("gone")
        writer.remove_retired()
        writer.close()
        return ChunkStore(tmp_path / name)

    return written


def by_fts5(store: ChunkStore, terms: Sequence[str], limit: int) -> list[tuple[int, float]]:
    sql = (
        "SELECT rowid, -bm25(chunk_words, 1.0, 1.0) AS score FROM chunk_words WHERE chunk_words MATCH ? "
        "ORDER BY score DESC, rowid LIMIT ?"
    )
    match = " OR ".join(f'"{term}"' for term in terms)
    return [tuple(row) for row in store.connection.execute(sql, (match, limit))] if terms else []


@pytest.mark.parametrize("seed", range(5))
def test_where_everything_may_be_read_the_scores_are_those_of_fts5(
    seed: int, write: Callable[[str, Sequence[Text]], ChunkStore]
) -> None:
    store = write("all", made(seed))
    words, scope = WordSearch(store), Scopes(store).of(BOARD)
    assert scope.mask is None
    for terms in QUESTIONS:
        for limit in (1, 60, 1000):
            found, expected = words.search(terms, scope, scope, limit), by_fts5(store, terms, limit)
            assert [chunk_id for chunk_id, _ in found] == [chunk_id for chunk_id, _ in expected]
            assert [score for _, score in found] == pytest.approx([score for _, score in expected], rel=1e-12)
            assert len(found) == min(limit, len({i for term in terms for i, _ in by_fts5(store, [term], 1000)}))


@pytest.mark.parametrize("seed", range(5))
def test_scores_are_those_of_an_index_without_what_is_hidden(
    seed: int, write: Callable[[str, Sequence[Text]], ChunkStore]
) -> None:
    texts = made(seed)
    store = write("all", texts)
    less = write("less", [text for text in texts if not text[1]])
    scope, whole = Scopes(store).of(EVERYONE), Scopes(less).of(EVERYONE)
    assert scope.mask is not None and whole.mask is None
    words, fewer = WordSearch(store), WordSearch(less)
    differs = 0
    for terms in QUESTIONS:
        found = named(store, words.search(terms, scope, scope, 60))
        assert found == named(less, fewer.search(terms, whole, whole, 60))
        for term in terms:
            assert words.frequency(term, scope) == fewer.frequency(term, whole) == len(by_fts5(less, [term], 1000))
        readable = {chunk.source for chunk in store.get(range(1000), EVERYONE).values()}
        old = named(store, by_fts5(store, terms, 1000), BOARD)
        differs += [source for source, _ in old if source in readable][:60] != [source for source, _ in found]
    assert words.chunks(scope) == fewer.chunks(whole) == sum(not groups for _, groups, _ in texts)
    assert differs  # weighed by all chunks, hidden ones would have moved some


def named(
    store: ChunkStore, found: Sequence[tuple[int, float]], groups: frozenset[str] = EVERYONE
) -> list[tuple[str, float]]:
    chunks = store.get([chunk_id for chunk_id, _ in found], groups)
    return [(chunks[chunk_id].source, score) for chunk_id, score in found]


def test_a_filter_takes_passages_away_and_changes_no_score(
    write: Callable[[str, Sequence[Text]], ChunkStore],
) -> None:
    store = write("all", made(3))
    scopes, words = Scopes(store), WordSearch(store)
    readable, scope = scopes.of(EVERYONE), scopes.of(EVERYONE, Filters(documents=("1*",)))
    for terms in QUESTIONS:
        everything = named(store, words.search(terms, readable, readable, 1000))
        filtered = named(store, words.search(terms, scope, readable, 1000))
        assert filtered == [(source, score) for source, score in everything if source.startswith("1")]
    assert 0 < words.frequency("audit", scope) < words.frequency("audit", readable)


def test_what_is_kept_has_its_bounds_and_threads_share_it(
    write: Callable[[str, Sequence[Text]], ChunkStore],
) -> None:
    store = write("all", made(4))
    scope = Scopes(store).of(EVERYONE)
    roomy, tight = WordSearch(store), WordSearch(store, room=3000)
    expected = [roomy.search(terms, scope, scope, 60) for terms in QUESTIONS]
    with ThreadPoolExecutor(8) as threads:
        found = threads.map(lambda n: tight.search(QUESTIONS[n % len(QUESTIONS)], scope, scope, 60), range(400))
        assert list(found) == [expected[n % len(QUESTIONS)] for n in range(400)]
    assert 0 < tight.kept_bytes <= 3000 < roomy.kept_bytes


def test_nothing_to_read_and_nothing_indexed(write: Callable[[str, Sequence[Text]], ChunkStore]) -> None:
    hidden, empty = write("hidden", [("a.txt", BOARD, "audit")]), write("empty", [])
    for store in (hidden, empty):
        scope, words = Scopes(store).of(EVERYONE), WordSearch(store)
        assert words.search(["audit", "every"], scope, scope, 60) == []
        assert (words.frequency("audit", scope), words.chunks(scope)) == (0, 0)
