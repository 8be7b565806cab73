"""An assessment in the terminal."""

from collections.abc import Sequence

from training.assessment.record import Advice, Assessed, Facts

HEADS = ("model", "licence", "weights", "context", "right", "first token", "tokens/s", "memory", "tuning")


def assessment_text(found: Sequence[Assessed], advice: Advice) -> str:
    """The table, the forms of the weights, and the recommendation."""
    rows = [HEADS, *(row_of(one) for one in found)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(HEADS))]
    table = "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
    stored = "\n".join(f"\n{one.facts.name} on the disk:\n{_stored(one.facts)}" for one in found)
    head = f"Recommended: {advice.name}" if advice.name else "None is recommended."
    reasons = "\n".join(f"  {reason}" for reason in advice.reasons)
    return f"{table}\n{stored}\n\n{head}\n{reasons}"


def row_of(one: Assessed) -> tuple[str, ...]:
    """The figures of one candidate in the order of HEADS."""
    facts, served, cost = one.facts, one.served, one.cost
    about = (
        short_name(facts.name),
        facts.licence,
        count(facts.parameters),
        f"{facts.context:,}" if facts.context else "?",
    )
    measured = ("can't be served", "–", "–", "–")
    if served is not None:
        measured = (
            f"{served.right} of {len(served.said)}",
            f"{served.first_token:.2f} s",
            f"{served.tokens_per_second:.0f}",
            f"{served.memory_gib:.1f} GiB",
        )
    tuning = "not tried"
    if cost is not None:
        rate = f"{cost.questions_per_second:.1f} questions/s, {cost.memory_gib:.1f} GiB"
        tuning = "can't be tuned" if cost.problem else rate
    return (*about, *measured, tuning)


def short_name(name: str) -> str:
    """The last part of a path."""
    return name.rstrip("/").rsplit("/", 1)[-1]


def count(number: int) -> str:
    """A number of weights as people say it."""
    for size, word in ((10**9, "B"), (10**6, "M"), (10**3, "k")):
        if number >= size:
            return f"{number / size:.3g} {word}"
    return str(number)


def size(number: int) -> str:
    """Bytes as people read them."""
    return f"{number / 10**9:.2f} GB" if number >= 10**9 else f"{number / 10**6:.1f} MB"


def _stored(facts: Facts) -> str:
    return "\n".join(
        f"  {one.form:12} {size(one.size):>10}  {'there' if one.there else 'not there':10} {one.remark}"
        for one in facts.stored
    )
