"""How many tokens an example takes, by the base model's own tokenizer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dossier.adapters import sha256_of
from dossier.errors import DataError
from dossier.settings import Settings
from training.data.example import Example

if TYPE_CHECKING:
    from tokenizers import Tokenizer

FRAME = 200
"""Tokens left for the instructions and the marks of the chat template."""
_BATCH = 256
_FILE = "tokenizer.json"


@dataclass(frozen=True, slots=True)
class Measure:
    """A tokenizer, and the digest of its file; `reason` why there is none (empty: there is one)."""

    tokenizer: "Tokenizer | None"
    digest: str = ""
    reason: str = ""

    def lengths(self, examples: Sequence[Example], on_share: Callable[[float], None]) -> list[int]:
        """Tokens of each example with `FRAME` added; texts that examples share are counted once.

        `on_share` hears which share of the work is done.
        """
        if self.tokenizer is None:
            return []
        texts = list(dict.fromkeys(text for example in examples for text in _parts(example)))
        known: dict[str, int] = {}
        for start in range(0, len(texts), _BATCH):
            batch = texts[start : start + _BATCH]
            found = self.tokenizer.encode_batch_fast(batch, add_special_tokens=False)
            on_share(min(1.0, (start + _BATCH) / len(texts)))
            known.update((text, len(tokens)) for text, tokens in zip(batch, found, strict=True))
        return [FRAME + sum(known[text] for text in _parts(example)) for example in examples]


def measure_of(settings: Settings, base_model: str) -> Measure:
    """The tokenizer of the base model that is prepared, or why lengths can't be measured. Raises DataError."""
    folder = settings.models_folder / base_model
    file = (folder if folder.is_dir() else Path(base_model)) / _FILE
    if not file.is_file():
        return Measure(None, "", f"lengths weren't measured: the base model {base_model} isn't prepared yet")
    from tokenizers import Tokenizer

    try:
        tokenizer = Tokenizer.from_file(str(file))
    except Exception as error:  # the library has no class of its own for this
        raise DataError(f"{file} isn't a tokenizer ({error}). Restore the base model.") from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return Measure(tokenizer, sha256_of(file))


def _parts(example: Example) -> tuple[str, ...]:
    turns = (turn.text for turn in example.history)
    return (example.instruction, example.context.text, *turns, example.question, "\n".join(example.answer.texts))
