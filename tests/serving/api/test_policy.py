"""Every route against everybody who may turn up."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from fastapi import APIRouter, FastAPI
from sqlalchemy import update

from dossier.errors import DossierError
from serving.api.policy import POLICY, Access, GuardedRoute, check_routes
from serving.store import Change, Role
from serving.store.tables import SessionRow
from tests.serving.api.serving_app import Served, served, until

SAMPLES = {
    "key_id": "0" * 32,
    "name": "nobody",
    "conversation_id": "0" * 32,
    "answer_id": "0",
    "file": "start.js",
    "feedback_id": "1",
    "batch_id": "0" * 32,
    "symbol": "LKFD",
    "kind": "prices",
}
CONTRACT = {
    "PUBLIC": """
        POST /auth/sign-in
        GET /auth/oidc
        POST /auth/oidc/begin
        POST /auth/oidc/finish
        GET /health
        GET /ready
        GET /metrics
        GET /openapi.json
        GET /docs
        GET /docs/{file}
    """,
    "SIGNED_IN": """
        POST /auth/sign-out
        GET /auth/me
        POST /auth/password
        GET /auth/keys
        POST /auth/keys
        DELETE /auth/keys/{key_id}
        GET /v1/models
        POST /v1/chat/completions
        GET /v1/documents
        GET /v1/documents/compare
        GET /v1/documents/page
        GET /v1/documents/picture
        GET /v1/documents/file
        GET /v1/batches
        POST /v1/batches
        POST /v1/batches/file
        GET /v1/batches/{batch_id}
        DELETE /v1/batches/{batch_id}
        GET /v1/batches/{batch_id}/answers
        GET /v1/batches/{batch_id}/sheet
        POST /v1/batches/{batch_id}/cancel
        POST /v1/batches/{batch_id}/resume
        GET /v1/feedback
        POST /v1/feedback
        GET /v1/market/symbols
        GET /v1/market/{symbol}/prices
        GET /v1/market/{symbol}/measures
        GET /v1/market/{symbol}/charts/{kind}
        GET /v1/market/{symbol}/projection
        POST /v1/market/risk
        GET /v1/news
        POST /v1/classify
        GET /conversations
        POST /conversations
        GET /conversations/{conversation_id}
        GET /conversations/{conversation_id}/export
        PATCH /conversations/{conversation_id}
        DELETE /conversations/{conversation_id}
        POST /answers/{answer_id}/replay
        GET /pack
    """,
    "ADMIN": """
        GET /admin/users
        POST /admin/users
        PATCH /admin/users/{name}
        DELETE /admin/users/{name}
        GET /admin/users/{name}/keys
        DELETE /admin/users/{name}/keys/{key_id}
        GET /admin/documents
        PATCH /admin/documents
        GET /admin/documents/file
        POST /admin/documents/file
        GET /admin/documents/kinds
        PATCH /admin/documents/readers
        DELETE /admin/documents/readers
        GET /admin/index
        POST /admin/index
        DELETE /admin/index
        GET /admin/index/files
        GET /admin/index/generations
        POST /admin/index/diff
        POST /admin/index/verify
        POST /admin/index/rollback
        POST /admin/index/gc
        POST /admin/search
        GET /admin/feedback
        GET /admin/audit
        GET /admin/health
        PATCH /admin/feedback/{feedback_id}
        GET /admin/models
        POST /admin/models/rollback
        POST /admin/models/{name}/promote
        POST /admin/models/{name}/complete
        POST /admin/models/{name}/retire
    """,
}
"""Who may call what, written down a second time: the table could be wrong."""
ASKED = {"/v1/market/{symbol}/projection": {"days": 0}}
"""What is asked for: of what would take seconds, something that is refused as such."""
NO_HARM = {("POST", "/auth/sign-out")}
"""Routes that would end the caller's own sign-in."""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory) -> Iterator[Served]:
    with served(tmp_path_factory.mktemp("policy"), requests_per_minute=0) as running:
        yield running


