"""The items of one context: which excerpts its questions share, in which order, with which near misses."""

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from dossier.amounts import numbers_in
from dossier.excerpts import Excerpt, cut_table
from dossier.places import find_words
from dossier.prompt import NOT_IN_DOCUMENTS
from retrieval.chunk_store import words_of
from retrieval.query import stem
from training.data.example import AnswerKind, Example, Labelled
from training.dressing.contexts import excerpts_in
from training.dressing.nearness import Nearness, telling_words, without_places
from training.dressing.recipe import DressRecipe, Unfit
from training.dressing.targets import Target, make_target
from training.dressing.writing import UnwritableError

_MISS_SHARES = (0.15, 0.35)
"""Of the budget: most tokens of a near miss, drawn for each context, so that size doesn't tell which one answers."""
_LARGE = 0.55
"""The same where nothing answers: there one may be as large as what answers elsewhere."""
_SPARE = 4
_MOST_WORDS = 0.6
Needs = frozenset[tuple[int, int]]
"""Excerpts of the context (by place in it) and rows of them that an answer stands in; row -1 in texts."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of an item with its reply."""

    example: Example
    target: Target


@dataclass(frozen=True, slots=True)
class Shown:
    """Excerpts, and the questions that are asked on them; `gold` are the numbers of those from their own context."""

    excerpts: tuple[Excerpt, ...]
    gold: tuple[int, ...]
    asked: tuple[Asked, ...]


@dataclass(slots=True)
class Composed:
    """What became of a context: its items, and the examples that were left out with the reason and what it says."""

    shown: list[Shown] = field(default_factory=list)
    unfit: list[tuple[Example, Unfit, str]] = field(default_factory=list)


class Composer:
    """Composes contexts one by one; each depends on itself and the recipe alone."""

    def __init__(self, recipe: DressRecipe, nearness: Nearness) -> None:
        """Near misses come from `nearness`."""
        self._recipe, self._nearness = recipe, nearness

    def compose(self, examples: Sequence[Example], own: str) -> Composed:
        """The items of the questions of one context; `own` is the group that no near miss may be from."""
        done = Composed()
        pool = excerpts_in(examples[0].context)
        if not pool:
            done.unfit = [(example, Unfit.ALONE, "") for example in examples]
            return done
        needs = self._needs(examples, pool, done)
        if not needs:
            return done
        chance = random.Random(f"{self._recipe.seed}:{_name(examples)}")  # noqa: S311 (chooses training data)
        size = int(self._recipe.budget * chance.uniform(*_MISS_SHARES))
        misses = self._misses([example for example, _ in needs], own, pool, size)
        shown = misses[: chance.randint(0, self._recipe.distractors)]  # a search, too, finds few or many
        room = self._recipe.budget - sum(miss.size for miss in shown)
        for part in self._parts(needs, pool, room, done):
            self._add(part, pool, shown, room, chance, done)
        share = self._recipe.without_gold
        if chance.random() < share / (1 - share):
            size = int(self._recipe.budget * _LARGE)
            self._add_unanswerable(needs, pool, self._misses([one for one, _ in needs], own, pool, size), chance, done)
        return done

    def _needs(
        self, examples: Sequence[Example], pool: Sequence[Excerpt], done: Composed
    ) -> list[tuple[Example, Needs]]:
        numbers = range(1, len(pool) + 1)
        found: list[tuple[Example, Needs]] = []
        for example in examples:
            try:
                target = make_target(example, pool, numbers, self._recipe.form)
            except UnwritableError as problem:
                done.unfit.append((example, Unfit.UNWRITABLE, str(problem)))
                continue
            found.append((example, frozenset((source - 1, row) for source, row in target.rows)))
        return found

    def _misses(self, examples: Sequence[Example], own: str, pool: Sequence[Excerpt], size: int) -> list[Excerpt]:
        """Near misses, one more than is shown beside the answer.

        None speaks of all that a question asks for: without the company's name it would be as good an answer.
        """
        limit = self._recipe.distractors + 1
        asked = [example.question for example in examples]
        found = self._nearness.near(asked, own, pool, limit * _SPARE, size)
        kept = [excerpt for excerpt in found if not any(speaks_of(excerpt, question) for question in asked)]
        return [without_places(excerpt) for excerpt in kept[:limit]]

    def _parts(
        self, needs: Sequence[tuple[Example, Needs]], pool: Sequence[Excerpt], room: int, done: Composed
    ) -> list[list[tuple[Example, Needs]]]:
        """The questions in parts whose evidence fits the room together; as few as taking them in order gives."""
        parts: list[list[tuple[Example, Needs]]] = []
        for example, need in sorted(needs, key=lambda one: sorted(one[1])):
            if _assembled(need, pool, room) is None:
                done.unfit.append((example, Unfit.BUDGET, f"there is room for {room} tokens"))
            elif parts and _assembled(_joint(parts[-1]) | need, pool, room) is not None:
                parts[-1].append((example, need))
            else:
                parts.append([(example, need)])
        return parts

    def _add(
        self,
        part: Sequence[tuple[Example, Needs]],
        pool: Sequence[Excerpt],
        misses: Sequence[Excerpt],
        room: int,
        chance: random.Random,
        done: Composed,
    ) -> None:
        own = _assembled(_joint(part), pool, room) or {}
        self._fill(own, pool, room)
        gold = list(own.values())
        excerpts = [*gold, *(miss for miss in misses if miss not in gold)]
        order = list(range(len(excerpts)))
        chance.shuffle(order)
        numbers = tuple(sorted(order.index(at) + 1 for at in range(len(gold))))
        shown = tuple(excerpts[at] for at in order)
        asked = self._asked([example for example, _ in part], shown, numbers, done)
        if asked:
            done.shown.append(Shown(shown, numbers, asked))

    def _fill(self, own: dict[int, Excerpt], pool: Sequence[Excerpt], room: int) -> None:
        """Add the rest of the context, in its order, as far as it fits: it is near as well."""
        left = room - sum(excerpt.size for excerpt in own.values())
        for at, excerpt in enumerate(pool):
            if at not in own and excerpt.size <= left:
                own[at] = excerpt
                left -= excerpt.size

    def _asked(
        self, examples: Sequence[Example], shown: Sequence[Excerpt], numbers: tuple[int, ...], done: Composed
    ) -> tuple[Asked, ...]:
        found = []
        for example in sorted(examples, key=lambda one: one.id):
            try:
                found.append(Asked(example, make_target(example, shown, numbers, self._recipe.form)))
            except UnwritableError as problem:
                done.unfit.append((example, Unfit.UNWRITABLE, str(problem)))
        return tuple(found)

    def _add_unanswerable(
        self,
        needs: Sequence[tuple[Example, Needs]],
        pool: Sequence[Excerpt],
        misses: Sequence[Excerpt],
        chance: random.Random,
        done: Composed,
    ) -> None:
        """An item of near misses and of what else the context says, for the questions that these don't answer."""
        used = {at for _, need in needs for at, _ in need}
        rest = [excerpt for at, excerpt in enumerate(pool) if at not in used]
        excerpts: list[Excerpt] = []
        left = self._recipe.budget
        for excerpt in (*misses, *rest):
            if excerpt.size <= left:
                excerpts.append(excerpt)
                left -= excerpt.size
        chance.shuffle(excerpts)
        asked = tuple(
            Asked(hidden, make_target(hidden, excerpts, (), self._recipe.form))
            for example, _ in sorted(needs, key=lambda one: one[0].id)
            if example.answer.kind is not AnswerKind.UNANSWERABLE
            and not any(could_answer(excerpt, example) for excerpt in excerpts)
            for hidden in (without_answer(example),)
        )
        if excerpts and asked:
            done.shown.append(Shown(tuple(excerpts), (), asked))


