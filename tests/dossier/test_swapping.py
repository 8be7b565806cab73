"""Replacing several files as one, with a death at every step."""

import json
from pathlib import Path

import pytest

from dossier import swapping
from dossier.errors import EnvironmentProblem
from dossier.swapping import finish, swap


class Died(BaseException):
    """Nothing catches it: as a kill would, it ends the swap there and then."""


def laid_out(home: Path) -> tuple[Path, list[tuple[Path, Path]], list[Path]]:
    staged = home / "staged"
    (staged / "folder").mkdir(parents=True)
    (staged / "folder" / "inside").write_text("new")
    for name in ("a", "b"):
        (staged / name).write_text("new")
        (home / name).write_text("old")
    (home / "a-wal").write_text("old")
    moves = [(staged / "folder", home / "folder"), (staged / "a", home / "a"), (staged / "b", home / "deeper" / "b")]
    return staged, moves, [home / "a-wal"]


def state(home: Path) -> dict[str, str]:
    return {
        path.relative_to(home).as_posix(): path.read_text()
        for path in sorted(home.rglob("*"))
        if path.is_file() and "staged" not in path.parts and not path.name.startswith(".")
    }


OLD = {"a": "old", "a-wal": "old", "b": "old"}
NEW = {"a": "new", "b": "old", "deeper/b": "new", "folder/inside": "new"}


def test_all_of_it(tmp_path: Path) -> None:
    staged, moves, removed = laid_out(tmp_path)
    swap(tmp_path / "journal", staged, moves, removed)
    assert state(tmp_path) == NEW and not staged.exists()
    assert not finish(tmp_path / "journal")


def test_a_death_at_any_step_leaves_all_old_or_what_finish_makes_all_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = outcomes = 0
    while True:
        home = tmp_path / str(steps)
        staged, moves, removed = laid_out(home)
        left = [steps]

        def dying(real, left=left):
            def step(*args, **kwargs):
                if left[0] == 0:
                    raise Died
                left[0] -= 1
                return real(*args, **kwargs)

            return step

        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", dying(Path.replace))
            patch.setattr(Path, "unlink", dying(Path.unlink))
            patch.setattr(swapping, "flush", dying(swapping.flush))
            try:
                swap(home / "journal", staged, moves, removed)
                died = False
            except Died:
                died = True
        begun = (home / "journal").exists()
        if not begun and died and left[0] == 0 and state(home) == OLD:
            outcomes |= 1
        else:
            finish(home / "journal")
            assert state(home) == NEW, steps
            assert not (home / "journal").exists()
            outcomes |= 2
        if not died:
            break
        steps += 1
    assert steps > 8 and outcomes == 3


def test_what_can_not_be_put_in_place_is_told_and_follows_later(tmp_path: Path) -> None:
    staged, moves, removed = laid_out(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "in the way").write_text("x")
    with pytest.raises(EnvironmentProblem, match="journal"):
        swap(tmp_path / "journal", staged, moves, removed)
    assert json.loads((tmp_path / "journal").read_text())["moves"]
    (tmp_path / "folder" / "in the way").unlink()
    assert finish(tmp_path / "journal")
    assert state(tmp_path) == NEW


def test_a_missing_source_changes_nothing(tmp_path: Path) -> None:
    staged, moves, removed = laid_out(tmp_path)
    (staged / "b").unlink()
    with pytest.raises(EnvironmentProblem, match="Nothing has changed"):
        swap(tmp_path / "journal", staged, moves, removed)
    assert {name: text for name, text in state(tmp_path).items() if text == "old"} == OLD
