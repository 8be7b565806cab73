"""Batches of sequences of similar length, in an order that the seed alone decides."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from training.tuning.packing import Pack

if TYPE_CHECKING:
    import torch

_WINDOW = 16
"""Batches' worth of sequences that are sorted by length together: less padding, and still another order each epoch."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Tensors of a batch: ids, positions and branches are `[sequences, tokens]` (branch -1: padding).

    `where` and `targets` are flat: the token at `where[i]`, counted through all sequences, predicts `targets[i]`.
    `hidden` is what lower layers made of them, `[sequences, tokens, width]`; None: nothing is computed yet.
    """

    ids: "torch.Tensor"
    positions: "torch.Tensor"
    branches: "torch.Tensor"
    where: "torch.Tensor"
    targets: "torch.Tensor"
    hidden: "torch.Tensor | None" = None

    def above(self, hidden: "torch.Tensor") -> "Batch":
        """The same with what lower layers made of it."""
        return replace(self, hidden=hidden)

    def on(self, device: "torch.device") -> "Batch":
        """The same where a model computes."""
        moved = {
            field.name: value.to(device) for field in fields(self) if (value := getattr(self, field.name)) is not None
        }
        return Batch(**moved)


def plan_epoch(lengths: Sequence[int], budget: int, seed: str) -> list[list[int]]:
    """Indices of the sequences of each batch of an epoch; a batch padded to its longest stays within `budget` tokens.

    A sequence that is longer than the budget is a batch of its own.
    """
    order = random.Random(seed)  # noqa: S311 (shuffles training data, guards nothing)
    indices = list(range(len(lengths)))
    order.shuffle(indices)
    usual = max(1, budget * len(lengths) // max(1, sum(lengths)))
    batches: list[list[int]] = []
    for start in range(0, len(indices), _WINDOW * usual):
        window = sorted(indices[start : start + _WINDOW * usual], key=lambda index: (lengths[index], index))
        batches.extend(_filled(window, lengths, budget))
    order.shuffle(batches)
    return batches


def plan_in_order(lengths: Sequence[int], budget: int) -> list[list[int]]:
    """The same by length alone, for measuring."""
    return _filled(sorted(range(len(lengths)), key=lambda index: (lengths[index], index)), lengths, budget)


def plan_steps(lengths: Sequence[int], budget: int, accumulate: int, epochs: int, seed: int) -> list[list[list[int]]]:
    """The batches of each optimizer step of a whole run."""
    steps: list[list[list[int]]] = []
    for epoch in range(epochs):
        batches = plan_epoch(lengths, budget, f"{seed}-{epoch}")
        steps.extend(batches[start : start + accumulate] for start in range(0, len(batches), accumulate))
    return steps


def collate(packs: Sequence[Pack]) -> Batch:
    """Pad sequences to the longest and put them into tensors."""
    import torch

    width = max(len(pack) for pack in packs)

    def padded(rows: Sequence[Sequence[int]], filler: int) -> "torch.Tensor":
        return torch.tensor([[*row, *[filler] * (width - len(row))] for row in rows])

    where = [row * width + at for row, pack in enumerate(packs) for at in pack.where]
    return Batch(
        ids=padded([pack.tokens for pack in packs], 0),
        positions=padded([pack.positions for pack in packs], 0),
        branches=padded([pack.branches for pack in packs], -1),
        where=torch.tensor(where),
        targets=torch.tensor([target for pack in packs for target in pack.targets]),
    )


def _filled(indices: Sequence[int], lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Cut indices, sorted by length, into batches."""
    batches: list[list[int]] = []
    for index in indices:
        if batches and (len(batches[-1]) + 1) * lengths[index] <= budget:
            batches[-1].append(index)
        else:
            batches.append([index])
    return batches
