"""Texts with their labels, and which of them a head is trained on."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dossier.errors import DataError
from training.data.example import Example, Task
from training.data.importing.read import read_source
from training.data.importing.source import BANKING77, CLINC150, FINENTITY

FEWEST_TEXTS = 50
FEWEST_OF_A_LABEL = 5
_TEST_SHARE = 0.2
_CITED = {
    BANKING77.title: "Casanueva and others, 2020, Efficient Intent Detection with Dual Sentence Encoders (PolyAI)",
    CLINC150.title: "Larson and others, 2019, An Evaluation Dataset for Intent Classification",
    FINENTITY.title: "Tang and others, 2023, FinEntity: Entity-level Sentiment Classification for Financial Texts",
}


@dataclass(frozen=True, slots=True)
class LabelledText:
    """A text and its label."""

    text: str
    label: str


@dataclass(frozen=True, slots=True)
class LabelSet:
    """Texts with labels from one source; `left_out` says in words what of it wasn't used."""

    source: str
    licence: str
    attribution: str
    texts: tuple[LabelledText, ...]
    left_out: tuple[str, ...] = ()


def read_labels(file: Path) -> LabelSet:
    """Read a table with a text and a label column, BANKING77, CLINC150 or FinEntity. Raises DataError.

    Of FinEntity's passages those are taken whose companies are all spoken of alike: that is the passage's sentiment.
    """
    source = read_source(file)
    found: dict[str, str] = {}
    contradicted: set[str] = set()
    mixed = unusable = 0
    for example in source.examples:
        labels = _labels(example)
        if len(labels) != 1:
            mixed, unusable = mixed + (len(labels) > 1), unusable + (not labels)
            continue
        text, label = " ".join(example.question.split()), labels.pop()
        if found.setdefault(text, label) != label:
            contradicted.add(text)
    texts = [LabelledText(text, label) for text, label in found.items() if text and text not in contradicted]
    counts = Counter(one.label for one in texts)
    kept = tuple(one for one in texts if counts[one.label] >= FEWEST_OF_A_LABEL)
    rare = len(texts) - len(kept)
    told = ((mixed, "with several labels"), (unusable, "without a label"), (len(contradicted), "labelled in two ways"))
    left_out = tuple(f"{count:,} {why}" for count, why in (*told, (rare, "of labels too rare")) if count)
    labels_kept = {one.label for one in kept}
    if len(kept) < FEWEST_TEXTS or len(labels_kept) < 2:
        without = f" ({'; '.join(left_out)})" if left_out else ""
        raise DataError(
            f"{file} has {len(kept)} usable texts with {len(labels_kept)} labels{without}. At least {FEWEST_TEXTS} "
            f"texts and two labels with {FEWEST_OF_A_LABEL} texts each are needed, under the heads text and label."
        )
    return LabelSet(source.name, source.kind.licence, _CITED.get(source.name, ""), kept, left_out)


def split(texts: Sequence[LabelledText]) -> tuple[list[LabelledText], list[LabelledText]]:
    """Texts to train on, and a fifth that nothing is chosen by. It depends on each text alone, its case aside.

    A text is on the same side in every set that has it, whatever its order.
    """
    train: list[LabelledText] = []
    test: list[LabelledText] = []
    for one in texts:
        digest = hashlib.sha256(one.text.casefold().encode("utf-8", "surrogatepass")).digest()
        (test if digest[0] < 256 * _TEST_SHARE else train).append(one)
    return train, test


def _labels(example: Example) -> set[str]:
    if example.task is Task.ENTITIES:
        return {text.rsplit(": ", 1)[1].strip().lower() for text in example.answer.texts if ": " in text}
    return {text.strip() for text in example.answer.texts if text.strip()} if example.task is Task.INTENT else set()
