"""Pictures of an evaluation, as SVG that stands in the page itself."""

from collections.abc import Mapping, Sequence

from retrieval.evaluation.measures import Figure
from training.data.pictures import as_svg, new_figure
from training.evaluation.audit import BOUND, MEASURES, Finding

_COLOURS = ("#9db4c8", "#2f6f8f", "#c2571a")
_LINE = "#b4452c"


def share_bars(title: str, models: Mapping[str, Mapping[str, Figure]]) -> str:
    """Shares from 0 to 100% by group, a bar a model, with their intervals; `models` gives each its groups."""
    groups = list(next(iter(models.values())))
    height = 0.8 / len(models)
    figure, axes = new_figure(7.5, 0.9 + (0.16 + 0.2 * len(models)) * len(groups))
    for number, (model, shares) in enumerate(models.items()):
        places = [at + (number - (len(models) - 1) / 2) * height for at in range(len(groups))]
        found = [shares[group] for group in groups]
        values = [100 * one.value for one in found]
        sides = [
            [100 * (one.value - one.low) for one in found],
            [100 * (one.high - one.value) for one in found],
        ]
        axes.barh(places, values, height * 0.92, color=_COLOURS[number % len(_COLOURS)], label=model)
        axes.errorbar(values, places, xerr=sides, fmt="none", ecolor="#1c2430", elinewidth=1, capsize=2)
        for place, one, value in zip(places, found, values, strict=True):
            axes.text(100 * one.high + 1.5, place, f"{value:.0f}%", va="center", fontsize=9)
    axes.set_yticks(range(len(groups)), groups)
    axes.set_xlim(0, 112)
    axes.set_xticks([0, 25, 50, 75, 100])
    axes.set_xlabel("% of the questions; thin lines: 95% interval")
    axes.invert_yaxis()
    axes.legend(frameon=False, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(models))
    return as_svg(figure, title)


def audit_marks(title: str, findings: Sequence[Finding]) -> str:
    """For each attribute and measure the value that moves answers most, with its interval and the bound."""
    widest = widest_findings(findings)
    figure, axes = new_figure(7.5, 0.9 + 0.24 * len(widest))
    values = [100 * one.moved.value for one in widest]
    sides = [
        [100 * (one.moved.value - one.moved.low) for one in widest],
        [100 * (one.moved.high - one.moved.value) for one in widest],
    ]
    places = range(len(widest))
    axes.errorbar(values, places, xerr=sides, fmt="o", color=_COLOURS[1], markersize=4, elinewidth=1.2, capsize=2)
    for side in (-BOUND, BOUND):
        axes.axvline(100 * side, color=_LINE, linestyle="--")
    axes.axvline(0, color="#d5dbe3")
    axes.set_yticks(list(places), [f"{one.attribute}: {one.value} ({one.measure})" for one in widest])
    axes.set_xlabel("points; dashed: the bound")
    axes.invert_yaxis()
    return as_svg(figure, title)


def widest_findings(findings: Sequence[Finding]) -> list[Finding]:
    """For each attribute and measure the finding whose interval reaches furthest."""
    names = dict.fromkeys(one.attribute for one in findings)
    groups = [
        [one for one in findings if (one.attribute, one.measure) == (name, m)] for name in names for m in MEASURES
    ]
    return [max(group, key=lambda one: max(abs(one.moved.low), abs(one.moved.high))) for group in groups if group]
