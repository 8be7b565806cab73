"""Signing in at an identity provider over HTTP: the whole way, and those who try to trick a gateway on it."""

import json
from threading import get_ident
from urllib.parse import parse_qs, urlsplit

import pytest

from serving.api.attempts import ADDRESS_FAILURES
from tests.serving.api.serving_app import PASSWORD, Served, served
from tests.serving.oidc.local_provider import SECRET, LocalProvider, key, settings_for, signed, unsigned
from tests.serving.oidc.signing_in import (
    DESCRIPTION,
    KEYS,
    TOKEN,
    at_the_provider,
    begin,
    finish,
    last_lines,
    said,
    signed_in,
)


def test_the_whole_way(gateway: Served, provider: LocalProvider) -> None:
    assert gateway.client().get("/auth/oidc").json() == {"name": "Sign in with Acme"}
    assert provider.asked == []  # nothing is asked before somebody wants it
    reply = signed_in(gateway)
    assert reply.status_code == 200, reply.text
    user = {"name": "olga", "role": "analyst", "groups": ["staff"], "issuer": provider.issuer}
    assert reply.json()["user"] == user
    assert gateway.client(reply.json()["token"]).get("/auth/me").json() == user
    assert last_lines(gateway, 2) == [
        ("olga", "change", 200, "added", "olga"),
        ("olga", "sign-in", 200, "done", ""),
    ]
    (olga,) = (one for one in gateway.signed_in("admin").get("/admin/users").json() if one["name"] == "olga")
    assert olga["issuer"] == provider.issuer and olga["last_signed_in_at"]


def test_what_the_provider_tells_of_itself_is_kept(gateway: Served, provider: LocalProvider) -> None:
    for _ in range(3):
        assert signed_in(gateway).status_code == 200
    assert provider.asked.count(DESCRIPTION) == provider.asked.count(KEYS) == 1


def test_with_an_elliptic_key_and_the_secret_in_the_form(gateway: Served, provider: LocalProvider) -> None:
    provider.described = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    provider.sign = lambda claims: signed(claims, key("EC", "ec-1"), "ES256", own="passed over")
    assert signed_in(gateway).status_code == 200


@pytest.mark.parametrize("ways", [5, "client_secret_post", None, {}, []])
def test_ways_that_are_none_are_the_usual_one(gateway: Served, provider: LocalProvider, ways: object) -> None:
    provider.described = {"token_endpoint_auth_methods_supported": ways}
    assert signed_in(gateway).status_code == 200


def test_a_public_client_needs_no_secret(provider: LocalProvider, tmp_path_factory: pytest.TempPathFactory) -> None:
    provider.secret = ""
    with served(tmp_path_factory.mktemp("public"), **settings_for(provider, oidc_client_secret="")) as public:
        assert signed_in(public).status_code == 200


def test_a_state_is_good_once_in_one_browser(gateway: Served, provider: LocalProvider) -> None:
    begun = begin(gateway)
    back = at_the_provider(begun["address"])
    assert finish(gateway, begun, back).status_code == 200
    said(finish(gateway, begun, back), 401, "used already")
    mine, theirs = begin(gateway), begin(gateway)
    back = at_the_provider(theirs["address"])
    said(finish(gateway, mine, back), 401, "another browser")
    said(finish(gateway, theirs, back), 401, "used already")  # whoever has seen it has spoilt it
    said(finish(gateway, mine, back, state="made-up"), 401, "too long ago")
    assert provider.asked.count(TOKEN) == 1


def test_a_code_that_the_provider_doesnt_take(gateway: Served, provider: LocalProvider) -> None:
    begun = begin(gateway)
    back = at_the_provider(begun["address"])
    said(finish(gateway, begun, back, code="made-up"), 401, "invalid_grant")
    begun = begin(gateway)
    stolen = at_the_provider(begin(gateway)["address"])["code"]  # of another sign-in: its proof (PKCE) is missing
    said(finish(gateway, begun, at_the_provider(begun["address"]), code=stolen), 401, "invalid_grant")


@pytest.mark.parametrize("code", ["", "a\nb", "é"])
def test_what_is_no_code_isnt_sent(gateway: Served, provider: LocalProvider, code: str) -> None:
    begun = begin(gateway)
    body = {"browser": begun["browser"], **at_the_provider(begun["address"]), "code": code}
    content, json_type = json.dumps(body), {"Content-Type": "application/json"}
    said(gateway.client().post("/auth/oidc/finish", content=content, headers=json_type), 401, "no code")
    assert TOKEN not in provider.asked


@pytest.mark.parametrize("named", ["https://evil.example", ""])
def test_an_answer_of_another_provider_isnt_taken(gateway: Served, provider: LocalProvider, named: str) -> None:
    begun = begin(gateway)
    said(finish(gateway, begun, at_the_provider(begun["address"]), iss=named), 401, "another provider")
    assert TOKEN not in provider.asked


@pytest.mark.parametrize(("error", "words"), [("access_denied", "(access_denied)"), ("<b>x</b>", "can't be shown")])
def test_what_the_provider_says_no_to(gateway: Served, provider: LocalProvider, error: str, words: str) -> None:
    begun = begin(gateway)
    state = parse_qs(urlsplit(begun["address"]).query)["state"][0]
    said(finish(gateway, begun, {"state": state}, error=error), 401, words)


def test_a_wrong_secret_is_the_operators_fault(gateway: Served, provider: LocalProvider) -> None:
    provider.secret = "another"
    said(signed_in(gateway), 503, "gateway's log")


def test_failures_count_for_the_address(gateway: Served, provider: LocalProvider) -> None:
    there = {"X-Forwarded-For": "203.0.113.7"}
    body = {"state": "made-up", "browser": "made-up"}
    client = gateway.client()
    for _ in range(ADDRESS_FAILURES):
        assert client.post("/auth/oidc/finish", json=body, headers=there).status_code == 401
    assert client.post("/auth/oidc/finish", json=body, headers=there).status_code == 429
    assert client.post("/auth/oidc/begin", headers=there).status_code == 429
    password = {"name": "mira", "password": PASSWORD}
    assert client.post("/auth/sign-in", json=password, headers=there).status_code == 429
    assert signed_in(gateway).status_code == 200


def test_without_a_provider_there_is_no_such_way(gateway: Served, tmp_path_factory: pytest.TempPathFactory) -> None:
    with served(tmp_path_factory.mktemp("none")) as alone:
        assert alone.client().get("/auth/oidc").json() == {"name": ""}
        said(alone.client().post("/auth/oidc/begin"), 404, "oidc_issuer")
        body = {"state": "x", "browser": "y"}
        said(alone.client().post("/auth/oidc/finish", json=body), 404, "oidc_issuer")


def test_no_secret_is_in_the_log(gateway: Served, provider: LocalProvider, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("DEBUG"):
        token = signed_in(gateway).json()["token"]
        provider.sign = unsigned
        signed_in(gateway)
        provider.secret = "another"
        signed_in(gateway)
    hidden = [*provider.tokens, SECRET, token, "olga", "s-1"]
    logged = "\n".join(line.getMessage() for line in caplog.records if line.thread != get_ident())  # the gateway's
    assert len(hidden) > 12 and "HTTP Request: POST" in logged
    assert [one for one in hidden if one in logged] == []
    assert "ways that are safe" in logged
