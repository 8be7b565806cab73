"""The steps of a run: learn, measure, keep, and stop where it is asked to or nothing is gained any more."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from dossier.errors import TuningError
from dossier.records import Progress
from training.tuning.batches import plan_in_order, plan_steps
from training.tuning.checkpoint import TuneState, newest_checkpoint, read_checkpoint, write_best, write_checkpoint
from training.tuning.model import Learner, make_optimizer
from training.tuning.recipe import Precision, Recipe, rate_factor
from training.tuning.run_folder import append_metric, cut_metrics
from training.tuning.trunk import Sequences

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    import torch

_LONGEST_UNSAVED = 300.0
"""Seconds of work that a kill may cost, however few steps they were."""
OnProgress = Callable[[Progress], None]
OnDev = Callable[[int, float], None]
"""Told step and dev loss of each measurement."""


@dataclass(frozen=True, slots=True)
class Watch:
    """Who looks on: progress, dev losses, and whether to stop after the step at hand."""

    on_progress: OnProgress
    stop: Callable[[], bool] = lambda: False
    on_dev: OnDev = lambda step, loss: None


class Session:
    """One process's share of a run, from the newest checkpoint on."""

    def __init__(
        self, run: Path, learner: Learner, recipe: Recipe, train: Sequences, dev: Sequences | None = None
    ) -> None:
        """Plan all steps and go back to the newest checkpoint. Raises TuningError where that is damaged."""
        self._run, self._learner, self._recipe, self._train, self._dev = run, learner, recipe, train, dev
        packs = train.packs
        self._optimizer = make_optimizer(learner, recipe)
        self._steps = plan_steps([*map(len, packs)], recipe.batch_tokens, recipe.accumulate, recipe.epochs, recipe.seed)
        self._dev_every = recipe.dev_every or -(-len(self._steps) // recipe.epochs)
        found = newest_checkpoint(run)
        self.state = read_checkpoint(found, learner, self._optimizer) if found else TuneState()
        cut_metrics(run, self.state.step)

    @property
    def steps(self) -> int:
        """How many optimizer steps the whole run has."""
        return len(self._steps)

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do: all steps done, or dev loss hasn't fallen for long enough."""
        patience = self._recipe.patience
        return self.state.step >= self.steps or bool(patience and self.state.waited >= patience)

    def go_on(self, watch: Watch) -> bool:
        """Take steps until done or asked to stop; says whether the run is done. Either way it can go on from here."""
        self._learner.outer.train()
        saved = self.state.seconds
        while not self.is_done:
            if watch.stop():
                if self.state.step:
                    write_checkpoint(self._run, self._learner, self._optimizer, self.state)
                return False
            self._take_step(watch)
            overdue = self.state.seconds - saved >= _LONGEST_UNSAVED
            if self.state.step % self._recipe.save_every == 0 or overdue or self.is_done:
                write_checkpoint(self._run, self._learner, self._optimizer, self.state)
                saved = self.state.seconds
        return True

    def _take_step(self, watch: Watch) -> None:
        began = time.monotonic()
        at = self.state.step
        loss, tokens, questions = self._learn(self._steps[at], rate_factor(at, self.steps, self._recipe))
        spent = time.monotonic() - began
        self.state = replace(self.state, step=at + 1, tokens=self.state.tokens + tokens)
        figures = {
            "step": at + 1,
            "loss": loss,
            "rate": self._recipe.rate * rate_factor(at, self.steps, self._recipe),
            "tokens_per_second": tokens / spent,
            "questions_per_second": questions / spent,
            "memory_gib": resident_gib(),
        }
        if self._dev and ((at + 1) % self._dev_every == 0 or at + 1 == self.steps):
            figures["dev_loss"] = self._judge(watch, self._dev)
        self.state = replace(self.state, seconds=self.state.seconds + time.monotonic() - began)
        append_metric(self._run, {**figures, "seconds": self.state.seconds})
        note = f"loss {loss:.3f}, {tokens / spent:.0f} tokens/s, {figures['memory_gib']:.1f} GiB"
        started = datetime.now(UTC) - timedelta(seconds=self.state.seconds)
        watch.on_progress(Progress("Tuning (steps)", at + 1, self.steps, started, note))

    def _learn(self, batches: Sequence[Sequence[int]], factor: float) -> tuple[float, int, int]:
        """One optimizer step; returns the mean loss of a target, and how many tokens and questions were read."""
        import torch

        packs = [self._train.packs[index] for batch in batches for index in batch]
        targets = sum(len(pack.targets) for pack in packs)
        total = 0.0
        for batch in batches:
            loss = self._loss(self._train, batch) / targets
            with torch.profiler.record_function("backward"):
                loss.backward()
            total += float(loss.detach())
        if not math.isfinite(total):
            raise TuningError(
                f"the loss of step {self.state.step + 1} isn't a number any more: it learns too fast. Start again in "
                f"another folder with a lower --rate (it was {self._recipe.rate:g})."
            )
        with torch.profiler.record_function("optimizer"):
            torch.nn.utils.clip_grad_norm_(self._learner.trained.values(), self._recipe.clip)
            for group in self._optimizer.param_groups:
                group["lr"] = group["full_rate"] * factor
            self._optimizer.step()
            self._optimizer.zero_grad(set_to_none=True)
        return total, sum(map(len, packs)), sum(pack.questions for pack in packs)

    def _judge(self, watch: Watch, dev: Sequences) -> float:
        """Measure on the dev data and keep the weights where they are the best so far."""
        loss = self._dev_loss(dev)
        if loss < self.state.best_loss:
            write_best(self._run, self._learner, self.state.step)
            self.state = replace(self.state, best=self.state.step, best_loss=loss, waited=0)
        else:
            self.state = replace(self.state, waited=self.state.waited + 1)
        watch.on_dev(self.state.step, loss)
        return loss

    def _dev_loss(self, dev: Sequences) -> float:
        import torch

        self._learner.outer.eval()
        batches = plan_in_order([*map(len, dev.packs)], self._recipe.batch_tokens)
        with torch.no_grad():
            total = sum(float(self._loss(dev, batch)) for batch in batches)
        self._learner.outer.train()
        return total / sum(len(pack.targets) for pack in dev.packs)

    def _loss(self, sequences: Sequences, indices: Sequence[int]) -> "torch.Tensor":
        with computing(self._recipe, self._learner.causal.device.type):
            return sequences.loss(sequences.batch(indices))


def computing(recipe: Recipe, device: str = "cpu") -> "AbstractContextManager[object]":
    """The precision that products are computed in. The recipe's precision must be resolved."""
    import torch

    context: AbstractContextManager[object] = torch.autocast(
        device, torch.bfloat16, enabled=recipe.precision is Precision.BFLOAT16
    )
    return context


def resident_gib() -> float:
    """Memory that this process holds now, in GiB."""
    import psutil

    return float(psutil.Process().memory_info().rss) / (1 << 30)
