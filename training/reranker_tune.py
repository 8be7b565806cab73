"""`dossier reranker tune`: train a cross-encoder and keep it only when it puts right passages higher."""

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from dossier.adapters import install, sha256_of
from dossier.packs import Pack
from dossier.settings import Settings
from dossier.weights import verified_embedder
from retrieval.build import OnProgress
from retrieval.embedder import Embedder
from retrieval.reranker import Reranker
from training.pairs_corpus import EVERYONE
from training.pairs_gather import Part, Source, gather
from training.pairs_measure import Comparison, compare, ndcg
from training.reranker_train import RerankRecipe, judged_of, train_reranker

CANDIDATES = 20
"""Passages of the search that are put into a new order, as in use."""


@dataclass(frozen=True, slots=True)
class RerankReport:
    """What was learned from and gained; `folder` where the reranker is, empty when it wasn't better.

    `milliseconds` is the time that one question's passages took.
    """

    judged: int
    comparisons: tuple[Comparison, ...]
    milliseconds: float
    folder: str

    @property
    def verdict(self) -> str:
        """What came of it, for people."""
        rows = [
            f"{item.name}: {item.questions} questions, nDCG@10 {100 * item.before:.1f} before, {100 * item.after:.1f} "
            f"after ({100 * item.difference:+.1f}, 95% interval {100 * item.low:+.1f} to {100 * item.high:+.1f})"
            for item in self.comparisons
        ]
        end = f"Kept it in {self.folder}." if self.folder else "It isn't better for certain and wasn't kept."
        trained = f"Trained on {self.judged} passages; {self.milliseconds:.0f} ms a question."
        return "\n".join([trained, *rows, end])


def tune_reranker(
    source: Source, recipe: RerankRecipe, settings: Settings, pack: Pack, on_progress: OnProgress
) -> RerankReport:
    """Train, then compare the search's order with the reranker's on documents not trained on."""
    folder, digest = verified_embedder(settings)
    parts = gather(source, settings, pack, Embedder(folder, settings.embedder, digest), on_progress)
    work = settings.home / "tuning" / "reranker"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    judged = judged_of(parts, recipe)
    train_reranker(folder, judged, recipe, work, on_progress)
    reranker = Reranker(work / "reranker")
    reranker.warm_up()
    started = time.perf_counter()
    comparisons = tuple(reordered(part, reranker) for part in parts if part.measured)
    spent = time.perf_counter() - started
    asked = max(1, sum(item.questions for item in comparisons))
    better = bool(comparisons) and all(item.is_better for item in comparisons)
    kept = _keep(work / "reranker", settings) if better else ""
    return RerankReport(len(judged), comparisons, 1000 * spent / asked, str(kept))


def reordered(part: Part, reranker: Reranker) -> Comparison:
    """nDCG@10 of the search's first passages, in its order and in the reranker's."""
    before, after = [], []
    for pair in part.measured:
        found = part.corpus.searcher.search(pair.question, EVERYONE, CANDIDATES).passages
        order = [passage.chunk_id for passage in found if passage.chunk_id in part.corpus.texts]
        verdicts = reranker.scores(
            part.corpus.query_text(pair.question), [part.corpus.texts[number] for number in order]
        )
        judged = sorted(zip(verdicts, order, strict=True), key=lambda item: -item[0])
        right = frozenset(pair.right)
        before.append(ndcg(order, right))
        after.append(ndcg([number for _, number in judged], right))
    return compare(part.name, before, after)


def _keep(built: Path, settings: Settings) -> Path:
    folder = settings.models_folder / f"reranker-{sha256_of(built / 'model.safetensors')[:12]}"
    settings.models_folder.mkdir(parents=True, exist_ok=True)
    if not folder.exists():
        install(built, folder)
    return folder
