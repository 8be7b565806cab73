"""The reranker on a small real cross-encoder: the scores of sentence-transformers, windows, threads, refusals."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dossier.errors import WeightsError
from dossier.settings import load_settings
from dossier.weights import verified_embedder
from retrieval.reranker import Reranker

QUESTION = "How many days of annual leave are there?"
TEXTS = [
    "Everyone has 27 days of annual leave a year.",
    "Sales were 412 million euros. " * 12,
    "",
    "Leave: parents have 14 weeks. " * 3,
]


def close() -> float:
    """How near scores must be: with bf16 (8 bits a number) the processor rounds what fp32 tells apart."""
    import torch

    return 0.1 if torch.ops.mkldnn._is_mkldnn_bf16_supported() else 0.02


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cross-encoder with MiniLM's tokenizer and small weights drawn by a seed; it reads 128 tokens."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    base, _ = verified_embedder(load_settings())
    made = tmp_path_factory.mktemp("models") / "reranker"
    torch.manual_seed(5)
    config = BertConfig(
        vocab_size=30522, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=128, num_labels=1, initializer_range=0.5,
    )  # fmt: skip
    BertForSequenceClassification(config).save_pretrained(made)
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt"):
        shutil.copyfile(base / name, made / name)
    return made


@pytest.mark.model
def test_scores_are_those_of_sentence_transformers(folder: Path) -> None:
    import torch
    from sentence_transformers import CrossEncoder

    theirs = CrossEncoder(str(folder), device="cpu", local_files_only=True, activation_fn=torch.nn.Identity())
    expected = theirs.predict([(QUESTION, text) for text in TEXTS], batch_size=1)
    scores = Reranker(folder).scores(QUESTION, TEXTS)
    assert scores == pytest.approx([float(value) for value in expected], abs=close())
    assert sorted(range(len(TEXTS)), key=scores.__getitem__) == sorted(range(len(TEXTS)), key=expected.__getitem__)


@pytest.mark.model
def test_a_long_passage_counts_by_its_best_window(folder: Path) -> None:
    reranker = Reranker(folder)
    filler = "The weather in the valley was calm that week. " * 40
    windows = reranker._windows(QUESTION, filler + TEXTS[0])
    assert len(windows) > 3
    assert all(len(window.ids) <= 128 for window in windows)
    assert "27" in windows[-1].tokens
    read = {token for window in windows for token in window.tokens}
    assert read >= set(reranker._tokenizer.encode(filler + TEXTS[0]).tokens)
    (score,) = reranker.scores(QUESTION, [filler + TEXTS[0]])
    assert score == pytest.approx(max(reranker._logits([window])[0] for window in windows), abs=close())


@pytest.mark.model
def test_threads_get_the_same_scores(folder: Path) -> None:
    reranker = Reranker(folder)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: reranker.scores(QUESTION, TEXTS), range(16)))
    assert all(scores == pytest.approx(found[0], abs=1e-4) for scores in found)
    assert reranker.scores(QUESTION, []) == []


@pytest.mark.model
def test_a_question_that_leaves_no_room_is_refused(folder: Path) -> None:
    with pytest.raises(WeightsError, match="fewer words"):
        Reranker(folder).scores("leave " * 120, TEXTS[:2])


@pytest.mark.model
def test_folders_that_are_no_reranker_are_refused(folder: Path, tmp_path: Path) -> None:
    base, _ = verified_embedder(load_settings())
    with pytest.raises(WeightsError, match="isn't a cross-encoder"):
        Reranker(base)
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    (copy / "pytorch_model.bin").write_bytes(b"x")
    with pytest.raises(WeightsError, match="may run code"):
        Reranker(copy)
