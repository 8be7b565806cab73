"""kill -9 at 50 random moments of indexing: each time the old or the new generation answers, whole."""

import os
import random
import subprocess
import sys
import time
from pathlib import Path

from dossier.packs import index_folder, load_pack
from dossier.settings import Settings
from retrieval import generation
from retrieval.search import Searcher
from tests.retrieval.index_loop import HashedWords

KILLS = 50


def test_killed_at_any_moment_a_whole_generation_answers(settings: Settings, documents: Path) -> None:
    environment = {**os.environ, "DOSSIER_HOME": str(settings.home), "DOSSIER_DOCUMENTS": str(documents)}
    index = index_folder(settings, load_pack(settings).documents)
    command = [sys.executable, "-m", "tests.retrieval.index_loop"]
    subprocess.run([*command, "0", "1"], env=environment, check=True)
    chance = random.Random(11)
    seen: set[str] = set()
    for kill in range(KILLS):
        before = generation.current_name(index)
        process = subprocess.Popen([*command, str(kill * 100 + 1), str(kill * 100 + 100)], env=environment)
        while generation.current_name(index) == before:  # it is at work now, between two of its runs
            assert process.poll() is None
            time.sleep(0.005)
        time.sleep(chance.uniform(0.0, 0.3))
        process.kill()
        process.wait()
        manifest, warning = generation.newest_intact(index)
        assert warning == ""
        found = Searcher(index, HashedWords()).search("days of annual leave", frozenset(), 3)
        assert "days of annual leave" in found.passages[0].chunk.text
        assert found.generation == manifest.name
        seen.add(manifest.name)
    assert len(seen) == KILLS
    subprocess.run([*command, "9000", "9001"], env=environment, check=True)
    assert not list(index.glob(".building-*"))
