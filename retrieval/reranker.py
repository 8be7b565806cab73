"""Reads question and passage together and says how well the passage answers: a cross-encoder from a local folder."""

import json
import threading
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dossier.errors import WeightsError
from dossier.weights import verify_folder

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

BATCH = 8
"""Pairs per forward pass, of similar length."""
_USUAL_MOST_TOKENS = 512
_OVERLAP = 16
"""Tokens that two windows of a long passage share."""


class Reranker:
    """A sequence classifier with one output (Nogueira and Cho 2019). Shared by threads; loads at first use."""

    def __init__(self, folder: Path) -> None:
        """Describe a folder as sentence-transformers' CrossEncoder writes it. Raises WeightsError.

        Safetensors only; digests are checked where the folder has a manifest; the model's own code is never run.
        """
        verify_folder(folder)
        try:
            config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
            kind = str((config.get("architectures") or [""])[0])
            outputs = len(config.get("id2label") or {0: "", 1: ""})
        except (OSError, ValueError, AttributeError, IndexError) as error:
            raise WeightsError(f"{folder} has no readable config.json ({error}). Name a cross-encoder.") from error
        if not kind.endswith("ForSequenceClassification") or outputs != 1:
            raise WeightsError(
                f"{folder} isn't a cross-encoder with one output ({kind or 'unknown kind'}, {outputs} outputs). "
                "Name the folder of a reranker, or leave the setting empty."
            )
        if not (folder / "tokenizer.json").is_file():
            raise WeightsError(f"{folder} lacks tokenizer.json. Save the model with a fast tokenizer.")
        self._folder = folder
        self.max_tokens = _most_tokens(folder, config)
        self._loading = threading.Lock()

    def warm_up(self) -> None:
        """Load the weights now, so that the first question doesn't wait for them."""
        self.scores("ready", ["ready"])

    def scores(self, question: str, texts: Sequence[str]) -> list[float]:
        """One logit for each text: above 0 the model takes it for an answer. The order of `texts` is kept.

        A passage that doesn't fit beside the question is read in overlapping windows and counts by its best. Raises
        WeightsError when the question alone leaves no room for a passage.
        """
        pairs: list[Encoding] = []
        owners: list[int] = []
        for place, text in enumerate(texts):
            for window in self._windows(question, text):
                pairs.append(window)
                owners.append(place)
        best = [float("-inf")] * len(texts)
        order = sorted(range(len(pairs)), key=lambda row: len(pairs[row].ids))
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            for row, logit in zip(rows, self._logits([pairs[row] for row in rows]), strict=True):
                best[owners[row]] = max(best[owners[row]], logit)
        return best

    @cached_property
    def _tokenizer(self) -> "Tokenizer":
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

    @property
    def _model(self) -> Any:  # noqa: ANN401 (transformers' classes are imported late)
        with self._loading:
            return self._loaded

    @cached_property
    def _loaded(self) -> Any:  # noqa: ANN401 (transformers' classes are imported late)
        # torch takes seconds and half a GiB to import: only those who rerank pay for it
        import torch
        from transformers import AutoModelForSequenceClassification
        from transformers.utils import logging as transformers_logging

        transformers_logging.disable_progress_bar()
        # without the instructions for it, bf16 is computed piecemeal and slower than fp32
        dtype = torch.bfloat16 if torch.ops.mkldnn._is_mkldnn_bf16_supported() else torch.float32
        model = AutoModelForSequenceClassification.from_pretrained(
            str(self._folder), local_files_only=True, use_safetensors=True, dtype=dtype
        )
        return model.eval()

    def _windows(self, question: str, text: str) -> "list[Encoding]":
        pair = self._tokenizer.encode(question, text)
        if len(pair.ids) <= self.max_tokens:
            return [pair]
        asked = len(self._tokenizer.encode(question, "").ids)
        room = self.max_tokens - asked
        if room <= 2 * _OVERLAP:
            raise WeightsError(
                f"the question takes {asked} of the {self.max_tokens} tokens that the reranker {self._folder} reads. "
                "Ask in fewer words, or leave the reranker out."
            )
        places = self._tokenizer.encode(text, add_special_tokens=False).offsets
        starts = range(0, max(len(places) - _OVERLAP, 1), room - _OVERLAP)
        cuts = [(places[start][0], places[min(start + room, len(places)) - 1][1]) for start in starts]
        return [self._tokenizer.encode(question, text[left:right]) for left, right in cuts]

    def _logits(self, pairs: "Sequence[Encoding]") -> list[float]:
        import torch

        longest = max(len(pair.ids) for pair in pairs)
        model = self._model
        padding = int(model.config.pad_token_id or 0)
        ids = torch.full((len(pairs), longest), padding)
        mask, types = torch.zeros_like(ids), torch.zeros_like(ids)
        for row, pair in enumerate(pairs):
            ids[row, : len(pair.ids)] = torch.tensor(pair.ids)
            types[row, : len(pair.ids)] = torch.tensor(pair.type_ids)
            mask[row, : len(pair.ids)] = 1
        inputs = {"input_ids": ids, "attention_mask": mask}
        if int(getattr(model.config, "type_vocab_size", 0) or 0) > 1:
            inputs["token_type_ids"] = types
        with torch.inference_mode():
            return [float(value) for value in model(**inputs).logits[:, 0].float()]


def _most_tokens(folder: Path, config: dict[str, Any]) -> int:
    """Tokens that the model reads at most: its positions (RoBERTa's kin lose two) and what its tokenizer says."""
    positions = int(config.get("max_position_embeddings") or _USUAL_MOST_TOKENS)
    if "roberta" in str(config.get("model_type", "")):
        positions -= 2
    file = folder / "tokenizer_config.json"
    said = json.loads(file.read_text(encoding="utf-8")).get("model_max_length") if file.is_file() else None
    return min(positions, int(said)) if said else positions
