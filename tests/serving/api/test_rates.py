"""How many requests a minute one user may make."""

from collections.abc import Iterator

import pytest

from serving.api.errors import LaterError
from serving.api.policy import POLICY, Access
from serving.api.rates import Rates
from tests.serving.api.serving_app import Served, ask, served

LIMIT = 20


@pytest.fixture
def limited(tmp_path) -> Iterator[Served]:
    with served(tmp_path, requests_per_minute=LIMIT) as running:
        yield running


def test_a_minutes_requests_at_once_and_then_evenly() -> None:
    now = [0.0]
    rates = Rates(30, lambda: now[0])
    for _ in range(30):
        rates.take(1)
    with pytest.raises(LaterError, match="30 requests") as refused:
        rates.take(1)
    assert refused.value.seconds == 2
    rates.take(2)
    now[0] += 2
    rates.take(1)
    with pytest.raises(LaterError):
        rates.take(1)
    now[0] += 3600
    for _ in range(30):
        rates.take(1)
    with pytest.raises(LaterError):
        rates.take(1)


def test_waiting_as_long_as_told_is_enough() -> None:
    for per_minute in (1, 7, 59, 600, 100_000):
        now = [0.0]
        rates = Rates(per_minute, lambda now=now: now[0])
        for _ in range(per_minute):
            rates.take(1)
        with pytest.raises(LaterError) as refused:
            rates.take(1)
        now[0] += refused.value.seconds
        rates.take(1)


def test_none_is_without_limit_and_who_is_quiet_is_forgotten() -> None:
    now = [0.0]
    free = Rates(0, lambda: now[0])
    for _ in range(5000):
        free.take(1)
    rates = Rates(10, lambda: now[0])
    for user in range(5000):
        rates.take(user)
        now[0] += 1
    assert len(rates._buckets) < 1100


@pytest.mark.slow
def test_over_the_limit_by_whatever_key(limited: Served) -> None:
    token, key = limited.client(limited.sign_in("mira")), limited.client(limited.key("mira"))
    found = [client.get("/conversations").status_code for _ in range(LIMIT // 2) for client in (token, key)]
    assert found == [200] * LIMIT
    for refused in (key.get("/pack"), token.post("/v1/chat/completions", json=ask("What?", stream=True))):
        assert refused.status_code == 429
        assert 1 <= int(refused.headers["Retry-After"]) <= 3
        assert refused.json()["error"]["type"] == "rate_limit_error"
        assert refused.json()["error"]["code"] == "busy"
    assert not limited.answerer.asked
    assert limited.signed_in("sam").get("/conversations").status_code == 200


@pytest.mark.slow
def test_what_is_open_stays_open(limited: Served) -> None:
    mira = limited.signed_in("mira")
    while mira.get("/conversations").status_code == 200:
        pass
    for path in ("/health", "/ready", "/metrics"):
        assert {mira.get(path).status_code for _ in range(3 * LIMIT)} == {200}


def test_a_refusal_for_want_of_a_role_counts_too(limited: Served) -> None:
    mira = limited.signed_in("mira")
    found = [mira.get("/admin/users").status_code for _ in range(LIMIT + 1)]
    assert found == [403] * LIMIT + [429]


@pytest.mark.slow
def test_it_is_documented_where_it_can_happen(limited: Served) -> None:
    paths = limited.client().get("/openapi.json").json()["paths"]
    for (method, path), access in POLICY.items():
        if access is not Access.PUBLIC:
            assert "429" in paths[path][method.lower()]["responses"], path
    assert "429" not in paths["/health"]["get"]["responses"]
