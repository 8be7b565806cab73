"""Which candidate to take under stated limits, and why."""

import re
from collections.abc import Sequence

from dossier.errors import SettingsError
from training.assessment.record import Advice, Assessed, Limits, Served
from training.evaluation.intervals import by_chance
from training.scoring import Outcome

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(M|G|T)(?:i?B)?", re.IGNORECASE)
_TIME = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s)?", re.IGNORECASE)
_GIB = {"m": 1 / 1024, "g": 1.0, "t": 1024.0}
_LIKELY = 0.05
"""Above it a difference may be chance, and the faster one is taken."""


def limits_of(memory: str, first_token: str) -> Limits:
    """Limits as people write them: `8G`, `2s`, `800ms`; empty: none. Raises SettingsError."""
    size, time = _SIZE.fullmatch(memory.strip()), _TIME.fullmatch(first_token.strip())
    if memory and not size:
        raise SettingsError(f"--memory can't be {memory!r}. Write a size such as 8G or 800M.")
    if first_token and not time:
        raise SettingsError(f"--first-token can't be {first_token!r}. Write a time such as 2s or 800ms.")
    seconds = float(time[1]) / (1000 if (time[2] or "s").lower() == "ms" else 1) if time and first_token else None
    return Limits(float(size[1]) * _GIB[size[2].lower()] if size else None, seconds)


def recommend(found: Sequence[Assessed], limits: Limits) -> Advice:
    """The candidate with the most right answers within the limits; of those that chance alone may part, the fastest."""
    reasons, within = [], []
    for one in found:
        if against := _against(one, limits):
            reasons.append(f"{one.facts.name} is out: {'; '.join(against)}.")
        elif one.served is not None:
            within.append((one.facts.name, one.served))
    if not within:
        return Advice("", (*reasons, "No candidate is within the limits. Raise them, or assess smaller models."))
    name, best = max(within, key=lambda one: (one[1].right, one[1].tokens_per_second))
    alike = [one for one in within if _chance(best, one[1]) > _LIKELY]
    chosen, served = max(alike, key=lambda one: (one[1].tokens_per_second, one[1].right))
    total = len(best.said)
    if len(within) == 1:
        reasons.append(f"{chosen} is the only one within the limits: {_figures(served)}.")
    elif len(alike) > 1:
        names = ", ".join(other for other, _ in alike if other != chosen)
        reasons.append(
            f"{chosen} is the fastest of those that {total} questions can't tell apart ({names}): {_figures(served)}. "
            "Ask more questions (--questions) to tell them apart."
        )
    else:
        reasons.append(f"{chosen} answers more questions right, and that is more than chance: {_figures(served)}.")
    if served.right * 2 < total:
        reasons.append("It is right in fewer than half of the questions untuned: tune it, or assess a larger one.")
    return Advice(chosen, tuple(reasons))


def _against(one: Assessed, limits: Limits) -> list[str]:
    if one.served is None:
        return [one.problem.rstrip(".")]
    told = []
    if limits.memory_gib is not None and one.served.memory_gib > limits.memory_gib:
        told.append(f"it takes {one.served.memory_gib:.1f} GiB, the limit is {limits.memory_gib:.1f}")
    if limits.first_token is not None and one.served.first_token > limits.first_token:
        told.append(f"its first token takes {one.served.first_token:.2f} s, the limit is {limits.first_token:g}")
    return told


def _chance(best: Served, other: Served) -> float:
    differences = [
        (mine.outcome is Outcome.RIGHT) - (theirs.outcome is Outcome.RIGHT)
        for mine, theirs in zip(best.said, other.said, strict=True)
    ]
    return by_chance(differences, range(len(differences)))


def _figures(served: Served) -> str:
    return (
        f"{served.right} of {len(served.said)} right, {served.memory_gib:.1f} GiB, first token after "
        f"{served.first_token:.2f} s, {served.tokens_per_second:.0f} tokens/s"
    )
