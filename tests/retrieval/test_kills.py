"""kill -9 at 200 random moments and at every step of a run: each time the old or the new generation, whole."""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dossier.settings import Settings
from retrieval import generation
from retrieval.search import Searcher
from tests.retrieval.index_loop import HashedWords, index_folder_of

pytestmark = pytest.mark.slow

KILLS = 200


class Killer:
    """The warm process, and the index that its runs work on."""

    def __init__(self, settings: Settings, documents: Path) -> None:
        self.index = index_folder_of(settings)
        environment = {**os.environ, "DOSSIER_HOME": str(settings.home), "DOSSIER_DOCUMENTS": str(documents)}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.retrieval.kill_server"],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def order(self, **order: Any) -> dict[str, Any]:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def timed(self, run: int) -> float:
        """How long a whole run takes, in seconds."""
        begun = time.monotonic()
        self.order(run=run)
        return time.monotonic() - begun

    def answer(self) -> tuple[str, str]:
        """The generation that answers and what it says; fails unless it is whole."""
        manifest, warning = generation.newest_intact(self.index)
        assert warning == ""
        searcher = Searcher(self.index, HashedWords())
        found = searcher.search("days of annual leave", frozenset(), 3)
        searcher.close()
        assert found.generation == manifest.name
        return manifest.name, found.passages[0].chunk.text

    def check(self, before: tuple[str, str], run: int) -> tuple[str, str]:
        """What answers now is either what answered before or the new generation, with the new text."""
        now = self.answer()
        assert now == before or (now[0] > before[0] and f" {20 + run} days" in now[1]), (before, now, run)
        return now


@pytest.fixture
def killer(settings: Settings, documents: Path) -> Iterator[Killer]:
    killer = Killer(settings, documents)
    with killer.process as process:
        yield killer
        assert process.stdin
        process.stdin.close()


def test_killed_at_any_moment_a_whole_generation_answers(killer: Killer) -> None:
    killer.order(run=0)
    # on a busy machine one run alone may be measured so long that all others end before they are killed
    length = min(killer.timed(run=run) for run in (1, 2, 3))
    chance = random.Random(11)
    killed = 0
    before = killer.answer()
    for run in range(4, KILLS + 4):
        killed += killer.order(run=run, delay=chance.uniform(0, length))["killed"]
        before = killer.check(before, run)
    assert killed > KILLS / 4, "most runs ended before they were killed"
    assert not killer.order(run=9000)["killed"]
    assert killer.answer()[0] > before[0]
    assert not list(killer.index.glob(".[br]*-*"))


def test_killed_at_every_step_a_whole_generation_answers(killer: Killer) -> None:
    first = killer.order(run=0)["steps"]
    steps = killer.order(run=1)["steps"]
    names = {name for name, _, _ in steps}
    assert {"fsync", "rename", "replace", "mkdir", "execute", "write"} <= names
    before = killer.answer()
    for number in range(1, len(steps) + 1):
        assert killer.order(run=number + 1, step=number)["killed"], steps[number - 1]
        before = killer.check(before, number + 1)
    assert len(first) > 30 and len(steps) > 30
    assert not killer.order(run=9000)["killed"]
    assert not list(killer.index.glob(".[br]*-*"))
