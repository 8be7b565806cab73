"""A backup restored to another home."""

import stat
from pathlib import Path

import pytest

from dossier.errors import IndexingError
from dossier.settings import Settings
from retrieval.choices import CHOICES_FILE, choose, read_choices
from retrieval.corrections import correct, read_corrections
from serving.archive.restore import restore
from tests.serving.archive.conftest import index_of, quiet, state, state_of, write


def test_there_and_back(old: Settings, new: Settings, tmp_path: Path) -> None:
    file = tmp_path / "b.tar.gz"
    manifest = write(old, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert manifest.generation == "g000001" and manifest.pack == "finance"
    done = restore(file, new, quiet)
    assert state_of(new) == state("olga")
    assert done.generation == "g000001"
    assert done.settings["passages"] == ("7", "")
    left = [path.name for path in new.home.iterdir() if path.name.startswith((".rest", ".dossier", "restoring"))]
    assert left == []
    assert state_of(old) == state("olga")
    restore(file, new, quiet)  # again changes nothing
    assert state_of(new) == state("olga")


def test_who_may_read_what_comes_back(old: Settings, new: Settings, tmp_path: Path) -> None:
    choose(index_of(old), "hr/", frozenset({"hr"}), {"hr/a.md": "0" * 64})
    correct(index_of(old), "hr/a.md", {"company": "Acme"})
    choose(index_of(new), "other/", frozenset({"board"}), {})
    write(old, tmp_path / "b.tar.gz")
    restore(tmp_path / "b.tar.gz", new, quiet)
    assert read_choices(index_of(new)) == read_choices(index_of(old))
    assert read_choices(index_of(new)).chosen == {"hr/": frozenset({"hr"})}
    assert read_corrections(tmp_path, "none.toml", index_of(new)).of("hr/a.md") == {"company": "Acme"}


def test_damaged_choices_are_not_restored(old: Settings, new: Settings, tmp_path: Path) -> None:
    (index_of(old) / CHOICES_FILE).write_text("[]")
    write(old, tmp_path / "b.tar.gz")
    with pytest.raises(IndexingError, match="damaged"):
        restore(tmp_path / "b.tar.gz", new, quiet)
    assert state_of(new) == state("nora")