def without_answer(example: Example) -> Example:
    """The same question where nothing that is shown answers it."""
    return replace(example, answer=Labelled((NOT_IN_DOCUMENTS,), AnswerKind.UNANSWERABLE))


def could_answer(excerpt: Excerpt, example: Example) -> bool:
    """Whether an excerpt holds all values of an answer, or one of its texts: then the question may be answerable."""
    answer = example.answer
    sizes = {number.size for number in numbers_in(answer.expression) if len(number.digits) > 1}
    there = {number.size for number in numbers_in(f"{excerpt.header}\n{excerpt.body}")}
    if sizes and sizes <= there:
        return True
    values = {number.size for text in answer.texts for number in numbers_in(text) if len(number.digits) > 2}
    if answer.kind is AnswerKind.NUMBER:
        return bool(values) and values <= there
    return any(find_words(excerpt.body, text) for text in answer.texts)


def speaks_of(excerpt: Excerpt, question: str) -> bool:
    """Whether an excerpt has the years and numbers of a question and most of its other words."""
    there = {stem(word) for word in words_of(f"{excerpt.header}\n{excerpt.body}")}
    asked = {stem(word) for word in telling_words([question])}
    numbers = {word for word in asked if word.isdigit()}
    words = asked - numbers
    return numbers <= there and len(words & there) >= _MOST_WORDS * len(words)


def _assembled(needs: Needs, pool: Sequence[Excerpt], room: int) -> dict[int, Excerpt] | None:
    """The excerpts that the needs name, by place in the context, within the room; a table cut where it must be."""
    found = {at: pool[at] for at, _ in needs}
    size = sum(excerpt.size for excerpt in found.values())
    for at in sorted(found):
        if size > room and found[at].rows:
            rows = sorted(row for where, row in needs if where == at and row > 0)
            cut = cut_table(found[at], rows or [1], found[at].size - (size - room))
            if cut is None or any(pool[at].rows[row] not in cut.rows for row in rows):
                return None
            size -= found[at].size - cut.size
            found[at] = cut
    return found if size <= room else None


def _joint(part: Sequence[tuple[Example, Needs]]) -> Needs:
    return frozenset(one for _, need in part for one in need)


def _name(examples: Sequence[Example]) -> str:
    return hashlib.sha256(examples[0].context.text.encode("utf-8", "surrogatepass")).hexdigest()
