"""A head: the weights that turn a text's embedding into probabilities of labels, with what is known of it."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dossier.adapters import load_tensors, save_tensors, sha256_of
from dossier.durable import flush_all
from dossier.errors import EnvironmentProblem, WeightsError
from retrieval.embedder import Vectors

WEIGHTS, FACTS = "head.safetensors", "head.json"
Probabilities = NDArray[np.float64]


class LabelTask(StrEnum):
    """What a label says of a text."""

    SENTIMENT = "sentiment"
    INTENT = "intent"
    TOPIC = "topic"


@dataclass(frozen=True, slots=True)
class Measured:
    """How a head did on texts that it never saw. Shares are fractions.

    `majority` is what the most frequent label of the training texts gets. `answered` is the share of the test texts
    that were not left unsure, `accuracy_answered` the right ones among those; `calibration` the expected difference
    between probability and accuracy, in ten bins (Guo and others, 2017, section 2).
    """

    texts: int
    accuracy: float
    low: float
    high: float
    macro_f1: float
    majority: float
    answered: float
    accuracy_answered: float
    calibration: float


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a head. Below `threshold` a label is unsure; scores are divided by `temperature`.

    `embedder` is what its vectors come from, with the SHA-256 of the weights. `source`, `licence` and `attribution` are
    those of the texts that it was trained on, `trained_on` how many.
    """

    task: str
    labels: tuple[str, ...]
    embedder: str
    embedder_digest: str
    temperature: float
    threshold: float
    source: str
    licence: str
    attribution: str
    trained_on: int
    measured: Measured


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """Weights (labels, dimension) and bias (labels,) in float32, and the facts. `digest` is the weights' SHA-256."""

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    facts: Facts
    digest: str = ""

    def probabilities(self, vectors: Vectors) -> Probabilities:
        """Probabilities (texts, labels) of vectors (texts, dimension): softmax((x W' + b) / temperature)."""
        scores = (vectors @ self.weights.T + self.bias).astype(np.float64)
        return softmax(scores / self.facts.temperature)


def softmax(scores: Probabilities) -> Probabilities:
    """Rows that add up to 1."""
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def write_head(head: Head, folder: Path) -> None:
    """Write a head all or nothing; an older one in its place goes. Raises EnvironmentProblem."""
    building, old = folder.with_name(f".{folder.name}.new"), folder.with_name(f".{folder.name}.old")
    try:
        for leftover in (building, old):
            shutil.rmtree(leftover, ignore_errors=True)
        building.mkdir(parents=True)
        save_tensors({"weights": head.weights, "bias": head.bias}, building / WEIGHTS)
        facts = {**asdict(head.facts), "sha256": sha256_of(building / WEIGHTS)}
        (building / FACTS).write_text(json.dumps(facts, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        flush_all(building)
        if folder.exists():
            folder.rename(old)
        building.rename(folder)
        shutil.rmtree(old, ignore_errors=True)
    except OSError as error:
        raise EnvironmentProblem(f"{folder} can't be written ({error.strerror}). Name another folder.") from error


def read_head(folder: Path) -> Head:
    """Read a head, its digest checked. Raises WeightsError."""
    try:
        raw = json.loads((folder / FACTS).read_text(encoding="utf-8"))
        digest = sha256_of(folder / WEIGHTS)
        if digest != raw.pop("sha256"):
            raise WeightsError(f"{folder / WEIGHTS} isn't what {FACTS} records. Restore the folder or train it again.")
        facts = _facts(raw)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(f"{folder} isn't a head that can be read ({error!r}). Restore or remove it.") from error
    tensors = load_tensors(folder / WEIGHTS)
    found = {name: np.asarray(tensors.get(name, np.empty(0)), np.float32) for name in ("weights", "bias")}
    count = len(facts.labels)
    if found["weights"].ndim != 2 or len(found["weights"]) != count or found["bias"].shape != (count,):
        raise WeightsError(f"{folder / WEIGHTS} doesn't fit its {count} labels. Train it again.")
    return Head(found["weights"], found["bias"], facts, digest)


def _facts(raw: dict[str, Any]) -> Facts:
    measured = Measured(**raw.pop("measured"))
    labels: Sequence[str] = raw.pop("labels")
    return Facts(labels=tuple(labels), measured=measured, **raw)
