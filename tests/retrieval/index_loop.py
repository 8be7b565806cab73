"""Indexes again and again with a document that changes each time: something to be killed in the middle.

FAISS, SQLite and the files are the real ones. Words are hashed instead of embedded, so that the fifty processes of the
test spend their time in the indexing run and not in loading a model.
"""

import hashlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from dossier.packs import index_folder, load_pack
from dossier.settings import load_settings
from retrieval.build import BuildPlan, build
from retrieval.embedder import Embedder, Vectors
from retrieval.parsing.isolate import Limits
from retrieval.scan import scan


class HashedWords(Embedder):
    """A bag of hashed words as a unit vector."""

    def __init__(self) -> None:
        self.name, self.digest, self.dimension = "hashed-words", "0", 64

    def embed(self, texts: Sequence[str], on_done: Callable[[int], None] | None = None) -> Vectors:
        result = np.full((len(texts), self.dimension), 1e-3, np.float32)
        for row, text in enumerate(texts):
            for word in text.lower().split():
                result[row, hashlib.sha256(word.encode()).digest()[0] % self.dimension] += 1
        return np.asarray(result / np.linalg.norm(result, axis=1, keepdims=True), np.float32)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]


def build_once(run: int) -> None:
    """Change a document and index."""
    settings = load_settings()
    pack = load_pack(settings)
    leave = Path(pack.documents) / "leave.md"
    new = leave.with_name(".leave.new")
    new.write_text(f"# Leave\n\nEveryone has {20 + run} days of annual leave a year.\n")
    new.replace(leave)
    found = scan(pack.documents, pack.collections, settings.groups_file)
    plan = BuildPlan(index_folder(settings, pack.documents), found, Limits(20, 1 << 30), 180, 1 << 20)
    build(plan, HashedWords, lambda progress: None)


if __name__ == "__main__":
    for number in range(int(sys.argv[1]), int(sys.argv[2])):
        build_once(number)
