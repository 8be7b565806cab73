"""The encoder computes what sentence-transformers computes, for any length, from many threads, without torch."""

import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from dossier.settings import load_settings
from dossier.weights import verified_embedder
from retrieval.embedder import Embedder
from retrieval.encoder import can_encode

pytestmark = pytest.mark.model
TEXTS = [
    "Total net sales rose by 8% to $394,328 million.",
    "leave",
    "The lessee pays the rent in advance. " * 12,
    "Ärger über Größen – naïve façade, 東京, 🙂",
]


@pytest.fixture(scope="module")
def folder() -> Path:
    return verified_embedder(load_settings())[0]


def elsewhere(folder: Path, place: Path) -> Embedder:
    """The same model in a folder that the encoder declines, so that sentence-transformers computes it."""
    shutil.copytree(folder, place)
    config = json.loads((place / "config.json").read_text())
    (place / "config.json").write_text(json.dumps({**config, "hidden_act": "gelu_python"}))
    assert not can_encode(place)
    return Embedder(place, "same", "d")


@pytest.mark.parametrize(("precision", "alike"), [("f32", 0.999), ("bf16", 0.999), ("int8", 0.99), ("", 0.99)])
def test_vectors_are_those_of_sentence_transformers(folder: Path, tmp_path: Path, precision: str, alike: float) -> None:
    embedder = Embedder(folder, "ours", "d", precision=precision)
    ours, theirs = embedder.embed(TEXTS), elsewhere(folder, tmp_path / "copy").embed(TEXTS)
    assert embedder.backend.startswith(f"openvino {precision}")
    assert ours.dtype == np.float32 and ours.shape == (len(TEXTS), 384)
    assert np.sum(ours * theirs, axis=1).min() > alike
    assert np.linalg.norm(ours, axis=1) == pytest.approx(1.0, abs=1e-5)


def test_a_batch_and_its_order_change_nothing(embedder: Embedder) -> None:
    many = [f"{text} {number}" for number in range(12) for text in TEXTS]
    together = embedder.embed(many)
    for row in (0, 17, 47):
        assert float(together[row] @ embedder.embed([many[row]])[0]) > 0.9999


def test_nothing_of_a_long_text_is_cut_away(embedder: Embedder) -> None:
    assert embedder.max_tokens == 256
    filler = "The quarterly meeting took place in the usual room. " * 60
    plain, ending = embedder.embed([filler, f"{filler} Penguins hunt krill below the Antarctic ice shelf. " * 2])
    about = embedder.embed(["penguins and krill in Antarctica"])[0]
    assert embedder.count_tokens([filler])[0] > 2 * embedder.max_tokens
    assert float(ending @ about) > float(plain @ about) + 0.02


def test_many_threads_ask_at_once(embedder: Embedder) -> None:
    alone = {text: embedder.embed([text])[0] for text in TEXTS}
    with ThreadPoolExecutor(8) as pool:
        for text, vectors in zip(TEXTS * 8, pool.map(lambda text: embedder.embed([text]), TEXTS * 8), strict=True):
            assert float(vectors[0] @ alone[text]) > 0.9999


def test_fewer_dimensions_keep_unit_length(folder: Path, embedder: Embedder) -> None:
    short = Embedder(folder, "short", "d", dimension=128).embed(TEXTS)
    assert short.shape == (len(TEXTS), 128)
    whole = embedder.embed(TEXTS)[:, :128]
    assert np.allclose(short, whole / np.linalg.norm(whole, axis=1, keepdims=True), atol=1e-3)


def test_embedding_needs_no_torch() -> None:
    code = (
        "import sys\n"
        "from dossier.settings import load_settings\n"
        "from retrieval.indexing import load_embedder\n"
        "load_embedder(load_settings()).embed(['ready'])\n"
        "print(sorted({'torch', 'transformers', 'sentence_transformers'} & set(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=300)
    assert done.stdout.strip() == "[]", done.stdout
