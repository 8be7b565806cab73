"""`dossier data dress`: a prepared set as tuning items, retrieval-aware.

As in RAFT (Zhang et al. 2024, section 3): beside the excerpt that answers stand near misses that a search finds, and in
a share of the items nothing answers; other than there the reply is then that it isn't in the documents.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from dossier.excerpts import Excerpt
from dossier.prompt import Message
from dossier.records import Progress
from retrieval.build import OnProgress
from training.data.example import Context, Example, Task
from training.data.prepared import Prepared
from training.data.readers import Limited
from training.data.splitting import SPLITS, group_of, linked
from training.dressing.composing import Composer
from training.dressing.contexts import excerpts_in
from training.dressing.items import DressedItem, reading_item, short_items
from training.dressing.nearness import Nearness, SplitNearness
from training.dressing.recipe import DressRecipe, Unfit

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_MARKS = 6
"""Tokens that the chat template puts around a message."""
_READ = frozenset({Task.QA, Task.CLAUSE})


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An example that isn't dressed, or not in one of its items, and why."""

    example: Example
    why: Unfit
    detail: str = ""


@dataclass(slots=True)
class DressedSplit:
    """The items of one split, what was left out, and tokens read with and without sharing (0: not measured)."""

    items: list[DressedItem] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    tokens: int = 0
    plain_tokens: int = 0
    target_tokens: int = 0

    @property
    def questions(self) -> int:
        """How many questions the items hold."""
        return sum(len(item.about) for item in self.items)


def dress(
    prepared: Prepared,
    recipe: DressRecipe,
    limited: Limited,
    index: Nearness | None,
    tokenizer: "Tokenizer | None",
    on_progress: OnProgress,
) -> dict[str, DressedSplit]:
    """Dress each split by itself. `index` is where near misses come from; None: from other contexts of the split.

    Examples that have become limited to groups since the set was prepared are left out. Raises DataError.
    """
    started = datetime.now(UTC)

    def tell(name: str, done: int, total: int) -> None:
        if done % 10 == 0 or done == total:
            on_progress(Progress(f"Dressing {name} (contexts)", done, total, started))

    found: dict[str, DressedSplit] = {}
    for name in SPLITS:
        split = DressedSplit()
        examples = []
        for example in prepared.examples(name):
            if limited.holds(example):
                split.left_out.append(LeftOut(example, Unfit.LIMITED))
            else:
                examples.append(example)
        unfit: list[tuple[Example, Unfit, str]] = []
        read = [example for example in examples if example.task in _READ]
        split.items = _reading(read, recipe, index, unfit, partial(tell, name))
        rest = [example for example in examples if example.task not in _READ]
        split.items += short_items(rest, prepared.labels, unfit)
        split.left_out += [LeftOut(example, why, detail) for example, why, detail in unfit]
        if tokenizer is not None:
            _measure(split, tokenizer, recipe.window)
        found[name] = split
    return found


def _reading(
    examples: Sequence[Example],
    recipe: DressRecipe,
    index: Nearness | None,
    unfit: list[tuple[Example, Unfit, str]],
    on_done: Callable[[int, int], None],
) -> list[DressedItem]:
    """The items of questions that are answered from a context; what can't be dressed goes to `unfit`."""
    groups = linked(examples)
    contexts: dict[tuple[Context, str], list[Example]] = defaultdict(list)
    for example in examples:
        contexts[(example.context, groups[group_of(example)])].append(example)
    composer = Composer(recipe, index or _of_split(contexts))
    items: list[DressedItem] = []
    for done, ((_, group), asked) in enumerate(contexts.items(), start=1):
        composed = composer.compose(asked, group)
        items += [reading_item(shown, recipe.form) for shown in composed.shown]
        unfit += composed.unfit
        on_done(done, len(contexts))
    return items


def _of_split(contexts: Iterable[tuple[Context, str]]) -> SplitNearness:
    excerpts: dict[str, list[Excerpt]] = defaultdict(list)
    for context, group in contexts:
        excerpts[group] += excerpts_in(context)
    return SplitNearness(excerpts)


def _measure(split: DressedSplit, tokenizer: "Tokenizer", window: int) -> None:
    """Count tokens, and leave out the questions that are longer than the window."""
    count = _counter(tokenizer)
    kept: list[DressedItem] = []
    for item in split.items:
        shared = _tokens(item.item.prefix, count)
        own = [_tokens(branch.suffix, count) + _MARKS for branch in item.item.branches]
        said = [count(branch.target) + 1 for branch in item.item.branches]
        long = frozenset(at for at in range(len(own)) if shared + own[at] + said[at] > window)
        split.left_out += [LeftOut(item.examples[at], Unfit.WINDOW) for at in sorted(long)]
        rest = item.without(long)
        if rest is not None:
            kept.append(rest)
            sizes = [own[at] + said[at] for at in range(len(own)) if at not in long]
            split.tokens += shared + sum(sizes)
            split.plain_tokens += shared * len(sizes) + sum(sizes)
            split.target_tokens += sum(said[at] for at in range(len(own)) if at not in long)
    split.items = kept


def _counter(tokenizer: "Tokenizer") -> Callable[[str], int]:
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)


def _tokens(messages: Iterable[Message], count: Callable[[str], int]) -> int:
    return sum(count(message.content) + _MARKS for message in messages)


def counts_of(split: DressedSplit) -> dict[str, object]:
    """The figures of a split as the manifest has them."""
    kinds = Counter(f"{about['task']}, {about['kind']}" for item in split.items for about in item.about)
    sets = Counter(str(about["set"]) for item in split.items for about in item.about)
    reasons = Counter(item.why.value for item in split.left_out)
    return {
        "items": len(split.items),
        "questions": split.questions,
        "by kind": dict(sorted(kinds.items())),
        "by source": dict(sorted(sets.items())),
        "left out": dict(reasons.most_common()),
        "tokens": split.tokens,
        "tokens without sharing": split.plain_tokens,
        "tokens of replies": split.target_tokens,
    }
