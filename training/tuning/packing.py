"""Prefix packing: questions that share a context share its tokens, and only answers carry loss.

One sequence is prefix, rest of question 1, answer 1, rest of question 2, answer 2, ... Each branch sees the prefix and
itself, and its positions go on from the prefix's end, so that every question is computed as if it stood alone. The
prefix is what the rendered prompts begin with alike, token by token: what serving renders is what is trained, whatever
the tokenizer does where texts meet.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from training.tuning.rendering import Rendered


@dataclass(frozen=True, slots=True)
class Pack:
    """One packed sequence.

    `tokens`, `positions` and `branches` (0: the prefix) have one value a token; the token at `where[i]` predicts
    `targets[i]`.
    """

    tokens: tuple[int, ...]
    positions: tuple[int, ...]
    branches: tuple[int, ...]
    where: tuple[int, ...]
    targets: tuple[int, ...]
    questions: int

    def __len__(self) -> int:
        return len(self.tokens)


@dataclass(slots=True)
class Packed:
    """The packs of a data file with what was counted: tokens with and without sharing, questions left out as too long.

    `alone` counts questions that share nothing with another one.
    """

    packs: list[Pack] = field(default_factory=list)
    questions: int = 0
    alone: int = 0
    too_long: int = 0
    plain_tokens: int = 0

    @property
    def tokens(self) -> int:
        """Tokens that one epoch reads."""
        return sum(len(pack) for pack in self.packs)

    @property
    def digest(self) -> str:
        """SHA-256 of what is read and learned, in hexadecimal."""
        told = hashlib.sha256()
        for pack in self.packs:
            told.update(repr((pack.tokens, pack.branches, pack.where, pack.targets)).encode())
        return told.hexdigest()

    @property
    def targets(self) -> int:
        """Tokens that carry loss."""
        return sum(len(pack.targets) for pack in self.packs)


def pack_all(items: Sequence[Sequence[Rendered]], budget: int, longest: int, share: bool = True) -> Packed:
    """Pack the rendered questions of each item into sequences of at most `budget` tokens.

    A question of more than `longest` tokens is left out and counted; one that is longer than the budget stands alone.
    Without `share` each question is its own sequence, as usual.
    """
    packed = Packed()
    for item in items:
        kept = [one for one in item if len(one.prompt) + len(one.target) <= longest]
        packed.too_long += len(item) - len(kept)
        packed.questions += len(kept)
        packed.plain_tokens += sum(len(one.prompt) + len(one.target) - 1 for one in kept)
        for group, shared in _groups(kept, budget) if share else (([one], 0) for one in kept):
            packed.packs.append(pack(group, shared))
            packed.alone += len(group) == 1
    return packed


def pack(questions: Sequence[Rendered], shared: int) -> Pack:
    """One sequence of questions whose first `shared` prompt tokens are the same."""
    tokens = list(questions[0].prompt[:shared])
    positions, branches = list(range(shared)), [0] * shared
    where: list[int] = []
    targets: list[int] = []
    for number, one in enumerate(questions, start=1):
        rest = (*one.prompt[shared:], *one.target[:-1])  # the last token predicts nothing: it needn't be read
        where.extend(range(len(tokens) + len(rest) - len(one.target), len(tokens) + len(rest)))
        targets.extend(one.target)
        tokens.extend(rest)
        positions.extend(range(shared, shared + len(rest)))
        branches.extend([number] * len(rest))
    return Pack(tuple(tokens), tuple(positions), tuple(branches), tuple(where), tuple(targets), len(questions))


def common(questions: Sequence[Rendered]) -> int:
    """How many tokens all prompts begin with alike; at least one of each is left, which predicts its answer."""
    first, last = min(one.prompt for one in questions), max(one.prompt for one in questions)
    most = min(len(one.prompt) for one in questions) - 1
    return next((at for at in range(most) if first[at] != last[at]), most)


def _groups(questions: Sequence[Rendered], budget: int) -> Iterator[tuple[list[Rendered], int]]:
    """Cut an item's questions, in their order, into groups whose sequence stays within the budget."""
    if not questions:
        return
    shared = common(questions) if len(questions) > 1 else 0
    group: list[Rendered] = []
    size = shared
    for one in questions:
        own = len(one.prompt) - shared + len(one.target) - 1
        if group and size + own > budget:
            yield group, shared if len(group) > 1 else 0
            group, size = [], shared
        group.append(one)
        size += own
    yield group, shared if len(group) > 1 else 0
