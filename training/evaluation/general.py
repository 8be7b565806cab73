"""What the model could do before it was tuned: general questions by likelihood, and ordinary prose.

A small model rarely words a right answer, but tells it from wrong ones by likelihood, as benchmarks of small models ask
(Brown et al. 2020, section 2.4: log-probability of each answer, by its length).
"""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from dossier.prompt import Message
from dossier.records import Progress
from dossier.registry import Forgetting
from dossier.registry.promotion import MOST_FORGETTING
from retrieval.evaluation.measures import Figure, wilson
from training.evaluation.lab import Lab

_HERE = Path(__file__).parent
OnProgress = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class GeneralQuestion:
    """A question that has nothing to do with the domain, its right answer and wrong ones."""

    question: str
    right: str
    wrong: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class General:
    """How one model fared: each question right or wrong, and the perplexity of ordinary prose (lower is better)."""

    right: tuple[bool, ...]
    perplexity: float

    @property
    def share(self) -> Figure:
        """Share of right answers with Wilson's interval."""
        hits = sum(self.right)
        return Figure(hits / len(self.right), *wilson(hits, len(self.right)))


@cache
def general_questions() -> tuple[GeneralQuestion, ...]:
    """The questions that come with Dossier; a guess is right one time in four."""
    lines = (_HERE / "general.jsonl").read_text(encoding="utf-8").splitlines()
    raw = map(json.loads, lines)
    return tuple(GeneralQuestion(one["question"], one["right"], tuple(one["wrong"])) for one in raw)


@cache
def prose() -> tuple[str, ...]:
    """A few paragraphs about nothing in particular."""
    return tuple((_HERE / "prose.txt").read_text(encoding="utf-8").strip().split("\n\n"))


def ask_general(lab: Lab, name: str, on_progress: OnProgress) -> General:
    """Ask one of the lab's models everything."""
    asked, started = general_questions(), datetime.now(UTC)
    right = []
    with lab.as_model(name):
        for done, one in enumerate(asked, start=1):
            right.append(_is_right(lab, one))
            on_progress(Progress(f"General questions to {name}", done, len(asked), started))
        told = [lab.surprise(text) for text in prose()]
    return General(tuple(right), math.exp(sum(sums for sums, _ in told) / sum(count for _, count in told)))


def forgetting_of(before: General, after: General) -> Forgetting:
    """The record that promotion judges by."""
    measure = f"share of {len(before.right)} general questions right"
    return Forgetting(measure, before.share.value, after.share.value, MOST_FORGETTING)


def _is_right(lab: Lab, one: GeneralQuestion) -> bool:
    answers = (one.right, *one.wrong)
    found = lab.log_probabilities([((Message("user", one.question),), answer) for answer in answers])
    by_length = [value / len(answer) for value, answer in zip(found, answers, strict=True)]
    return max(by_length[1:]) < by_length[0]
