"""Whether the difference between two evaluations of the same questions is more than chance."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dossier.errors import SettingsError
from retrieval.evaluation.cases import Level
from retrieval.evaluation.measures import MRR, NDCG, RECALL, Figure, bootstrap
from retrieval.evaluation.report import Report

COMPARED = (RECALL[1], RECALL[5], RECALL[10], MRR, NDCG)

Answers = Mapping[str, Mapping[str, Mapping[str, float]]]
"""Question id to level to metric to value."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Later minus earlier, per level and metric, over the `questions` that both were asked."""

    questions: int
    left_out: int
    differences: Mapping[Level, Mapping[str, Figure]]


def read_earlier(file: Path) -> Answers:
    """The questions' metrics of an evaluation that was kept with --json. Raises SettingsError."""
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))["per_question"]
        return {
            str(number): {
                str(level): {str(name): float(value) for name, value in metrics.items()}
                for level, metrics in levels.items()
            }
            for number, levels in kept.items()
        }
    except OSError as error:
        raise SettingsError(f"{file} can't be read: {error.strerror}. Name a file made with --json.") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SettingsError(f"{file} isn't an evaluation ({error!r}). Name a file made with --json.") from error


def compare(report: Report, earlier: Answers, where: str) -> Comparison:
    """Paired bootstrap: questions are resampled, and each brings its difference along (Koehn 2004).

    Raises SettingsError when the two share no question.
    """
    later = {outcome.case.id: outcome.scores for outcome in report.outcomes}
    shared = [number for number in later if number in earlier]
    if not shared:
        raise SettingsError(f"{where} holds none of these questions. Compare evaluations of the same questions.")
    differences: dict[Level, dict[str, Figure]] = {}
    for level in report.figures:
        pairs = [
            (later[number][level], earlier[number][level])
            for number in shared
            if level in later[number] and level in earlier[number]
        ]
        if not pairs:
            continue
        try:
            table = np.array([[now[metric] - before[metric] for metric in COMPARED] for now, before in pairs])
        except KeyError as error:
            raise SettingsError(f"{where} lacks the metric {error}. Evaluate again with --json.") from error
        low, high = bootstrap(table)
        means = table.mean(axis=0)
        differences[level] = {
            metric: Figure(float(means[i]), float(low[i]), float(high[i])) for i, metric in enumerate(COMPARED)
        }
    return Comparison(len(shared), len(later.keys() ^ earlier.keys()), differences)


def comparison_table(comparison: Comparison) -> str:
    """The differences in points, each with its 95% interval; a star where the interval leaves out zero."""
    rows = [f"Difference to the earlier run, in points, over {comparison.questions} questions (* more than chance)"]
    if comparison.left_out:
        rows.append(f"{comparison.left_out} questions were asked in one of the two runs only and are left out.")
    for level, metrics in comparison.differences.items():
        for metric, figure in metrics.items():
            star = "*" if figure.low > 0 or figure.high < 0 else ""
            span = f"{figure.low * 100:+.1f} to {figure.high * 100:+.1f}"
            rows.append(f"  {level:10}{metric:12}{figure.value * 100:+6.1f}  ({span}) {star}".rstrip())
    return "\n".join(rows)
