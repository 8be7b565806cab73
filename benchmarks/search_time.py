"""Time from question to passages on a large index of generated text, with its parts.

python -m benchmarks.search_time [--chunks 100000] [--readable 0.5] [--rounds 3] [--work FOLDER]

The text of the finance pack's documents is mixed with words that were made up after Zipf's law, so that both common
and rare words have the frequencies that real text gives them; vectors are drawn around the real vectors of the pack's
chunks. Only the building is short-cut: questions are embedded and searched by the product's own code.
"""

import argparse
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dossier.packs import Pack, index_folder, load_pack, load_questions
from dossier.progress import ProgressDisplay
from dossier.records import Chunk, Document, Progress
from dossier.settings import load_settings
from retrieval import generation, search
from retrieval.chunk_store import ChunkStore
from retrieval.chunk_writer import ChunkWriter, Parts
from retrieval.embedder import Embedder, Vectors
from retrieval.indexing import build_index, load_embedder
from retrieval.vectors import VectorIndex
from retrieval.word_search import WordSearch

PER_DOCUMENT = 50
VOCABULARY = 60_000
MADE_UP = 0.5
"""Share of words that are replaced by made-up ones."""
CLOSED = frozenset({"closed"})
PARTS: tuple[tuple[str, object, str], ...] = (
    ("take the question apart", search, "read_query"),
    ("embed the question", Embedder, "embed"),
    ("nearest vectors", VectorIndex, "search"),
    ("words (BM25)", WordSearch, "search"),
    ("fetch the chunks", ChunkStore, "get"),
    ("how rare each term is", WordSearch, "frequency"),
    ("signals", search, "signals"),
)
"""What is timed: a name for people, and the function."""
Spent = NDArray[np.float64]
"""Seconds on the clock, and seconds of processor time of all threads."""


def main() -> None:
    """Build (or reuse) the index, ask, print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunks", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3, help="times that each question is asked")
    parser.add_argument("--readable", type=float, default=1.0, help="share of the documents that the asker may read")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "dossier-search-time")
    given = parser.parse_args()
    settings = load_settings(home=given.work / "home")
    pack, embedder = load_pack(settings), load_embedder(settings)
    folder = given.work / f"index-{given.chunks}-{given.readable}"
    if not (folder / generation.CURRENT).is_file():
        build_index(settings, pack)
        made = Made(given.chunks, given.readable)
        _build(folder, made, _source(index_folder(settings, pack.documents)), embedder)
    _ask(folder, embedder, pack, given.rounds)


def _source(index: Path) -> tuple[list[Chunk], Vectors]:
    """The chunks of the pack's own index and their vectors."""
    name = generation.current_name(index)
    store = ChunkStore(index / name / generation.CHUNKS)
    pairs = store.chunks_after(0, 1 << 20)
    store.close()
    texts = [f"{chunk.context}\n{chunk.text}" for _, chunk in pairs]
    return [chunk for _, chunk in pairs], load_embedder(load_settings()).embed(texts)


@dataclass(frozen=True, slots=True)
class Made:
    """How many chunks are made, and which share of their documents everyone may read."""

    chunks: int
    readable: float

    def groups(self, number: int) -> frozenset[str]:
        """Who may read the document that begins with this chunk: the open ones lie evenly among the closed."""
        place = number // PER_DOCUMENT
        return frozenset() if int((place + 1) * self.readable) > int(place * self.readable) else CLOSED


