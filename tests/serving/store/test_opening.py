"""Opening: tables, permissions, and what is said when it can't be done."""

import sqlite3
import stat
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import select

from dossier.errors import EnvironmentProblem, SettingsError
from dossier.settings import Settings
from serving.store import NewMessage, NewUser, Role, Store, open_store
from serving.store.database import Database
from serving.store.passwords import Passwords
from serving.store.tables import Table, UserRow
from tests.serving import postgres
from tests.serving.store.conftest import FIRST_PASSWORD

SECRET = "s3cret-of-the-database"


def test_the_migrations_make_the_tables_that_the_code_uses(store: Store) -> None:
    with store.database.locked() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Table.metadata) == []


def test_what_an_older_dossier_kept_is_still_there(store: Store, settings: Settings, passwords: Passwords) -> None:
    ada = store.users.add(NewUser("ada", "correct horse battery", Role.ANALYST)).id
    conversation = store.conversations.start(ada).id
    store.conversations.keep(ada, conversation, NewMessage("assistant", "4.2 billion", answered_by="m"))
    with store.database.locked() as connection:
        connection.exec_driver_sql("DROP INDEX ix_messages_answer_id")
        connection.exec_driver_sql("DROP INDEX ix_users_identity")
        for column in ("issuer", "subject"):
            connection.exec_driver_sql(f"ALTER TABLE users DROP COLUMN {column}")
        for column in ("answer_id", "pin", "answered_by", "traces", "unsupported", "withdrawn", "asked_as", "chart"):
            connection.exec_driver_sql(f"ALTER TABLE messages DROP COLUMN {column}")
        for table in ("feedback", "audit", "batch_questions", "batches"):
            connection.exec_driver_sql(f"DROP TABLE {table}")
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    again, _ = open_store(settings, passwords)
    (message,) = again.conversations.get(ada, conversation).messages
    assert (message.text, message.answered_by, message.withdrawn) == ("4.2 billion", "", "")
    assert message.traces == message.unsupported == () and message.pin is message.chart is None
    again.close()


def test_several_processes_may_open_an_empty_database_at_once(settings: Settings, passwords: Passwords) -> None:
    with ThreadPoolExecutor(4) as pool:
        opened = [future.result() for future in [pool.submit(open_store, settings, passwords) for _ in range(4)]]
    assert sum(first is not None for _, first in opened) == 1
    assert {store.users.count() for store, _ in opened} == {1}
    for store, _ in opened:
        store.close()


@pytest.mark.slow
def test_who_makes_the_database_at_the_same_moment_is_waited_for(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "dossier.sqlite", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    other.execute("CREATE TABLE theirs (number)")
    done = threading.Timer(0.5, other.commit)
    done.start()
    database = Database(f"sqlite:///{tmp_path / 'dossier.sqlite'}")
    database.check()
    database.close()
    done.join()
    other.close()


def test_the_first_admins_password_is_made_once_and_told_once(url: str, tmp_path: Path, passwords: Passwords) -> None:
    settings = Settings(home=tmp_path, database_url=url)
    store, first = open_store(settings, passwords)
    assert first is not None and first.password is not None
    assert first.password not in repr(first)
    assert store.credentials.sign_in("admin", first.password).user.role is Role.ADMIN
    store.close()
    again, second = open_store(settings, passwords)
    assert second is None
    assert again.users.count() == 1
    again.close()


def test_a_first_password_from_the_settings_is_not_told(settings: Settings, passwords: Passwords) -> None:
    store, first = open_store(settings, passwords)
    assert first is not None and first.password is None
    assert store.credentials.sign_in("admin", FIRST_PASSWORD).user.name == "admin"
    store.close()


def test_a_database_of_a_newer_dossier_is_refused(store: Store, settings: Settings, passwords: Passwords) -> None:
    with store.database.locked() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(EnvironmentProblem, match="newer Dossier"):
        open_store(settings, passwords)


def test_the_store_answers_a_check(store: Store) -> None:
    store.check()


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are POSIX's")
def test_only_the_owner_may_read_the_file(tmp_path: Path, passwords: Passwords) -> None:
    store, _ = open_store(Settings(home=tmp_path / "home"), passwords)
    files = list((tmp_path / "home").iterdir())
    assert (tmp_path / "home" / "dossier.sqlite") in files
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    store.close()


@pytest.mark.parametrize(
    "url",
    [f"nonsense {SECRET}", f"sqlserver://u:{SECRET}@host/x", f"mysql+nothing://u:{SECRET}@h/x", "sqlite://"],
)
def test_urls_that_cannot_be_used_are_refused_and_not_shown(tmp_path: Path, url: str, passwords: Passwords) -> None:
    with pytest.raises(SettingsError) as caught:
        open_store(Settings(home=tmp_path, database_url=url), passwords)
    assert SECRET not in str(caught.value)


def test_an_unreachable_server_is_told_without_the_password(tmp_path: Path, passwords: Passwords) -> None:
    pytest.importorskip("psycopg")
    url = f"postgresql+psycopg://u:{SECRET}@127.0.0.1:1/x"
    with pytest.raises(EnvironmentProblem, match="database_url") as caught:
        open_store(Settings(home=tmp_path, database_url=url), passwords)
    assert SECRET not in str(caught.value)


def test_a_file_that_is_no_database_is_told(tmp_path: Path, passwords: Passwords) -> None:
    (tmp_path / "dossier.sqlite").write_text("This is a letter to my aunt. " * 100)
    with pytest.raises(EnvironmentProblem, match="database"):
        open_store(Settings(home=tmp_path), passwords)


def test_a_first_password_that_is_too_short_is_told_without_it(tmp_path: Path, passwords: Passwords) -> None:
    with pytest.raises(SettingsError, match="admin_password") as caught:
        open_store(Settings(home=tmp_path, admin_password="tooshort"), passwords)
    assert "tooshort" not in str(caught.value)


def test_who_reads_and_then_writes_acts_on_what_is_so(store: Store) -> None:
    def count_up(number: int) -> None:
        with store.database.writing() as session:
            row = session.get(UserRow, 1)
            row.groups = [str(int(row.groups[0]) + 1 if row.groups else 1)]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count_up, range(40)))
    assert store.users.all()[0].groups == {"40"}


def test_who_reads_sees_one_state_whatever_is_written_meanwhile(store: Store) -> None:
    with store.database.reading() as session:
        assert len(session.scalars(select(UserRow)).all()) == 1
        store.users.add(NewUser("ada", "correct horse battery", Role.ANALYST))
        assert len(session.scalars(select(UserRow)).all()) == 1
    assert store.users.count() == 2


def test_with_postgresql_too() -> None:
    """One line in the summary instead of one for each test."""
    if reason := postgres.why_not():
        pytest.skip(f"the store is tested with SQLite only: {reason}")
