"""Who may call what: the one table, and the route class that keeps to it."""

from collections.abc import Callable, Coroutine
from enum import Enum, auto
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request, Response
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.routing import BaseRoute

from dossier.errors import DossierError, ForbiddenError, SignInError
from serving.api.parts import parts_of
from serving.api.work import in_thread
from serving.store import Caller, Role


class Access(Enum):
    """Who may call a route."""

    PUBLIC = auto()
    SIGNED_IN = auto()
    ADMIN = auto()


POLICY: dict[tuple[str, str], Access] = {
    ("POST", "/auth/sign-in"): Access.PUBLIC,
    ("POST", "/auth/sign-out"): Access.SIGNED_IN,
    ("GET", "/auth/me"): Access.SIGNED_IN,
    ("POST", "/auth/password"): Access.SIGNED_IN,
    ("GET", "/auth/keys"): Access.SIGNED_IN,
    ("POST", "/auth/keys"): Access.SIGNED_IN,
    ("DELETE", "/auth/keys/{key_id}"): Access.SIGNED_IN,
    ("GET", "/admin/users"): Access.ADMIN,
    ("POST", "/admin/users"): Access.ADMIN,
    ("PATCH", "/admin/users/{name}"): Access.ADMIN,
    ("GET", "/admin/documents"): Access.ADMIN,
    ("PATCH", "/admin/documents"): Access.ADMIN,
    ("POST", "/admin/documents/file"): Access.ADMIN,
    ("GET", "/admin/index"): Access.ADMIN,
    ("POST", "/admin/index"): Access.ADMIN,
    ("DELETE", "/admin/index"): Access.ADMIN,
    ("GET", "/admin/index/files"): Access.ADMIN,
    ("GET", "/admin/index/generations"): Access.ADMIN,
    ("POST", "/admin/index/diff"): Access.ADMIN,
    ("POST", "/admin/index/verify"): Access.ADMIN,
    ("POST", "/admin/index/rollback"): Access.ADMIN,
    ("POST", "/admin/index/gc"): Access.ADMIN,
    ("GET", "/admin/models"): Access.ADMIN,
    ("POST", "/admin/models/rollback"): Access.ADMIN,
    ("POST", "/admin/models/{name}/promote"): Access.ADMIN,
    ("POST", "/admin/models/{name}/complete"): Access.ADMIN,
    ("POST", "/admin/models/{name}/retire"): Access.ADMIN,
    ("GET", "/admin/feedback"): Access.ADMIN,
    ("PATCH", "/admin/feedback/{feedback_id}"): Access.ADMIN,
    ("GET", "/v1/models"): Access.SIGNED_IN,
    ("POST", "/v1/chat/completions"): Access.SIGNED_IN,
    ("GET", "/v1/documents/page"): Access.SIGNED_IN,
    ("GET", "/v1/documents/picture"): Access.SIGNED_IN,
    ("GET", "/v1/documents/file"): Access.SIGNED_IN,
    ("GET", "/v1/batches"): Access.SIGNED_IN,
    ("POST", "/v1/batches"): Access.SIGNED_IN,
    ("POST", "/v1/batches/file"): Access.SIGNED_IN,
    ("GET", "/v1/batches/{batch_id}"): Access.SIGNED_IN,
    ("DELETE", "/v1/batches/{batch_id}"): Access.SIGNED_IN,
    ("GET", "/v1/batches/{batch_id}/answers"): Access.SIGNED_IN,
    ("GET", "/v1/batches/{batch_id}/sheet"): Access.SIGNED_IN,
    ("POST", "/v1/batches/{batch_id}/cancel"): Access.SIGNED_IN,
    ("POST", "/v1/batches/{batch_id}/resume"): Access.SIGNED_IN,
    ("GET", "/v1/feedback"): Access.SIGNED_IN,
    ("POST", "/v1/feedback"): Access.SIGNED_IN,
    ("GET", "/v1/market/symbols"): Access.SIGNED_IN,
    ("GET", "/v1/market/{symbol}/prices"): Access.SIGNED_IN,
    ("GET", "/v1/market/{symbol}/measures"): Access.SIGNED_IN,
    ("GET", "/v1/market/{symbol}/charts/{kind}"): Access.SIGNED_IN,
    ("GET", "/conversations"): Access.SIGNED_IN,
    ("POST", "/conversations"): Access.SIGNED_IN,
    ("GET", "/conversations/{conversation_id}"): Access.SIGNED_IN,
    ("GET", "/conversations/{conversation_id}/export"): Access.SIGNED_IN,
    ("PATCH", "/conversations/{conversation_id}"): Access.SIGNED_IN,
    ("DELETE", "/conversations/{conversation_id}"): Access.SIGNED_IN,
    ("POST", "/answers/{answer_id}/replay"): Access.SIGNED_IN,
    ("GET", "/pack"): Access.SIGNED_IN,
    ("GET", "/health"): Access.PUBLIC,
    ("GET", "/ready"): Access.PUBLIC,
    ("GET", "/metrics"): Access.PUBLIC,
    ("GET", "/openapi.json"): Access.PUBLIC,
    ("GET", "/docs"): Access.PUBLIC,
    ("GET", "/docs/{file}"): Access.PUBLIC,
}

_bearer = HTTPBearer(auto_error=False, description="A sign-in's token, or an API key.")


class GuardedRoute(APIRoute):
    """A route that lets nobody in but whom the table names. It decides before the body is read."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler behind the check."""
        handler = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            await _admit(request, POLICY[request.method, self.path])
            return await handler(request)

        return guarded


def check_routes(app: FastAPI) -> None:
    """Raise DossierError if a route isn't in the table, isn't guarded, or is in the table only."""
    found: set[tuple[str, str]] = set()
    for route in app.routes:
        found |= _keys(route)
    if found != set(POLICY):
        raise DossierError(
            f"routes without a line in serving/api/policy.py: {sorted(found - set(POLICY))}; "
            f"lines without a route: {sorted(set(POLICY) - found)}. Correct the table."
        )


def _keys(route: BaseRoute) -> set[tuple[str, str]]:
    if not isinstance(route, GuardedRoute):
        raise DossierError(f"the route {route} isn't a GuardedRoute, so that nothing checks who calls it. Make it one.")
    return {(method, route.path) for method in route.methods}


async def _admit(request: Request, access: Access) -> None:
    if access is Access.PUBLIC:
        return
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise SignInError(
            "Nobody is signed in. Send `Authorization: Bearer` with a token from POST /auth/sign-in or an API key."
        )
    caller = await in_thread(parts_of(request).store.credentials.caller, secret.strip())
    if access is Access.ADMIN and caller.role is not Role.ADMIN:
        raise ForbiddenError("Only admins may do this. Ask an admin, or sign in as one.")
    request.state.caller = caller


def _caller(request: Request, _: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> Caller:
    caller = request.state.caller
    if not isinstance(caller, Caller):
        raise TypeError("the route isn't guarded")
    return caller


SignedInCaller = Annotated[Caller, Depends(_caller)]
"""The caller of a route that isn't public. The bearer scheme is in it for the documentation only."""
