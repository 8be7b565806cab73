"""A PostgreSQL server of the tests' own, where its programs are installed; an empty place in it for each test."""

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from uuid import uuid4

from sqlalchemy import URL, create_engine, make_url, text
from sqlalchemy.exc import OperationalError

GIVEN = os.environ.pop("DOSSIER_TEST_POSTGRES", "")
"""SQLAlchemy URL of a database to be used instead. Taken out: settings refuse variables they don't know."""
_PATIENCE = 60.0
_SET_PDEATHSIG = 1
_FAST = ("fsync=off", "full_page_writes=off", "listen_addresses=", "autovacuum=off", "timezone=Asia/Kolkata")
"""Nothing outlives the tests; a time zone that isn't UTC shows where one is forgotten."""


def programs() -> Path | None:
    """The folder of PostgreSQL's server programs, the newest version's."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else Path("/usr/lib/postgresql").glob("*/bin")
    whole = [folder for folder in folders if (folder / "initdb").is_file() and (folder / "postgres").is_file()]
    return max(whole, key=lambda folder: int(folder.parent.name) if folder.parent.name.isdigit() else 0, default=None)


def why_not() -> str:
    """Why nothing can be tested with PostgreSQL; empty if it can."""
    if find_spec("psycopg") is None:
        return "psycopg isn't installed"
    return "" if GIVEN or programs() else "PostgreSQL isn't installed (package postgresql)"


@dataclass(frozen=True, slots=True)
class Server:
    """A server where schemas may be made."""

    url: URL

    @contextmanager
    def empty(self) -> Iterator[str]:
        """The URL of an empty schema, which is quicker made than a database and as empty. It is gone afterwards."""
        name = f"dossier_test_{uuid4().hex}"
        self.execute(f'CREATE SCHEMA "{name}"')
        try:
            yield self.url.update_query_dict({"options": f"-csearch_path={name}"}).render_as_string(hide_password=False)
        finally:
            self.execute(f'DROP SCHEMA "{name}" CASCADE')

    def execute(self, statement: str) -> None:
        """Run one statement, outside of any transaction."""
        engine = create_engine(self.url, isolation_level="AUTOCOMMIT")
        try:
            with engine.connect() as connection:
                connection.execute(text(statement))
        finally:
            engine.dispose()


@contextmanager
def started() -> Iterator[Server]:
    """The server that DOSSIER_TEST_POSTGRES names, or one in a scratch folder that is gone afterwards."""
    folder = programs()
    if GIVEN or folder is None:
        yield Server(make_url(GIVEN))
        return
    # not pytest's folder: a socket's path may have some 100 letters, and the server's user must get there
    home = Path(tempfile.mkdtemp(prefix="dossier-pg-", dir="/tmp"))
    try:
        user = _unprivileged()
        if user:
            os.chown(home, pwd.getpwnam(user).pw_uid, pwd.getpwnam(user).pw_gid)
        with _running(folder, home, user):
            yield Server(URL.create("postgresql+psycopg", "dossier", database="postgres", query={"host": str(home)}))
    finally:
        shutil.rmtree(home)


def _unprivileged() -> str:
    """As whom the server runs where root is who tests: it refuses to be root. Empty: as who tests."""
    if os.geteuid() != 0:
        return ""
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


@contextmanager
def _running(folder: Path, home: Path, user: str) -> Iterator[None]:
    group = pwd.getpwnam(user).pw_gid if user else None
    other = {"user": user, "group": group, "extra_groups": []} if user else {}
    quiet = {"cwd": home, "stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, **other}
    made = ["-D", str(home / "data"), "-U", "dossier", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"]
    subprocess.run([folder / "initdb", *made], check=True, **quiet)
    options = [part for one in _FAST for part in ("-c", one)]
    with (home / "log").open("w") as log:
        command = [folder / "postgres", "-D", str(home / "data"), "-k", str(home), *options]
        server = subprocess.Popen(command, stderr=log, preexec_fn=_end_with_the_tests, **quiet)
    try:
        _wait(server, home)
        yield
    finally:
        server.send_signal(signal.SIGINT)  # its fast shutdown: clients are cut off
        server.wait()


def _end_with_the_tests() -> None:
    """Tests that are killed leave no server behind."""
    ctypes.CDLL(None).prctl(_SET_PDEATHSIG, signal.SIGINT)


def _wait(server: "subprocess.Popen[bytes]", home: Path) -> None:
    engine = create_engine(URL.create("postgresql+psycopg", "dossier", database="postgres", query={"host": str(home)}))
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            with engine.connect():
                break
        except OperationalError:
            if server.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"PostgreSQL doesn't start:\n{(home / 'log').read_text()}") from None
            time.sleep(0.05)
    engine.dispose()
