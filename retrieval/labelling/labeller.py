"""Labels texts with the heads that there are: trained here, or shipped with the pack."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dossier.errors import NotFoundError, WeightsError
from dossier.settings import Settings
from dossier.weights import EMBEDDERS, packaged_file
from retrieval.embedder import Embedder
from retrieval.labelling.head import FACTS, WEIGHTS, Head, LabelTask, read_head

CANDIDATES = 3
"""Labels that are named for a text, most probable first."""
EMBEDDER = "all-minilm-l6-v2"
"""What heads are trained on, whatever the index uses: an index with another embedder keeps its labels."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A label that a text may have, and how probable it is (0 to 1)."""

    label: str
    probability: float


@dataclass(frozen=True, slots=True)
class Labelling:
    """What was found of a text: its most probable labels, best first. `label` is "" where the head is unsure."""

    label: str
    candidates: tuple[Candidate, ...]

    @property
    def probability(self) -> float:
        """Of the most probable label."""
        return self.candidates[0].probability


class Labeller:
    """Heads, read at their first use and again when they change. May be called from several threads."""

    def __init__(self, settings: Settings, shipped: Path | None = None) -> None:
        """`shipped` is the pack's folder of heads."""
        self._folders = (settings.home / "heads", *([shipped] if shipped else []))
        self._lock = threading.Lock()
        self._heads: dict[Path, tuple[tuple[int, int], Head]] = {}
        self._embedder: Embedder | None = None

    def tasks(self) -> tuple[LabelTask, ...]:
        """The tasks that there are heads for."""
        return tuple(task for task in LabelTask if self._folder(task))

    def head(self, task: LabelTask) -> Head:
        """The head of a task. Raises NotFoundError where there is none, WeightsError."""
        folder = self._folder(task)
        if folder is None:
            known = ", ".join(self.tasks()) or "none"
            raise NotFoundError(
                f"There is no head for {task} (there are: {known}). Train one from texts with labels: "
                f"dossier labels tune FILE --task {task}"
            )
        with self._lock:
            state = (folder / WEIGHTS).stat()
            stamp = (state.st_mtime_ns, state.st_size)
            if folder not in self._heads or self._heads[folder][0] != stamp:
                self._heads[folder] = (stamp, read_head(folder))
            return self._heads[folder][1]

    def label(self, task: LabelTask, texts: Sequence[str]) -> list[Labelling]:
        """Label texts. Raises NotFoundError, WeightsError."""
        head = self.head(task)
        vectors = self._embedder_of(head).embed(texts)
        return [_labelling(head, row) for row in head.probabilities(vectors)]

    def _folder(self, task: LabelTask) -> Path | None:
        return next((found / task for found in self._folders if (found / task / FACTS).is_file()), None)

    def _embedder_of(self, head: Head) -> Embedder:
        with self._lock:
            if self._embedder is None:
                self._embedder = head_embedder()
            known = self._embedder.digest
        if head.facts.embedder_digest != known:
            raise WeightsError(
                f"the head for {head.facts.task} was trained on another embedder ({head.facts.embedder}, "
                f"{head.facts.embedder_digest[:16]}…). Train it again: dossier labels tune"
            )
        return self._embedder


def head_embedder() -> Embedder:
    """The packaged embedder that heads are trained on, its weights verified. Raises WeightsError."""
    packaged = EMBEDDERS[EMBEDDER]
    return Embedder(packaged_file(packaged).parent, EMBEDDER, packaged.sha256)


def _labelling(head: Head, row: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Labelling:
    best = np.argsort(-row, kind="stable")[:CANDIDATES]
    candidates = tuple(Candidate(head.facts.labels[at], float(row[at])) for at in best)
    sure = candidates[0].probability >= head.facts.threshold
    return Labelling(candidates[0].label if sure else "", candidates)
