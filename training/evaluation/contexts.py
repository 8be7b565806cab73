"""The questions of a dressed set, grouped by the excerpts that they share."""

import hashlib
import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dossier.amounts import Scale
from dossier.errors import DataError
from dossier.excerpts import Excerpt
from dossier.prompt import Message
from training.dressing.dressed import Dressed
from training.dressing.items import excerpts_from
from training.scoring import Expected
from training.tuning.items import read_items

_SEED = 20


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: its messages behind the shared ones, and what is expected. `kind` as the set calls the answer's."""

    id: str
    kind: str
    messages: tuple[Message, ...]
    expected: Expected

    @property
    def text(self) -> str:
        """The question with what was said before it."""
        return "\n".join(message.content for message in self.messages)


@dataclass(frozen=True, slots=True)
class Context:
    """Excerpts and the questions on them. `place` is the line of the set's file, from 0."""

    place: int
    excerpts: tuple[Excerpt, ...]
    prefix: tuple[Message, ...]
    asked: tuple[Asked, ...]

    @property
    def prompts(self) -> list[tuple[Message, ...]]:
        """Each question's whole prompt."""
        return [(*self.prefix, *one.messages) for one in self.asked]


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """The contexts to ask, and how many questions without excerpts were left out (intents, entities, chats)."""

    contexts: tuple[Context, ...]
    left_out: int

    @property
    def questions(self) -> int:
        """How many are asked."""
        return sum(len(context.asked) for context in self.contexts)

    @property
    def digest(self) -> str:
        """SHA-256 of everything that is asked and expected."""
        told = [
            (context.place, *((one.id, one.text, one.expected.texts, one.expected.scale) for one in context.asked))
            for context in self.contexts
        ]
        return hashlib.sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()

    @property
    def labels(self) -> frozenset[str]:
        """The labels that any of the questions asks for."""
        asked = (one for context in self.contexts for one in context.asked if one.kind == "label")
        return frozenset(text for one in asked for text in one.expected.texts)


def read_contexts(dressed: Dressed, split: str, limit: int = 0) -> QuestionSet:
    """The questions on excerpts of a split; `limit` draws so many contexts, always the same. Raises DataError."""
    file = dressed.file(split)
    if file is None:
        raise DataError(f"{dressed.folder} has no {split} questions. Prepare the set with a share for them.")
    raw = [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n") if line.strip()]
    found, left_out = [], 0
    for place, (line, item) in enumerate(zip(raw, read_items(file), strict=True)):
        if not line.get("excerpts"):
            left_out += len(item.branches)
            continue
        asked = [_asked(turn, branch.suffix) for turn, branch in zip(line["turns"], item.branches, strict=True)]
        found.append(Context(place, excerpts_from(line), item.prefix, tuple(asked)))
    if not found:
        raise DataError(f"{file} has no questions on excerpts, which is what an evaluation asks.")
    return QuestionSet(tuple(_drawn(found, limit)), left_out)


def _asked(turn: Mapping[str, Any], messages: tuple[Message, ...]) -> Asked:
    expected = Expected(tuple(turn["expected"]), Scale(turn["scale"]))
    return Asked(turn["id"], str(turn["kind"]), messages, expected)


def _drawn(found: Sequence[Context], limit: int) -> Sequence[Context]:
    if not limit or limit >= len(found):
        return found
    places = sorted(random.Random(_SEED).sample(range(len(found)), limit))  # noqa: S311 (a sample, no secret)
    return [found[place] for place in places]
