"""Fits a head: weights, temperature and threshold from the training texts alone, figures from the others."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from dossier.errors import DataError
from dossier.records import Progress
from retrieval.embedder import Embedder, Vectors
from retrieval.labelling.head import Facts, Head, LabelTask, Measured, Probabilities, softmax
from training.labels.texts import LabelledText, LabelSet, split

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

OnProgress = Callable[[Progress], None]
PENALTIES = (1.0, 10.0, 100.0)
"""Inverse strengths of the penalty that are tried."""
_FOLDS = 3
_TEMPERATURES = np.geomspace(0.2, 5, 60)
_BINS = 10
_Z = 1.96
Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class FitPlan:
    """For which task, and how many of the answered texts are to be right (0 to 1); the rest are left unsure."""

    task: LabelTask
    accuracy: float = 0.9
    seed: int = 7


def fit_head(found: LabelSet, plan: FitPlan, embedder: Embedder, on_progress: OnProgress) -> Head:
    """Train and measure. Raises DataError where a part lacks texts.

    Multinomial logistic regression on the embeddings; its penalty has the lowest log loss in three-fold
    cross-validation. From the same folds' scores come the temperature (Guo and others, 2017, section 4.2) and the
    threshold: the lowest at which so many as the plan asks for are right. The weights are then fitted to all training
    texts. The test texts choose nothing.
    """
    train, test = split(found.texts)
    labels = tuple(sorted({one.label for one in train}))
    test = [one for one in test if one.label in labels]
    fewest = min(Counter(one.label for one in train).values(), default=0)
    if not test or len(labels) < 2 or fewest < _FOLDS:
        raise DataError(f"{found.source} has too few texts of a label to train on and measure with. Add some.")
    vectors = _embedded(embedder, [*train, *test], on_progress)
    numbers = np.array([labels.index(one.label) for one in (*train, *test)])
    seen, new = slice(0, len(train)), slice(len(train), None)
    penalty, scores = _penalty(vectors[seen], numbers[seen], plan.seed, on_progress)
    temperature = best_temperature(scores, numbers[seen])
    threshold = best_threshold(softmax(scores / temperature), numbers[seen], plan.accuracy)
    model = _model(penalty).fit(vectors[seen], numbers[seen])
    weights, bias = _whole(model.coef_, model.intercept_)
    probabilities = softmax((vectors[new] @ weights.T + bias).astype(np.float64) / temperature)
    majority = Counter(numbers[seen].tolist()).most_common(1)[0][0]
    facts = Facts(
        task=plan.task,
        labels=labels,
        embedder=embedder.name,
        embedder_digest=embedder.digest,
        temperature=temperature,
        threshold=threshold,
        source=found.source,
        licence=found.licence,
        attribution=found.attribution,
        trained_on=len(train),
        measured=measure(probabilities, numbers[new], threshold, majority),
    )
    return Head(weights, bias, facts)


def best_temperature(scores: Probabilities, numbers: Numbers) -> float:
    """The temperature with the lowest log loss of scores (texts, labels)."""
    losses = [_log_loss(softmax(scores / one), numbers) for one in _TEMPERATURES]
    return float(_TEMPERATURES[int(np.argmin(losses))])


def best_threshold(probabilities: Probabilities, numbers: Numbers, accuracy: float) -> float:
    """The lowest probability from which on so large a share of the texts is right; the highest seen where none is."""
    sure = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == numbers
    order = np.argsort(-sure, kind="stable")
    shares = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    enough = np.flatnonzero(shares >= accuracy)
    return float(sure[order[enough[-1]]]) if len(enough) else float(sure.max())


def measure(probabilities: Probabilities, numbers: Numbers, threshold: float, majority: int) -> Measured:
    """How good labels are on texts that chose nothing; `majority` is the most frequent label of the training texts."""
    from sklearn.metrics import f1_score

    sure, said = probabilities.max(axis=1), probabilities.argmax(axis=1)
    right = said == numbers
    answered = sure >= threshold
    low, high = _interval(int(right.sum()), len(numbers))
    return Measured(
        texts=len(numbers),
        accuracy=float(right.mean()),
        low=low,
        high=high,
        macro_f1=float(f1_score(numbers, said, average="macro")),
        majority=float(np.mean(numbers == majority)),
        answered=float(answered.mean()),
        accuracy_answered=float(right[answered].mean()) if answered.any() else 0.0,
        calibration=calibration_error(sure, right),
    )


def calibration_error(sure: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """Expected calibration error in ten bins of equal width (Guo and others, 2017, section 2), a fraction."""
    bins = np.minimum((sure * _BINS).astype(int), _BINS - 1)
    parts = [bins == one for one in range(_BINS)]
    return float(sum(abs(right[part].mean() - sure[part].mean()) * part.mean() for part in parts if part.any()))


def _penalty(vectors: Vectors, numbers: Numbers, seed: int, on_progress: OnProgress) -> tuple[float, Probabilities]:
    """The best penalty and the scores of every text by a model that was fitted without it."""
    from sklearn.model_selection import StratifiedKFold

    folds = list(StratifiedKFold(_FOLDS, shuffle=True, random_state=seed).split(vectors, numbers))
    started, tried = datetime.now(UTC), dict[float, Probabilities]()
    for penalty in PENALTIES:
        scores = np.empty((len(numbers), int(numbers.max()) + 1))
        for number, (fit, rest) in enumerate(folds, start=1):
            model = _model(penalty).fit(vectors[fit], numbers[fit])
            weights, bias = _whole(model.coef_, model.intercept_)
            scores[rest] = vectors[rest] @ weights.T + bias
            on_progress(Progress("Fitting", len(tried) * _FOLDS + number, _FOLDS * len(PENALTIES), started))
        tried[penalty] = scores
    best = min(tried, key=lambda one: _log_loss(softmax(tried[one]), numbers))
    return best, tried[best]


def _model(penalty: float) -> "LogisticRegression":
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=penalty, max_iter=500)


def _whole(coefficients: NDArray[np.float64], intercept: NDArray[np.float64]) -> tuple[Vectors, Vectors]:
    """A row for each label: of two labels scikit-learn gives the second one's alone."""
    if len(coefficients) == 1:
        coefficients = np.concatenate([np.zeros_like(coefficients), coefficients])
        intercept = np.concatenate([np.zeros(1), intercept])
    return coefficients.astype(np.float32), intercept.astype(np.float32)


def _embedded(embedder: Embedder, texts: Sequence[LabelledText], on_progress: OnProgress) -> Vectors:
    started = datetime.now(UTC)
    said = [one.text for one in texts]
    return embedder.embed(said, lambda done: on_progress(Progress("Embedding", done, len(said), started)))


def _log_loss(probabilities: Probabilities, numbers: Numbers) -> float:
    chances = probabilities[np.arange(len(numbers)), numbers]
    return float(-np.log(np.clip(chances, 1e-12, None)).mean())


def _interval(right: int, count: int) -> tuple[float, float]:
    """Wilson's 95% interval of a share (Wilson, 1927)."""
    share, spread = right / count, _Z**2 / count
    middle, half = share + spread / 2, _Z * np.sqrt(share * (1 - share) / count + spread / (4 * count))
    return float((middle - half) / (1 + spread)), float((middle + half) / (1 + spread))
