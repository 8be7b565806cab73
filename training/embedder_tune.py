"""`dossier embedder tune`: gather pairs, train an adapter, measure, and install it only when it is better."""

import random
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from dossier.adapters import read_adapter
from dossier.merging import merge
from dossier.packs import Pack, index_folder, load_questions
from dossier.settings import Settings
from dossier.weights import EMBEDDERS, promote_embedder, verified_embedder
from retrieval.build import OnProgress
from retrieval.embedder import Embedder
from retrieval.query import read_query
from training.embedder_train import DIMENSIONS, Recipe, Triplet, train
from training.pairs import Pair
from training.pairs_corpus import Corpus, index_corpus, read_corpus
from training.pairs_gather import Part, Source, gather
from training.pairs_measure import Comparison, compare, ndcg, nearest

ALLOWED_LOSS = 0.01
"""nDCG@10 that may be lost on the general questions."""
MOST_POOL = 3000
"""Chunks that are searched when measuring: those of the questions' documents first."""
_HARDEST = 5


@dataclass(frozen=True, slots=True)
class General:
    """Questions that must not get worse: their file and the documents that they are about."""

    questions: Path
    documents: Path


@dataclass(frozen=True, slots=True)
class TuneReport:
    """What was learned from, what was gained, and what came of it."""

    counts: dict[str, dict[str, int]]
    triplets: int = 0
    comparisons: tuple[Comparison, ...] = ()
    general: Comparison | None = None
    installed: str = ""
    verdict: str = ""
    recipe: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Measure:
    """Questions, the passages that are searched, and which of these are right (by the unit that counts)."""

    name: str
    questions: tuple[str, ...]
    texts: tuple[str, ...]
    units: tuple[object, ...]
    right: tuple[frozenset[object], ...]


def tune(
    source: Source, recipe: Recipe, settings: Settings, pack: Pack, general: General | None, on_progress: OnProgress
) -> TuneReport:
    """Train and measure; the better embedder is installed as the one in use. Raises SettingsError, IndexingError."""
    folder, digest = verified_embedder(settings)
    base = Embedder(folder, settings.embedder, digest)
    parts = gather(source, settings, pack, base, on_progress)
    triplets = [triplet for part in parts for triplet in triplets_of(part, source.seed)]
    work = settings.home / "tuning" / "embedder"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    packaged = EMBEDDERS.get(settings.embedder)
    # an adapter for an embedder that was tuned before fits that one alone
    origin = settings.embedder if packaged and packaged.sha256 == digest else str(folder)
    train(folder, origin, triplets, recipe, work, on_progress)
    adapter = read_adapter(work)
    merge(adapter, folder, work / "merged")
    tuned = Embedder(work / "merged", "tuned", adapter.digest(digest))
    comparisons = [item for part in parts for item in _compared(_measure(part), base, tuned, DIMENSIONS)]
    kept = _general(general, settings, pack, base, tuned, on_progress) if general else None
    verdict, wins = decide(comparisons, kept)
    name = promote_embedder(settings, work / "merged", adapter.digest(digest)) if wins else ""
    counts = {part.name: part.counts for part in parts}
    return TuneReport(counts, len(triplets), tuple(comparisons), kept, name, verdict, _told(recipe))


def decide(comparisons: Sequence[Comparison], general: Comparison | None) -> tuple[str, bool]:
    """Why the new embedder is installed or not.

    At full length it must be better on every set of documents not trained on, the interval excluding zero, and must
    not lose more than a point on the general questions.
    """
    full = [item for item in comparisons if item.name.endswith(f"@{DIMENSIONS[0]}")]
    failing = [item for item in full if not item.is_better]
    if not full or failing:
        said = ", ".join(f"{item.name} {_points(item)}" for item in failing) or "nothing to measure with"
        return f"Kept the old embedder: the difference may be chance or is for the worse ({said}).", False
    if general and general.difference < -ALLOWED_LOSS:
        return f"Kept the old embedder: general questions got worse ({_points(general)}).", False
    return "Installed the new embedder: " + ", ".join(f"{item.name} {_points(item)}" for item in full) + ".", True


