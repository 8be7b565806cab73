"""What admins see of people: their last sign-in and their keys."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.serving.api.serving_app import PASSWORD, Served


@pytest.fixture
def admin(gateway: Served) -> httpx.Client:
    return gateway.signed_in("admin")


def last_sign_ins(admin: httpx.Client) -> dict[str, str | None]:
    return {one["name"]: one["last_signed_in_at"] for one in admin.get("/admin/users").json()}


def test_the_last_sign_in_is_the_newest_that_worked(gateway: Served, admin: httpx.Client) -> None:
    assert last_sign_ins(admin) == {"admin": None, "mira": None, "sam": None}  # the tests' own aren't requests
    stranger = gateway.client()
    stranger.post("/auth/sign-in", json={"name": "sam", "password": "a wrong password"})
    before = datetime.now(UTC)
    for _ in range(2):
        assert stranger.post("/auth/sign-in", json={"name": "Mira", "password": PASSWORD}).status_code == 200
    found = last_sign_ins(admin)
    assert (found["admin"], found["sam"]) == (None, None)
    at = datetime.fromisoformat(str(found["mira"]))
    assert before - timedelta(seconds=1) <= at <= datetime.now(UTC)


def test_an_admin_sees_and_revokes_anothers_keys(gateway: Served, admin: httpx.Client) -> None:
    secret = gateway.key("mira")
    (key,) = admin.get("/admin/users/Mira/keys").json()
    assert (key["label"], key["prefix"]) == ("test", secret[:10])
    assert secret not in admin.get("/admin/users/mira/keys").text
    assert admin.get("/admin/users/sam/keys").json() == []
    assert admin.delete(f"/admin/users/sam/keys/{key['id']}").status_code == 404
    with gateway.client(secret) as program:
        assert program.get("/auth/me").status_code == 200
        assert admin.delete(f"/admin/users/mira/keys/{key['id']}").status_code == 204
        assert program.get("/auth/me").status_code == 401
    assert admin.get("/admin/users/mira/keys").json() == []
    assert admin.delete(f"/admin/users/mira/keys/{key['id']}").status_code == 404
    lines = admin.get("/admin/audit", params={"user": "admin", "action": "change"}).json()["lines"]
    revoked = [line for line in lines if line["status"] == 204]
    assert [line["target"] for line in revoked] == [key["id"]]


@pytest.mark.parametrize("name", ["nobody", "%20", "a%2Fb"])
def test_keys_of_nobody(admin: httpx.Client, name: str) -> None:
    assert admin.get(f"/admin/users/{name}/keys").status_code == 404
    assert admin.delete(f"/admin/users/{name}/keys/{'0' * 32}").status_code == 404
