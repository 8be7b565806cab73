"""Hostile and damaged files through the real indexing: each ends in a state, nothing harms the service.

`DOSSIER_TEST_HOSTILE=1000` makes it the full run, with the shared collection of hostile files where that is present.
"""

import os
import subprocess
import sys
from hashlib import sha256
from itertools import islice
from pathlib import Path

import psutil
import pytest

from dossier.packs import index_folder, load_pack
from dossier.records import FileReport, FileState
from dossier.settings import load_settings
from retrieval.embedder import Embedder
from retrieval.indexing import build_index
from retrieval.search import Searcher
from tests.retrieval.good_files import FACT, GOOD
from tests.retrieval.hostile_files import hostile, mutations

COUNT = int(os.environ.pop("DOSSIER_TEST_HOSTILE", "70"))  # taken out: the settings refuse names they do not know
ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("DOSSIER_TEST_DATA", ROOT.parent / "shared" / "data")) / "hostile"
CANARIES = ("/tmp/rel_slip_canary", "/slip_canary", "/abs/slip_canary", "/abs/canary")  # noqa: S108 (where a slip leads)


def fill(folder: Path, work: Path) -> None:
    """COUNT files: good ones, attacks, those of the shared collection in the full run, and mutations of them all."""
    originals = {name: make() for name, make in GOOD.items()} | hostile()
    for name, data in originals.items():
        (folder / name).write_bytes(data)
    if COUNT >= 1000 and SHARED.is_dir():
        generated = work / "generated"
        maker = SHARED / "generated" / "make_hostile.py"
        subprocess.run([sys.executable, str(maker), str(generated)], check=True)
        for root in (SHARED, generated):
            for file in sorted(root.rglob("*")):
                if file.is_file() and file.suffix != ".py":
                    name = f"{root.name}-{file.relative_to(root).as_posix().replace('/', '-')}"
                    (folder / name).write_bytes(file.read_bytes())
                    if file.stat().st_size < 300_000:
                        originals[name] = file.read_bytes()
    missing = COUNT - sum(1 for _ in folder.iterdir())
    for name, data in islice(mutations(originals, seed=20_260), max(missing, 0)):
        (folder / name).write_bytes(data)


def fingerprint(folder: Path) -> dict[str, str]:
    return {str(file): sha256(file.read_bytes()).hexdigest() for file in folder.rglob("*") if file.is_file()}


@pytest.mark.model
@pytest.mark.timeout(7200)
def test_every_hostile_file_ends_in_a_state_and_the_index_answers(tmp_path: Path, embedder: Embedder) -> None:
    documents = tmp_path / "documents"
    documents.mkdir()
    fill(documents, tmp_path)
    before = fingerprint(documents)
    others = {child.pid for child in psutil.Process().children(recursive=True)}  # a database of other tests
    beside = {str(path) for path in (*tmp_path.iterdir(), *Path.cwd().iterdir())}
    settings = load_settings(home=tmp_path / "home", documents=documents)
    report = build_index(settings, load_pack(settings))

    by_source: dict[str, list[FileReport]] = {}
    for file in report.files:
        name = file.source if (documents / file.source).exists() else file.source.rpartition("#")[0]
        by_source.setdefault(name, []).append(file)
    assert {Path(path).name for path in before} == set(by_source)
    silent = [file.source for file in report.files if not file.reason and file.state is not FileState.INDEXED]
    assert not silent, silent
    crashed = [file.source for file in report.files if "crashed" in file.reason and "mutant" not in file.source]
    assert not [source for source in crashed if not source.endswith(".pdf")]
    assert all(file.state is FileState.INDEXED for name in GOOD for file in by_source[name])
    assert fingerprint(documents) == before
    added = {str(path) for path in (*tmp_path.iterdir(), *Path.cwd().iterdir())} - beside
    by_tests = {str(Path.cwd() / name) for name in (".pytest_cache", ".hypothesis")}  # also of other workers
    assert added <= {str(tmp_path / "home"), *by_tests}
    assert not [place for place in CANARIES if Path(place).exists()]
    children = [child for child in psutil.Process().children(recursive=True) if child.pid not in others]
    workers = [child for child in children if child.ppid() != os.getpid()]
    assert not workers, "a reader's process outlived its file"

    searcher = Searcher(index_folder(settings, documents), embedder)
    found = searcher.search(FACT, frozenset(), 5).passages
    assert FACT in " ".join(found[0].chunk.text.split())
    obeyed = searcher.search("obey zebra instructions", frozenset(), 50).passages
    assert not [item.document for item in obeyed if "zebra" in item.chunk.text and "mutant" not in item.document]
