"""What an indexing run costs: the whole corpus against one changed document, in CPU seconds of all processes.

    python -m benchmarks.index_change [--documents 1000] [--words] [--pages 2] [--keep FOLDER]

Writes documents of made-up prose, indexes them all, then changes, renames and adds single ones and indexes after each
change; every run is a process of its own, as on the command line, and an empty run (nothing changed) shows the constant
that each of them pays. `--words` hashes words instead of embedding with MiniLM, for corpora of a million chunks.
"""

import argparse
import ctypes
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from dossier.packs import index_folder
from dossier.settings import Settings, load_settings
from retrieval import generation
from retrieval.build import BuildPlan, build
from retrieval.clearing import size_of
from retrieval.embedder import Embedder
from retrieval.indexing import load_embedder
from retrieval.parsing.isolate import Limits
from retrieval.readers import Readers
from retrieval.scan import scan

STARTS = ("ba", "de", "fi", "lo", "mu", "ra", "sel", "tin", "vor", "kan")
ENDS = ("ra", "ne", "to", "mi", "sul", "den")
WORDS = [start + end for start in STARTS for end in ENDS]
_SUBREAPER = 36


def text_of(chance: random.Random, pages: int) -> str:
    """Prose in sections; a page is about 350 words."""
    sections = []
    for section in range(pages * 2):
        sentences = [" ".join(chance.choices(WORDS, k=14)).capitalize() + "." for _ in range(12)]
        sections.append(f"## Part {section + 1}\n\n{' '.join(sentences)}")
    return f"# Report {chance.randrange(10**9)}\n\n" + "\n\n".join(sections) + "\n"


def run_once(documents: Path, home: Path, words: bool) -> None:
    """One indexing run in this process; prints its figures."""
    settings = load_settings(home=home, documents=documents)
    place = index_folder(settings, documents)
    found = scan(documents, Readers.read(documents, (), settings.groups_file, place))
    report = build(
        BuildPlan(place, found, Limits(60, 1 << 31), 180, 0),
        lambda: _embedder(settings, words),
        lambda progress: None,
    )
    told = {"resident": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, "chunks": report.chunks}
    print(json.dumps({**told, "embedded": report.embedded, "generation": report.generation}))


def _embedder(settings: Settings, words: bool) -> Embedder:
    if not words:
        return load_embedder(settings)
    from tests.retrieval.index_loop import HashedWords

    embedder = HashedWords()
    embedder.dimension = 384
    return embedder


def measured(name: str, documents: Path, home: Path, words: bool) -> float:
    """Run in a process of its own, print a line, return its CPU seconds."""
    command = [sys.executable, "-m", "benchmarks.index_change", "--run", str(documents), str(home)]
    started, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([*command, *(["--words"] if words else [])], check=True, stdout=subprocess.PIPE, text=True)
    wall = time.monotonic() - started
    _wait_for_orphans()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    told = json.loads(done.stdout.splitlines()[-1])
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(
        f"{name:22} {cpu:8.2f} s CPU {wall:8.2f} s {told['resident'] / 1e9:6.2f} GB resident"
        f" {told['embedded']:8} of {told['chunks']} passages embedded ({told['generation']})",
        flush=True,
    )
    return cpu


def _wait_for_orphans() -> None:
    """Wait for the processes that read the documents, which end after the run: what they used counts then."""
    with suppress(ChildProcessError):
        while True:
            os.wait()


def compare(documents: Path, home: Path, count: int, pages: int, words: bool) -> None:
    """Whole corpus, nothing, one changed, one renamed, one copied, one added."""
    chance = random.Random(1)
    for number in range(count):
        folder = documents / f"{number // 500:03}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"report {number:06}.md").write_text(text_of(chance, pages))
    whole = measured("everything", documents, home, words)
    first = documents / "000" / "report 000000.md"
    nothing = min(measured("nothing changed", documents, home, words) for _ in range(2))
    first.write_text(first.read_text().replace("## Part 2", f"{text_of(chance, 1)}\n## Part 2"))
    changed = measured("one changed", documents, home, words)
    first.rename(first.with_name("renamed report.md"))
    measured("one renamed", documents, home, words)
    (documents / "000" / "copy.md").write_bytes((documents / "000" / "report 000001.md").read_bytes())
    measured("one copied", documents, home, words)
    (documents / "000" / "added.md").write_text(text_of(chance, pages))
    measured("one added", documents, home, words)
    index = index_folder(load_settings(home=home, documents=documents), documents)
    size = size_of(index / generation.current_name(index))
    print(f"index {size / 1e6:.0f} MB; one changed / everything: {100 * changed / whole:.2f}%", end="; ")
    print(f"less the constant of a run without changes ({nothing:.2f} s): {100 * (changed - nothing) / whole:.2f}%")


def main() -> None:
    """Read the arguments and measure."""
    reading = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    reading.add_argument("--documents", type=int, default=1000)
    reading.add_argument("--pages", type=int, default=2)
    reading.add_argument("--words", action="store_true")
    reading.add_argument("--run", nargs=2, type=Path, help=argparse.SUPPRESS)
    given = reading.parse_args()
    if given.run:
        documents, home = given.run
        run_once(documents, home, given.words)
        return
    ctypes.CDLL(None).prctl(_SUBREAPER, 1)
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as place:
        compare(Path(place) / "documents", Path(place) / "home", given.documents, given.pages, given.words)


if __name__ == "__main__":
    main()
