"""Tokens of prompts and answers, as serving renders them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dossier.errors import WeightsError
from dossier.prompt import Message
from training.tuning.items import TuningItem

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase


@dataclass(frozen=True, slots=True)
class Rendered:
    """Token ids of one whole prompt, up to where the model begins to write, and of what it is to write then."""

    prompt: tuple[int, ...]
    target: tuple[int, ...]


def render(item: TuningItem, tokenizer: "PreTrainedTokenizerBase") -> list[Rendered]:
    """Render each question of an item as its own whole prompt. Raises WeightsError where the chat template won't do.

    The target ends with the token that ends the model's turn. It is tokenized apart from the prompt, because the model
    that serves goes on from the prompt's tokens.
    """
    prompts, targets = [], []
    for branch in item.branches:
        messages = (*item.prefix, *branch.suffix)
        prompts.append(_text(tokenizer, messages, True))
        whole = _text(tokenizer, (*messages, Message("assistant", branch.target)), False)
        if not whole.startswith(prompts[-1]):
            raise WeightsError(
                "the model's chat template writes a finished answer in another way than it asks for one. "
                "Use a base model whose template begins both alike."
            )
        targets.append(whole.removeprefix(prompts[-1]))
    ids = tokenizer([*prompts, *targets], add_special_tokens=False)["input_ids"]
    half = len(prompts)
    return [
        Rendered(tuple(prompt), _ended(tuple(target), tokenizer.eos_token_id))
        for prompt, target in zip(ids[:half], ids[half:], strict=True)
    ]


def _text(tokenizer: "PreTrainedTokenizerBase", messages: Sequence[Message], asks: bool) -> str:
    plain = [{"role": message.role, "content": message.content} for message in messages]
    return str(tokenizer.apply_chat_template(plain, tokenize=False, add_generation_prompt=asks))


def _ended(target: tuple[int, ...], end: int | None) -> tuple[int, ...]:
    """The target up to the first end of turn, which is added where the template writes none."""
    if end is None:
        return target
    return (*target[: target.index(end)], end) if end in target else (*target, end)
