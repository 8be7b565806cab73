"""Fits the refusal model on the development halves and reports it, and the default weights, on the held-out halves."""

import math
from dataclasses import astuple

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from benchmarks.question_sets import QuestionSet, question_sets
from dossier.records import Question
from dossier.settings import load_settings
from retrieval.evaluation.measures import wilson
from retrieval.relevance import Signals

EVERYONE: frozenset[str] = frozenset()


def gather(found: QuestionSet, questions: tuple[Question, ...]) -> list[tuple[Signals, bool]]:
    """The signals of each question, and whether it can be answered."""
    searched = [(found.searcher.search(question.question, EVERYONE, 6), question) for question in questions]
    return [(result.signals, bool(question.evidence)) for result, question in searched]


def share(hits: list[bool]) -> str:
    """A share with its 95% interval."""
    low, high = wilson(sum(hits), len(hits))
    return f"{sum(hits)}/{len(hits)} = {sum(hits) / max(1, len(hits)):.0%} ({low:.0%} to {high:.0%})"


def main() -> None:
    """Print fitted weights and held-out figures."""
    sets = list(question_sets())
    dev = [pair for found in sets for pair in gather(found, found.dev)]
    x, y = np.array([astuple(signals) for signals, _ in dev]), np.array([answerable for _, answerable in dev])
    model = LogisticRegression(C=10, class_weight="balanced").fit(x, y)
    print(
        "fitted on the development halves:",
        [round(float(w), 2) for w in model.coef_[0]],
        round(float(model.intercept_[0]), 2),
    )
    threshold = load_settings().relevance
    print(f"default weights, threshold {threshold}, held-out halves:")
    for found in sets:
        held = gather(found, found.held_out)
        scores = [signals.probability for signals, _ in held]
        labels = [answerable for _, answerable in held]
        area = roc_auc_score(labels, scores) if len(set(labels)) == 2 else math.nan
        refused = [score < threshold for score in scores]
        right = share([r for r, answerable in zip(refused, labels, strict=True) if not answerable])
        wrong = share([r for r, answerable in zip(refused, labels, strict=True) if answerable])
        print(
            f"  {found.name}: area under the curve {area:.2f}; unanswerable refused {right}; answerable refused {wrong}"
        )


if __name__ == "__main__":
    main()
