"""Questions of the pack on a few passages each: the one that answers among others, for every candidate the same."""

import json
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from dossier.prompt import NOT_IN_DOCUMENTS, Message, speaking_prompt
from dossier.records import Chunk, Passage, Question

_PASSAGES = 4
_SEED = 11


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with the messages that it is asked by."""

    question: Question
    prompt: tuple[Message, ...]


def draw(questions: Sequence[Question], most: int, tone: str) -> list[Asked]:
    """At most so many questions, spread over the file, each on its evidence among other questions' evidence."""
    chosen = questions[:: max(1, len(questions) // most)][:most]
    chance = random.Random(_SEED)  # noqa: S311 (mixes passages, guards nothing)
    return [Asked(one, speaking_prompt(tone, _passages(one, questions, chance), (), one.question)) for one in chosen]


def tuning_lines(questions: Sequence[Question], tone: str) -> str:
    """The same kind of questions as JSON lines to tune on: those on one page share their passages."""
    pages: dict[tuple[str, int], list[Question]] = defaultdict(list)
    for one in questions:
        if one.evidence:
            pages[one.evidence[0].document, one.evidence[0].page].append(one)
    chance = random.Random(_SEED)  # noqa: S311 (mixes passages, guards nothing)
    lines = []
    for some in pages.values():
        shared = speaking_prompt(tone, _passages(some[0], questions, chance), (), "")[0].content
        turns = [{"question": one.question, "answer": one.answer or NOT_IN_DOCUMENTS} for one in some]
        lines.append(json.dumps({"context": shared, "turns": turns}))
    return "\n".join(lines) + "\n"


def _passages(asked: Question, questions: Sequence[Question], chance: random.Random) -> tuple[Passage, ...]:
    own = {(place.document, place.page) for place in asked.evidence}
    others = [
        place
        for one in questions
        for place in one.evidence
        if one is not asked and (place.document, place.page) not in own
    ]
    misses = chance.sample(others, min(len(others), max(0, _PASSAGES - len(asked.evidence))))
    shown = [*asked.evidence, *misses]
    chance.shuffle(shown)
    return tuple(
        Passage(number, Chunk(place.document, place.document, place.page, 0, len(place.text), (), place.text), 1.0)
        for number, place in enumerate(shown, start=1)
    )
