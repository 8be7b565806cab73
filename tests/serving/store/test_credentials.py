"""Sign-ins, passwords and keys, and what of them reaches the disk."""

import sqlite3
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from dossier.errors import NotFoundError, SignInError
from dossier.settings import load_settings
from serving.store import Change, NewUser, Role, Store, open_store
from serving.store.passwords import PasswordError, Passwords
from serving.store.tables import KeyRow, SessionRow

PASSWORD = "correct horse battery"


@pytest.fixture
def mira(store: Store):
    return store.users.add(NewUser("mira", PASSWORD, Role.ANALYST, frozenset({"hr"})))


def expire(store: Store) -> None:
    with store.database.writing() as session:
        session.execute(update(SessionRow).values(expires_at=datetime.now(UTC) - timedelta(seconds=1)))


def test_a_token_leads_to_its_user(store: Store, mira) -> None:
    signed_in = store.credentials.sign_in(" Mira ", PASSWORD)
    caller = store.credentials.caller(signed_in.token)
    assert (caller.user_id, caller.name, caller.role, caller.groups) == (mira.id, "mira", Role.ANALYST, {"hr"})
    assert caller.session is not None
    assert timedelta(hours=11) < signed_in.expires_at - datetime.now(UTC) <= timedelta(hours=12)


@pytest.mark.parametrize(("name", "password"), [("mira", "wrong"), ("nobody", PASSWORD), ("mira", ""), ("", "")])
def test_a_wrong_name_and_a_wrong_password_sound_the_same(store: Store, mira, name: str, password: str) -> None:
    with pytest.raises(SignInError, match="The name or the password is wrong"):
        store.credentials.sign_in(name, password)


def test_an_unknown_user_costs_a_whole_password_check(store: Store, mira, monkeypatch: pytest.MonkeyPatch) -> None:
    checked = []
    hasher = type(store.credentials._passwords._hasher)
    verify = hasher.verify
    monkeypatch.setattr(hasher, "verify", lambda self, *given: checked.append(given[0]) or verify(self, *given))
    for name in ("nobody", "mira"):
        with pytest.raises(SignInError):
            store.credentials.sign_in(name, "wrong password")
    assert len(checked) == 2
    assert checked[0].split("$")[:4] == checked[1].split("$")[:4]  # same algorithm, same cost


def test_signing_out_ends_this_sign_in_only(store: Store, mira) -> None:
    first, second = (store.credentials.sign_in("mira", PASSWORD).token for _ in range(2))
    store.credentials.sign_out(store.credentials.caller(first))
    with pytest.raises(SignInError):
        store.credentials.caller(first)
    assert store.credentials.caller(second).name == "mira"


def test_signing_out_with_a_key_ends_nothing(store: Store, mira) -> None:
    token, key = store.credentials.sign_in("mira", PASSWORD).token, store.credentials.issue_key(mira.id, "k").key
    store.credentials.sign_out(store.credentials.caller(key))
    assert store.credentials.caller(token).name == store.credentials.caller(key).name == "mira"


def test_a_sign_in_ends_by_itself(store: Store, mira) -> None:
    token = store.credentials.sign_in("mira", PASSWORD).token
    expire(store)
    with pytest.raises(SignInError, match="over"):
        store.credentials.caller(token)
    store.credentials.sign_in("mira", PASSWORD)
    with store.database.reading() as session:
        assert session.query(SessionRow).count() == 1  # the spent one was swept away


def test_suspension_ends_sign_ins_and_keys_at_once_and_only_keys_come_back(store: Store, mira) -> None:
    token, key = store.credentials.sign_in("mira", PASSWORD).token, store.credentials.issue_key(mira.id, "k").key
    store.users.change("mira", Change(suspended=True))
    for secret in (token, key):
        with pytest.raises(SignInError):
            store.credentials.caller(secret)
    with pytest.raises(SignInError, match="can't sign in at present"):
        store.credentials.sign_in("mira", PASSWORD)
    store.users.change("mira", Change(suspended=False))
    assert store.credentials.caller(key).name == "mira"
    with pytest.raises(SignInError):
        store.credentials.caller(token)


def test_another_role_and_other_groups_hold_from_the_next_request_on(store: Store, mira) -> None:
    token = store.credentials.sign_in("mira", PASSWORD).token
    store.users.change("mira", Change(role=Role.SUPPORT, groups=frozenset({"legal"})))
    caller = store.credentials.caller(token)
    assert (caller.role, caller.groups) == (Role.SUPPORT, {"legal"})


def test_changing_the_password_ends_the_other_sign_ins(store: Store, mira) -> None:
    here, elsewhere = (store.credentials.sign_in("mira", PASSWORD).token for _ in range(2))
    others = store.credentials.sign_in("admin", "first password").token
    store.credentials.change_password(store.credentials.caller(here), PASSWORD, "a new password")
    assert store.credentials.caller(here).name == "mira"
    assert store.credentials.caller(others).name == "admin"
    with pytest.raises(SignInError):
        store.credentials.caller(elsewhere)
    with pytest.raises(SignInError):
        store.credentials.sign_in("mira", PASSWORD)
    assert store.credentials.sign_in("mira", "a new password")


def test_the_old_password_is_needed_for_a_new_one(store: Store, mira) -> None:
    caller = store.credentials.caller(store.credentials.sign_in("mira", PASSWORD).token)
    with pytest.raises(PasswordError, match="old password is wrong"):
        store.credentials.change_password(caller, "wrong", "a new password")
    with pytest.raises(PasswordError):
        store.credentials.change_password(caller, PASSWORD, "short")
    assert store.credentials.sign_in("mira", PASSWORD)


