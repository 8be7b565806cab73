"""Sentence embeddings with a local sentence-transformers model."""

import json
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer
    from tokenizers import Tokenizer

Vectors = NDArray[np.float32]

BATCH = 8
"""Texts per forward pass. On a CPU small batches of similar length waste least on padding (measured: see DECISIONS)."""
BLOCK = 512
"""Texts that are sorted by length together, and between two reports of progress."""


class Embedder:
    """An embedding model. Vectors are float32 of unit length, so that the inner product is the cosine.

    The weights are loaded at first use: a run that has nothing to embed never pays for them.
    """

    def __init__(self, folder: Path, name: str, digest: str) -> None:
        """Describe the verified model in `folder`; `digest` identifies its weights in index manifests."""
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        self.name, self.digest, self._folder = name, digest, folder
        self.dimension: int = int(config["hidden_size"])

    @cached_property
    def _model(self) -> "SentenceTransformer":
        # torch takes seconds and half a GiB to import: only processes that embed pay for it
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging as transformers_logging

        transformers_logging.disable_progress_bar()
        # without the instructions for it, bf16 is computed piecemeal and five times slower than fp32
        dtype = torch.bfloat16 if torch.ops.mkldnn._is_mkldnn_bf16_supported() else torch.float32
        return SentenceTransformer(
            str(self._folder), device="cpu", local_files_only=True, model_kwargs={"dtype": dtype}
        )

    @cached_property
    def _tokenizer(self) -> "Tokenizer":
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

    def warm_up(self) -> None:
        """Load the weights now, so that the first question doesn't wait for them."""
        self.embed(["ready"])

    def embed(self, texts: Sequence[str], on_done: Callable[[int], None] | None = None) -> Vectors:
        """Embed texts; returns (len(texts), dimension). `on_done` hears the number embedded so far."""
        result = np.empty((len(texts), self.dimension), np.float32)
        for start in range(0, len(texts), BLOCK):
            block = list(texts[start : start + BLOCK])
            vectors = self._model.encode(
                block, batch_size=BATCH, normalize_embeddings=True, convert_to_tensor=True, show_progress_bar=False
            )
            result[start : start + len(block)] = vectors.float().numpy()
            if on_done:
                on_done(start + len(block))
        # bf16 rounding leaves lengths off by up to 1%: scale again so that scores are true cosines
        return np.asarray(result / np.linalg.norm(result, axis=1, keepdims=True).clip(1e-12), np.float32)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without the two that frame a sequence."""
        return [len(encoding) for encoding in self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)]
