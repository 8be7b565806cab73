"""Sign-in, passwords and keys over HTTP."""

import pytest

from serving.api.attempts import ADDRESS_FAILURES, FAILURES, Attempts, place_of
from serving.api.errors import LaterError
from serving.store import Role
from tests.serving.api.serving_app import PASSWORD, Served


def test_signing_in_and_out(gateway: Served) -> None:
    with gateway.client() as client:
        reply = client.post("/auth/sign-in", json={"name": "Mira", "password": PASSWORD})
        assert reply.status_code == 200
        assert reply.json()["user"] == {"name": "mira", "role": "analyst", "groups": ["board", "hr"], "issuer": ""}
        assert reply.json()["expires_at"].endswith(("Z", "+00:00"))
        client.headers["Authorization"] = f"Bearer {reply.json()['token']}"
        assert client.get("/auth/me").json() == {
            "name": "mira",
            "role": "analyst",
            "groups": ["board", "hr"],
            "issuer": "",
        }
        assert client.post("/auth/sign-out").status_code == 204
        assert client.get("/auth/me").status_code == 401


def test_guessing_a_password_is_slowed_down(gateway: Served) -> None:
    with gateway.client() as client:
        wrong = {"name": "mira", "password": "a wrong password"}
        statuses = [client.post("/auth/sign-in", json=wrong).status_code for _ in range(FAILURES + 1)]
        assert statuses == [401] * FAILURES + [429]
        right = client.post("/auth/sign-in", json={"name": "MIRA ", "password": PASSWORD})
        assert right.status_code == 429
        assert 0 < int(right.headers["Retry-After"]) <= 300
        assert right.json()["error"]["type"] == "rate_limit_error"
        assert client.post("/auth/sign-in", json={"name": "admin", "password": PASSWORD}).status_code == 200


@pytest.mark.slow
def test_a_success_forgets_the_failures(gateway: Served) -> None:
    with gateway.client() as client:
        for _ in range(3):
            for _ in range(FAILURES - 1):
                client.post("/auth/sign-in", json={"name": "mira", "password": "a wrong password"})
            assert client.post("/auth/sign-in", json={"name": "mira", "password": PASSWORD}).status_code == 200


def test_a_closed_name_opens_again_after_the_window() -> None:
    now = [0.0]
    attempts = Attempts(lambda: now[0])
    for _ in range(FAILURES):
        attempts.begin("mira")
        now[0] += 10
    with pytest.raises(LaterError) as refused:
        attempts.begin("mira")
    assert refused.value.seconds == 201
    now[0] = 300
    attempts.begin("mira")
    with pytest.raises(LaterError):
        attempts.begin("mira")


def test_made_up_names_do_not_fill_the_memory() -> None:
    attempts = Attempts(lambda: 0.0)
    for number in range(20_000):
        attempts.begin(f"made-up-{number}", f"10.0.{number >> 8}.{number & 255}")
    assert len(attempts._by_name) <= 10_001
    assert len(attempts._by_address) <= 10_001


def test_guessing_many_names_from_one_address_is_slowed_down_and_harms_no_other() -> None:
    now = [0.0]
    attempts = Attempts(lambda: now[0])
    for number in range(ADDRESS_FAILURES):
        attempts.begin(f"fine-{number}", "203.0.113.7")
        attempts.succeeded(f"fine-{number}", "203.0.113.7")  # own successes don't hide the failures of others' names
        attempts.begin(f"name-{number}", "203.0.113.7")
        now[0] += 1
    with pytest.raises(LaterError, match="address") as refused:
        attempts.begin("mira", "203.0.113.7")
    assert refused.value.seconds == 251
    attempts.begin("mira", "203.0.113.8")
    now[0] = 300
    attempts.begin("mira", "203.0.113.7")


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("127.0.0.1", ""),
        ("::1", ""),
        ("::ffff:127.0.0.1", ""),
        ("testclient", ""),
        ("", ""),
    ],
)
def test_what_an_address_is_counted_as(address: str, place: str) -> None:
    assert place_of(address) == place


@pytest.mark.slow
def test_this_machine_tells_whose_address_it_is(gateway: Served) -> None:
    """The page and proxies on this machine do; what they don't tell is counted by name alone."""

    def statuses(name: str, times: int, **headers: str) -> set[int]:
        body = {"password": "a wrong password"}
        with gateway.client() as client:
            found = [
                client.post("/auth/sign-in", json={**body, "name": f"{name}-{number}"}, headers=headers).status_code
                for number in range(times)
            ]
        return set(found)

    there = {"X-Forwarded-For": "203.0.113.7"}
    assert statuses("one", ADDRESS_FAILURES + 1) == {401}
    assert statuses("two", ADDRESS_FAILURES, **there) == {401}
    assert statuses("three", 1, **there) == {429}
    assert statuses("four", 1, **{"X-Forwarded-For": "203.0.113.8"}) == {401}


def test_changing_the_password(gateway: Served) -> None:
    elsewhere = gateway.sign_in("mira")
    with gateway.signed_in("mira") as client:
        assert client.post("/auth/password", json={"old": "wrong", "new": "a new password"}).status_code == 400
        assert client.post("/auth/password", json={"old": PASSWORD, "new": "short"}).status_code == 422
        assert client.post("/auth/password", json={"old": PASSWORD, "new": "a new password"}).status_code == 204
        assert client.get("/auth/me").status_code == 200
        reply = client.post("/auth/sign-in", json={"name": "mira", "password": "a new password"})
        assert reply.status_code == 200
    with gateway.client(elsewhere) as client:
        assert client.get("/auth/me").status_code == 401


def test_guessing_the_old_password_is_slowed_down_too(gateway: Served) -> None:
    with gateway.signed_in("mira") as client:
        body = {"old": "a wrong password", "new": "a new password"}
        statuses = [client.post("/auth/password", json=body).status_code for _ in range(FAILURES + 1)]
    assert statuses == [400] * FAILURES + [429]


def test_keys_are_shown_once_and_can_be_revoked(gateway: Served) -> None:
    with gateway.signed_in("mira") as client:
        made = client.post("/auth/keys", json={"label": "notebook"}).json()
        assert set(made) == {"id", "label", "key"}
        assert made["key"].startswith("dsr_")
        with gateway.client(made["key"]) as program:
            assert program.get("/auth/me").json()["name"] == "mira"
        listed = client.get("/auth/keys")
        assert made["key"] not in listed.text
        assert [(key["id"], key["label"], key["prefix"]) for key in listed.json()] == [
            (made["id"], "notebook", made["key"][:10])
        ]
        assert listed.json()[0]["last_used_at"]
        assert client.delete(f"/auth/keys/{made['id']}").status_code == 204
        assert client.delete(f"/auth/keys/{made['id']}").status_code == 404
        with gateway.client(made["key"]) as program:
            assert program.get("/auth/me").status_code == 401


def test_somebody_elses_key_does_not_exist(gateway: Served) -> None:
    with gateway.signed_in("mira") as mine, gateway.client(gateway.add("other", Role.ADMIN)) as other:
        made = mine.post("/auth/keys", json={"label": "notebook"}).json()
        assert other.delete(f"/auth/keys/{made['id']}").status_code == 404
        assert other.get("/auth/keys").json() == []


@pytest.mark.parametrize("label", ["", " ", "a\x00b", "a\nb", "x" * 101, "\u202e"])
def test_a_label_must_be_readable(gateway: Served, label: str) -> None:
    with gateway.signed_in("mira") as client:
        assert client.post("/auth/keys", json={"label": label}).status_code == 422