def triplets_of(part: Part, seed: int) -> list[Triplet]:
    """Training triplets: one of the hardest near-misses a question; a chunk of the same document for the others."""
    random_ = random.Random(seed)  # noqa: S311 (draws training data, guards nothing)
    corpus = part.corpus
    everything = sorted(corpus.texts)
    same: dict[str, list[int]] = {}
    for number, chunk in corpus.chunks.items():
        same.setdefault(chunk.source, []).append(number)
    triplets = []
    for pair in part.train:
        wrong = random_.choice(pair.wrong[:_HARDEST] or everything)
        triplets.append(_triplet(corpus, pair.question, corpus.texts[pair.right[0]], wrong))
    for text in part.texts:
        others = [number for number in same[text.group] if number != text.chunk_id]
        triplets.append(_triplet(corpus, text.asking, text.passage, random_.choice(others or everything)))
    return triplets


def _triplet(corpus: Corpus, question: str, right: str, wrong: int) -> Triplet:
    return Triplet(corpus.query_text(question), right, corpus.texts[wrong])


def _measure(part: Part) -> _Measure:
    wanted = {part.corpus.chunks[pair.right[0]].source for pair in part.measured}
    order = sorted(part.corpus.chunks, key=lambda number: (part.corpus.chunks[number].source not in wanted, number))
    pool = order[:MOST_POOL]
    pairs: Sequence[Pair] = [pair for pair in part.measured if set(pair.right) & set(pool)]
    return _Measure(
        part.name,
        tuple(part.corpus.query_text(pair.question) for pair in pairs),
        tuple(part.corpus.texts[number] for number in pool),
        tuple(pool),
        tuple(frozenset(pair.right) for pair in pairs),
    )


def _general(
    general: General, settings: Settings, pack: Pack, base: Embedder, tuned: Embedder, on_progress: OnProgress
) -> Comparison:
    """The general questions: the right page counts, as `dossier evaluate retrieval` has it."""
    index = index_folder(settings, general.documents)
    collections = pack.collections if general.documents == pack.documents else ()
    place = index_corpus(settings, general.documents, index, base, on_progress, collections)
    corpus = read_corpus(place, base, pack.synonyms)
    asked = [question for question in load_questions(general.questions) if question.evidence]
    pages = {number: (chunk.source.rsplit("/", 1)[-1], chunk.page) for number, chunk in corpus.chunks.items()}
    measure = _Measure(
        "general questions",
        tuple(read_query(question.question, pack.synonyms).text for question in asked),
        tuple(corpus.texts.values()),
        tuple(pages[number] for number in corpus.texts),
        tuple(frozenset((place.document, place.page) for place in question.evidence) for question in asked),
    )
    (found,) = _compared(measure, base, tuned, DIMENSIONS[:1])
    return found


def _compared(measure: _Measure, base: Embedder, tuned: Embedder, dimensions: Sequence[int]) -> list[Comparison]:
    """nDCG@10 before and after, at each Matryoshka length."""
    if not measure.questions:
        return []
    before, after = _figures(measure, base, dimensions), _figures(measure, tuned, dimensions)
    return [compare(f"{measure.name} @{size}", before[size], after[size]) for size in dimensions]


def _figures(measure: _Measure, embedder: Embedder, dimensions: Sequence[int]) -> Mapping[int, list[float]]:
    queries, passages = embedder.embed(measure.questions), embedder.embed(measure.texts)
    return {
        size: [
            ndcg([measure.units[place] for place in row], right)
            for row, right in zip(nearest(np.asarray(queries), passages, size), measure.right, strict=True)
        ]
        for size in dimensions
    }


def _points(item: Comparison) -> str:
    return f"{100 * item.difference:+.1f} points of nDCG@10 ({100 * item.low:+.1f} to {100 * item.high:+.1f})"


def _told(recipe: Recipe) -> dict[str, object]:
    return {name: getattr(recipe, name) for name in recipe.__slots__}
