"""From what the user names to what is trained on and what is measured with, split by document."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from dossier.errors import SettingsError
from dossier.packs import Pack, index_folder
from dossier.records import Progress
from dossier.settings import Settings
from retrieval.build import OnProgress
from retrieval.embedder import Embedder
from training.pairs import Examples, Pair, is_held_out
from training.pairs_corpus import Corpus, index_corpus, read_corpus, write_documents
from training.pairs_documents import TextPair, from_documents
from training.pairs_import import read_examples
from training.pairs_mine import mine

LEAST_MEASURED = 30
"""Questions below which no difference can be told from chance."""


@dataclass(frozen=True, slots=True)
class Source:
    """What to learn from: question sets, and a folder of documents (None: only what the sets bring).

    `held_out` is the share of documents that is kept for measuring; `most` bounds the training questions (0: all).
    """

    files: tuple[Path, ...]
    documents: Path | None
    held_out: float = 0.25
    most: int = 0
    negatives: int = 8
    seed: int = 7


@dataclass(frozen=True, slots=True)
class Part:
    """One corpus with its training pairs, pairs from its documents, and what it is measured with."""

    name: str
    corpus: Corpus
    train: tuple[Pair, ...]
    texts: tuple[TextPair, ...]
    measured: tuple[Pair, ...]
    found: dict[str, int] = field(default_factory=dict)

    @property
    def counts(self) -> dict[str, int]:
        """How many pairs of which kind."""
        kinds = Counter(pair.kind for pair in self.texts)
        return {"question": len(self.train), **kinds, "measured": len(self.measured), **self.found}


def gather(source: Source, settings: Settings, pack: Pack, embedder: Embedder, on_progress: OnProgress) -> list[Part]:
    """Read, index, match and mine. Raises SettingsError when nothing can be learned or measured."""
    sets = [read_examples(file) for file in source.files]
    bring = [found for found in sets if found.texts]
    about = [found for found in sets if not found.texts]
    work = settings.home / "tuning"
    parts = []
    if bring:
        write_documents(bring, work / "documents")
        index = index_corpus(settings, work / "documents", work / "index", embedder, on_progress)
        corpus = read_corpus(index, embedder, pack.synonyms)
        parts.append(_part("question sets", corpus, bring, source, on_progress))
    if source.documents or about:
        documents = source.documents or pack.documents
        collections = pack.collections if documents == pack.documents else ()
        place = index_folder(settings, documents)
        index = index_corpus(settings, documents, place, embedder, on_progress, collections)
        parts.append(_part("documents", read_corpus(index, embedder, pack.synonyms), about, source, on_progress))
    if not parts:
        raise SettingsError("there is nothing to learn from. Name question sets (--pairs) or a folder (--docs).")
    return parts


def _part(name: str, corpus: Corpus, sets: Sequence[Examples], source: Source, on_progress: OnProgress) -> Part:
    asked = list({(item.question, item.group): item for found in sets for item in found.asked}.values())
    random.Random(source.seed).shuffle(asked)  # noqa: S311 (draws training data, guards nothing)
    held = [item for item in asked if is_held_out(item.group, source.held_out)]
    learned = [item for item in asked if not is_held_out(item.group, source.held_out)]
    learned = learned[: source.most or None]
    started = datetime.now(UTC)

    def report(done: int) -> None:
        on_progress(Progress("Looking for near-misses", done, len(learned), started))

    train = mine(learned, corpus, source.negatives, report)
    measured = mine(held, corpus, 0)
    with_questions = {item.source for item in asked}
    held_sources = {item.source for item in held} | {
        chunk.source
        for chunk in corpus.chunks.values()
        if chunk.source not in with_questions and is_held_out(chunk.source, source.held_out)
    }
    texts = from_documents(corpus.chunks, corpus.searcher.embedder, source.seed)
    if len(measured) < LEAST_MEASURED:
        extra = [pair for pair in texts if pair.group in held_sources and pair.kind != "opening"]
        measured += [Pair(pair.asking, (pair.chunk_id,), (), pair.group, pair.kind) for pair in extra]
    kept = [pair for pair in texts if pair.group not in held_sources]
    found = {"asked": len(asked), "evidence not found": len(held) + len(learned) - len(train) - _questions(measured)}
    return Part(name, corpus, tuple(train), tuple(kept[: source.most or None]), tuple(measured), found)


def _questions(pairs: Sequence[Pair]) -> int:
    return sum(pair.kind == "question" for pair in pairs)
