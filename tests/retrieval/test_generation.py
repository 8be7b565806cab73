import random
from pathlib import Path

import pytest

from dossier.errors import CorruptIndexError, IndexMissingError
from retrieval import generation
from retrieval.clearing import KEEP, forget_old
from retrieval.generation import Manifest, Recipe

RECIPE = Recipe("e", "d", 3, "m", "1", "1", 180)


def make(folder: Path, content: bytes) -> str:
    building = folder / ".building-1"
    building.mkdir(parents=True)
    (building / "data").write_bytes(content)
    digest = generation.digest_of(building / "data")
    name = generation.next_name(folder)
    generation.promote(building, folder, Manifest(name, "now", RECIPE, 1, 1, {"data": digest}))
    return name


def test_nothing_indexed_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(IndexMissingError, match="dossier index"):
        generation.newest_intact(tmp_path)


def test_promotion_makes_current_and_old_ones_are_forgotten(tmp_path: Path) -> None:
    names = [make(tmp_path, bytes([number])) for number in range(5)]
    assert generation.current_name(tmp_path) == names[-1]
    forget_old(tmp_path)
    assert generation.names(tmp_path) == names[-KEEP:]


def test_every_truncation_and_bit_flip_is_caught_and_the_previous_answers(tmp_path: Path) -> None:
    first, second = make(tmp_path, b"first " * 40), make(tmp_path, b"second " * 40)
    chance = random.Random(7)
    for _ in range(100):
        file = tmp_path / second / chance.choice(["data", generation.MANIFEST])
        good = file.read_bytes()
        bad = bytearray(good)
        if chance.random() < 0.5:
            bad = bad[: chance.randrange(len(bad))]
        else:
            bad[chance.randrange(len(bad))] ^= 1 << chance.randrange(8)
        file.write_bytes(bytes(bad))
        try:
            manifest, warning = generation.newest_intact(tmp_path)
        finally:
            file.write_bytes(good)
        assert manifest.name == first
        assert first in warning
    assert generation.newest_intact(tmp_path)[0].name == second


def test_no_whole_generation_is_an_error(tmp_path: Path) -> None:
    name = make(tmp_path, b"x")
    (tmp_path / name / "data").write_bytes(b"y")
    with pytest.raises(CorruptIndexError):
        generation.newest_intact(tmp_path)
