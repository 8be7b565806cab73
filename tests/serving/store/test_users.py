"""Users: adding, changing, and the last admin."""

import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dossier.errors import ConflictError, DossierError, NotFoundError, QuestionError
from serving.store import Change, NewUser, Role, Store
from serving.store.passwords import PasswordError

PASSWORD = "correct horse battery"


def add(store: Store, name: str, role: Role = Role.ANALYST, **more):
    return store.users.add(NewUser(name, PASSWORD, role, **more))


def test_a_user_is_kept_with_role_and_groups(store: Store) -> None:
    add(store, "Mira", Role.SUPPORT, groups=frozenset({"hr", "legal"}))
    mira = next(user for user in store.users.all() if user.name == "mira")
    assert (mira.role, mira.groups, mira.suspended) == (Role.SUPPORT, {"hr", "legal"}, False)
    assert mira.created_at.tzinfo is not None


def test_a_name_is_taken_once_whatever_its_case(store: Store) -> None:
    add(store, "mira")
    with pytest.raises(ConflictError, match="mira"):
        add(store, "MIRA")
    assert [user.name for user in store.users.all()] == ["admin", "mira"]


@pytest.mark.parametrize("name", ["", " ", "a b", "é", "a\x00b", "x" * 65, "../etc", "-rf", "a\nb"])
def test_a_name_that_can_not_be_one_is_refused(store: Store, name: str) -> None:
    with pytest.raises(QuestionError, match="can't be a user's name"):
        add(store, name)


@pytest.mark.parametrize("password", ["", "short", "x" * 9, "x" * 1025])
def test_a_password_of_a_wrong_length_is_refused(store: Store, password: str) -> None:
    with pytest.raises(PasswordError):
        store.users.add(NewUser("mira", password, Role.ANALYST))
    assert store.users.count() == 1


def test_only_what_is_named_changes(store: Store) -> None:
    add(store, "mira", Role.SUPPORT, groups=frozenset({"hr"}))
    changed = store.users.change("mira", Change(role=Role.ANALYST))
    assert (changed.role, changed.groups, changed.suspended) == (Role.ANALYST, {"hr"}, False)
    assert store.users.change("mira", Change(groups=frozenset())).groups == frozenset()
    assert store.users.change("mira", Change(suspended=True)).suspended
    assert store.credentials.sign_in("admin", "first password").user.name == "admin"


@pytest.mark.parametrize("name", ["nobody", "", "a\x00b", "🦊"])
def test_an_unknown_user_can_not_be_changed(store: Store, name: str) -> None:
    with pytest.raises(NotFoundError):
        store.users.change(name, Change(suspended=True))


@pytest.mark.parametrize("change", [Change(suspended=True), Change(role=Role.ANALYST)])
def test_the_last_active_admin_stays(store: Store, change: Change) -> None:
    add(store, "second", Role.ADMIN)
    store.users.change("second", Change(suspended=True))
    with pytest.raises(ConflictError, match="last active admin"):
        store.users.change("admin", change)
    store.users.change("second", Change(suspended=False))
    store.users.change("admin", change)


def test_two_admins_who_suspend_each_other_at_once_do_not_lock_everybody_out(store: Store) -> None:
    add(store, "second", Role.ADMIN)
    together = threading.Barrier(2)
    refused = []

    def suspend(name: str) -> None:
        together.wait()
        try:
            store.users.change(name, Change(suspended=True))
        except ConflictError:
            refused.append(name)

    threads = [threading.Thread(target=suspend, args=(name,)) for name in ("admin", "second")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert [user.name for user in store.users.all() if not user.suspended] == refused


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(name=st.text(max_size=80))
def test_no_name_makes_anything_but_a_clear_error(store: Store, name: str) -> None:
    with pytest.raises(DossierError):
        store.credentials.sign_in(name, "wrong password")
    with pytest.raises(DossierError):
        store.users.change(f"{name}#", Change(role=Role.ANALYST))
