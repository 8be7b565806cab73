"""Asks a system every question and keeps at which ranks it found what was needed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from dossier.records import Passage, Progress
from retrieval.evaluation.cases import Case, Hit, Level
from retrieval.evaluation.measures import Scores, found_rank, ranks_of, scores_of

KEPT = 10
"""Hits of each question that are kept for a person to look at."""

Ask = Callable[[str], Sequence[Hit]]
"""A system: question to what it found, best first."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one question went: per level the rank at which it had what it needs (0: never) and its metrics."""

    case: Case
    ranks: Mapping[Level, int]
    scores: Mapping[Level, Scores]
    hits: tuple[Hit, ...]


def ask_all(ask: Ask, cases: Sequence[Case], on_progress: Callable[[Progress], None] | None = None) -> list[Outcome]:
    """Ask every question. `on_progress` hears how many were asked."""
    started, outcomes = datetime.now(UTC), []
    for done, case in enumerate(cases, start=1):
        outcomes.append(outcome_of(case, ask(case.question)))
        if on_progress:
            on_progress(Progress("Asking questions", done, len(cases), started))
    return outcomes


def outcome_of(case: Case, hits: Sequence[Hit]) -> Outcome:
    """Judge what was found for one question."""
    ranks = {level: ranks_of(case, level, hits) for level in case.targets}
    return Outcome(
        case,
        {level: found_rank(case, found) for level, found in ranks.items()},
        {level: scores_of(case, level, found) for level, found in ranks.items()},
        tuple(hits[:KEPT]),
    )


def hit_of(passage: Passage, names: Mapping[str, str] | None = None) -> Hit:
    """A passage as a hit. `names` gives what a question set calls a source; else it is the file name."""
    source = passage.chunk.source
    document = names.get(source, source) if names is not None else passage.document
    ranks = (passage.dense_rank, passage.lexical_rank)
    return Hit(document, passage.chunk.page, passage.chunk.text, passage.score, *ranks)
