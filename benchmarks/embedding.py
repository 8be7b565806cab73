"""Embedding: chunks a second, start-up, memory and retrieval quality of each way to embed, in one run.

python -m benchmarks.embedding [FOLDER] [--data FOLDER] [--chunks N] [--rounds N]

FOLDER holds documents (default: the finance pack's). With --data (the folder that holds `tatqa` and `filings`) nDCG@10
of dense retrieval is measured too, with a paired bootstrap interval of the difference to the float32 model.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dossier.errors import DocumentError
from dossier.settings import load_settings
from dossier.weights import verified_embedder
from retrieval.chunking import chunk_document, embedded_text
from retrieval.embedder import Embedder
from retrieval.metadata import describe
from retrieval.parsing.isolate import Limits, read_isolated

Vectors = NDArray[np.float32]
Encode = Callable[[Sequence[str]], Vectors]

_FINANCE = Path("packs/finance/documents")
_START = """
import time; began = time.perf_counter()
from pathlib import Path
{code}
import os
seconds = time.perf_counter() - began
lines = dict(line.split(":") for line in open("/proc/self/status"))
print(f"{{seconds:.1f}} s to the first vector, {{int(lines['VmRSS'].split()[0]) / 1e3:.0f}} MB resident")
"""
_OURS = """
from retrieval.embedder import Embedder
held = Embedder(Path({folder!r}), '', '', precision={precision!r})
held.warm_up()
"""
_PLAIN = (
    "from sentence_transformers import SentenceTransformer; "
    "held = SentenceTransformer({folder!r}, device='cpu', local_files_only=True); held.encode(['ready'])"
)


@dataclass(frozen=True, slots=True)
class Sample:
    """Questions, texts, and for each question the indices of the texts that answer it."""

    name: str
    questions: list[str]
    texts: list[str]
    relevant: list[frozenset[int]]


def documents_chunks(folder: Path, embedder: Embedder) -> list[tuple[str, int, str]]:
    """File name, page and embedded text of each chunk of a folder; files that can't be read are left out."""
    settings, found = load_settings(), []
    for path in sorted(file for file in folder.rglob("*") if file.is_file()):
        try:
            documents = read_isolated(path, Limits(300, 4_000_000_000))
        except DocumentError as error:
            print(f"left out: {path.name} ({error})")
            continue
        for document in documents:
            about = describe(document, path.name)
            for chunk in chunk_document(document, path.name, settings.chunk_tokens, embedder.count_tokens, about):
                found.append((path.name, chunk.page, embedded_text(chunk, embedder.count_tokens)))
    return found


def filings(data: Path, embedder: Embedder) -> Sample:
    """Questions over the filings; a text answers when it stands on the page of the evidence."""
    chunks = documents_chunks(data / "filings", embedder)
    lines = (Path(__file__).parent / "questions" / "filings.jsonl").read_text(encoding="utf-8").splitlines()
    asked = [json.loads(line) for line in lines if line.strip()]
    asked = [question for question in asked if question["evidence"]]
    places = [{(place["document"], place["page"]) for place in question["evidence"]} for question in asked]
    relevant = [frozenset(i for i, (name, page, _) in enumerate(chunks) if (name, page) in at) for at in places]
    return Sample("filings", [question["question"] for question in asked], [chunk[2] for chunk in chunks], relevant)


def tatqa(data: Path) -> Sample:
    """Every question against the paragraphs and table of every context; its own context's texts answer it."""
    contexts = json.loads((data / "tatqa" / "tatqa_dataset_dev.json").read_text(encoding="utf-8"))
    sample = Sample("TAT-QA", [], [], [])
    for context in contexts:
        first = len(sample.texts)
        table = "\n".join(" | ".join(cell for cell in row if cell) for row in context["table"]["table"])
        sample.texts.extend([table, *(paragraph["text"] for paragraph in context["paragraphs"])])
        own = frozenset(range(first, len(sample.texts)))
        sample.questions.extend(question["question"] for question in context["questions"])
        sample.relevant.extend([own] * len(context["questions"]))
    return sample


def ndcg(sample: Sample, encode: Encode) -> NDArray[np.float64]:
    """nDCG@10 of each question, binary relevance (Järvelin and Kekäläinen 2002)."""
    scores = encode(sample.questions) @ encode(sample.texts).T
    gains = 1 / np.log2(np.arange(2, 12))
    result = []
    for row, relevant in zip(scores, sample.relevant, strict=True):
        best = np.argsort(-row, kind="stable")[:10]
        hit = np.array([index in relevant for index in best])
        result.append(float(gains[: len(hit)][hit].sum() / gains[: min(10, len(relevant))].sum()) if relevant else 0.0)
    return np.array(result)


