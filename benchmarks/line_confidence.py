"""How well a first line's probability tells right lines from wrong ones, and what each threshold refuses.

python -m benchmarks.line_confidence [--filings FOLDER] [--handbook FOLDER]

Questions whose arithmetic code plans take another way and are left out. Weights are fitted on the other sets and asked
on the one left out; the last lines are the weights fitted on everything, which retrieval/confidence.py holds.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from benchmarks.question_sets import QuestionSet, question_sets
from dossier.packs import load_pack
from dossier.settings import load_settings
from retrieval.confidence import line_signals
from retrieval.evaluate import holds
from retrieval.lines import rank_lines
from serving.calculating import compute

THRESHOLDS = (0.0, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5)
_REGULARISATION = 3.0


@dataclass(frozen=True, slots=True)
class Asked:
    """A question's signals, the relevance probability alone, whether the line was right, and whether one could be."""

    place: str
    signals: tuple[float, ...]
    right: bool
    answerable: bool


def asked_of(found: QuestionSet) -> list[Asked]:
    """Ask every question of a set."""
    pack = load_pack(load_settings())
    result: list[Asked] = []
    for question in (*found.dev, *found.held_out):
        hits = found.searcher.search(question.question, frozenset(), 6)
        tables = found.searcher.tables_of_pages(hits.passages, frozenset())
        if compute(found.searcher, hits, tables, frozenset(), pack) is not None:
            continue
        lines = rank_lines(hits.query, hits.passages, hits.rarity, found.searcher.embedder, 16)
        right = bool(lines and question.evidence) and holds(
            question, hits.passages[lines[0].line.passage - 1], lines[0].line.text
        )
        signals = astuple(line_signals(hits, lines))
        result.append(Asked(found.name, signals, right, bool(question.evidence)))
    return result


def fitted(items: Sequence[Asked]) -> LogisticRegression:
    """A logistic model of right and wrong."""
    model = LogisticRegression(C=_REGULARISATION, max_iter=500)
    return model.fit(np.array([item.signals for item in items]), [item.right for item in items])


def report(name: str, items: Sequence[Asked], chances: NDArray[np.float64]) -> None:
    """Print how well the chances tell right from wrong, and what refusing below each threshold leaves."""
    right = np.array([item.right for item in items])
    answerable = np.array([item.answerable for item in items])
    relevance = [item.signals[0] for item in items]
    print(
        f"\n{name}: {len(items)} questions, {answerable.sum()} answerable; AUC {roc_auc_score(right, chances):.3f}, "
        f"of the relevance alone {roc_auc_score(right, relevance):.3f}"
    )
    for threshold in THRESHOLDS:
        kept = chances >= threshold
        shares = [np.mean(which[answerable]) for which in (right & kept, ~right & kept, ~kept)]
        none = np.mean(~kept[~answerable])
        print(
            f"  {threshold:.2f}  right {shares[0]:.0%}  wrong {shares[1]:.0%}  refused {shares[2]:.0%}  "
            f"unanswerable refused {none:.0%}",
            flush=True,
        )


def main() -> None:
    """Print the table of each set with the weights of the others, of all together, and the weights of all."""
    items = [item for found in question_sets(more=True) for item in asked_of(found)]
    chances = np.zeros(len(items))
    for place in dict.fromkeys(item.place for item in items):
        rows = [row for row, item in enumerate(items) if item.place == place]
        others = [item for item in items if item.place != place] or items
        signals = np.array([items[row].signals for row in rows])
        chances[rows] = fitted(others).predict_proba(signals)[:, 1]
        report(place, [items[row] for row in rows], chances[rows])
    report("all", items, chances)
    model = fitted(items)
    print(f"\nweights {np.round(model.coef_[0], 2).tolist()}, bias {model.intercept_[0]:.2f}")


if __name__ == "__main__":
    main()
