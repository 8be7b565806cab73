"""Backups and the way back; what is refused; deaths in mid-restore."""

import hashlib
import io
import json
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dossier.cli import joined
from dossier.errors import DossierError, EnvironmentProblem, IndexingError
from dossier.settings import Settings
from retrieval.lock import exclusive
from serving.archive.backup import backup
from serving.archive.contents import ArchiveError
from serving.archive.restore import examine, restore
from serving.store import NewMessage, open_store
from serving.store.in_use import JOURNAL
from tests.serving.api.serving_app import served
from tests.serving.archive.conftest import (
    PASSWORD,
    PASSWORDS,
    add_generation,
    fill,
    index_of,
    quiet,
    state,
    state_of,
    write,
)
from tests.serving.postgres import Server

pytestmark = pytest.mark.slow


def members(file: Path) -> dict[str, bytes]:
    with tarfile.open(file) as archive:
        return {about.name: archive.extractfile(about).read() for about in archive}


def rewritten(file: Path, change: Callable[[dict[str, bytes]], None], seal: bool = True) -> Path:
    """The same archive with other members; the manifest is corrected where `seal` is set."""
    content = members(file)
    change(content)
    manifest = json.loads(content.pop("manifest.json"))
    if seal:
        manifest["members"] = {
            name: {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)} for name, data in content.items()
        }
    other = file.with_name("other.tar.gz")
    with tarfile.open(other, "w:gz") as archive:
        for name, data in {**content, "manifest.json": json.dumps(manifest).encode()}.items():
            about = tarfile.TarInfo(name)
            about.size = len(data)
            archive.addfile(about, io.BytesIO(data))
    return other


def test_to_an_empty_home(old: Settings, tmp_path: Path) -> None:
    write(old, tmp_path / "b.tar.gz")
    settings = Settings(home=tmp_path / "deep" / "empty")
    restore(tmp_path / "b.tar.gz", settings, quiet)
    assert state_of(settings) == state("olga")
    assert stat.S_IMODE((settings.home / "dossier.sqlite").stat().st_mode) == 0o600


def test_without_an_index_or_an_adapter(new: Settings, tmp_path: Path) -> None:
    bare = Settings(home=tmp_path / "bare", admin_password=PASSWORD)
    manifest = write(bare, tmp_path / "b.tar.gz")
    assert (manifest.generation, set(manifest.members)) == ("", {"settings.json", "store.sqlite"})
    restore(tmp_path / "b.tar.gz", new, quiet)
    users, messages, indexed, promoted = state_of(new)
    assert (users, messages, indexed, promoted) == ({"admin"}, set(), "nora", "nora")


def test_no_secret_and_no_sign_in_is_in_it(old: Settings, tmp_path: Path) -> None:
    token_store, _ = open_store(old, PASSWORDS)
    with closing(token_store):
        token = token_store.credentials.sign_in("olga", PASSWORD).token
        digest = hashlib.sha256(token.encode()).hexdigest()
    (old.home / "operator.key").write_text("dsr_secret-of-the-operator")
    write(old, tmp_path / "b.tar.gz")
    content = members(tmp_path / "b.tar.gz")
    everything = b"".join(content.values())
    for secret in (PASSWORD, token, digest, "secret-of-the-operator"):
        assert secret.encode() not in everything
    assert json.loads(content["settings.json"]) == {"home": str(old.home), "passages": "7"}


def test_while_a_gateway_writes(tmp_path: Path) -> None:
    """Every backup is whole, and holds all that was kept before it began."""
    with served(tmp_path / "home") as gateway:
        add_generation(index_of(gateway.app.state.running.gateway.settings), "g000001", "x")
        settings = gateway.app.state.running.gateway.settings
        mira = next(user.id for user in gateway.store.users.all() if user.name == "mira")
        talk, stop, kept = gateway.store.conversations.start(mira).id, threading.Event(), [0]

        def busy() -> None:
            while not stop.is_set():
                gateway.store.conversations.keep(mira, talk, NewMessage("user", f"m{kept[0]}"))
                kept[0] += 1

        writer = threading.Thread(target=busy)
        writer.start()
        try:
            for number in range(3):
                before = kept[0]
                backup(gateway.store, settings, tmp_path / f"{number}.tar.gz", quiet)
                copy = tmp_path / f"{number}.sqlite"
                copy.write_bytes(members(tmp_path / f"{number}.tar.gz")["store.sqlite"])
                with closing(sqlite3.connect(copy)) as store:
                    assert store.execute("PRAGMA integrity_check").fetchone() == ("ok",)
                    texts = [text for (text,) in store.execute("SELECT text FROM messages ORDER BY id")]
                assert len(texts) >= before and texts == [f"m{place}" for place in range(len(texts))]
        finally:
            stop.set()
            writer.join()
        with pytest.raises(EnvironmentProblem, match="running"):
            restore(tmp_path / "0.tar.gz", settings, quiet)
        gateway.stop()
    restore(tmp_path / "0.tar.gz", settings, quiet)