def interval(differences: NDArray[np.float64]) -> str:
    """Mean difference in points with its 95% interval (paired bootstrap, 2,000 draws)."""
    draws = np.random.default_rng(0).integers(0, len(differences), (2000, len(differences)))
    low, high = np.quantile(differences[draws].mean(axis=1), [0.025, 0.975])
    return f"{100 * differences.mean():+.2f} ({100 * low:+.2f} to {100 * high:+.2f})"


def plain(folder: Path, dtype: str, batch: int) -> Encode:
    """SentenceTransformer.encode."""
    import torch
    from sentence_transformers import SentenceTransformer

    options: dict[str, Any] = {"dtype": getattr(torch, dtype)}
    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True, model_kwargs=options)

    def encode(texts: Sequence[str]) -> Vectors:
        made = model.encode(list(texts), batch_size=batch, normalize_embeddings=True, convert_to_tensor=True)
        return np.asarray(made.float().numpy(), np.float32)

    return encode


def rates(variants: dict[str, Encode], texts: list[str], rounds: int) -> None:
    """Chunks a second of wall clock and of processor time, the variants in turn; medians of the rounds."""
    wall: dict[str, list[float]] = {name: [] for name in variants}
    cpu: dict[str, list[float]] = {name: [] for name in variants}
    vectors: dict[str, Vectors] = {}
    for number in range(rounds + 1):
        for name, encode in variants.items():
            began, used = time.perf_counter(), time.process_time()
            vectors[name] = encode(texts if number else texts[:16])
            if number:
                wall[name].append(len(texts) / (time.perf_counter() - began))
                cpu[name].append(len(texts) / (time.process_time() - used))
    base = next(iter(variants))
    for name in variants:
        speed, ratio = statistics.median(wall[name]), statistics.median(np.divide(wall[name], wall[base]))
        work = statistics.median(np.divide(cpu[name], cpu[base]))
        cosine = float((vectors[name] * vectors[base]).sum(axis=1).min())
        print(f"{name}: {speed:.1f} chunks/s, {ratio:.2f} times {base} ({work:.2f} times by processor time), "
              f"lowest cosine {cosine:.5f}", flush=True)  # fmt: skip


def latency(encode: Encode) -> str:
    """Median and best of 100 short questions, one at a time."""
    times = []
    for number in range(100):
        began = time.perf_counter()
        encode([f"How many people worked for the company in {1900 + number}?"])
        times.append(1e3 * (time.perf_counter() - began))
    return f"{statistics.median(times):.1f} ms a question (best {min(times):.1f})"


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=_FINANCE)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--chunks", type=int, default=256, help="chunks timed, spread evenly over the folder")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    folder, _ = verified_embedder(load_settings())
    own = Embedder(folder, "", "")
    for name, code in (("sentence-transformers", _PLAIN), (own.backend, _OURS)):
        script = _START.format(code=code.format(folder=str(folder.resolve()), precision=""))
        print(f"start of {name}:", subprocess.run([sys.executable, "-c", script], capture_output=True, text=True,
              check=True, env=os.environ | {"HF_HUB_OFFLINE": "1"}).stdout.strip(), flush=True)  # fmt: skip
    texts = [text for _, _, text in documents_chunks(given.folder, own)]
    texts = texts[:: max(1, len(texts) // given.chunks)][: given.chunks]
    variants = {"plain float32, batch 32": plain(folder, "float32", 32), own.backend: own.embed}
    print(f"{len(texts)} chunks, {statistics.mean(own.count_tokens(texts)):.0f} tokens each")
    rates(variants | {"plain bfloat16, batch 8": plain(folder, "bfloat16", 8)}, texts, given.rounds)
    for name, encode in variants.items():
        print(f"{name}: {latency(encode)}", flush=True)
    for sample in [] if given.data is None else [tatqa(given.data), filings(given.data, own)]:
        base, *others = [(name, ndcg(sample, encode)) for name, encode in variants.items()]
        print(f"{sample.name}, {len(base[1])} questions, nDCG@10: {base[0]} {100 * base[1].mean():.2f}", flush=True)
        for name, scores in others:
            print(f"  {name} {100 * scores.mean():.2f}, difference {interval(scores - base[1])}", flush=True)


if __name__ == "__main__":
    main()
