"""The vector index, exact and compressed, against numpy's exact search.

The default size makes both kinds in seconds; DOSSIER_TEST_VECTORS=100000 runs the same at the full size.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import faiss
import numpy as np
import pytest

from retrieval import vectors as module
from retrieval.embedder import Vectors
from retrieval.vector_allowed import Allowed, Ids
from retrieval.vectors import EXACT_LIMIT, VectorIndex, selector

COUNT = int(os.environ.get("DOSSIER_TEST_VECTORS", "12000"))
DIMENSION = 96 if COUNT < EXACT_LIMIT else 384
TOPICS = 40
LIMIT = COUNT // 5


def unit(vectors: "np.ndarray[tuple[int, int], np.dtype[np.float64]]") -> Vectors:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def texts(count: int, seed: int = 0) -> tuple[Vectors, "np.ndarray[tuple[int], np.dtype[np.int64]]"]:
    """Vectors as texts have them: topics, and within each a few directions that matter more than the rest."""
    world, chance = np.random.default_rng(99), np.random.default_rng(seed)
    centres = world.normal(size=(TOPICS, DIMENSION))
    directions = world.normal(size=(TOPICS, 12, DIMENSION)) / 2
    topic = np.sort(chance.integers(TOPICS, size=count))
    within = np.einsum("nk,nkd->nd", chance.normal(size=(count, 12)), directions[topic])
    return unit(centres[topic] + within + 0.25 * chance.normal(size=(count, DIMENSION))), topic


def nearest(vectors: Vectors, ids: Ids, query: Vectors, count: int = 10) -> set[int]:
    return {int(i) for i in ids[np.argsort(-(vectors @ query), kind="stable")[:count]]}


def recall(index: VectorIndex, vectors: Vectors, ids: Ids, allowed: Allowed | None = None) -> float:
    """Share of the true 10 nearest that are found, over queries of the same kind that the index doesn't hold."""
    hits = []
    for query in texts(60, seed=7)[0]:
        found = [i for i, _ in index.search(query, 10, allowed)]
        assert set(found) <= set(ids.tolist())
        assert len(found) == len(set(found)) == min(10, len(ids))
        hits.append(len(set(found) & nearest(vectors, ids, query)) / min(10, len(ids)))
    return float(np.mean(hits))


def written(index: VectorIndex, file: Path) -> Path:
    index.write(file)
    return file


def centres(index: VectorIndex) -> bytes:
    """What the lists are around."""
    quantizer = index._vectors.index.quantizer
    return quantizer.reconstruct_n(0, quantizer.ntotal).tobytes()


@pytest.fixture(autouse=True)
def small_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    if COUNT < EXACT_LIMIT:
        monkeypatch.setattr(module, "EXACT_LIMIT", LIMIT)
        monkeypatch.setattr("retrieval.vector_compressed.SCANNED_PER_ROOT", 30.0)


@pytest.fixture(scope="module")
def corpus() -> tuple[Vectors, Ids]:
    return texts(COUNT)[0], np.arange(1, COUNT + 1)