def _build(folder: Path, wanted: Made, source: tuple[list[Chunk], Vectors], embedder: Embedder) -> None:
    """Write one generation straight into a chunk store and a vector index."""
    count = wanted.chunks
    chunks, vectors = source
    draw = np.random.default_rng(7)
    building = folder / ".building-0"
    building.mkdir(parents=True, exist_ok=True)
    store, index = ChunkWriter.create(building / generation.CHUNKS), VectorIndex.create(embedder.dimension)
    started = datetime.now(UTC)
    with ProgressDisplay() as display:
        for number in range(0, count, PER_DOCUMENT):
            picked = draw.integers(len(chunks), size=min(PER_DOCUMENT, count - number))
            name = " ".join(_words(draw, 3))
            made = [_made(chunks[i], f"{name}.txt", name, place, draw) for place, i in enumerate(picked)]
            first = store.last_chunk_id() + 1
            document = Document(f"{number}/{name}.txt", name, f"{number:064d}", wanted.groups(number))
            store.add_document(Parts(document, document.source, document.digest, "", made))
            noise = draw.normal(size=(len(made), embedder.dimension)).astype(np.float32) * 0.03
            near = vectors[picked] + noise
            index.add(list(range(first, first + len(made))), near / np.linalg.norm(near, axis=1, keepdims=True))
            display(Progress("Making chunks", number + len(made), count, started))
    store.compact()
    documents, total = store.counts()
    store.close()
    index.write(building / generation.VECTORS)
    recipe = generation.Recipe(embedder.name, embedder.digest, embedder.dimension, VectorIndex.METRIC, "", "", 180)
    files = {file: generation.digest_of(building / file) for file in (generation.CHUNKS, generation.VECTORS)}
    manifest = generation.Manifest("g000001", "", recipe, documents, total, files)
    generation.promote(building, folder, manifest)


def _made(chunk: Chunk, source: str, title: str, place: int, draw: np.random.Generator) -> Chunk:
    """A chunk with half of its words replaced."""
    words = chunk.text.split(" ")
    replaced = draw.random(len(words)) < MADE_UP
    fresh = iter(_words(draw, int(replaced.sum())))
    text = " ".join(next(fresh) if new else word for word, new in zip(words, replaced, strict=True))
    return Chunk(source, title, place + 1, 0, len(text), chunk.section, text, chunk.columns)


def _words(draw: np.random.Generator, count: int) -> list[str]:
    """Made-up words, as frequent as the words of a language (Zipf's law with exponent 1.2)."""
    return [f"w{rank % VOCABULARY:x}q" for rank in draw.zipf(1.2, size=count)]


def _ask(folder: Path, embedder: Embedder, pack: Pack, rounds: int) -> None:
    if pack.questions is None:
        raise SystemExit(f"the pack {pack.name} has no questions")
    searcher = search.Searcher(folder, embedder, pack.synonyms)
    questions = [question.question for question in load_questions(pack.questions)]
    for question in questions[:5]:
        searcher.search(question, frozenset(), 10)
    parts: dict[str, list[Spent]] = defaultdict(list)
    with _timed() as spent:
        for question in questions * rounds:
            spent.clear()
            began = _now()
            searcher.search(question, frozenset(), 10)
            total = _now() - began
            for name, _, _ in PARTS:
                parts[name].append(spent.get(name, np.zeros(2)))
            parts["rest"].append(total - sum(spent.values(), np.zeros(2)))
            parts["question to passages"].append(total)
    searcher.close()
    found = searcher.manifest
    print(f"{found.chunks:,} chunks of {found.documents:,} documents, {len(questions) * rounds} questions\n")
    print("| part | median | 95th percentile | processor time, median |\n|---|---|---|---|")
    for name, values in parts.items():
        wall, processor = np.array(values).T * 1000
        shown = (np.median(wall), np.quantile(wall, 0.95), np.median(processor))
        print(f"| {name} | {' | '.join(f'{float(value):.1f} ms' for value in shown)} |")


@contextmanager
def _timed() -> Iterator[dict[str, Spent]]:
    """Time every part while the context lasts; yields what was spent in each since the last clear."""
    spent: dict[str, Spent] = {}
    before = [(owner, name, getattr(owner, name)) for _, owner, name in PARTS]
    for part, owner, name in PARTS:
        setattr(owner, name, _clocked(part, getattr(owner, name), spent))
    try:
        yield spent
    finally:
        for owner, name, function in before:
            setattr(owner, name, function)


def _clocked(part: str, function: Callable[..., Any], spent: dict[str, Spent]) -> Callable[..., Any]:
    @wraps(function)
    def clocked(*args: object, **options: object) -> object:
        began = _now()
        try:
            return function(*args, **options)
        finally:
            spent[part] = spent.get(part, np.zeros(2)) + _now() - began

    return clocked


def _now() -> Spent:
    return np.array([time.perf_counter(), time.process_time()])


if __name__ == "__main__":
    main()
