"""A backup restored to another home."""

import stat
from pathlib import Path

from dossier.settings import Settings
from serving.archive.restore import restore
from tests.serving.archive.conftest import quiet, state, state_of, write


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
