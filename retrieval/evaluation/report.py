"""The outcome of an evaluation for people, for programs, and for whoever wants to see what went wrong."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from dossier.errors import SettingsError
from retrieval.evaluation.asking import Outcome
from retrieval.evaluation.cases import Hit, Level
from retrieval.evaluation.measures import CUTOFFS, METRICS, MRR, NDCG, RECALL, Figure, figures

_SHOWN = 400
"""Characters of a passage that the file for looking at shows."""


@dataclass(frozen=True, slots=True)
class Report:
    """An evaluation: figures per level and metric, and each question's outcome."""

    name: str
    outcomes: tuple[Outcome, ...]
    figures: Mapping[Level, Mapping[str, Figure]]


def report_of(name: str, outcomes: Sequence[Outcome]) -> Report:
    """Gather the figures of all levels that the questions say something about."""
    levels = [level for level in Level if any(level in outcome.scores for outcome in outcomes)]
    gathered = {
        level: figures([outcome.scores[level] for outcome in outcomes if level in outcome.scores]) for level in levels
    }
    return Report(name, tuple(outcomes), gathered)


def table(report: Report) -> str:
    """The figures as a table for people, with 95% intervals beneath.

    `of N` stands beside a level that only N of the questions know.
    """
    heads = "".join(f"{f'first {k}':>16}" for k in CUTOFFS)
    rows = [f"{len(report.outcomes)} questions with known answers", f"{'':10}{heads}{'MRR':>16}{'nDCG@10':>16}"]
    for level, metrics in report.figures.items():
        columns = [*(metrics[RECALL[k]] for k in CUTOFFS), metrics[MRR], metrics[NDCG]]
        count = sum(level in outcome.scores for outcome in report.outcomes)
        rows.append(f"{level:10}" + "".join(f"{figure.value:>16.1%}" for figure in columns))
        spans = [f"{figure.low * 100:.0f} to {figure.high * 100:.0f}" for figure in columns]
        said = "" if count == len(report.outcomes) else f"of {count}"
        rows.append(f"{said:10}" + "".join(f"{span:>16}" for span in spans))
    return "\n".join(rows)


def as_json(report: Report) -> dict[str, object]:
    """The report for programs and for `--compare`: figures, and each question's metrics."""
    return {
        "name": report.name,
        "questions": len(report.outcomes),
        "questions_at": {
            level: sum(level in outcome.scores for outcome in report.outcomes) for level in report.figures
        },
        "figures": {level: {name: asdict(f) for name, f in found.items()} for level, found in report.figures.items()},
        "per_question": {
            outcome.case.id: {
                level: {metric: round(scores[metric], 6) for metric in METRICS}
                for level, scores in outcome.scores.items()
            }
            for outcome in report.outcomes
        },
    }


def write_per_question(report: Report, file: Path) -> None:
    """Write a JSON line a question: what was wanted, at which rank it came, and what came instead.

    Raises SettingsError when the file can't be written.
    """
    try:
        with file.open("w", encoding="utf-8") as stream:
            for outcome in report.outcomes:
                stream.write(json.dumps(_told(outcome), ensure_ascii=False) + "\n")
    except OSError as error:
        raise SettingsError(f"{file} can't be written: {error.strerror}. Name another file.") from error


def _told(outcome: Outcome) -> dict[str, object]:
    case = outcome.case
    finest = [level for level in Level if level in case.targets][-1]
    wanted = [asdict(place) for target in case.targets[finest] for place in target.places]
    return {
        "id": case.id,
        "question": case.question,
        "kind": case.kind,
        "ranks": dict(outcome.ranks),
        "wanted": wanted,
        "found": [_shown(outcome, rank, hit) for rank, hit in enumerate(outcome.hits, start=1)],
    }


def _shown(outcome: Outcome, rank: int, hit: Hit) -> dict[str, object]:
    right = [
        str(level)
        for level, targets in outcome.case.targets.items()
        if any(place.is_met_by(hit) for target in targets for place in target.places)
    ]
    return {"rank": rank, "right": right, **asdict(hit), "text": hit.text[:_SHOWN]}
