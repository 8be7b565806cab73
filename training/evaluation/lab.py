"""The models that are compared: one base in memory, and adapters on top of it that are switched on and off."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dossier.prompt import Message
from dossier.reply import NOT_HERE, REFUSES_FROM
from training.evaluation.decoding import Choice, Lean, Tokens, choices, greedy, leads, likelihoods
from training.tuning.model import load_tokenizer, resolved
from training.tuning.recipe import Precision

BASE = "base"
"""The base model alone; adapters are named otherwise."""


class Lab:
    """Asks models greedily, without a server. All of them share the base's weights."""

    def __init__(
        self, base: Path, adapters: Mapping[str, Path], precision: Precision = Precision.AUTO, device: str = "cpu"
    ) -> None:
        """Load a verified model folder and adapter folders whose contents were checked."""
        import torch
        from transformers import AutoModelForCausalLM
        from transformers.utils import logging as transformers_logging

        transformers_logging.disable_progress_bar()
        half = resolved(precision, device) is Precision.BFLOAT16
        self.tokenizer = load_tokenizer(base)
        self._causal = AutoModelForCausalLM.from_pretrained(
            str(base),
            dtype=torch.bfloat16 if half else torch.float32,
            attn_implementation="sdpa",
            device_map={"": device},
            local_files_only=True,
            use_safetensors=True,
        ).eval()
        self._outer: Any = None
        for name, folder in adapters.items():
            self._add(name, folder)
        self.names = (BASE, *adapters)
        self._name = BASE
        ends = self._causal.generation_config.eos_token_id
        several = ends if isinstance(ends, list) else [ends]
        self.ends = frozenset(end for end in (*several, self.tokenizer.eos_token_id) if end is not None)

    def _add(self, name: str, folder: Path) -> None:
        from peft import PeftModel

        if self._outer is None:
            self._outer = PeftModel.from_pretrained(
                self._causal, str(folder), adapter_name=name, local_files_only=True
            ).eval()
        else:
            self._outer.load_adapter(str(folder), adapter_name=name, local_files_only=True)

    @contextmanager
    def as_model(self, name: str) -> Iterator[None]:
        """Answer as this model within the block."""
        if name not in self.names:
            raise KeyError(name)
        self._name = name
        if self._outer is None:
            yield
        elif name == BASE:
            with self._outer.disable_adapter():
                yield
        else:
            self._outer.set_adapter(name, inference_mode=True)
            yield

    def tokens(self, messages: Sequence[Message]) -> Tokens:
        """A prompt as serving renders it."""
        plain = [{"role": message.role, "content": message.content} for message in messages]
        text = self.tokenizer.apply_chat_template(plain, tokenize=False, add_generation_prompt=True)
        return self.plain_tokens(str(text))

    def plain_tokens(self, text: str) -> Tokens:
        """A text as it is."""
        return tuple(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def replies(self, prompts: Sequence[Sequence[Message]], most: int) -> list[str]:
        """What the present model writes to prompts that begin alike, at most so many tokens each.

        A tuned model's refusal is taken for one as in serving.
        """
        lean = None if self._name == BASE else Lean(self.plain_tokens(NOT_HERE)[0], REFUSES_FROM)
        found = greedy(self._causal, [self.tokens(prompt) for prompt in prompts], self.ends, most, lean)
        return [str(self.tokenizer.decode(list(reply), skip_special_tokens=True)).strip() for reply in found]

    def log_probabilities(self, pairs: Sequence[tuple[Sequence[Message], str]], first: bool = False) -> list[float]:
        """Natural log-probability of each answer, whole or of its first token alone, behind its prompt."""
        tokens = [(self.tokens(prompt), self.plain_tokens(answer)) for prompt, answer in pairs]
        found = likelihoods(self._causal, [(prompt, answer[:1] if first else answer) for prompt, answer in tokens])
        return [sum(one) for one in found]

    def choices(self, pairs: Sequence[tuple[Tokens, Tokens]]) -> list[list[Choice]]:
        """What the present model would have written at each place of replies behind prompts, both as tokens."""
        return choices(self._causal, pairs)

    def leads(self, pairs: Sequence[tuple[Tokens, Tokens]], found: Sequence[Sequence[Choice]]) -> list[list[float]]:
        """How far the first is ahead of the second of such choices, as the present model sees it."""
        return leads(self._causal, pairs, found)

    def round_weights(self) -> None:
        """Compute in bf16 from now on. Only weights are rounded: tables of positions stay as they are everywhere."""
        import torch

        for weight in self._causal.parameters():
            weight.data = weight.data.to(torch.bfloat16)

    def surprise(self, text: str) -> tuple[float, int]:
        """Sum of the negative log-probabilities of a text's tokens, without the first two, and how many those are."""
        tokens = self.plain_tokens(text)
        found = likelihoods(self._causal, [(tokens[:2], tokens[2:])])[0]
        return -sum(found), len(found)
