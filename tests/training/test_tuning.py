"""Tuning end to end on the real MiniLM: small, but with every part."""

import json
from pathlib import Path

import numpy as np
import pytest

from dossier.adapters import is_adapter
from dossier.packs import load_pack
from dossier.records import Progress
from dossier.settings import Settings, load_settings
from dossier.weights import verified_embedder
from retrieval.embedder import Embedder
from retrieval.reranker import Reranker
from training.embedder_report import write_report
from training.embedder_train import Recipe
from training.embedder_tune import TuneReport, decide, triplets_of, tune
from training.pairs import is_held_out
from training.pairs_gather import Source, gather
from training.reranker_train import RerankRecipe
from training.reranker_tune import tune_reranker

TOPICS = ("freight", "leases", "patents", "pensions", "tariffs", "royalties", "storage", "refunds", "audits", "grants")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A folder of documents, one of them for a group only, and questions about the others."""
    folder = tmp_path_factory.mktemp("tuning")
    documents = folder / "documents"
    documents.mkdir()
    questions = []
    for number, topic in enumerate(TOPICS):
        fact = f"The yearly cost of {topic} was {number + 3},450 dollars"
        text = (
            f"# Cost of {topic}\n\n{fact}. It was paid in spring by the treasurer of the northern branch office.\n"
            f"Nobody objected to it at all when the board met in the old town hall that summer.\n\n"
            f"## Outlook for {topic}\n\nNext year brings a new budget for the whole team. It will be decided in May.\n"
        )
        (documents / f"{topic}.md").write_text(text)
        evidence = [{"document": f"{topic}.md", "page": 1, "text": fact}]
        asked = {
            "id": topic,
            "question": f"What did {topic} cost?",
            "kind": "lookup",
            "answer": "",
            "evidence": evidence,
        }
        questions.append(json.dumps(asked))
    (documents / "secret.md").write_text("# Secret\n\nThe merger is called Bluebird. Nobody may know its price yet.\n")
    (documents / "groups.toml").write_text('[groups]\n"secret.md" = ["board"]\n')
    (folder / "questions.jsonl").write_text("\n".join(questions))
    return load_settings(home=folder / "home", documents=documents)


def source(settings: Settings) -> Source:
    assert settings.documents
    return Source((settings.documents.parent / "questions.jsonl",), settings.documents, held_out=0.4)


@pytest.mark.model
def test_pairs_come_from_questions_and_documents_and_keep_the_split(settings: Settings, embedder: Embedder) -> None:
    (part,) = gather(source(settings), settings, load_pack(settings), embedder, lambda _: None)
    learned = {pair.group for pair in (*part.train, *part.texts)}
    measured = {pair.group for pair in part.measured}
    assert learned and measured and not learned & measured
    assert all(is_held_out(group, 0.4) for group in measured)
    assert {"question", "heading", "sentence"} <= set(part.counts)
    assert part.counts["evidence not found"] == 0
    assert all("Bluebird" not in text for text in part.corpus.texts.values())
    for pair in part.train:
        topic = pair.group.removesuffix(".md")
        assert all(f"cost of {topic} was" in part.corpus.chunks[number].text for number in pair.right)
        assert pair.wrong and not any(f"cost of {topic} was" in part.corpus.texts[number] for number in pair.wrong)
    for triplet in triplets_of(part, 7):
        assert triplet.wrong in part.corpus.texts.values()
        assert triplet.right != triplet.wrong


@pytest.fixture(scope="module")
def tuned(settings: Settings) -> tuple[TuneReport, list[Progress], tuple[Path, str]]:
    """One small run: its report, the progress it told, and the embedder that was in use before."""
    before = verified_embedder(settings)
    seen: list[Progress] = []
    recipe = Recipe(epochs=1, batch=4, tokens=48, rank=4, alpha=8)
    return tune(source(settings), recipe, settings, load_pack(settings), None, seen.append), seen, before


@pytest.mark.model
def test_tuning_reports_and_replaces_only_what_is_better(
    settings: Settings, tuned: tuple[TuneReport, list[Progress], tuple[Path, str]]
) -> None:
    report, seen, before = tuned
    work = settings.home / "tuning" / "embedder"
    assert is_adapter(work)
    assert (work / "adapter_model.safetensors").stat().st_size < 1_000_000
    assert [item.name for item in report.comparisons] == ["documents @384", "documents @256", "documents @128"]
    assert seen[-1].done == seen[-1].total > 1
    _, wins = decide(report.comparisons, None)
    assert wins is bool(report.installed)
    assert (verified_embedder(settings) != before) is wins
    file = write_report(report, work)
    assert report.verdict in file.read_text()
    assert json.loads((work / "report.json").read_text())["triplets"] == report.triplets > 0


@pytest.mark.model
@pytest.mark.usefixtures("tuned")
def test_merged_is_what_was_trained(settings: Settings) -> None:
    """The model without torch gives what PEFT gives with the adapter beside its base; and it isn't the base."""
    from sentence_transformers import SentenceTransformer

    work = settings.home / "tuning" / "embedder"
    named = load_settings(home=settings.home, embedder=str(work))
    folder, digest = verified_embedder(named)
    texts = ["What did freight cost?", "The yearly cost of pensions was 6,450 dollars."]
    # bytes or bf16 would round more than the two may differ
    merged = Embedder(folder, "tuned", digest, precision="f32").embed(texts)
    theirs = SentenceTransformer(str(verified_embedder(load_settings())[0]), device="cpu", local_files_only=True)
    base = theirs.encode(texts, normalize_embeddings=True)
    theirs.load_adapter(str(work))
    expected = theirs.encode(texts, normalize_embeddings=True)
    assert np.sum(merged * expected, axis=1).min() > 0.9999
    assert np.abs(merged - base).max() > 1e-3


@pytest.mark.model
def test_a_reranker_is_trained_and_kept_only_when_better(settings: Settings) -> None:
    recipe = RerankRecipe(epochs=1, batch=4, wrong=2, tokens=64)
    report = tune_reranker(source(settings), recipe, settings, load_pack(settings), lambda _: None)
    assert report.judged >= 8
    assert report.comparisons[0].questions >= 2
    assert bool(report.folder) is all(item.is_better for item in report.comparisons)
    scores = Reranker(Path(report.folder or settings.home / "tuning" / "reranker" / "reranker")).scores("a", ["b", "c"])
    assert len(scores) == 2
