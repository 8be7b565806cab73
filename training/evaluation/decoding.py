"""Greedy replies and likelihoods of answers, with what prompts share computed once.

All questions on the same excerpts begin alike, so that their common beginning is read once and its keys and values are
repeated for each: for nine questions on 700 tokens, a ninth of the reading.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

Tokens = tuple[int, ...]


def shared_length(prompts: Sequence[Sequence[int]]) -> int:
    """How many first tokens all prompts have in common, one left for each to go on from."""
    longest = min(map(len, prompts)) - 1
    first = prompts[0]
    return next((at for at in range(longest) if any(prompt[at] != first[at] for prompt in prompts)), longest)


@dataclass(frozen=True, slots=True)
class Lean:
    """A first token that is chosen as soon as it is so likely."""

    token: int
    least: float


def greedy(
    model: Any,  # noqa: ANN401 (a class that is imported late)
    prompts: Sequence[Sequence[int]],
    ends: Collection[int],
    most: int,
    lean: Lean | None = None,
) -> list[Tokens]:
    """The likeliest token, again and again, up to one of `ends` (left out) or `most` tokens; one reply a prompt."""
    import torch

    shared = shared_length(prompts)
    if not shared:  # nothing in common: padding would have nothing to look at
        return [greedy(model, [prompt], ends, most, lean)[0] for prompt in prompts] if len(prompts) > 1 else []
    replies: list[list[int]] = [[] for _ in prompts]
    live = list(range(len(prompts)))
    with torch.inference_mode():
        cache = _cache(model, prompts[0][:shared], len(prompts))
        ids, mask = (one.to(model.device) for one in _padded([prompt[shared:] for prompt in prompts], shared))
        places = (mask.cumsum(1) - 1)[:, shared:]
        for number in range(most):
            logits = model(
                input_ids=ids, attention_mask=mask, position_ids=places, past_key_values=cache, logits_to_keep=1
            ).logits
            chosen = _chosen(logits[:, -1], None if number else lean)
            going = [row for row, token in enumerate(chosen.tolist()) if token not in ends]
            for row in going:
                replies[live[row]].append(int(chosen[row]))
            if not going:
                break
            if len(going) < len(live):  # the finished ones cost nothing any more
                kept = torch.tensor(going, device=model.device)
                cache.batch_select_indices(kept)
                chosen, mask, places = chosen[kept], mask[kept], places[kept]
                live = [live[row] for row in going]
            ids = chosen[:, None]
            mask = torch.cat([mask, mask.new_ones(len(live), 1)], 1)
            places = places[:, -1:] + 1
    return [tuple(reply) for reply in replies]


def _chosen(logits: "torch.Tensor", lean: Lean | None) -> "torch.Tensor":
    """The likeliest tokens `[prompts]`, or the one that is leaned to."""
    first = logits.argmax(-1)
    if lean is None:
        return first
    return first.masked_fill(logits.float().softmax(-1)[:, lean.token] >= lean.least, lean.token)


@dataclass(frozen=True, slots=True)
class Choice:
    """What a model thinks at one place of a text: its likeliest tokens, and the one that stands there.

    `first`, `second` and `given` are token ids, each with its natural log-probability.
    """

    first: tuple[int, float]
    second: tuple[int, float]
    given: tuple[int, float]

    @property
    def lead(self) -> float:
        """How far the likeliest token is ahead of the one that stands there; 0 where that is the likeliest."""
        return self.first[1] - self.given[1]


def likelihoods(model: Any, pairs: Sequence[tuple[Tokens, Tokens]]) -> list[list[float]]:  # noqa: ANN401 (a class that is imported late)
    """Natural log-probability of each token of each answer behind its prompt, all in one pass; `pairs` are both.

    In bf16 logits of 16 to 32 lie an eighth apart, which moves a probability by up to 3 points: the last product is
    computed in float32 here, whatever the rest is computed in.
    """
    with _exact_logits(model):
        found = _behind(model, pairs)
    return [logits[range(len(logits)), list(answer)].tolist() for logits, (_, answer) in zip(found, pairs, strict=True)]


def choices(model: Any, pairs: Sequence[tuple[Tokens, Tokens]]) -> list[list[Choice]]:  # noqa: ANN401 (a class that is imported late)
    """What the model would have written at each place of each answer, given all before it."""
    made = []
    for logits, (_, answer) in zip(_behind(model, pairs), pairs, strict=True):
        values, tokens = logits.topk(2, dim=-1)
        given = logits[range(len(answer)), list(answer)].tolist()
        places = zip(tokens.tolist(), values.tolist(), answer, given, strict=True)
        made.append([Choice((a, x), (b, y), (one, told)) for (a, b), (x, y), one, told in places])
    return made


def leads(
    model: Any,  # noqa: ANN401 (a class that is imported late)
    pairs: Sequence[tuple[Tokens, Tokens]],
    found: Sequence[Sequence[Choice]],
) -> list[list[float]]:
    """How far the first is ahead of the second of those choices, as this model sees it."""
    return [
        (logits[range(len(made)), [one.first[0] for one in made]] - logits[range(len(made)), _seconds(made)]).tolist()
        for logits, made in zip(_behind(model, pairs), found, strict=True)
    ]


def _seconds(made: Sequence[Choice]) -> list[int]:
    return [one.second[0] for one in made]


def _behind(model: Any, pairs: Sequence[tuple[Tokens, Tokens]]) -> "list[torch.Tensor]":  # noqa: ANN401 (a class that is imported late)
    """For each pair the log-probabilities of the whole vocabulary at each place of the answer."""
    import torch

    wholes = [(*prompt, *answer) for prompt, answer in pairs]
    shared = min(shared_length(wholes), *(len(prompt) - 1 for prompt, _ in pairs))
    rests = [whole[shared:-1] for whole in wholes]  # nothing is foretold from the last token
    first = [len(prompt) - 1 - shared for prompt, _ in pairs]
    rows = {rest: row for row, rest in enumerate(dict.fromkeys(rests))}  # answers of one token share all there is
    with torch.inference_mode():
        cache = _cache(model, wholes[0][:shared], len(rows)) if shared else None
        ids = torch.zeros(len(rows), max(map(len, rows)), dtype=torch.long)
        for rest, row in rows.items():
            ids[row, : len(rest)] = torch.tensor(rest)  # what is padded behind is never looked at from before it
        kept = ids.shape[1] - min(first)  # the vocabulary is wide: no logits where nothing is asked
        logits = model(input_ids=ids.to(model.device), past_key_values=cache, logits_to_keep=kept).logits
        logits = logits.float().log_softmax(-1)
    starts = [at - min(first) for at in first]
    places = zip(rests, starts, pairs, strict=True)
    return [logits[rows[rest], at : at + len(answer)] for rest, at, (_, answer) in places]


@contextmanager
def _exact_logits(model: Any) -> Iterator[None]:  # noqa: ANN401 (a class that is imported late)
    """Compute logits in float32 from what the model's blocks make."""
    import torch

    def exact(head: Any, given: "tuple[torch.Tensor, ...]", made: "torch.Tensor") -> "torch.Tensor":  # noqa: ANN401
        bias = None if head.bias is None else head.bias.float()
        return made if made.dtype is torch.float32 else functional.linear(given[0].float(), head.weight.float(), bias)

    functional = torch.nn.functional
    hook = model.get_output_embeddings().register_forward_hook(exact)
    try:
        yield
    finally:
        hook.remove()


def _cache(model: Any, tokens: Sequence[int], copies: int) -> Any:  # noqa: ANN401 (a class that is imported late)
    """Keys and values of the tokens, once for each copy."""
    import torch
    from transformers import DynamicCache

    cache = DynamicCache(config=model.config)
    model(input_ids=torch.tensor([list(tokens)], device=model.device), past_key_values=cache, logits_to_keep=1)
    cache.batch_repeat_interleave(copies)
    return cache


def _padded(rests: Sequence[Sequence[int]], shared: int) -> "tuple[torch.Tensor, torch.Tensor]":
    """What is each prompt's own, ending together; and the mask of shared and own tokens."""
    import torch

    width = max(map(len, rests))
    ids = torch.zeros(len(rests), width, dtype=torch.long)
    mask = torch.ones(len(rests), shared + width, dtype=torch.long)
    for row, rest in enumerate(rests):
        ids[row, width - len(rest) :] = torch.tensor(list(rest))
        mask[row, shared : shared + width - len(rest)] = 0
    return ids, mask
