"""The record that training learns from, and how it stands in a file: one JSON object a line."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

from dossier.amounts import Scale
from dossier.records import EVERYONE, Metadata, Turn

_HALF = re.compile("[\ud800-\udfff]")


class Task(StrEnum):
    """What is asked for: an answer from a context, an intent's name, the entities of a text, a clause, a reply."""

    QA = "qa"
    INTENT = "intent"
    ENTITIES = "entities"
    CLAUSE = "clause"
    CHAT = "chat"


class AnswerKind(StrEnum):
    """What an answer is: a piece or pieces of the context, a number, a count, a label, entities, free text, none."""

    SPAN = "span"
    SPANS = "spans"
    NUMBER = "number"
    COUNT = "count"
    LABEL = "label"
    ENTITIES = "entities"
    TEXT = "text"
    UNANSWERABLE = "unanswerable"


@dataclass(frozen=True, slots=True)
class Context:
    """What a question is asked on: a table's rows of cells (heads first) and paragraphs, in the document's order."""

    title: str = ""
    rows: tuple[tuple[str, ...], ...] = ()
    paragraphs: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """All of it as plain text: title, paragraphs, then a row a line."""
        rows = "\n".join(" | ".join(row) for row in self.rows)
        return "\n".join(part for part in (self.title, *self.paragraphs, rows) if part)


@dataclass(frozen=True, slots=True)
class Labelled:
    """The right answer of an example and how it comes about.

    `texts` holds one text, or several for `spans` and `entities` (each `name: label`); `scale` what a number counts in;
    `expression` arithmetic in one form for all sets (`(44.1 - 56.7) / 56.7`), `derivation` what the set wrote;
    `evidence` the rows or sentences of the context that answer.
    """

    texts: tuple[str, ...]
    kind: AnswerKind
    scale: Scale = Scale.ONES
    expression: str = ""
    derivation: str = ""
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Origin:
    """Where an example comes from.

    `set` is the source's name, `place` its line or number there, `document` the document that it is about (empty:
    none), `group` what must stay on one side of a split, `readers` the groups that may read it (empty: everyone),
    `also` further documents that its context quotes.
    """

    set: str
    place: str
    document: str = ""
    group: str = ""
    sector: str = ""
    about: Metadata = field(default_factory=Metadata)
    readers: frozenset[str] = EVERYONE
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Example:
    """One thing to learn. `instruction` is a system message that the source brings; `history` the earlier turns."""

    task: Task
    question: str
    answer: Labelled
    origin: Origin
    context: Context = field(default_factory=Context)
    instruction: str = ""
    history: tuple[Turn, ...] = ()

    @property
    def id(self) -> str:
        """What the example says, as 16 hexadecimal digits: the same example has the same one in every set."""
        said = (self.task, self.instruction, [asdict(turn) for turn in self.history], self.question)
        body = json.dumps([*said, asdict(self.context), self.answer.texts, self.answer.kind])
        return hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    @property
    def where(self) -> str:
        """The source and the place in it, for messages."""
        return f"{self.origin.set}, {self.origin.place}"

    def with_answer(self, answer: Labelled) -> "Example":
        """The same example with another answer."""
        return replace(self, answer=answer)


def to_json(example: Example) -> dict[str, Any]:
    """The example as JSON knows it; `from_json` reads it."""
    body = asdict(example)
    body["origin"]["readers"] = sorted(example.origin.readers)
    return {"id": example.id, **body}


def to_line(example: Example) -> str:
    """One line of a data file, the same for the same example."""
    return json_line(to_json(example))


def json_line(body: Mapping[str, Any]) -> str:
    """A line of JSON that is valid UTF-8: half a character (a lone surrogate) is written by its number."""
    line = json.dumps(body, ensure_ascii=False, sort_keys=True)
    return (json.dumps(body, sort_keys=True) if _HALF.search(line) else line) + "\n"


def from_json(raw: Mapping[str, Any]) -> Example:
    """The example of a line. Raises KeyError, TypeError or ValueError when it isn't one."""
    answer, origin, context = raw["answer"], dict(raw["origin"]), raw["context"]
    origin.update(
        about=Metadata(**origin["about"]),
        readers=frozenset(origin["readers"]),
        also=tuple(origin.get("also", ())),  # sets that were prepared before know no such field
    )
    return Example(
        Task(raw["task"]),
        raw["question"],
        Labelled(
            tuple(answer["texts"]),
            AnswerKind(answer["kind"]),
            Scale(answer["scale"]),
            answer["expression"],
            answer["derivation"],
            tuple(answer["evidence"]),
        ),
        Origin(**origin),
        Context(context["title"], tuple(tuple(row) for row in context["rows"]), tuple(context["paragraphs"])),
        raw["instruction"],
        tuple(Turn(**turn) for turn in raw["history"]),
    )
