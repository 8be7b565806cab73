"""Training of heads: what is read, how the parts fall, that nothing is chosen by the test texts, and what comes out."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from dossier.errors import DataError
from retrieval.embedder import Embedder
from retrieval.labelling.head import LabelTask, read_head, softmax
from training.labels.commands import labels_commands
from training.labels.fitting import (
    FitPlan,
    best_temperature,
    best_threshold,
    calibration_error,
    fit_head,
    measure,
)
from training.labels.texts import LabelledText, LabelSet, read_labels, split

THINGS = ("parcel", "order", "package", "delivery", "shipment", "box", "letter", "envelope", "crate", "consignment")
WAYS = (
    ("late", "My {} is late", "The {} never arrived", "Where is my {}?", "Still waiting for the {}"),
    ("praise", "I love this {}", "What a wonderful {}", "The {} made my day", "Thanks for the great {}"),
)


def table(file: Path) -> Path:
    with file.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("text", "label"))
        writer.writerows((form.format(thing), label) for label, *forms in WAYS for form in forms for thing in THINGS)
    return file


def test_a_table_is_read_without_what_is_contradictory_or_rare(tmp_path: Path) -> None:
    file = table(tmp_path / "own.csv")
    with file.open("a") as stream:
        stream.write("both,late\nboth,praise\nalone,rare\nMy parcel is  late,late\n")
    found = read_labels(file)
    assert len(found.texts) == 80 and {one.label for one in found.texts} == {"late", "praise"}
    assert set(found.left_out) == {"1 labelled in two ways", "1 of labels too rare"}


def test_passages_whose_companies_are_spoken_of_alike(tmp_path: Path) -> None:
    def passage(text: str, *labels: str) -> dict[str, object]:
        marks = [{"start": at, "end": at + 1, "value": f"C{at}", "label": label} for at, label in enumerate(labels)]
        return {"content": text, "annotations": marks}

    items = [passage(f"C0 and C1 rose {at}", "Positive", "Positive") for at in range(30)]
    items += [passage(f"C0 fell {at}", "Negative") for at in range(30)] + [
        passage("C0 C1 mixed", "Positive", "Negative")
    ]
    file = tmp_path / "finentity.json"
    file.write_text(json.dumps(items))
    found = read_labels(file)
    assert {one.label for one in found.texts} == {"positive", "negative"} and len(found.texts) == 60
    assert found.left_out == ("1 with several labels",) and found.licence == "ODC-BY 1.0" and found.attribution


def test_too_little_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "few.csv"
    file.write_text("text,label\n" + "".join(f"x{at},a\n" for at in range(60)))
    with pytest.raises(DataError, match="60 usable texts with 1 labels"):
        read_labels(file)


def test_the_split_depends_on_each_text_alone() -> None:
    texts = [LabelledText(f"text {at}", "a") for at in range(1000)]
    train, test = split(texts)
    assert 150 < len(test) < 250 and len(train) + len(test) == 1000
    again = split([LabelledText(one.text.upper(), "b") for one in reversed(texts[:500])])
    assert {one.text.casefold() for one in again[1]} == {one.text for one in test} & {one.text for one in texts[:500]}


def test_temperature_makes_overconfident_scores_modest() -> None:
    generator = np.random.default_rng(1)
    numbers = generator.integers(0, 2, 2000)
    right = generator.random(2000) < 0.7
    said = np.where(right, numbers, 1 - numbers)
    scores = np.zeros((2000, 2))
    scores[np.arange(2000), said] = 4.0  # 98% where 70% are right
    temperature = best_temperature(scores, numbers)
    assert softmax(scores / temperature).max(axis=1).mean() == pytest.approx(0.7, abs=0.03)


def test_threshold_by_hand() -> None:
    sure = np.array([0.95, 0.9, 0.8, 0.7, 0.6])
    probabilities = np.stack([sure, 1 - sure], axis=1)
    numbers = np.array([0, 0, 1, 0, 1])  # right, right, wrong, right, wrong
    assert best_threshold(probabilities, numbers, 1.0) == 0.9
    assert best_threshold(probabilities, numbers, 0.75) == 0.7
    assert best_threshold(probabilities, numbers, 0.5) == 0.6
    assert best_threshold(probabilities, 1 - numbers, 0.9) == 0.95  # never so many right


@pytest.mark.slow
def test_measures_by_hand() -> None:
    sure = np.array([0.9, 0.9, 0.6, 0.6])
    probabilities = np.stack([sure, 1 - sure], axis=1)
    found = measure(probabilities, np.array([0, 0, 0, 1]), 0.8, 0)
    assert (found.texts, found.accuracy, found.majority, found.answered, found.accuracy_answered) == (
        4,
        0.75,
        0.75,
        0.5,
        1,
    )
    assert found.low < 0.75 < found.high
    assert found.calibration == pytest.approx(0.5 * 0.1 + 0.5 * 0.1)
    assert calibration_error(np.array([1.0]), np.array([True])) == 0


@pytest.mark.model
def test_a_head_learns_and_is_measured_on_the_others(tmp_path: Path, embedder: Embedder) -> None:
    found = read_labels(table(tmp_path / "own.csv"))
    head = fit_head(found, FitPlan(LabelTask.TOPIC), embedder, lambda _: None)
    facts = head.facts
    assert facts.labels == ("late", "praise") and facts.measured.accuracy > 0.9 > facts.measured.majority
    assert facts.trained_on + facts.measured.texts == 80
    # other labels on the test texts change the figures and nothing that was fitted
    _, test = split(found.texts)
    turned = {one.text for one in test}
    other = LabelSet(
        found.source,
        found.licence,
        found.attribution,
        tuple(LabelledText(one.text, "late") if one.text in turned else one for one in found.texts),
    )
    again = fit_head(other, FitPlan(LabelTask.TOPIC), embedder, lambda _: None)
    assert (again.weights == head.weights).all()
    assert (again.facts.temperature, again.facts.threshold) == (facts.temperature, facts.threshold)
    assert again.facts.measured.accuracy < facts.measured.accuracy


@pytest.mark.model
def test_the_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOSSIER_HOME", str(tmp_path / "home"))
    file = table(tmp_path / "own.csv")
    done = CliRunner().invoke(labels_commands, ["tune", str(file), "--task", "topic"], catch_exceptions=False)
    assert done.exit_code == 0 and "topic: 2 labels" in done.output and "the most frequent label" in done.output
    assert read_head(tmp_path / "home" / "heads" / "topic").facts.source == "own"
    shown = CliRunner().invoke(labels_commands, ["show"], catch_exceptions=False)
    assert "topic: 2 labels" in shown.output and "intent: 77 labels" in shown.output


def test_too_few_of_a_label_for_the_folds(tmp_path: Path) -> None:
    texts = tuple(LabelledText(f"text {at}", "a" if at > 1 else "b") for at in range(60))
    with pytest.raises(DataError, match="too few texts of a label"):
        fit_head(LabelSet("x", "", "", texts), FitPlan(LabelTask.TOPIC), None, lambda _: None)  # type: ignore[arg-type]
