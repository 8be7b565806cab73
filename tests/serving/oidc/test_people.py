"""Who comes from a provider: their role, groups and name, what they may not do, and how they go."""

import pytest

from serving.store import Change, Role
from tests.serving.api.serving_app import PASSWORD, Served, served
from tests.serving.oidc.local_provider import LocalProvider, settings_for
from tests.serving.oidc.signing_in import audited, last_lines, people, said, signed_in


def test_role_and_groups_are_taken_anew_each_time(gateway: Served, provider: LocalProvider) -> None:
    signed_in(gateway)
    token = signed_in(gateway).json()["token"]
    provider.person |= {"groups": ["staff", "owners", "x" * 200, "a\nb"], "preferred_username": "renamed"}
    assert signed_in(gateway).json()["user"]["role"] == "admin"
    assert people(gateway)["olga"] == (Role.ADMIN, {"staff", "owners"}, provider.issuer)
    assert last_lines(gateway, 2)[0] == ("olga", "change", 200, "changed", "olga")
    provider.person |= {"groups": ["helpers"]}
    assert signed_in(gateway).json()["user"]["role"] == "support"
    assert gateway.client(token).get("/admin/users").status_code == 403  # earlier sign-ins have the rights of now
    assert "renamed" not in people(gateway)


@pytest.mark.parametrize("groups", [[], ["others"], ["STAFF"], None])
def test_who_is_in_none_of_the_groups_gets_no_entry(gateway: Served, provider: LocalProvider, groups: object) -> None:
    provider.person.pop("groups")
    if groups is not None:
        provider.person["groups"] = groups
    said(signed_in(gateway), 403, "in none of the groups")
    assert "olga" not in people(gateway)
    assert last_lines(gateway, 1) == [("", "sign-in", 403, "forbidden", "")]


def test_unless_there_is_a_role_for_them(provider: LocalProvider, tmp_path_factory: pytest.TempPathFactory) -> None:
    provider.person.pop("groups")
    with served(tmp_path_factory.mktemp("open"), **settings_for(provider, oidc_default_role="support")) as gateway:
        assert signed_in(gateway).json()["user"]["role"] == "support"


@pytest.mark.parametrize("groups", ["staff", {"staff": True}, [["staff"]], ["staff", 1], 7, True])
def test_groups_of_the_wrong_type_give_nothing(gateway: Served, provider: LocalProvider, groups: object) -> None:
    provider.person["groups"] = groups
    said(signed_in(gateway), 403, "readable way")


def test_too_many_groups(gateway: Served, provider: LocalProvider) -> None:
    provider.person["groups"] = [f"g{number}" for number in range(1001)]
    said(signed_in(gateway), 403, "more than 1000 groups")


def test_a_name_is_never_somebody_elses(gateway: Served, provider: LocalProvider) -> None:
    for subject, wished, name in (
        ("s-1", "admin", "admin-2"),
        ("s-2", "Mira", "mira-2"),
        ("s-3", "mira", "mira-3"),
        ("s-4", "  Jürgen O'Neill ", "jurgen-o-neill"),
        ("s-5", "...", "user"),
        ("s-6", "x" * 300, "x" * 56),
    ):
        provider.person |= {"sub": subject, "preferred_username": wished}
        for _ in range(2):
            assert signed_in(gateway).json()["user"]["name"] == name
    assert people(gateway)["admin"] == (Role.ADMIN, set(), "")
    assert gateway.store.credentials.sign_in("admin", PASSWORD).user.name == "admin"


def test_the_same_subject_of_another_provider_is_somebody_else(gateway: Served, provider: LocalProvider) -> None:
    store = gateway.store.identities
    assert signed_in(gateway).json()["user"]["name"] == "olga"
    assert store.name_of(provider.issuer, "s-1") == "olga"
    assert store.name_of(provider.issuer, "S-1") == store.name_of(provider.issuer + "/", "s-1") == ""


def test_who_is_suspended_stays_so(gateway: Served, provider: LocalProvider) -> None:
    token = signed_in(gateway).json()["token"]
    gateway.store.users.change("olga", Change(suspended=True))
    provider.person["groups"] = ["bosses"]
    said(signed_in(gateway), 401, "can't sign in at present")
    assert gateway.client(token).get("/auth/me").status_code == 401
    assert people(gateway)["olga"][0] is Role.ANALYST
    assert last_lines(gateway, 1) == [("olga", "sign-in", 401, "not_signed_in", "")]


def test_there_is_no_password_and_no_way_to_one(gateway: Served, provider: LocalProvider) -> None:
    client = gateway.client(signed_in(gateway).json()["token"])
    for password in ("", " ", "correct horse battery"):
        assert gateway.client().post("/auth/sign-in", json={"name": "olga", "password": password}).status_code == 401
    said(client.post("/auth/password", json={"old": "", "new": "another password"}), 400, "no password here")
    admin = gateway.signed_in("admin")
    for change in ({"password": "another password"}, {"role": "admin"}, {"groups": ["board"]}):
        said(admin.patch("/admin/users/olga", json=change), 409, "come from there")
    assert admin.patch("/admin/users/olga", json={"suspended": True}).status_code == 200


def test_an_admin_of_the_provider_isnt_the_one_who_must_remain(gateway: Served, provider: LocalProvider) -> None:
    provider.person["groups"] = ["bosses"]
    olga = gateway.client(signed_in(gateway).json()["token"])
    said(olga.patch("/admin/users/admin", json={"suspended": True}), 409, "with a password")
    provider.person["groups"] = ["staff"]
    assert signed_in(gateway).json()["user"]["role"] == "analyst"


def test_erasing_leaves_nothing_and_the_person_may_come_back(gateway: Served, provider: LocalProvider) -> None:
    provider.person["sub"] = "subject-of-olga"
    signed_in(gateway)
    gone = gateway.signed_in("admin").delete("/admin/users/olga").json()
    assert gone["sign_ins"] == 1
    with gateway.store.database.reading() as session:
        kept = [session.connection().exec_driver_sql(f"SELECT * FROM {table}").all() for table in ("users", "audit")]  # noqa: S608
    assert "olga" not in str(kept) and "subject-of-olga" not in str(kept)
    assert audited(gateway)[-1][:2] != ("", "sign-in") and audited(gateway)[-1][0] == gone["pseudonym"]
    assert signed_in(gateway).json()["user"]["name"] == "olga"
    assert last_lines(gateway, 2)[0][3] == "added"