def test_another_generation_of_the_same_name_stays(old: Settings, tmp_path: Path) -> None:
    write(old, tmp_path / "b.tar.gz")
    settings = Settings(home=tmp_path / "new", admin_password=PASSWORD)
    fill(settings, "nora", tmp_path / "runs", 1)
    done = restore(tmp_path / "b.tar.gz", settings, quiet)
    assert done.generation == "g000002"
    assert state_of(settings) == state("olga")
    assert (index_of(settings) / "g000001" / "chunks.sqlite").read_text() == "nora"


TRICKS: dict[str, Callable[[dict[str, bytes]], None]] = {
    "up": lambda content: content.update({"../evil": b"x"}),
    "up inside": lambda content: content.update({"index/g000001/../../../evil": b"x"}),
    "absolute": lambda content: content.update({"/evil": b"x"}),
    "elsewhere": lambda content: content.update({"models/evil": b"x"}),
    "hidden": lambda content: content.update({"registry/.lock": b"x"}),
    "another adapter's place": lambda content: content.update({"registry/merged-x/y": b"x"}),
    "backslashes": lambda content: content.update({"index\\g000001\\x": b"x"}),
    "no settings": lambda content: content.pop("settings.json") and None,
    "damaged store": lambda content: content.update({"store.sqlite": content["store.sqlite"][:5000]}),
    "no store": lambda content: content.update({"store.sqlite": b"a letter"}),
    "damaged index": lambda content: content.update({"index/g000001/vectors.faiss": b"x"}),
    "damaged registry": lambda content: content.update({"registry/CHAMPIONS.json": b"{}"}),
}


@pytest.mark.parametrize("trick", TRICKS)
def test_what_does_not_belong_there_or_is_damaged_changes_nothing(
    old: Settings, new: Settings, tmp_path: Path, trick: str
) -> None:
    write(old, tmp_path / "b.tar.gz")
    before = set(tmp_path.rglob("*"))
    bad = rewritten(tmp_path / "b.tar.gz", TRICKS[trick])
    with pytest.raises(DossierError):
        restore(bad, new, quiet)
    assert state_of(new) == state("nora")
    after = {path for path in tmp_path.rglob("*") if not path.name.endswith((".lock", "-wal", "-shm"))}
    assert after - before <= {bad}


def test_links_and_devices_are_refused(old: Settings, new: Settings, tmp_path: Path) -> None:
    write(old, tmp_path / "b.tar.gz")
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE):
        bad = tmp_path / "bad.tar.gz"
        with tarfile.open(bad, "w:gz") as archive:
            about = tarfile.TarInfo("store.sqlite")
            about.type, about.linkname = kind, "/etc/passwd"
            archive.addfile(about)
        with pytest.raises(ArchiveError, match="plain file"):
            restore(bad, new, quiet)
    assert state_of(new) == state("nora")


def test_a_changed_or_cut_archive_is_refused(old: Settings, new: Settings, tmp_path: Path) -> None:
    file = tmp_path / "b.tar.gz"
    write(old, file)
    whole, content = file.read_bytes(), members(file)
    changed = rewritten(file, lambda content: content.update({"settings.json": b"{}"}), seal=False)
    with pytest.raises(ArchiveError, match=r"settings\.json"):
        restore(changed, new, quiet)
    for place in range(0, len(whole), len(whole) // 50):
        for bad in (whole[:place], whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]):
            file.write_bytes(bad)
            try:
                examine(file, 1 << 30, quiet)
            except ArchiveError:
                continue
            assert members(file) == content  # a flipped bit may say the same: zeros copied from further away
    file.write_bytes(whole + whole)
    with pytest.raises(ArchiveError):
        restore(file, new, quiet)
    assert state_of(new) == state("nora")
    with pytest.raises(ArchiveError, match="can't be read"):
        restore(tmp_path / "none", new, quiet)


def test_another_pack_or_a_newer_dossier_is_refused(old: Settings, new: Settings, tmp_path: Path) -> None:
    write(old, tmp_path / "b.tar.gz")

    def manifest_with(**changes: str) -> Path:
        def change(content: dict[str, bytes]) -> None:
            content["manifest.json"] = json.dumps({**json.loads(content["manifest.json"]), **changes}).encode()

        return rewritten(tmp_path / "b.tar.gz", change)

    for changes, words in (
        ({"schema": "9999"}, "newer Dossier"),
        ({"pack": "law"}, "pack"),
        ({"format": 2}, "another version"),
        ({"generation": "../x"}, "damaged"),
        ({"schema": "0001"}, "isn't the one"),
    ):
        with pytest.raises(ArchiveError, match=words):
            restore(manifest_with(**changes), new, quiet)
    assert state_of(new) == state("nora")


