"""Users whom an identity provider signs in, in the store."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dossier.errors import ConflictError, SignInError
from dossier.settings import Settings
from serving.people.commands import user_commands
from serving.people.operator import open_store_with_operator
from serving.store import Change, Identity, NewUser, Role, Store
from serving.store.passwords import PasswordError

OLGA = Identity("https://login.example", "s-1", "olga", Role.ANALYST, frozenset({"staff"}))
PASSWORD = "correct horse battery"


def names(store: Store) -> list[str]:
    return [user.name for user in store.users.all()]


def test_issuer_and_subject_alone_say_who_it_is(store: Store) -> None:
    first = store.identities.sign_in(OLGA)
    again = store.identities.sign_in(replace(OLGA, wished_name="admin", role=Role.SUPPORT))
    assert first.added and not again.added and again.changed
    assert again.signed_in.user == replace(first.signed_in.user, role=Role.SUPPORT)
    assert not store.identities.sign_in(replace(OLGA, role=Role.SUPPORT)).changed
    other = store.identities.sign_in(replace(OLGA, issuer="https://login.other.example"))
    same = store.identities.sign_in(replace(OLGA, subject="S-1"))
    assert (other.signed_in.user.name, same.signed_in.user.name) == ("olga-2", "olga-3")
    caller = store.credentials.caller(first.signed_in.token)
    assert (caller.name, caller.role, caller.issuer) == ("olga", Role.SUPPORT, OLGA.issuer)


def test_first_sign_ins_at_the_same_moment_make_one_user_each(store: Store) -> None:
    wanted = [replace(OLGA, subject=f"s-{number % 4}") for number in range(16)]
    with ThreadPoolExecutor(16) as pool:
        done = list(pool.map(store.identities.sign_in, wanted))
    assert names(store) == ["admin", "olga", "olga-2", "olga-3", "olga-4"]
    assert sum(one.added for one in done) == 4
    for one, identity in zip(done, wanted, strict=True):
        assert store.identities.name_of(identity.issuer, identity.subject) == one.signed_in.user.name


@pytest.mark.parametrize("wished", ["admin", "mira", "mi_a", "mi"])
def test_no_local_users_name_is_taken_over(store: Store, wished: str) -> None:
    store.users.add(NewUser("mira", PASSWORD, Role.ADMIN))
    user = store.identities.sign_in(replace(OLGA, wished_name=wished)).signed_in.user
    assert user.name == (f"{wished}-2" if wished in ("admin", "mira") else wished)
    assert store.credentials.sign_in("mira", PASSWORD).user.role is Role.ADMIN
    store.erasure.erase("admin")
    assert store.identities.sign_in(replace(OLGA, subject="x", wished_name="admin")).signed_in.user.name != "admin"


def test_a_suspended_user_is_not_let_in_nor_changed(store: Store) -> None:
    store.identities.sign_in(OLGA)
    store.users.change("olga", Change(suspended=True))
    with pytest.raises(SignInError, match="can't sign in at present"):
        store.identities.sign_in(replace(OLGA, role=Role.ADMIN))
    assert next(user for user in store.users.all() if user.name == "olga").role is Role.ANALYST
    store.users.change("olga", Change(suspended=False))
    store.identities.sign_in(OLGA)


def test_there_is_no_password(store: Store) -> None:
    token = store.identities.sign_in(OLGA).signed_in.token
    for password in ("", PASSWORD):
        with pytest.raises(SignInError):
            store.credentials.sign_in("olga", password)
        with pytest.raises(PasswordError, match="no password here"):
            store.credentials.change_password(store.credentials.caller(token), password, PASSWORD)
    for change in (Change(password=PASSWORD), Change(role=Role.ADMIN), Change(groups=frozenset())):
        with pytest.raises(ConflictError, match="come from there"):
            store.users.change("olga", change)


def test_the_last_admin_with_a_password_stays(store: Store) -> None:
    store.identities.sign_in(replace(OLGA, role=Role.ADMIN))
    for change in (Change(suspended=True), Change(role=Role.ANALYST)):
        with pytest.raises(ConflictError, match="with a password"):
            store.users.change("admin", change)
    with pytest.raises(ConflictError, match="with a password"):
        store.erasure.erase("admin")
    assert not store.identities.sign_in(OLGA).added  # the provider may take its own admin's role
    store.erasure.erase("olga")
    assert names(store) == ["admin"]


def test_the_list_and_the_operators_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOSSIER_HOME", str(tmp_path))
    settings = Settings(home=tmp_path, admin_password=PASSWORD)
    store, _, _ = open_store_with_operator(settings)
    store.identities.sign_in(replace(OLGA, wished_name="aaa", role=Role.ADMIN))
    store.close()
    (tmp_path / "operator.key").unlink()
    store, _, key = open_store_with_operator(settings)
    assert store.credentials.caller(key).name == "admin"
    store.close()
    listed = CliRunner().invoke(user_commands, ["list"]).output.splitlines()
    assert [line.split() for line in listed] == [
        ["aaa", "admin", "staff", "from", OLGA.issuer],
        ["admin", "admin", "no", "groups"],
    ]