@pytest.fixture(scope="module")
def compressed_file(corpus: tuple[Vectors, Ids], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    vectors, ids = corpus
    with pytest.MonkeyPatch.context() as patch:
        if COUNT < EXACT_LIMIT:
            patch.setattr(module, "EXACT_LIMIT", LIMIT)
        index = VectorIndex.create(DIMENSION)
        for start in range(0, COUNT, 2_048):
            index.add(ids[start : start + 2_048], vectors[start : start + 2_048])
    file = tmp_path_factory.mktemp("compressed") / "vectors.faiss"
    index.write(file)
    yield file


def test_few_vectors_are_searched_exactly(tmp_path: Path) -> None:
    vectors, _ = texts(500)
    ids = np.arange(10, 510)
    index = VectorIndex.create(DIMENSION)
    index.add(ids.tolist(), vectors)
    assert index.kind == "exact"
    index.write(tmp_path / "v")
    for opened in (index, VectorIndex.load(tmp_path / "v")):
        assert len(opened) == 500
        for query in texts(20, seed=3)[0]:
            found = opened.search(query, 10)
            assert {i for i, _ in found} == nearest(vectors, ids, query)
            assert [score for _, score in found] == pytest.approx(sorted(vectors @ query)[:-11:-1], abs=1e-6)
        assert (opened.reconstruct([509, 10, 509]) == vectors[[499, 0, 499]]).all()
        assert (opened.ids() == ids).all()


@pytest.mark.slow
def test_many_are_compressed_to_a_third_and_found(compressed_file: Path, corpus: tuple[Vectors, Ids]) -> None:
    vectors, ids = corpus
    index = VectorIndex.load(compressed_file)
    assert (index.kind, len(index), index.dimension) == ("compressed", COUNT, DIMENSION)
    if DIMENSION == 384:
        assert compressed_file.stat().st_size <= vectors.nbytes / 3
    assert recall(index, vectors, ids) >= 0.97
    assert (index.ids() == ids).all()
    assert np.abs(index.reconstruct(ids[::50]) - vectors[::50]).max() < 0.01
    with pytest.raises(KeyError, match=str(COUNT + 1)):
        index.reconstruct([1, COUNT + 1])


@pytest.mark.parametrize("share", [0.5, 0.1, 0.01, 0.0001])
def test_a_filter_costs_no_recall(share: float, compressed_file: Path, corpus: tuple[Vectors, Ids]) -> None:
    vectors, ids = corpus
    some = np.sort(np.random.default_rng(5).permutation(ids)[: max(3, int(share * COUNT))])
    assert recall(VectorIndex.load(compressed_file), vectors[some - 1], some, selector(some)) >= 0.97


@pytest.mark.slow
def test_a_filter_far_from_the_question_costs_no_recall(compressed_file: Path, corpus: tuple[Vectors, Ids]) -> None:
    """A group may read one topic alone: the lists nearest to most questions hold nothing that it may find."""
    vectors, ids = corpus
    topic = texts(COUNT)[1]
    for may_read in (topic == 3, topic % 2 == 0):
        some = ids[may_read]
        assert recall(VectorIndex.load(compressed_file), vectors[may_read], some, selector(some)) >= 0.97


def test_sets_of_ids(compressed_file: Path, corpus: tuple[Vectors, Ids]) -> None:
    vectors, _ = corpus
    index = VectorIndex.load(compressed_file)
    for ids in ([], [-5, -1], [COUNT + 1], [0, COUNT + 7, 10**15], [10**15]):
        assert index.search(vectors[0], 5, selector(ids)) == []
    for ids in ([1, 1, 9, -9], [9, 1, COUNT + 8, 10**15]):
        assert [i for i, _ in index.search(vectors[8], 5, selector(ids))] == [9, 1]
    assert len(selector([3, 3, 10**15])) == 2
    assert selector([5, 10**15]).holds(np.array([5, 6, -1, 10**15])).tolist() == [True, False, False, True]
    assert selector([5, 8]).holds(np.array([5, 6, -1, 8, 10**15])).tolist() == [True, False, False, True, False]


@pytest.mark.slow
def test_what_is_removed_never_comes_back(compressed_file: Path, corpus: tuple[Vectors, Ids], tmp_path: Path) -> None:
    vectors, ids = corpus
    index = VectorIndex.load(compressed_file)
    everyone = selector([*ids.tolist(), COUNT + 1])
    index.search(vectors[0], 1, everyone)
    index.reconstruct([1])  # what is remembered about the lists must be forgotten
    gone, kept = ids[::3], np.setdiff1d(ids, ids[::3])
    index.remove([*gone.tolist(), 10**12, COUNT + 5])
    index.write(tmp_path / "v")
    for opened in (index, VectorIndex.load(tmp_path / "v")):
        assert len(opened) == len(kept)
        assert (opened.ids() == kept).all()
        assert recall(opened, vectors[kept - 1], kept) >= 0.97
        assert recall(opened, vectors[kept - 1], kept, selector(ids)) >= 0.97
        with pytest.raises(KeyError):
            opened.reconstruct(gone[:1])
    assert len(VectorIndex.load(compressed_file)) == COUNT
    index.remove(kept)
    index.add([COUNT + 1], vectors[:1])
    assert [i for i, _ in index.search(vectors[0], 5, everyone)] == [COUNT + 1]


def test_removal_from_an_exact_index(tmp_path: Path) -> None:
    vectors, _ = texts(300)
    index = VectorIndex.create(DIMENSION)
    index.add(range(1, 301), vectors)
    index.write(tmp_path / "v")
    index = VectorIndex.load(tmp_path / "v")
    index.remove([*range(1, 200), 900])
    index.add([400], vectors[:1])
    assert (index.ids() == [*range(200, 301), 400]).all()
    assert [i for i, _ in index.search(vectors[0], 1)] == [400]
    assert (index.reconstruct([400, 250]) == vectors[[0, 249]]).all()
    index.remove([])
    index.remove(index.ids())
    assert index.search(vectors[0], 5) == []
    assert index.reconstruct([]).shape == (0, DIMENSION)


def test_around_the_limit_the_kind_stays(tmp_path: Path) -> None:
    vectors, _ = texts(module.EXACT_LIMIT + 20)
    index = VectorIndex.create(DIMENSION)
    index.add(range(1, module.EXACT_LIMIT + 1), vectors[:-20])
    assert index.kind == "exact"
    index.add([module.EXACT_LIMIT + 1], vectors[-20:-19])
    assert index.kind == "compressed"
    kept = index.reconstruct([1, 2])
    for turn in range(3):
        index.remove(range(10, 200))
        index.add([10**6 + turn], vectors[turn : turn + 1])
        index = VectorIndex.load(written(index, tmp_path / str(turn)))
        assert index.kind == "compressed"
        assert (index.reconstruct([1, 2]) == kept).all()
    index.remove(range(200, module.EXACT_LIMIT))
    assert index.kind == "compressed"
    assert {i for i, _ in index.search(vectors[0], 2)} == {1, 10**6}


@pytest.mark.slow
def test_lists_are_made_anew_for_topics_that_come_later_and_every_code_stays(tmp_path: Path) -> None:
    """The first fifth holds the first topics alone."""
    vectors, _ = texts(COUNT)
    index = VectorIndex.create(DIMENSION)
    index.add(range(1, COUNT + 1), vectors)
    before, late = index.reconstruct(range(1, COUNT + 1)), np.arange(COUNT // 2, COUNT + 1)
    early = recall(index, vectors, np.arange(1, COUNT + 1))
    opened = VectorIndex.load(written(index, tmp_path / "v"))
    assert (opened.reconstruct(range(1, COUNT + 1)) == before).all()
    assert recall(opened, vectors, np.arange(1, COUNT + 1)) >= max(early, 0.97)
    assert recall(opened, vectors[late - 1], late, selector(late)) >= 0.97
    # a few more change no list, many do
    again = written(opened, tmp_path / "again").read_bytes()
    assert again == (tmp_path / "v").read_bytes()
    opened.add(range(10**6, 10**6 + 300), vectors[:300])
    assert centres(VectorIndex.load(written(opened, tmp_path / "few"))) == centres(opened) == centres(index)
    opened.add(range(10**7, 10**7 + COUNT), texts(COUNT, seed=2)[0])
    assert centres(VectorIndex.load(written(opened, tmp_path / "many"))) != centres(index)


@pytest.mark.slow
def test_the_same_calls_make_the_same_file(corpus: tuple[Vectors, Ids], tmp_path: Path) -> None:
    vectors, ids = corpus
    files = []
    for block in (2_048, 2_048, 4_096):
        index = VectorIndex.create(DIMENSION)
        for start in range(0, LIMIT + 4_096, block):
            index.add(ids[start : start + block], vectors[start : start + block])
        index.remove(ids[:100])
        files.append(written(index, tmp_path / "v").read_bytes())
    assert files[0] == files[1] == files[2]


def test_an_opened_file_may_be_deleted_but_not_changed_in_place(compressed_file: Path, tmp_path: Path) -> None:
    file = tmp_path / "v"
    file.write_bytes(compressed_file.read_bytes())
    index = VectorIndex.load(file)
    query = texts(1, seed=4)[0][0]
    found = index.search(query, 10)
    index.add([COUNT + 1], query.reshape(1, -1))
    assert index.search(query, 1)[0][0] == COUNT + 1
    assert file.read_bytes() == compressed_file.read_bytes()
    index = VectorIndex.load(file)
    file.unlink()
    assert index.search(query, 10) == found
    with pytest.raises(OSError, match="can't be read"):
        index.remove([1])


def test_cut_files_are_errors(compressed_file: Path, tmp_path: Path) -> None:
    small = VectorIndex.create(DIMENSION)
    small.add(range(1, 50), texts(49)[0])
    for whole in (compressed_file.read_bytes(), written(small, tmp_path / "small").read_bytes()):
        for share in np.linspace(0, 0.999, 40):
            (tmp_path / "cut").write_bytes(whole[: int(share * len(whole))])
            with pytest.raises(OSError, match="cut"):
                VectorIndex.load(tmp_path / "cut")


def test_other_indexes_are_refused_and_older_ones_read(tmp_path: Path) -> None:
    vectors, _ = texts(50)
    faiss.write_index(faiss.IndexHNSWFlat(DIMENSION, 8), str(tmp_path / "other"))
    with pytest.raises(OSError, match="another kind"):
        VectorIndex.load(tmp_path / "other")
    older = faiss.IndexIDMap2(faiss.IndexFlatIP(DIMENSION))
    older.add_with_ids(vectors, np.arange(1, 51))
    faiss.write_index(older, str(tmp_path / "older"))
    index = VectorIndex.load(tmp_path / "older")
    index.remove([1])
    assert (index.reconstruct([7]) == vectors[6]).all()
    assert index.search(vectors[6], 1)[0][0] == 7


def test_a_full_disk_is_an_error(compressed_file: Path) -> None:
    small = VectorIndex.create(DIMENSION)
    small.add(range(1, 50), texts(49)[0])
    for index in (small, VectorIndex.load(compressed_file)):
        with pytest.raises(OSError, match="No space left"):
            index.write(Path("/dev/full"))


def test_twenty_readers_find_what_one_finds(compressed_file: Path) -> None:
    index = VectorIndex.load(compressed_file)
    queries, _ = texts(60, seed=8)
    odd, two = selector(range(1, COUNT, 2)), selector([5, 6])

    def both(query: Vectors) -> list[list[tuple[int, float]]]:
        return [index.search(query, 10), index.search(query, 10, odd), index.search(query, 10, two)]

    alone = [both(query) for query in queries]
    with ThreadPoolExecutor(20) as pool:
        assert list(pool.map(both, queries)) == alone