@pytest.fixture(scope="module")
def secrets(gateway: Served) -> dict[str, str]:
    """Somebody of each kind, by what they may do."""
    found = {role.value: gateway.add(f"one-{role}", role) for role in Role}
    store = gateway.store
    users = {user.name: user.id for user in store.users.all()}
    found["key"] = store.credentials.issue_key(users["one-analyst"], "k").key
    found["admin key"] = store.credentials.issue_key(users["one-admin"], "k").key
    revoked = store.credentials.issue_key(users["one-admin"], "k")
    store.credentials.revoke_key(store.credentials.caller(revoked.key), revoked.id)
    found["revoked key"] = revoked.key
    found["expired"] = gateway.sign_in("one-admin")
    session = store.credentials.caller(found["expired"]).session
    with store.database.writing() as connection:
        gone = datetime.now(UTC) - timedelta(seconds=1)
        connection.execute(update(SessionRow).where(SessionRow.id == session).values(expires_at=gone))
    found["suspended"] = gateway.add("suspended", Role.ADMIN)
    suspended = next(user.id for user in store.users.all() if user.name == "suspended")
    found["suspended key"] = store.credentials.issue_key(suspended, "k").key
    store.users.change("suspended", Change(suspended=True))
    found["made up"] = "dst_" + "x" * 43
    found["nobody"] = ""
    return found


def call(gateway: Served, method: str, path: str, secret: str) -> httpx.Response:
    return gateway.client(secret).request(method, path.format_map(SAMPLES), params=ASKED.get(path))


ROUTES = sorted(POLICY)
OUT = ("nobody", "revoked key", "expired", "suspended", "suspended key", "made up")
SIGNED_IN = ("analyst", "support", "key")
ADMINS = ("admin", "admin key")


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_each_route_lets_in_whom_the_table_names(gateway: Served, secrets, method: str, path: str) -> None:
    access = POLICY[method, path]
    for who in OUT:
        reply = call(gateway, method, path, secrets[who])
        if access is Access.PUBLIC:
            assert reply.status_code not in (401, 403), who
        else:
            assert reply.status_code == 401, who
            assert reply.json()["error"]["code"] == "not_signed_in"
            assert reply.headers["www-authenticate"] == "Bearer"
    if (method, path) in NO_HARM:
        return
    for who in SIGNED_IN:
        reply = call(gateway, method, path, secrets[who])
        assert (reply.status_code == 403) == (access is Access.ADMIN), (who, reply.text)
        assert reply.status_code != 401
    for who in ADMINS:
        assert call(gateway, method, path, secrets[who]).status_code not in (401, 403), who
    wait_until_idle(gateway)


def wait_until_idle(gateway: Served) -> None:
    with gateway.client(gateway.sign_in("one-admin")) as client:
        until(lambda: client.get("/admin/index").json()["state"] != "running")


def test_who_is_not_let_in_is_told_before_the_body_is_read(gateway: Served, secrets) -> None:
    with gateway.client() as client:
        reply = client.post("/v1/chat/completions", content=b"{", headers={"Content-Type": "application/json"})
    assert reply.status_code == 401


@pytest.mark.parametrize("header", ["", "Basic YTpi", "Bearer", "bearer\tx", "Token x", "Bearer \xff"])
def test_another_authorization_than_bearer_is_nobody(gateway: Served, header: str) -> None:
    with gateway.client() as client:
        reply = client.get("/auth/me", headers={"Authorization": header.encode("latin-1")})
    assert reply.status_code == 401
    assert "Authorization: Bearer" in reply.json()["error"]["message"] or "key isn't valid" in reply.text


def test_the_scheme_is_read_without_regard_to_case(gateway: Served, secrets) -> None:
    with gateway.client() as client:
        assert client.get("/auth/me", headers={"Authorization": f"bearer {secrets['support']}"}).status_code == 200


def test_a_route_that_nobody_decided_about_fails_at_start() -> None:
    app, router = FastAPI(openapi_url=None), APIRouter(route_class=GuardedRoute)
    router.add_api_route("/forgotten", lambda: None, methods=["GET"])
    app.include_router(router)
    with pytest.raises(DossierError, match="/forgotten"):
        check_routes(app)


def test_a_route_that_nothing_guards_fails_at_start() -> None:
    app = FastAPI(openapi_url=None)
    app.add_api_route("/health", lambda: None, methods=["GET"])
    with pytest.raises(DossierError, match="GuardedRoute"):
        check_routes(app)


def test_the_table_is_the_contract(gateway: Served) -> None:
    assert {key: access.name for key, access in POLICY.items()} == {
        (method, path): access
        for access, listed in CONTRACT.items()
        for method, path in (line.split() for line in listed.strip().splitlines())
    }
    assert {(method, route.path) for route in gateway.app.routes for method in route.methods} == set(POLICY)


def test_paths_that_only_look_like_others(gateway: Served) -> None:
    with gateway.client() as client:
        for path in ("/admin/users/", "/ADMIN/users", "//admin/users", "/docs/../admin/users", "/docs/%2e%2e/app.py"):
            assert client.get(path).status_code in (401, 404), path
