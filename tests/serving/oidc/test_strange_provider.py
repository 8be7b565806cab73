"""A provider that answers as none should, slowly, or not at all."""

import gzip
import json

import httpx
import pytest
from starlette.responses import JSONResponse, RedirectResponse, Response

from serving.oidc import wire
from tests.serving.api.serving_app import NO_TLS, PASSWORD, Served, served
from tests.serving.oidc.local_provider import LocalProvider, key, settings_for
from tests.serving.oidc.signing_in import (
    DESCRIPTION,
    KEYS,
    TOKEN,
    at_the_provider,
    begin,
    finish,
    fresh,
    said,
    signed_in,
)

STRANGE = {
    "huge": lambda: Response(b'{"issuer": "' + b"x" * wire.LARGEST + b'"}', media_type="application/json"),
    "small but endless": lambda: Response(b"\x1f\x8b", headers={"Content-Encoding": "gzip"}),
    "no JSON": lambda: Response("<html>"),
    "no object": lambda: JSONResponse(["issuer"]),
    "deep": lambda: Response(b"[" * 200_000),
    "elsewhere": lambda: RedirectResponse("http://127.0.0.1:1/", 302),
    "failing": lambda: JSONResponse({}, 500),
    "missing": lambda: JSONResponse({}, 404),
}


@pytest.mark.parametrize("what", STRANGE)
@pytest.mark.parametrize("path", [DESCRIPTION, KEYS, TOKEN])
def test_strange_replies_of_the_provider(gateway: Served, provider: LocalProvider, path: str, what: str) -> None:
    if path == DESCRIPTION:
        provider.answers[path] = STRANGE[what]
        said(gateway.client().post("/auth/oidc/begin"), 503, "doesn't answer as it should")
        said(gateway.client().post("/auth/oidc/begin"), 503, "doesn't answer as it should")
        assert provider.asked == [DESCRIPTION]  # who comes in the next seconds hears the same at once
        return
    begun = begin(gateway)
    provider.answers[path] = STRANGE[what]
    said(finish(gateway, begun, at_the_provider(begun["address"])), 503, "doesn't answer as it should")


def test_what_would_be_right_but_for_its_size_or_its_place(gateway: Served, provider: LocalProvider) -> None:
    right = httpx.get(provider.issuer + DESCRIPTION, trust_env=False, verify=NO_TLS).json()
    for answer in (
        JSONResponse({**right, "more": "x" * wire.LARGEST}),
        RedirectResponse(f"{provider.issuer}/moved", 302),
        Response(gzip.compress(json.dumps(right).encode()), headers={"Content-Encoding": "gzip"}),
    ):
        fresh(gateway)
        provider.answers |= {"/moved": lambda: JSONResponse(right), DESCRIPTION: lambda given=answer: given}
        said(gateway.client().post("/auth/oidc/begin"), 503, "doesn't answer as it should")
    fresh(gateway)
    provider.answers[DESCRIPTION] = lambda: JSONResponse(right)
    assert signed_in(gateway).status_code == 200
    assert "/moved" not in provider.asked


@pytest.mark.parametrize(
    "described",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"token_endpoint": "http://evil.example/token"},
        {"token_endpoint": "https://user:word@evil.example/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": 7},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
)
def test_a_provider_that_describes_itself_wrongly(gateway: Served, provider: LocalProvider, described: dict) -> None:
    provider.described = described
    said(gateway.client().post("/auth/oidc/begin"), 503, "doesn't answer as it should")


@pytest.mark.parametrize(
    "keys",
    [[], [{"kty": "oct", "k": "c2VjcmV0", "kid": "rsa-1"}], [{"kty": "RSA", "n": 5, "e": "AQAB"}], "keys", [None]],
)
def test_keys_that_are_none(gateway: Served, provider: LocalProvider, keys: object) -> None:
    provider.answers[KEYS] = lambda: JSONResponse({"keys": keys})
    said(signed_in(gateway), 503, "doesn't answer as it should")


def test_keys_that_arent_understood_are_passed_over(gateway: Served, provider: LocalProvider) -> None:
    odd = [
        {"kty": "PQ", "kid": "rsa-1"},
        {"kty": "EC", "crv": "P-1", "x": "AA", "y": "AA"},
        {"kty": "RSA", "n": "!", "e": "!"},
    ]
    good = key("RSA", "rsa-1").as_dict(private=False)
    provider.answers[KEYS] = lambda: JSONResponse({"keys": [*odd, good]})
    assert signed_in(gateway).status_code == 200


def test_a_provider_that_is_down(tmp_path_factory: pytest.TempPathFactory) -> None:
    nobody = LocalProvider("http://127.0.0.1:1")
    with served(tmp_path_factory.mktemp("down"), **settings_for(nobody)) as gateway:
        said(gateway.client().post("/auth/oidc/begin"), 503, "sign in with a password")
        reply = gateway.client().post("/auth/sign-in", json={"name": "mira", "password": PASSWORD})
        assert reply.status_code == 200


def test_a_provider_that_is_slow(gateway: Served, provider: LocalProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "SECONDS", 0.2)
    provider.seconds = 5
    said(gateway.client().post("/auth/oidc/begin"), 503, "doesn't answer as it should")
    provider.seconds = 0
    assert gateway.client().get("/health").status_code == 200
