"""A run for people."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dossier.progress import in_words
from training.tuning.recipe import Method, Recipe
from training.tuning.run_folder import CHART, RunRecord, read_metrics

if TYPE_CHECKING:
    from training.tuning.search import Found


def as_text(folder: Path, record: RunRecord) -> str:
    """What was tuned how, how far it is, and the figures."""
    counts, metrics = record.counts, read_metrics(folder)
    lines = [f"{folder}: {record.state}", f"base: {record.base}, {_how(record.recipe)}"]
    if counts:
        saved = counts["tokens_an_epoch_without_sharing"] / max(1, counts["tokens_an_epoch"])
        lines += [
            f"data: {counts['questions']:,} questions, {counts['tokens_an_epoch']:,} tokens an epoch "
            f"({saved:.1f} times fewer than without sharing), {counts['tokens_with_loss']:,} of them are learned",
            f"trained weights: {counts['trained_weights']:,}",
        ]
        for name in ("questions_left_out_as_too_long", "dev_questions_left_out_as_too_long"):
            if counts[name]:
                lines.append(f"{name.replace('_', ' ')}: {counts[name]:,}")
    if metrics:
        last = metrics[-1]
        speed = sum(one["tokens_per_second"] for one in metrics) / len(metrics)
        lines.append(
            f"step {last['step']} of {counts.get('steps', '?')} after {in_words(last['seconds'])}: "
            f"loss {metrics[0]['loss']:.3f} at first, {last['loss']:.3f} now; {speed:.0f} tokens/s, "
            f"most memory {max(one['memory_gib'] for one in metrics):.1f} GiB"
        )
    lines += _measured(metrics)
    if (folder / CHART).is_file():
        lines.append(f"picture: {folder / CHART}")
    return "\n".join(lines)


def trials_text(found: "Sequence[Found]") -> str:
    """The trials of a search, the best first."""
    lines = ["trial  ended     dev loss  settings"]
    for one in found:
        loss = "-" if one.loss is None else f"{one.loss:.4f}"
        settings = ", ".join(f"{name} {_short(value)}" for name, value in one.settings.items())
        lines.append(f"{one.number:5}  {one.state:8}  {loss:>8}  {settings}")
    return "\n".join(lines)


def _short(value: object) -> str:
    return f"{value:.2g}" if isinstance(value, float) else str(value)


def _measured(metrics: list[dict[str, float]]) -> list[str]:
    found = [one for one in metrics if "dev_loss" in one]
    if not found:
        return []
    best = min(found, key=lambda one: one["dev_loss"])
    shown = ", ".join(f"{one['dev_loss']:.3f} (step {one['step']})" for one in found[-8:])
    return [f"dev loss: {shown}; best at step {best['step']}"]


def _how(recipe: Recipe) -> str:
    shape = "all weights" if recipe.method is Method.FULL else f"rank {recipe.rank}, alpha {recipe.alpha:g}"
    return (
        f"{recipe.method} ({shape}), rate {recipe.rate:g}, {recipe.epochs} epochs of batches of at most "
        f"{recipe.batch_tokens} tokens, {recipe.precision}, seed {recipe.seed}"
    )
