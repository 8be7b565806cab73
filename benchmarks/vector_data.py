"""Vectors for vector_scale: real MiniLM embeddings of real text, and more of the same shape.

python -m benchmarks.vector_data DATA FILE [COUNT [CHARACTERS]]

embeds COUNT (16,000) passages of CHARACTERS (700: about the 180 tokens that a chunk has) from the contracts, the
handbook and the report paragraphs in the folder DATA, and the questions there, into FILE (raw float32 rows) and
FILE.questions.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from sentence_transformers import SentenceTransformer

from dossier.settings import load_settings
from dossier.weights import verified_embedder
from retrieval.embedder import Vectors

DIMENSION = 384
_BLOCK = 128
NEIGHBOURS, MIXED = 30, 4
_GROWN_BLOCK = 8192
MADE_OF = f"""\
The vectors: real MiniLM embeddings of passages, then grown. A grown vector is a real one moved towards (or away from)
{MIXED} of its {NEIGHBOURS} nearest real neighbours by normally distributed shares, and scaled to unit length. The size
of the shares is set so that the mean cosine to the 10th neighbour at the full count is what the real vectors' own
growth tells: that distance falls as count ** (-1 / m), with m measured between a quarter of the real ones and all.
Queries are real and stand in none of it: passages held out before growing, and questions that people wrote."""


def passages(data: Path, characters: int) -> Iterator[str]:
    """Passages of the documents in `data`, of about so many characters."""
    for paragraph in _paragraphs(data):
        words = paragraph.split()
        start, length = 0, 0
        for number, word in enumerate(words):
            length += len(word) + 1
            if length >= characters or number == len(words) - 1:
                if length > 80:
                    yield " ".join(words[start : number + 1])
                start, length = number + 1, 0


def _paragraphs(data: Path) -> Iterator[str]:
    for context in json.loads((data / "tatqa" / "tatqa_dataset_dev.json").read_text(encoding="utf-8")):
        yield "\n".join(paragraph["text"] for paragraph in context["paragraphs"])
        yield "\n".join(" | ".join(row) for row in context["table"]["table"])
    for page in sorted((data / "handbook" / "pages").rglob("*.md")):
        yield page.read_text(encoding="utf-8", errors="replace")
    for contract in sorted((data / "cuad" / "contracts").glob("*.txt")):
        yield contract.read_text(encoding="utf-8", errors="replace")


def questions(data: Path) -> list[str]:
    """Questions that people wrote over such documents."""
    contexts = json.loads((data / "tatqa" / "tatqa_dataset_dev.json").read_text(encoding="utf-8"))
    conversations = json.loads((data / "convfinqa" / "convfinqa_dev.json").read_text(encoding="utf-8"))
    asked = [question["question"] for context in contexts for question in context["questions"]][::4]
    asked += [conversation["questions"][0] for conversation in conversations]
    own = Path(__file__).parent / "questions"
    for file in sorted(own.glob("*.jsonl")):
        asked += [json.loads(line)["question"] for line in file.read_text(encoding="utf-8").splitlines() if line]
    return list(dict.fromkeys(asked))


def embed(data: Path, file: Path, count: int, characters: int) -> None:
    """Embed passages spread evenly over the data, and the questions; what the file holds already stays.

    In single precision: the same to four digits, and several times quicker on a processor without bf16.
    """
    folder, _ = verified_embedder(load_settings())
    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True)

    def embedded(some: list[str]) -> bytes:
        return np.asarray(model.encode(some, batch_size=16, normalize_embeddings=True), np.float32).tobytes()

    asked = file.with_name(f"{file.name}.questions")
    if not asked.exists():
        asked.write_bytes(embedded(questions(data)))
    texts = list(dict.fromkeys(passages(data, characters)))
    texts = [texts[i] for i in np.random.default_rng(5).permutation(len(texts))[:count]]
    done = file.stat().st_size // (4 * DIMENSION) if file.exists() else 0
    print(f"{len(texts):,} passages, {done:,} of them embedded before", flush=True)
    with file.open("ab") as stream:
        for start in range(done, len(texts), _BLOCK):
            stream.write(embedded(texts[start : start + _BLOCK]))
            stream.flush()
            print(start, flush=True)


def read(file: Path) -> Vectors:
    """Raw float32 rows as (n, 384)."""
    return np.fromfile(file, np.float32).reshape(-1, DIMENSION)


def unit(vectors: Vectors) -> Vectors:
    """Rows scaled to unit length."""
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float32)


def tenth(vectors: Vectors, among: Vectors) -> float:
    """Mean distance (1 - cosine) from each vector to its 10th neighbour among others, leaving itself out."""
    cosines = vectors @ among.T
    return float(np.mean(1 - np.partition(cosines, -11, axis=1)[:, -11]))


def neighbours(vectors: Vectors) -> "np.ndarray[tuple[int, int], np.dtype[np.int32]]":
    """The `NEIGHBOURS` nearest rows of each row, without itself."""
    found = np.empty((len(vectors), NEIGHBOURS), np.int32)
    for start in range(0, len(vectors), 1024):
        cosines = vectors[start : start + 1024] @ vectors.T
        cosines[np.arange(len(cosines)), np.arange(start, start + len(cosines))] = -2
        found[start : start + 1024] = np.argpartition(cosines, -NEIGHBOURS, axis=1)[:, -NEIGHBOURS:]
    return found


def grow(real: Vectors, count: int, spread: float, seed: int = 11) -> Iterator[Vectors]:
    """The real vectors, then grown ones up to `count`, in blocks (see `MADE_OF`)."""
    yield real[:count]
    near = neighbours(real)
    chance = np.random.default_rng(seed)
    made = len(real)
    while made < count:
        size = min(_GROWN_BLOCK, count - made)
        origin = chance.integers(len(real), size=size)
        picked = near[origin[:, None], chance.integers(NEIGHBOURS, size=(size, MIXED))]
        shares = chance.normal(0, spread, (size, MIXED)).astype(np.float32)
        moved = real[origin] * (1 - shares.sum(1, keepdims=True))
        moved += np.einsum("nm,nmd->nd", shares, real[picked])
        yield unit(moved)
        made += size


def matched_spread(real: Vectors, count: int) -> tuple[float, float, float]:
    """The spread of `grow` for `count` vectors; also m, and the distance to the 10th neighbour that it aims at."""
    sample = np.random.default_rng(3).permutation(len(real))
    few, all_of = tenth(real[sample[:400]], real[sample[: len(real) // 4]]), tenth(real[sample[:400]], real)
    m = np.log(4) / np.log(few / all_of)
    aim = all_of * (count / len(real)) ** (-1 / m)
    low, high = 0.02, 1.5
    for _ in range(7):
        middle = (low * high) ** 0.5
        # the distance among all is that among a part of known size, carried on by the same law
        part = np.concatenate(list(grow(real, min(count, 8 * len(real)), middle)))
        reached = tenth(part[len(real) :: max(1, len(part) // 300)], part) * (count / len(part)) ** (-1 / m)
        low, high = (middle, high) if reached < aim else (low, middle)
    return (low * high) ** 0.5, float(m), float(aim)


def main() -> None:
    """Embed."""
    if not 3 <= len(sys.argv) <= 5:
        raise SystemExit(__doc__)
    count, characters = [*map(int, sys.argv[3:]), *(16_000, 700)[len(sys.argv) - 3 :]]
    embed(Path(sys.argv[1]), Path(sys.argv[2]), count, characters)


if __name__ == "__main__":
    main()
