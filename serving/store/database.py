"""The connection, to SQLite and PostgreSQL alike: one transaction writes at a time, a reading one sees one state."""

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DatabaseError, NoSuchModuleError, OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session

from dossier.errors import EnvironmentProblem, SettingsError

BUSY_MILLISECONDS = 30_000
THREADS = 20
"""Connections kept open; as many again may be opened for a moment (the API uses up to 40 threads)."""
_WRITES = "dossier_writes"
_WRITE_LOCK = 0x_D0_55_1E_12
"""Number of the advisory lock that a writing transaction holds in PostgreSQL."""
_LOST_MILLISECONDS = 60_000
"""PostgreSQL ends a transaction whose process is silent for so long: a frozen one may not keep the others waiting."""
_CONNECT_SECONDS = 10
_PAUSE = 0.02
_EMPTYING_SECONDS = 5.0


class Database:
    """Reading and writing transactions of one database.

    A writing transaction takes the write lock at its start (SQLite's own; in PostgreSQL an advisory one): one that
    began by reading could otherwise find that somebody else wrote in between, and fail or act on what is no longer so.
    """

    def __init__(self, url: str) -> None:
        """Prepare connections to `url`. Raises SettingsError if it can't be used, and never shows it."""
        self._engine = _engine(_parse(url))
        one_state = {"isolation_level": "REPEATABLE READ"} if self._engine.dialect.name == "postgresql" else {}
        self._reading = self._engine.execution_options(**one_state)

    @property
    def engine(self) -> Engine:
        """SQLAlchemy's engine, for migrations."""
        return self._engine

    @property
    def file(self) -> Path | None:
        """SQLite's file; None for another database."""
        return _file_of(self._engine.url)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session that only reads, the same state from beginning to end."""
        with Session(self._reading) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A session that is committed at the end, or rolled back when an error leaves it."""
        with self.locked() as connection, Session(connection) as session:
            yield session
            session.flush()

    @contextmanager
    def locked(self) -> Iterator[Connection]:
        """A connection inside one writing transaction."""
        with self._engine.connect().execution_options(**{_WRITES: True}) as connection, connection.begin():
            yield connection

    def check(self) -> None:
        """One round trip to the database. Raises EnvironmentProblem when it doesn't answer."""
        try:
            with self._engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        except OperationalError as error:
            raise unreachable(error) from error

    def overwrite_removed(self) -> bool:
        """Leave nothing of what was removed in SQLite's files; whether that could be done now.

        Removed rows are overwritten in the file at once; here the log beside it, which still has them, is emptied.
        Other databases tidy up by themselves, at their own time.
        """
        if self._engine.dialect.name != "sqlite":
            return False
        deadline = time.monotonic() + _EMPTYING_SECONDS
        while True:
            with closing(self._engine.raw_connection()) as connection:  # outside of any transaction
                cursor = connection.cursor()
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                row = cursor.fetchone()
                held = row is None or bool(row[0])
            if not held or time.monotonic() > deadline:
                return not held
            time.sleep(_PAUSE)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()


def sqlite_file(url: str) -> Path | None:
    """The file that a URL names; None where it isn't SQLite's. Raises SettingsError for what is no URL."""
    return _file_of(_url(url))


def in_words(error: SQLAlchemyError) -> str:
    """Why the database or its connections failed, without values."""
    return str(unreachable(error) if isinstance(error, DatabaseError) else error)


def unreachable(error: DatabaseError) -> EnvironmentProblem:
    """The database's refusal in plain words, without the statement and its values."""
    reason = " ".join(str(error.orig).split()).rstrip(".?") or type(error.orig).__name__
    return EnvironmentProblem(
        f"The store of users and conversations doesn't answer: {reason}. "
        "Check the database that database_url names (by default the SQLite file in home) and the free disk space."
    )


def _url(url: str) -> URL:
    try:
        return make_url(url)
    except ArgumentError:
        raise SettingsError("database_url isn't a SQLAlchemy URL such as postgresql://user@host/name.") from None


def _file_of(url: URL) -> Path | None:
    return Path(str(url.database)) if url.get_backend_name() == "sqlite" else None


def _parse(url: str) -> URL:
    parsed = _url(url)
    if parsed.get_backend_name() == "sqlite":
        if parsed.database in (None, "", ":memory:"):
            raise SettingsError("database_url names SQLite in memory, which threads can't share. Name a file.")
        _make_private(Path(str(parsed.database)))
    return parsed


def _make_private(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # only the owner may read it: SQLite gives the files beside it the same permissions
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise EnvironmentProblem(f"The store {path} can't be written: {error.strerror}. Make it writable.") from error


def _engine(url: URL) -> Engine:
    sqlite = url.get_backend_name() == "sqlite"
    pool: dict[str, Any] = {"pool_size": THREADS, "max_overflow": THREADS, "pool_pre_ping": not sqlite}
    if sqlite:
        pool["connect_args"] = {"timeout": BUSY_MILLISECONDS / 1000}
    elif url.get_backend_name() == "postgresql" and "connect_timeout" not in url.query:
        pool["connect_args"] = {"connect_timeout": _CONNECT_SECONDS}
    try:
        # hide_parameters: SQLAlchemy's messages never carry a value (a digest, a question) into the logs
        engine = create_engine(url, hide_parameters=True, **pool)
    except (NoSuchModuleError, ImportError) as error:
        raise SettingsError(
            f"database_url asks for {url.drivername}, whose driver isn't installed ({error}). Install the driver, "
            "for PostgreSQL `pip install psycopg[binary]`."
        ) from None
    if sqlite:
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    elif engine.dialect.name == "postgresql":
        event.listen(engine, "connect", _prepare_postgresql)
        event.listen(engine, "begin", _begin_postgresql)
    return engine


def _prepare_sqlite(connection: Any, record: object) -> None:  # noqa: ANN401 (the driver's own type)
    connection.isolation_level = None  # the driver must not begin transactions: _begin_sqlite does
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
    _keep_a_log_ahead(connection)
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")  # what is deleted is gone from the file, too


def _keep_a_log_ahead(connection: Any) -> None:  # noqa: ANN401 (the driver's own type)
    """Switch to write-ahead logging. SQLite doesn't wait for others who do so at the same moment; this does."""
    deadline = time.monotonic() + BUSY_MILLISECONDS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE)
            continue
        return


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _prepare_postgresql(connection: Any, record: object) -> None:  # noqa: ANN401 (the driver's own type)
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = {BUSY_MILLISECONDS}")
        cursor.execute(f"SET idle_in_transaction_session_timeout = {_LOST_MILLISECONDS}")
    connection.commit()


def _begin_postgresql(connection: Connection) -> None:
    if connection.get_execution_options().get(_WRITES, False):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITE_LOCK})")
