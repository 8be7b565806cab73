"""Indexing runs over a document that changes each time: something to be killed in the middle.

FAISS, SQLite and the files are the real ones. Words are hashed instead of embedded, so that the fifty processes of the
test spend their time in the indexing run and not in loading a model.
"""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dossier.packs import index_folder, load_pack
from dossier.settings import Settings, load_settings
from retrieval.build import BuildPlan, BuildReport, build
from retrieval.embedder import Embedder, Vectors
from retrieval.indexing import scan_of
from retrieval.parsing.isolate import Limits


class HashedWords(Embedder):
    """A bag of hashed words as a unit vector."""

    def __init__(self) -> None:
        self.name, self.digest, self.dimension = "hashed-words", "0", 64

    def embed(self, texts: Sequence[str], on_done: Callable[[int], None] | None = None) -> Vectors:
        result = np.full((len(texts), self.dimension), 1e-3, np.float32)
        for row, text in enumerate(texts):
            for word in text.lower().split():
                result[row, hashlib.sha256(word.encode()).digest()[0] % self.dimension] += 1
        if on_done:
            on_done(len(texts))
        return np.asarray(result / np.linalg.norm(result, axis=1, keepdims=True), np.float32)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]


def index_folder_of(settings: Settings) -> Path:
    """Where the index of the settings' documents is."""
    return index_folder(settings, load_pack(settings).documents)


def index_now(settings: Settings, embedder: Callable[[], Embedder] = HashedWords, **choices: Any) -> BuildReport:
    """Index the settings' documents as they are."""
    pack = load_pack(settings)
    found = scan_of(settings, pack)
    tokens, free = choices.pop("chunk_tokens", 180), choices.pop("free_bytes", 1 << 20)
    plan = BuildPlan(index_folder_of(settings), found, Limits(60, 1 << 30), tokens, free, **choices)
    return build(plan, embedder, lambda progress: None)


def build_once(run: int) -> None:
    """Change a document and index."""
    settings = load_settings()
    pack = load_pack(settings)
    leave = Path(pack.documents) / "leave.md"
    new = leave.with_name(".leave.new")
    new.write_text(f"# Leave\n\nEveryone has {20 + run} days of annual leave a year.\n")
    new.replace(leave)
    index_now(settings)
