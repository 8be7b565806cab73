"""The picture of a run: loss over steps."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path


def draw_loss(metrics: Sequence[Mapping[str, float]], file: Path) -> None:
    """Draw training loss (each step, and smoothed) and dev loss as SVG; written whole or not at all."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    steps, losses = [one["step"] for one in metrics], [one["loss"] for one in metrics]
    axes.plot(steps, losses, color="#9db4c8", linewidth=0.8, label="training, each step")
    axes.plot(steps, smoothed(losses), color="#1f5f8b", label="training, smoothed")
    measured = [(one["step"], one["dev_loss"]) for one in metrics if "dev_loss" in one]
    if measured:
        axes.plot(*zip(*measured, strict=True), color="#c2571a", marker="o", markersize=4, label="dev")
    axes.set(xlabel="step", ylabel="loss for each token of the answer", ylim=(0, None))
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    building = file.with_name(f".{file.name}-{os.getpid()}")
    figure.savefig(building, format="svg", metadata={"Date": None})
    building.replace(file)


def smoothed(values: Sequence[float], keep: float = 0.9) -> list[float]:
    """Exponential mean, without its bias towards 0 at the start."""
    mean, weight, result = 0.0, 0.0, []
    for value in values:
        mean, weight = keep * mean + (1 - keep) * value, keep * weight + (1 - keep)
        result.append(mean / weight)
    return result
