"""Tuning items of every task, with what evaluation needs beside them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from dossier.amounts import Scale
from dossier.excerpts import Excerpt
from dossier.prompt import Message, entities_prompt, labelling_prompt, reading_prompt
from dossier.reply import Reply, ReplyKind, TargetFormat, write_reply
from training.data.example import AnswerKind, Example, Task
from training.dressing.composing import Shown
from training.dressing.recipe import Unfit
from training.tuning.items import Branch, TuningItem, as_line

_TOGETHER = 24
"""Messages that share a prompt with labels."""
_FIELDS = ("document", "page", "heading", "unit", "rows", "text")


@dataclass(frozen=True, slots=True)
class DressedItem:
    """A tuning item with the examples that its questions are, and what is written about each.

    `excerpts` are what its prompt shows, `gold` the numbers of those that are its questions' own.
    """

    item: TuningItem
    examples: tuple[Example, ...]
    about: tuple[Mapping[str, Any], ...]
    excerpts: tuple[Excerpt, ...] = ()
    gold: tuple[int, ...] = ()

    @property
    def line(self) -> str:
        """One line of a data file."""
        shown = [{name: value for name in _FIELDS if (value := asdict(one)[name])} for one in self.excerpts]
        beside = {"excerpts": shown, "gold": self.gold} if shown else {}
        return as_line(self.item, self.about, beside) + "\n"

    def without(self, left_out: frozenset[int]) -> "DressedItem | None":
        """The item without some of its questions (by place); None when none is left."""
        kept = [at for at in range(len(self.about)) if at not in left_out]
        if not kept:
            return None
        item = TuningItem(self.item.prefix, tuple(self.item.branches[at] for at in kept))
        examples, about = tuple(self.examples[at] for at in kept), tuple(self.about[at] for at in kept)
        return DressedItem(item, examples, about, self.excerpts, self.gold)


def excerpts_from(raw: Mapping[str, Any]) -> tuple[Excerpt, ...]:
    """The excerpts of a line of a data file, parsed from JSON."""
    made = ({**one, "rows": tuple(tuple(row) for row in one.get("rows", ()))} for one in raw.get("excerpts", ()))
    return tuple(Excerpt(**one) for one in made)


def reading_item(shown: Shown, form: TargetFormat) -> DressedItem:
    """Questions on excerpts that they share."""
    prefix = reading_prompt(shown.excerpts, "", (), form)[:-1]
    branches, about = [], []
    for asked in shown.asked:
        example = asked.example
        suffix = reading_prompt(shown.excerpts, example.question, example.history, form)[len(prefix) :]
        branches.append(Branch(suffix, asked.target.text))
        about.append(about_question(example, asked.target.reply.scale))
    examples = tuple(asked.example for asked in shown.asked)
    return DressedItem(TuningItem(prefix, tuple(branches)), examples, tuple(about), shown.excerpts, shown.gold)


def short_items(
    examples: Sequence[Example], labels: Mapping[str, Sequence[str]], unfit: list[tuple[Example, Unfit, str]]
) -> Iterator[DressedItem]:
    """Items of messages with intents, texts with entities, and chats. What can't be dressed goes to `unfit`."""
    sets: dict[tuple[Task, str], list[Example]] = defaultdict(list)
    for example in examples:
        if example.task is Task.INTENT and example.answer.texts[0] not in labels.get(example.origin.set, ()):
            unfit.append((example, Unfit.LABELS, example.answer.texts[0]))
        else:
            sets[(example.task, example.origin.set)].append(example)
    for (task, name), found in sorted(sets.items()):
        found.sort(key=lambda one: one.id)  # files stand by label often: a batch of one label would teach that label
        for start in range(0, len(found), 1 if task is Task.CHAT else _TOGETHER):
            some = found[start : start + (1 if task is Task.CHAT else _TOGETHER)]
            yield _chat(some[0]) if task is Task.CHAT else _alike(task, some, labels.get(name, ()))


def about_question(example: Example, scale: Scale | None = None) -> dict[str, Any]:
    """What evaluation needs to know of a question."""
    refused = example.answer.kind is AnswerKind.UNANSWERABLE
    return {
        "id": example.id,
        "task": example.task,
        "kind": example.answer.kind,
        "expected": [] if refused else list(example.answer.texts),
        "scale": example.answer.scale if scale is None else scale,
        "expression": example.answer.expression,
        "set": example.origin.set,
    }


def _alike(task: Task, examples: Sequence[Example], labels: Sequence[str]) -> DressedItem:
    branches = []
    for example in examples:
        prompt = (
            labelling_prompt(labels, example.question) if task is Task.INTENT else entities_prompt(example.question)
        )
        label = Reply(ReplyKind.LABEL, (), example.answer.texts)
        written = write_reply(label, TargetFormat.VALUES) if task is Task.INTENT else "; ".join(example.answer.texts)
        branches.append(Branch(prompt[1:], written))
    return DressedItem(TuningItem(prompt[:1], tuple(branches)), tuple(examples), tuple(map(about_question, examples)))


def _chat(example: Example) -> DressedItem:
    """A conversation as it is; a context that comes with an instruction stands behind it."""
    prefix = (Message("system", example.instruction),) if example.instruction else ()
    earlier = tuple(Message("user" if turn.role == "user" else "assistant", turn.text) for turn in example.history)
    asked = "\n\n".join(part for part in (example.question, example.context.text) if part)
    branch = Branch((*earlier, Message("user", asked)), example.answer.texts[0])
    return DressedItem(TuningItem(prefix, (branch,)), (example,), (about_question(example),))
