"""Heads on the disk, their probabilities, and what is refused."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dossier.errors import NotFoundError, WeightsError
from dossier.packs import load_pack
from dossier.settings import load_settings
from retrieval.embedder import Embedder
from retrieval.labelling.head import FACTS, WEIGHTS, LabelTask, read_head, softmax, write_head
from retrieval.labelling.labeller import Labeller
from tests.retrieval.labelling.heads import head_of, labeller_with

TWO = np.array([[1.0, 0.0], [0.0, 1.0]], np.float32)


def test_probabilities_by_hand() -> None:
    head = head_of(TWO, ("a", "b"), scale=1.0, temperature=2.0)
    found = head.probabilities(np.array([[1.0, 0.0]], np.float32))
    assert found[0] == pytest.approx([1 / (1 + np.exp(-0.5)), 1 / (1 + np.exp(0.5))])
    assert softmax(np.array([[1000.0, 0.0]])).tolist() == [[1, 0]]


def test_a_head_is_read_as_it_was_written(tmp_path: Path) -> None:
    head = head_of(TWO, ("a", "ü"))
    for _ in range(2):  # the second takes the first one's place
        write_head(head, tmp_path / "topic")
    found = read_head(tmp_path / "topic")
    assert found.facts == head.facts and (found.weights == head.weights).all() and found.digest
    assert sorted(file.name for file in tmp_path.rglob("*")) == ["head.json", "head.safetensors", "topic"]


def test_a_changed_or_broken_head_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "topic"
    write_head(head_of(TWO, ("a", "b")), folder)
    weights = folder / WEIGHTS
    good = weights.read_bytes()
    weights.write_bytes(good[:-1] + b"\x01")
    with pytest.raises(WeightsError, match=r"isn't what head\.json records"):
        read_head(folder)
    weights.write_bytes(good)
    facts = json.loads((folder / FACTS).read_text())
    (folder / FACTS).write_text(json.dumps({**facts, "labels": ["a"]}))
    with pytest.raises(WeightsError, match="doesn't fit its 1 labels"):
        read_head(folder)
    (folder / FACTS).write_text(json.dumps({key: facts[key] for key in facts if key != "threshold"}))
    with pytest.raises(WeightsError, match="isn't a head that can be read"):
        read_head(folder)


def test_tasks_without_a_head_say_what_to_do(tmp_path: Path) -> None:
    labeller = labeller_with(head_of(TWO, ("a", "b")), tmp_path)
    assert labeller.tasks() == (LabelTask.TOPIC,)
    with pytest.raises(NotFoundError, match=r"no head for intent \(there are: topic\).*dossier labels tune"):
        labeller.head(LabelTask.INTENT)


def test_a_head_of_another_embedder_is_refused(tmp_path: Path) -> None:
    labeller = labeller_with(head_of(TWO, ("a", "b"), embedder_digest="0" * 64), tmp_path)
    with pytest.raises(WeightsError, match="trained on another embedder"):
        labeller.label(LabelTask.TOPIC, ["x"])


def test_a_head_that_is_trained_again_is_used(tmp_path: Path) -> None:
    labeller = labeller_with(head_of(TWO, ("a", "b")), tmp_path)
    assert labeller.head(LabelTask.TOPIC).facts.labels == ("a", "b")
    write_head(head_of(np.eye(3, dtype=np.float32), ("a", "b", "c")), tmp_path / "heads" / "topic")
    assert labeller.head(LabelTask.TOPIC).facts.labels == ("a", "b", "c")


@pytest.mark.model
def test_texts_get_the_nearest_label_or_unsure(tmp_path: Path, embedder: Embedder) -> None:
    examples = ["The parcel never arrived.", "Please refund my money."]
    labeller = labeller_with(head_of(embedder.embed(examples), ("delivery", "refund")), tmp_path)
    delivery, refund, other = labeller.label(
        LabelTask.TOPIC, ["Where is my package?", "I want my money back", "xyzzy plugh 42"]
    )
    assert (delivery.label, refund.label) == ("delivery", "refund")
    assert delivery.probability > 0.6 and [one.label for one in delivery.candidates] == ["delivery", "refund"]
    head = labeller.head(LabelTask.TOPIC)
    strict = labeller_with(replace(head, facts=replace(head.facts, threshold=0.9999)), tmp_path / "strict")
    assert strict.label(LabelTask.TOPIC, ["xyzzy plugh 42"])[0].label == ""
    assert sum(one.probability for one in other.candidates) == pytest.approx(1)


@pytest.mark.model
def test_the_packs_heads_label_what_they_were_made_for(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path)
    labeller = Labeller(settings, load_pack(settings).heads)
    assert set(labeller.tasks()) >= {LabelTask.SENTIMENT, LabelTask.INTENT}
    fell, rose = labeller.label(
        LabelTask.SENTIMENT,
        [
            "Shares plunged 12% after a profit warning.",
            "The stock jumped after earnings beat forecasts.",
        ],
    )
    assert (fell.candidates[0].label, rose.candidates[0].label) == ("negative", "positive")
    (lost,) = labeller.label(LabelTask.INTENT, ["My card was stolen, what do I do?"])
    assert lost.candidates[0].label == "lost_or_stolen_card"
    for task in (LabelTask.SENTIMENT, LabelTask.INTENT):
        facts = labeller.head(task).facts
        assert facts.licence and facts.attribution and facts.measured.accuracy > facts.measured.majority + 0.2