def test_more_than_fits_is_refused_while_it_is_read(new: Settings, tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.tar.gz"
    about = tarfile.TarInfo("store.sqlite")
    about.size = 1 << 60
    with tarfile.open(bomb, "w:gz") as archive:
        archive.fileobj.write(about.tobuf())
    with pytest.raises(ArchiveError, match="free space"):
        restore(bomb, new, quiet)


def test_not_beside_an_indexing_run_or_a_command(old: Settings, new: Settings, tmp_path: Path) -> None:
    write(old, tmp_path / "b.tar.gz")
    holding = (
        "import sys; from pathlib import Path; from retrieval.lock import exclusive\nwith exclusive(Path(sys.argv[1])):"
    )
    run = [sys.executable, "-c", holding + " print('held', flush=True); sys.stdin.read()", str(index_of(new))]
    with subprocess.Popen(run, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(IndexingError):
            restore(tmp_path / "b.tar.gz", new, quiet)
        process.stdin.close()
    with exclusive(index_of(new)):
        pass
    store, _ = open_store(new, PASSWORDS)
    with closing(store), pytest.raises(EnvironmentProblem, match="running"):
        restore(tmp_path / "b.tar.gz", new, quiet)
    assert state_of(new) == state("nora")


def test_an_interrupted_swap_is_completed_at_the_next_start(
    old: Settings, new: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(old, tmp_path / "b.tar.gz")

    class Died(BaseException):
        pass

    def dying(journal: Path) -> bool:
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr("dossier.swapping.finish", dying)
        with pytest.raises(Died):
            restore(tmp_path / "b.tar.gz", new, quiet)
    assert (new.home / JOURNAL).exists()
    assert state_of(new) == state("olga")
    assert not (new.home / JOURNAL).exists() and not (new.home / ".restoring").exists()


def test_kills_in_mid_restore_leave_one_state_whole(old: Settings, tmp_path: Path) -> None:
    """SIGKILL at many moments: before the first byte is written, while members are laid ready, and to the end."""
    add_generation(index_of(old), "g000007", "olga", size=60 << 20)
    file = tmp_path / "b.tar.gz"
    write(old, file)
    settings = Settings(home=tmp_path / "killed", admin_password=PASSWORD)
    fill(settings, "nora", tmp_path / "runs", 2)
    environment = {**os.environ, "DOSSIER_HOME": str(settings.home)}
    seen = {"nora": 0, "olga": 0, "laid ready": 0}
    for number in range(12):
        command = [sys.executable, "-m", "dossier", "restore", str(file), "--yes"]
        with subprocess.Popen(
            command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            while process.poll() is None and not (settings.home / ".restoring").exists():
                time.sleep(0.002)
            time.sleep(number * 0.04)
            seen["laid ready"] += (settings.home / ".restoring").exists()
            process.send_signal(signal.SIGKILL)
        found = state_of(settings)
        assert found in (state("nora"), state("olga"))
        seen[found[2]] += 1
        if found == state("olga"):
            break
    assert seen["nora"] and seen["laid ready"], seen
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert state_of(settings) == state("olga")
    assert not (settings.home / ".restoring").exists()


def test_the_commands(old: Settings, new: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file, runner = tmp_path / "b.tar.gz", CliRunner()
    monkeypatch.setenv("DOSSIER_HOME", str(old.home))
    done = runner.invoke(joined("backup"), [str(file)])
    assert done.exit_code == 0, done.output
    assert "users and chats, index g000001, 1 adapter." in done.output
    with pytest.raises(ArchiveError, match="there already"):
        runner.invoke(joined("backup"), [str(file)], catch_exceptions=False)
    monkeypatch.setenv("DOSSIER_HOME", str(new.home))
    assert runner.invoke(joined("restore"), [str(file)], input="n\n").exit_code == 1
    assert state_of(new) == state("nora")
    done = runner.invoke(joined("restore"), [str(file), "--yes"])
    assert done.exit_code == 0, done.output
    assert "erase them again" in done.output
    users, *_ = state_of(new)
    assert "olga" in users
    store, _ = open_store(new, PASSWORDS)
    with closing(store), store.database.reading() as session:
        routes = session.connection().exec_driver_sql("SELECT route FROM audit").scalars().all()
    assert routes[-1] == "dossier restore"


def test_a_store_in_postgresql_is_left_to_its_own_tools(postgresql: Server, old: Settings, tmp_path: Path) -> None:
    with postgresql.empty() as url:
        elsewhere = old.model_copy(update={"database_url": url})
        with pytest.raises(ArchiveError, match="pg_dump"):
            write(elsewhere, tmp_path / "b.tar.gz")
    assert not (tmp_path / "b.tar.gz").exists()


def test_a_store_elsewhere_is_left_out_only_when_asked_to(old: Settings, new: Settings, tmp_path: Path) -> None:
    manifest = backup(None, old, tmp_path / "b.tar.gz", quiet)
    assert manifest.schema == "" and "store.sqlite" not in manifest.members
    restore(tmp_path / "b.tar.gz", new, quiet)
    users, messages, indexed, promoted = state_of(new)
    assert (users, indexed, promoted) == ({"admin", "nora"}, "olga", "olga")
