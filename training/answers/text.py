"""An evaluation of the product for the terminal."""

from math import isfinite

from training.answers.figures import (
    ALL,
    ANSWERABLE,
    MEASURES,
    REFUSED,
    RIGHT,
    SECONDS,
    Change,
    changes_of,
    clusters_of,
    figures_of,
    times_of,
)
from training.answers.record import ProductRun
from training.evaluation.wording import chance, percent, points


def run_summary(run: ProductRun) -> str:
    """What came out, in a few lines."""
    figures, times = figures_of(run), times_of(run)
    lines = [f"{len(run.answers)} questions of {run.questions}, answered by {', '.join(run.answered_by) or 'nobody'}"]
    lines.append(f"  {'':14}{'questions':>10}  {'right':22}{'refused':22}{'wrong':22}first words, end (s)")
    for kind, found in figures.items():
        shares = "".join(f"{percent(found[name].figure):22}" for name in ("right", "refused", "wrong"))
        first, end = (times[kind][name].median for name in SECONDS)
        lines.append(f"  {kind:14}{found['right'].questions:>10}  {shares}{first:.2f}, {end:.2f}")
    lines += [f"{name}: {percent(one.figure)}" for name, one in list(figures[ALL].items())[3:] if one.questions]
    for name in SECONDS:
        median, high = times[ALL][name].median, times[ALL][name].high
        lines.append(f"seconds to the {name}: median {median:.2f}, 95% within {high:.2f}")
    lines.append(f"95% intervals over {clusters_of(run.answers)[1]}")
    if run.failed:
        lines.append(f"{len(run.failed)} got no answer and count as wrong; the first: {run.failed[0].problem}")
    return "\n".join(lines)


def difference_text(earlier: ProductRun, later: ProductRun) -> str:
    """What changed between two runs, with intervals and the chance of so large a difference between equals."""
    changes, alone = changes_of(earlier, later)
    lines = [f"before: {told_by(earlier)}", f"after:  {told_by(later)}"]
    if alone:
        lines.append(f"{alone} questions were asked in one of the two only and are left out")
    for kind, found in changes.items():
        shown = found if kind in (ALL, ANSWERABLE) else {name: found[name] for name in (RIGHT, REFUSED)}
        lines.append(f"{kind} ({found[RIGHT].questions})")
        lines += [f"  {_named(name)}: {change_told(name, change)}" for name, change in shown.items()]
    lines.append("In brackets the 95% interval; chance: how often so large a difference comes about between equals.")
    return "\n".join(lines)


def told_by(run: ProductRun) -> str:
    """Which run it was."""
    return f"{run.questions}, answered by {', '.join(run.answered_by) or 'nobody'}, {run.created}"


def change_told(name: str, change: Change) -> str:
    """One difference with its interval."""
    if name in MEASURES:
        values = f"{change.before:.0%} to {change.after:.0%}, {points(change.gain)} points"
    else:
        values = f"{change.before:.2f} to {change.after:.2f} on average, {seconds(change)}"
    return f"{values}, chance {chance(change.chance)}"


def seconds(change: Change) -> str:
    """A difference in seconds with its interval, where there is one."""
    gain = change.gain
    span = f"{gain.low:+.2f} to {gain.high:+.2f}" if isfinite(gain.low) else "too few for an interval"
    return f"{gain.value:+.2f} ({span})"


def _named(name: str) -> str:
    return f"seconds to the {name}" if name in SECONDS else name
