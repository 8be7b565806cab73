"""A full disk and damaged files: what answers is whole, and what happened is said."""

import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from dossier.errors import IndexingError
from dossier.settings import Settings, load_settings
from retrieval import generation
from retrieval.search import Searcher
from tests.retrieval.index_loop import HashedWords, index_folder_of, index_now

pytestmark = pytest.mark.slow

POINTS, DAMAGES = 64, 300
ROOM = 1 << 23


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 8 MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = os.geteuid() == 0 and shutil.which("mount")
    if not mounted or subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", place]).returncode:
        pytest.skip("mounting a tmpfs needs root")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", place], check=True)


def answer(index: Path) -> tuple[str, str]:
    searcher = Searcher(index, HashedWords())
    found = searcher.search("days of annual leave", frozenset(), 3)
    searcher.close()
    return found.generation, found.passages[0].chunk.text


def change(documents: Path, run: int) -> None:
    pages = "\n\n".join(f"Rule {n} of {run}: {'word ' * 30}" for n in range(60))
    (documents / "leave.md").write_text(f"# Leave\n\nEveryone has {run} days of annual leave.\n\n# Rules\n\n{pages}\n")


def test_a_full_disk_harms_nothing(small_disk: Path, documents: Path) -> None:
    settings = load_settings(home=small_disk, documents=documents)
    index = index_folder_of(settings)
    change(documents, 0)
    index_now(settings)
    ballast, failed, built = small_disk / "ballast", 0, 0
    size = sum(file.stat().st_size for file in (index / generation.current_name(index)).iterdir())
    for point in range(POINTS):
        before = answer(index)
        change(documents, point + 1)
        free = shutil.disk_usage(small_disk).free
        left = 1.6 * size * point / POINTS
        ballast.write_bytes(b"x" * max(0, int(free - left)))
        try:
            index_now(settings, free_bytes=-(1 << 40))  # the look at the free space beforehand is switched off
        except IndexingError as error:
            failed += 1
            assert "ree some space" in str(error)
            assert answer(index) == before
            assert generation.names(index)[-1] == before[0]
        else:
            built += 1
            assert f" {point + 1} days" in answer(index)[1]
        ballast.unlink()
        assert not list(index.glob(".building-*")) and not list(index.glob(".*.new"))
    assert failed > POINTS / 4 and built > POINTS / 8, (failed, built)


def test_a_disk_that_would_run_full_is_refused_beforehand(small_disk: Path, documents: Path) -> None:
    settings = load_settings(home=small_disk, documents=documents)
    change(documents, 0)
    with pytest.raises(IndexingError, match="too little disk space"):
        index_now(settings, free_bytes=ROOM)


def damaged(good: bytes, chance: random.Random) -> bytes:
    """The file cut short, or with one bit flipped."""
    if chance.random() < 0.5:
        return good[: chance.randrange(len(good))]
    bad = bytearray(good)
    bad[chance.randrange(len(bad))] ^= 1 << chance.randrange(8)
    return bytes(bad)


def test_every_damage_is_caught_and_a_whole_generation_answers(settings: Settings, documents: Path) -> None:
    index = index_folder_of(settings)
    for run in (1, 2):
        change(documents, run)
        index_now(settings)
    older, newer = generation.names(index)
    chance = random.Random(3)
    kinds = [f"{newer}/{name}" for name in (generation.VECTORS, generation.CHUNKS, generation.MANIFEST)]
    for number in range(DAMAGES):
        name = [*kinds, generation.CURRENT][number % 4]
        file = index / name
        good = file.read_bytes()
        file.write_bytes(damaged(good, chance))
        try:
            manifest, warning = generation.newest_intact(index)
            found, text = answer(index)
        finally:
            file.write_bytes(good)
        expected = newer if name == generation.CURRENT else older
        assert (manifest.name, found) == (expected, expected), name
        assert expected in warning and "Index the documents again" in warning
        assert f" {2 if expected == newer else 1} days" in text
    assert generation.newest_intact(index) == (generation.verify(index, newer), "")


def test_the_next_run_after_a_damage_makes_a_whole_generation(settings: Settings, documents: Path) -> None:
    index = index_folder_of(settings)
    for run in (1, 2):
        change(documents, run)
        index_now(settings)
    newer = index / generation.current_name(index)
    (newer / generation.VECTORS).write_bytes(b"")
    report = index_now(settings)
    assert report.changed and generation.newest_intact(index)[1] == ""
    assert " 2 days" in answer(index)[1]
