"""Signing in at the local provider over HTTP, as a browser does, and what the gateway keeps of it."""

from urllib.parse import parse_qs, urlsplit

import httpx

from serving.oidc import sign_in
from tests.serving.api.serving_app import NO_TLS, Served

PAGE = "https://dossier.example"
DESCRIPTION, KEYS, TOKEN = "/.well-known/openid-configuration", "/keys", "/token"


def fresh(gateway: Served) -> None:
    """Let the gateway forget the provider and all attempts."""
    parts = gateway.app.state.running
    object.__setattr__(parts, "provider", sign_in.ProviderSignIn(parts.gateway.settings))
    object.__setattr__(parts, "attempts", type(parts.attempts)())


def begin(gateway: Served) -> dict[str, str]:
    reply = gateway.client().post("/auth/oidc/begin")
    assert reply.status_code == 200, reply.text
    return reply.json()


def at_the_provider(address: str) -> dict[str, str]:
    """What the provider sends back through the browser."""
    reply = httpx.get(address, trust_env=False, verify=NO_TLS)
    assert reply.status_code == 302, reply.text
    return {name: values[0] for name, values in parse_qs(urlsplit(reply.headers["location"]).query).items()}


def finish(gateway: Served, begun: dict[str, str], back: dict[str, str], **more: str) -> httpx.Response:
    return gateway.client().post("/auth/oidc/finish", json={"browser": begun["browser"], **back, **more})


def signed_in(gateway: Served) -> httpx.Response:
    """The whole way."""
    begun = begin(gateway)
    return finish(gateway, begun, at_the_provider(begun["address"]))


def said(reply: httpx.Response, status: int, words: str) -> None:
    assert reply.status_code == status, reply.text
    assert words in reply.json()["error"]["message"]


def people(gateway: Served) -> dict[str, tuple]:
    return {one.name: (one.role, set(one.groups), one.issuer) for one in gateway.store.users.all()}


def audited(gateway: Served, **wanted: object) -> list[tuple]:
    admin = gateway.signed_in("admin")
    found = admin.get("/admin/audit", params={"limit": 50, **wanted}).json()["lines"]
    lines = [line for line in reversed(found) if "oidc" in line["route"]]
    return [(line["name"], line["action"], line["status"], line["outcome"], line["target"]) for line in lines]


def last_lines(gateway: Served, count: int) -> list[tuple]:
    return audited(gateway)[-count:]