def test_a_password_set_by_an_admin_ends_all_sign_ins(store: Store, mira) -> None:
    token = store.credentials.sign_in("mira", PASSWORD).token
    store.users.change("mira", Change(password="set by an admin"))
    with pytest.raises(SignInError):
        store.credentials.caller(token)
    assert store.credentials.sign_in("mira", "set by an admin")


def test_a_key_works_until_it_is_revoked(store: Store, mira) -> None:
    issued = store.credentials.issue_key(mira.id, "notebook")
    caller = store.credentials.caller(issued.key)
    assert (caller.name, caller.session) == ("mira", None)
    listed = store.credentials.keys(caller)
    assert [(key.id, key.label, key.prefix) for key in listed] == [(issued.id, "notebook", issued.key[:10])]
    assert issued.key.startswith("dsr_")
    assert len(issued.key) >= 43
    assert listed[0].last_used_at is not None
    store.credentials.revoke_key(caller, issued.id)
    with pytest.raises(SignInError):
        store.credentials.caller(issued.key)
    assert store.credentials.keys(caller) == []
    with pytest.raises(NotFoundError):
        store.credentials.revoke_key(caller, issued.id)


def test_nobody_revokes_somebody_elses_key(store: Store, mira) -> None:
    issued = store.credentials.issue_key(mira.id, "notebook")
    admin = store.credentials.caller(store.credentials.sign_in("admin", "first password").token)
    with pytest.raises(NotFoundError):
        store.credentials.revoke_key(admin, issued.id)
    assert store.credentials.keys(admin) == []
    assert store.credentials.caller(issued.key).name == "mira"


def test_the_last_use_is_written_once_a_minute(store: Store, mira) -> None:
    key = store.credentials.issue_key(mira.id, "notebook").key
    caller = store.credentials.caller(key)
    first = store.credentials.keys(caller)[0].last_used_at
    store.credentials.caller(key)
    assert store.credentials.keys(caller)[0].last_used_at == first
    with store.database.writing() as session:
        session.execute(update(KeyRow).values(last_used_at=datetime.now(UTC) - timedelta(minutes=2)))
    store.credentials.caller(key)
    assert store.credentials.keys(caller)[0].last_used_at >= first


@pytest.mark.parametrize("secret", ["", "dsr_", "dst_x", "dsr_\x00", "\ud800", "🦊" * 500, "' OR 1=1 --"])
def test_a_made_up_secret_is_nobodys(store: Store, secret: str) -> None:
    with pytest.raises(SignInError):
        store.credentials.caller(secret)


@pytest.mark.slow
def test_many_threads_at_once(store: Store, mira) -> None:
    key, failures = store.credentials.issue_key(mira.id, "notebook").key, []

    def use() -> None:
        try:
            for _ in range(5):
                store.credentials.caller(key)
                conversation = store.conversations.start(mira.id, "t")
                store.conversations.rename(mira.id, conversation.id, "u")
        except Exception as error:  # noqa: BLE001 (whatever it is, the test tells it)
            failures.append(error)

    threads = [threading.Thread(target=use) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(store.conversations.list(mira.id, limit=100)) == 60


def test_no_secret_is_in_the_files_of_the_database(tmp_path: Path, passwords: Passwords) -> None:
    settings = load_settings(home=tmp_path, admin_password="the first admin's password")
    store, _ = open_store(settings, passwords)
    mira = store.users.add(NewUser("mira", PASSWORD, Role.ANALYST))
    secrets = ["the first admin's password", PASSWORD, "a renewed password"]
    secrets.append(store.credentials.issue_key(mira.id, "k").key)
    signed_in = store.credentials.sign_in("mira", PASSWORD)
    secrets.append(signed_in.token)
    store.credentials.change_password(store.credentials.caller(signed_in.token), PASSWORD, "a renewed password")

    def written() -> bytes:
        return b"".join(file.read_bytes() for file in tmp_path.iterdir())

    before = written()
    store.close()
    for data in (before, written()):
        assert b"mira" in data  # so that the search would find what is there
        for secret in secrets:
            assert secret.encode() not in data
    with sqlite3.connect(tmp_path / "dossier.sqlite") as connection:
        hashes = [row[0] for row in connection.execute("SELECT password_hash FROM users")]
        digests = [row[0] for row in connection.execute("SELECT key_digest FROM api_keys")]
    connection.close()
    assert all(stored.startswith("$argon2id$") for stored in hashes)
    assert all(len(digest) == 64 for digest in digests)
    assert len(set(hashes)) == 2


def test_a_hash_of_another_cost_is_renewed_at_the_next_sign_in(tmp_path: Path, passwords: Passwords) -> None:
    settings = load_settings(home=tmp_path, admin_password="first password")
    old, _ = open_store(settings, passwords)
    old.close()
    costlier = Passwords(time_cost=2, memory_kib=16, lanes=1)
    store, _ = open_store(settings, costlier)
    store.credentials.sign_in("admin", "first password")
    store.close()
    with sqlite3.connect(tmp_path / "dossier.sqlite") as connection:
        stored = connection.execute("SELECT password_hash FROM users").fetchone()[0]
    connection.close()
    assert "m=16,t=2,p=1" in stored


@pytest.mark.slow
def test_the_default_cost_is_the_recommended_one() -> None:
    assert "$argon2id$v=19$m=65536,t=3,p=4$" in Passwords().hash("a password of length")
