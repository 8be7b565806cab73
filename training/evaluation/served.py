"""Is the model that is served the one that was trained? The same prompts through the model server and the lab.

The server's greedy replies are read by the lab, which says at each place what it would have written there, given what
the server wrote before: so one difference doesn't hide those behind it.
"""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from dossier.errors import DataError, RegistryError
from dossier.records import Progress
from dossier.registry import Served
from dossier.registry.promotion import FEWEST_SERVED
from training.evaluation.contexts import Context, QuestionSet
from training.evaluation.decoding import Choice, Tokens
from training.evaluation.evaluate import TUNED, Candidate
from training.evaluation.lab import Lab
from training.gateway import Continuation, RunningGateway
from training.tuning.recipe import Precision

LEAST_MARGIN, WIDEST_MARGIN = 0.01, 0.5
"""Sums in another order move a lead by less than the first even in fp32; more than the second is never excused."""
_AT_ONCE = 8
_SEED = 20
_SHOWN = 5
OnProgress = Callable[[Progress], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """One prompt as tokens, and what the served adapter wrote behind it."""

    id: str
    prompt: Tokens
    reply: Continuation


@dataclass(frozen=True, slots=True)
class ServedComparison:
    """What came out: `told` says of each reply that differs where and how.

    `precision` is the server's; `moved` how far log-probabilities of what was written lie apart, on average.
    """

    served: Served
    precision: str
    moved: float
    told: tuple[str, ...]


def drawn_contexts(questions: QuestionSet, prompts: int) -> list[Context]:
    """Contexts drawn by chance, always the same, until there are so many questions. Raises DataError for too few."""
    if prompts < FEWEST_SERVED:
        raise DataError(f"{prompts} prompts are too few to promote by: it takes {FEWEST_SERVED}.")
    drawn: list[Context] = []
    for context in random.Random(_SEED).sample(questions.contexts, len(questions.contexts)):  # noqa: S311 (a sample)
        if sum(len(one.asked) for one in drawn) >= prompts:
            break
        drawn.append(context)
    found = sum(len(one.asked) for one in drawn)
    if found < prompts:
        raise DataError(f"the set has {found} test questions, and {prompts} are to be compared. Prepare a larger set.")
    return drawn


def compare_served(
    candidate: Candidate,
    contexts: Sequence[Context],
    gateway: RunningGateway,
    most: int,
    on_progress: OnProgress,
) -> ServedComparison:
    """Ask the model server and the lab, `most` tokens a reply. Raises DossierError where the gateway can't be asked."""
    # on the processor, exactly: a GPU's memory is the model server's
    lab = Lab(candidate.base_folder, {TUNED: candidate.folder}, Precision.FLOAT32)
    with lab.as_model(TUNED):
        asked, precision = _ask(lab, candidate, contexts, gateway, most, on_progress)
        found = [lab.choices(pairs) for pairs in _read(asked, "Reading replies (contexts)", on_progress)]
        margin = LEAST_MARGIN
        if precision != Precision.FLOAT32:
            lab.round_weights()
            pairs = _read(asked, "Measuring what rounding moves (contexts)", on_progress)
            rounded = [lab.leads(some, made) for some, made in zip(pairs, found, strict=True)]
            margin = min(WIDEST_MARGIN, max(LEAST_MARGIN, _most_moved(found, rounded)))
    flat = [one for some in asked for one in some]
    served, moved, told = judged(lab, flat, [made for some in found for made in some], margin, most)
    return ServedComparison(served, precision, moved, told)


def judged(
    lab: Lab, asked: Sequence[Asked], found: Sequence[Sequence[Choice]], margin: float, most: int
) -> tuple[Served, float, tuple[str, ...]]:
    """The record, how far log-probabilities lie apart on average, and which replies differ where.

    `found` are the lab's choices along each reply, `margin` what rounding may move a lead by.
    """
    told, moved = [], []
    for one, made in zip(asked, found, strict=True):
        apart = [abs(_served(one.reply, at) - choice.given[1]) for at, choice in enumerate(made)]
        moved += apart
        cut = len(made) < most and (not made or made[-1].given[0] not in lab.ends)
        if beyond := [at for at, choice in enumerate(made) if choice.lead > margin]:
            told.append(f"{one.id}, token {beyond[0] + 1}: {_difference(lab, made[beyond[0]])}")
        elif cut:
            told.append(f"{one.id}: the served reply breaks off after {len(made)} tokens")
        elif sum(apart) > margin * len(apart):
            told.append(f"{one.id}: the same tokens, but {sum(apart) / len(apart):.3f} apart in log-probability")
    ties = sum(0 < choice.lead <= margin for made in found for choice in made)
    served = Served(len(asked), len(told), len(moved), ties, round(margin, 4))
    return served, sum(moved) / max(len(moved), 1), tuple(told)


def served_comparison_text(found: ServedComparison) -> str:
    """What came out, for people."""
    served = found.served
    alike = served.compared - served.different
    lines = [
        f"{alike} of {served.compared} replies ({served.tokens:,} tokens) are those of the trained model",
        f"the model server computes in {found.precision}; at {served.ties} tokens both models' first two lie within "
        f"{served.margin:g}, which rounding alone can turn",
        f"log-probabilities of what was written lie {found.moved:.5f} apart on average",
        *(f"  differs: {line}" for line in found.told[:_SHOWN]),
    ]
    if served.different > _SHOWN:
        lines.append(f"  and {served.different - _SHOWN} more")
    return "\n".join(lines)


def _ask(
    lab: Lab,
    candidate: Candidate,
    contexts: Sequence[Context],
    gateway: RunningGateway,
    most: int,
    on_progress: OnProgress,
) -> tuple[list[list[Asked]], str]:
    """The served replies, context by context, and the precision that the server computes in."""
    prompts = [[lab.tokens(prompt) for prompt in context.prompts] for context in contexts]
    flat = [prompt for some in prompts for prompt in some]
    replies: list[Continuation] = []
    started, precision = datetime.now(UTC), ""
    for at in range(0, len(flat), _AT_ONCE):
        found = gateway.complete(candidate.digest, flat[at : at + _AT_ONCE], most)
        if found.adapter != candidate.digest:
            raise RegistryError(f"the gateway answered by adapter {found.adapter[:16]}. Is it another registry's?")
        replies += found.replies
        precision = found.precision
        on_progress(Progress("Asking the model server (prompts)", len(replies), len(flat), started))
    left = iter(replies)
    whole = zip(contexts, prompts, strict=True)
    asked = [
        [Asked(one.id, prompt, next(left)) for one, prompt in zip(context.asked, some, strict=True)]
        for context, some in whole
    ]
    return asked, precision


def _read(
    asked: Sequence[Sequence[Asked]], stage: str, on_progress: OnProgress
) -> Iterable[list[tuple[Tokens, Tokens]]]:
    """Each context's prompts with their replies, progress told behind each."""
    started = datetime.now(UTC)
    for done, some in enumerate(asked, start=1):
        yield [(one.prompt, one.reply.tokens) for one in some]
        on_progress(Progress(stage, done, len(asked), started))


def _most_moved(found: Sequence[Sequence[Sequence[Choice]]], rounded: Sequence[Sequence[Sequence[float]]]) -> float:
    """By how much rounding moves the lead of the likeliest token over the next, at most."""
    pairs = (
        (one.first[1] - one.second[1], lead)
        for some, others in zip(found, rounded, strict=True)
        for made, led in zip(some, others, strict=True)
        for one, lead in zip(made, led, strict=True)
    )
    return max((abs(exact - lead) for exact, lead in pairs), default=0.0)


def _served(reply: Continuation, at: int) -> float:
    """The server's log-probability of the token that it wrote at a place."""
    return dict(reply.likeliest[at]).get(reply.tokens[at], float("-inf"))


def _difference(lab: Lab, one: Choice) -> str:
    served, trained = (repr(str(lab.tokenizer.decode([token]))) for token in (one.given[0], one.first[0]))
    return f"served {served}, trained {trained}, which the trained model finds {one.lead:.2f} likelier (logarithm)"
