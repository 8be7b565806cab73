"""Heads that tests make by hand."""

from pathlib import Path

import numpy as np

from dossier.settings import load_settings
from dossier.weights import EMBEDDERS
from retrieval.embedder import Vectors
from retrieval.labelling.head import Facts, Head, LabelTask, Measured, write_head
from retrieval.labelling.labeller import EMBEDDER, Labeller

MEASURED = Measured(100, 0.8, 0.7, 0.9, 0.75, 0.5, 0.9, 0.85, 0.04)


def facts_of(labels: tuple[str, ...], **more: object) -> Facts:
    known = {
        "task": "topic",
        "labels": labels,
        "embedder": EMBEDDER,
        "embedder_digest": EMBEDDERS[EMBEDDER].sha256,
        "temperature": 1.0,
        "threshold": 0.6,
        "source": "own",
        "licence": "own",
        "attribution": "",
        "trained_on": 10,
        "measured": MEASURED,
    }
    return Facts(**{**known, **more})


def head_of(vectors: Vectors, labels: tuple[str, ...], scale: float = 20.0, **more: object) -> Head:
    """A head that gives a text the label of the vector that it is nearest to."""
    weights = np.asarray(vectors * scale, np.float32)
    return Head(weights, np.zeros(len(labels), np.float32), facts_of(labels, **more))


def labeller_with(head: Head, home: Path) -> Labeller:
    write_head(head, home / "heads" / LabelTask(head.facts.task))
    return Labeller(load_settings(home=home))
