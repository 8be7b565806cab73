"""The vector index against exact search and other FAISS indexes: time, memory, recall@10, time to build.

python -m benchmarks.vector_scale --real FILE [--counts 10000,100000,1000000] [--work FOLDER] [--only NAME,...]
python -m benchmarks.vector_scale --vectors FILE --queries FILE ...

FILE holds raw float32 rows of 384: with --real a few thousand real embeddings (`benchmarks.vector_data` makes them),
which are grown to each count; with --vectors rows that are taken as they are. Each index is built, written, opened and
searched in a process of its own. `cpu` and `clock` are medians of a search; `cpu` says the same on a busy machine.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import faiss
import numpy as np
from numpy.typing import NDArray

from benchmarks import vector_data
from retrieval.embedder import Vectors
from retrieval.vector_compressed import lists_for
from retrieval.vectors import VectorIndex, selector

HELD_OUT = 500
_BLOCK = 2048
_TIMED = 300
_DEPTH = 60
"""Results that a search of the product asks for."""
OURS = "VectorIndex"
_PROBES = 32
CANDIDATES = {
    "exact": "Flat",
    OURS: "",
    "HNSW, 8 bits": "HNSW32,SQ8",
    "IVF, product quantised, 8 bits again": "IVF{lists},PQ96x4fs,Refine(SQ8)",
    "IVF, RaBitQ, 8 bits again": "IVF{lists},RaBitQfs,Refine(SQ8)",
}


def main() -> None:
    """Make the vectors and measure every index in its own process."""
    given = _arguments()
    work = given.work or Path(tempfile.mkdtemp())
    work.mkdir(parents=True, exist_ok=True)
    if given.one:
        _measure(given.one, work)
        return
    print(vector_data.MADE_OF if given.real else f"The vectors: {given.vectors}, as they are.")
    for count in given.counts:
        _prepare(given, count, work)
        print(f"\n{count:,} vectors\n{_HEAD}")
        for name in given.only or CANDIDATES:
            command = [sys.executable, "-m", "benchmarks.vector_scale", "--one", name, "--work", str(work)]
            subprocess.run(command, check=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--real", type=Path)
    parser.add_argument("--vectors", type=Path)
    parser.add_argument("--queries", type=Path)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--counts", type=lambda text: [int(n) for n in text.split(",")], default=[10**4, 10**5, 10**6])
    parser.add_argument("--only", type=lambda text: text.split(","))
    parser.add_argument("--one", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if not (given.real or given.one or (given.vectors and given.queries)):
        raise SystemExit(__doc__)
    return given


def _prepare(given: argparse.Namespace, count: int, work: Path) -> None:
    """Write the vectors, the queries and what exact search finds for them into the work folder."""
    questions = Path(f"{given.real}.questions")
    if given.vectors:
        rows = np.memmap(given.vectors, np.float32, "r").reshape(-1, vector_data.DIMENSION)[:count]
        rows.tofile(work / "vectors")
        queries = {"queries": vector_data.read(given.queries)}
    else:
        real = vector_data.read(given.real)
        held_out, real = real[-HELD_OUT:], real[:-HELD_OUT]
        spread, m, aim = vector_data.matched_spread(real, count) if count > len(real) else (0.0, 0.0, 0.0)
        print(f"{len(real):,} real vectors; m = {m:.1f}; spread {spread:.3f} for a distance of {aim:.4f}")
        with (work / "vectors").open("wb") as stream:
            for block in vector_data.grow(real, count, spread):
                stream.write(block.tobytes())
        queries = {"passages": held_out, "questions": vector_data.read(questions)[::3]}
    vectors = np.memmap(work / "vectors", np.float32, "r").reshape(-1, vector_data.DIMENSION)
    for name, asked in queries.items():
        asked.tofile(work / f"{name}.queries")
        _exact(vectors, asked).tofile(work / f"{name}.truth")
    (work / "sets").write_text(json.dumps(list(queries)))


def _exact(vectors: Vectors, queries: Vectors) -> "np.ndarray[tuple[int, int], np.dtype[np.int64]]":
    """Ids (from 1) of the 10 nearest of each query."""
    heap = faiss.ResultHeap(len(queries), 10, keep_max=True)
    for start in range(0, len(vectors), 100_000):
        scores, ids = faiss.knn(queries, vectors[start : start + 100_000], 10, metric=faiss.METRIC_INNER_PRODUCT)
        heap.add_result(scores, ids + start + 1)
    heap.finalize()
    nearest: NDArray[np.int64] = heap.I
    return nearest


class _Plain:
    """A FAISS index as it comes, with the interface of the product's."""

    def __init__(self, index: "faiss.Index") -> None:
        self._index = index
        if hasattr(index, "k_factor"):
            index.k_factor = 8
        for part in (index, faiss.downcast_index(getattr(index, "base_index", index))):
            if hasattr(part, "nprobe"):
                part.nprobe = _PROBES
            if hasattr(part, "hnsw"):
                part.hnsw.efSearch = 128

    @classmethod
    def build(cls, kind: str, vectors: Vectors) -> "_Plain":
        metric = faiss.METRIC_INNER_PRODUCT
        index = faiss.index_factory(vectors.shape[1], kind.format(lists=lists_for(len(vectors))), metric)
        index.train(np.array(vectors[:: max(1, len(vectors) // 100_000)]))
        for start in range(0, len(vectors), _BLOCK):
            index.add(np.array(vectors[start : start + _BLOCK]))
        return cls(index)

    @classmethod
    def load(cls, file: Path) -> "_Plain":
        return cls(faiss.read_index(str(file)))

    def write(self, file: Path) -> None:
        faiss.write_index(self._index, str(file))

    def search(self, query: Vectors, limit: int) -> list[tuple[int, float]]:
        scores, ids = self._index.search(query.reshape(1, -1), limit)
        return [(int(i) + 1, float(score)) for i, score in zip(ids[0], scores[0], strict=True)]


def _ours(vectors: Vectors) -> VectorIndex:
    index = VectorIndex.create(vectors.shape[1])
    for start in range(0, len(vectors), _BLOCK):
        block = np.array(vectors[start : start + _BLOCK])
        index.add(range(start + 1, start + 1 + len(block)), block)
    return index


_HEAD = (
    f"{'index':38}{'build':>8}{'peak':>8}{'file':>8}{'anon':>8}{'mapped':>8}{'open':>9}{'median':>9}{'95%':>9}  recall"
)


def _measure(name: str, work: Path) -> None:
    """Print one index's row; for the product's index also filters and threads."""
    vectors = np.memmap(work / "vectors", np.float32, "r").reshape(-1, vector_data.DIMENSION)
    before, began = _memory()["RssAnon"], time.perf_counter()
    built = _ours(vectors) if name == OURS else _Plain.build(CANDIDATES[name], vectors)
    seconds, peak = time.perf_counter() - began, _memory()["RssAnon"] - before
    file = work / "index"
    built.write(file)
    del built
    after, began = _memory(), time.perf_counter()
    index = VectorIndex.load(file) if name == OURS else _Plain.load(file)
    opened = time.perf_counter() - began
    recalls, spent, times = {}, [], []
    for queries in json.loads((work / "sets").read_text()):
        asked = vector_data.read(work / f"{queries}.queries")
        truth = np.fromfile(work / f"{queries}.truth", np.int64).reshape(-1, 10)
        hits = []
        for row, query in enumerate(asked):
            start = time.perf_counter(), time.thread_time()
            found = index.search(query, _DEPTH)
            times.append(time.perf_counter() - start[0])
            spent.append(time.thread_time() - start[1])
            hits.append(len({i for i, _ in found[:10]} & set(truth[row])) / 10)
        recalls[queries] = float(np.mean(hits))
    now, size = _memory(), file.stat().st_size / 1e6
    megabytes = (peak, size, now["RssAnon"] - after["RssAnon"], now["RssFile"] - after["RssFile"])
    milliseconds = (opened, np.median(spent), np.median(times), np.quantile(times, 0.95))
    print(
        f"{name:38}{seconds:8.1f}s"
        + "".join(f"{value:7.0f}MB" for value in megabytes)
        + "".join(f"{value * 1e3:7.2f}ms" for value in milliseconds)
        + "".join(f"  {name} {share:.3f}" for name, share in recalls.items()),
        flush=True,
    )
    if isinstance(index, VectorIndex):
        print(f"    the index is {index.kind}")
        _filters(index, vectors, vector_data.read(work / f"{queries}.queries"))
        _threads(index, vector_data.read(work / f"{queries}.queries"))


def _memory() -> dict[str, float]:
    """Resident memory in MB: of the process's own, and of mapped files."""
    status = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines() if ":" in line)
    return {key: int(status[key].split()[0]) / 1e3 for key in ("RssAnon", "RssFile")}


def _filters(index: VectorIndex, vectors: Vectors, queries: Vectors) -> None:
    """Recall against exact search where only a share of the ids may be found."""
    chance = np.random.default_rng(1)
    for share in (1.0, 0.5, 0.1, 0.01, 0.0001):
        ids = np.sort(chance.permutation(len(vectors))[: max(1, int(share * len(vectors)))]) + 1
        began, before = time.perf_counter(), _memory()["RssAnon"]
        allowed = selector(ids)
        made, took = time.perf_counter() - began, _memory()["RssAnon"] - before
        began = time.perf_counter()
        index.search(queries[0], _DEPTH, allowed)
        first, times, hits = time.perf_counter() - began, [], []
        truth = ids[_exact(np.asarray(vectors[ids - 1]), queries[:_TIMED]) - 1] if len(ids) >= 10 else None
        for row, query in enumerate(queries[:_TIMED]):
            began = time.thread_time()
            found = index.search(query, _DEPTH, allowed)
            times.append(time.thread_time() - began)
            if truth is not None:
                hits.append(len({i for i, _ in found[:10]} & set(truth[row])) / 10)
        print(
            f"    {share:.2%} allowed: set made in {made * 1e3:.1f} ms, {took:.1f} MB; "
            f"first search {first * 1e3:.1f} ms, then {np.median(times) * 1e3:.2f} ms"
            + (f"; recall {np.mean(hits):.3f}" if hits else "")
        )


def _threads(index: VectorIndex, queries: Vectors) -> None:
    """Searches a second from 1, 2 and 20 threads at once."""
    for threads in (1, 2, 20):
        with ThreadPoolExecutor(threads) as pool:
            began = time.perf_counter()
            list(pool.map(lambda query: index.search(query, _DEPTH), queries[:_TIMED]))
            rate = min(len(queries), _TIMED) / (time.perf_counter() - began)
            print(f"    {threads} threads: {rate:.0f} searches a second")


if __name__ == "__main__":
    main()
