"""Who may call what: the one table, and the route class that keeps to it."""

from collections.abc import Callable, Coroutine
from contextlib import nullcontext
from enum import Enum, auto
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Request, Response
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.routing import BaseRoute

from dossier.errors import DossierError, ForbiddenError, SignInError
from serving.api.auditing import AuditNote, FollowedResponse, action_of, is_watched, line_of
from serving.api.errors import failure_of
from serving.api.parts import parts_of
from serving.api.schemas import failures
from serving.api.work import in_limited_thread
from serving.store import Action, Caller, Role

CHAT = "/v1/chat/completions"


class Access(Enum):
    """Who may call a route."""

    PUBLIC = auto()
    SIGNED_IN = auto()
    ADMIN = auto()


POLICY: dict[tuple[str, str], Access] = {
    ("POST", "/auth/sign-in"): Access.PUBLIC,
    ("GET", "/auth/oidc"): Access.PUBLIC,
    ("POST", "/auth/oidc/begin"): Access.PUBLIC,
    ("POST", "/auth/oidc/finish"): Access.PUBLIC,
    ("POST", "/auth/sign-out"): Access.SIGNED_IN,
    ("GET", "/auth/me"): Access.SIGNED_IN,
    ("POST", "/auth/password"): Access.SIGNED_IN,
    ("GET", "/auth/keys"): Access.SIGNED_IN,
    ("POST", "/auth/keys"): Access.SIGNED_IN,
    ("DELETE", "/auth/keys/{key_id}"): Access.SIGNED_IN,
    ("GET", "/admin/users"): Access.ADMIN,
    ("POST", "/admin/users"): Access.ADMIN,
    ("PATCH", "/admin/users/{name}"): Access.ADMIN,
    ("DELETE", "/admin/users/{name}"): Access.ADMIN,
    ("GET", "/admin/users/{name}/keys"): Access.ADMIN,
    ("DELETE", "/admin/users/{name}/keys/{key_id}"): Access.ADMIN,
    ("GET", "/admin/documents"): Access.ADMIN,
    ("PATCH", "/admin/documents"): Access.ADMIN,
    ("GET", "/admin/documents/file"): Access.ADMIN,
    ("POST", "/admin/documents/file"): Access.ADMIN,
    ("GET", "/admin/documents/kinds"): Access.ADMIN,
    ("PATCH", "/admin/documents/readers"): Access.ADMIN,
    ("DELETE", "/admin/documents/readers"): Access.ADMIN,
    ("GET", "/admin/index"): Access.ADMIN,
    ("POST", "/admin/index"): Access.ADMIN,
    ("DELETE", "/admin/index"): Access.ADMIN,
    ("GET", "/admin/index/files"): Access.ADMIN,
    ("GET", "/admin/index/generations"): Access.ADMIN,
    ("POST", "/admin/index/diff"): Access.ADMIN,
    ("POST", "/admin/index/verify"): Access.ADMIN,
    ("POST", "/admin/index/rollback"): Access.ADMIN,
    ("POST", "/admin/index/gc"): Access.ADMIN,
    ("POST", "/admin/search"): Access.ADMIN,
    ("GET", "/admin/audit"): Access.ADMIN,
    ("GET", "/admin/health"): Access.ADMIN,
    ("GET", "/admin/models"): Access.ADMIN,
    ("POST", "/admin/models/rollback"): Access.ADMIN,
    ("POST", "/admin/models/{name}/promote"): Access.ADMIN,
    ("POST", "/admin/models/{name}/complete"): Access.ADMIN,
    ("POST", "/admin/models/{name}/retire"): Access.ADMIN,
    ("GET", "/admin/feedback"): Access.ADMIN,
    ("PATCH", "/admin/feedback/{feedback_id}"): Access.ADMIN,
    ("GET", "/v1/models"): Access.SIGNED_IN,
    ("POST", CHAT): Access.SIGNED_IN,
    ("GET", "/v1/documents"): Access.SIGNED_IN,
    ("GET", "/v1/documents/compare"): Access.SIGNED_IN,
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
    ("GET", "/v1/market/{symbol}/projection"): Access.SIGNED_IN,
    ("POST", "/v1/market/risk"): Access.SIGNED_IN,
    ("GET", "/v1/news"): Access.SIGNED_IN,
    ("POST", "/v1/classify"): Access.SIGNED_IN,
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
    """A route that lets nobody in but whom the table names, nor too often, and has each request in the audit log.

    It decides before the body is read.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **more: Any) -> None:  # noqa: ANN401 (FastAPI's own)
        """Make the route; what the guard and the reading of a body answer is added to its description."""
        methods = more.get("methods") or ()
        statuses = (
            [429] if any(POLICY.get((method, path), Access.PUBLIC) is not Access.PUBLIC for method in methods) else []
        )
        statuses += [400, 408, 413] if {"POST", "PATCH"} & set(methods) else []
        more["responses"] = {**failures(*statuses), **(more.get("responses") or {})}
        more["generate_unique_id_function"] = _own_name
        super().__init__(path, endpoint, **more)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """FastAPI's handler behind the check."""
        handler = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            request.state.audit, request.state.caller = AuditNote(), None
            try:
                await _admit(request, self.path)
                response = await handler(request)
            except BaseException as error:
                _take_line(request, self.path, *failure_of(error))
                raise
            return await _watched(request, self.path, response)

        return guarded


def _own_name(route: APIRoute) -> str:
    return route.name


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


def _take_line(request: Request, path: str, status: int, outcome: str) -> None:
    if is_watched(request.method, path, status):
        parts_of(request).trail.add(line_of(request, path, _name(request), status, outcome))


async def _watched(request: Request, path: str, response: Response) -> Response:
    """The response, whose line is taken: of an answer at its end, of a change before anybody hears that it is done."""
    trail, action = parts_of(request).trail, action_of(request.method, path)
    if action is Action.ASK:
        return FollowedResponse(response, trail, request, path, _name(request))
    _take_line(request, path, response.status_code, "")
    if action is not Action.READ:
        await trail.written()
    return response


def _name(request: Request) -> str:
    caller = request.state.caller
    return caller.name if isinstance(caller, Caller) else ""


async def _admit(request: Request, path: str) -> None:
    access = POLICY[request.method, path]
    if access is Access.PUBLIC:
        return
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise SignInError(
            "Nobody is signed in. Send `Authorization: Bearer` with a token from POST /auth/sign-in or an API key."
        )
    parts = parts_of(request)
    # a flood of questions mustn't be a flood of look-ups: who won't find room is told before anybody asks who it is
    with parts.slots.at_the_door() if path == CHAT else nullcontext():
        caller = await in_limited_thread(parts.door_work, parts.store.credentials.caller, secret.strip())
    request.state.caller = caller
    parts.rates.take(caller.user_id)
    if access is Access.ADMIN and caller.role is not Role.ADMIN:
        raise ForbiddenError("Only admins may do this. Ask an admin, or sign in as one.")


def _caller(request: Request, _: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> Caller:
    caller = request.state.caller
    if not isinstance(caller, Caller):
        raise TypeError("the route isn't guarded")
    return caller


SignedInCaller = Annotated[Caller, Depends(_caller)]
"""The caller of a route that isn't public. The bearer scheme is in it for the documentation only."""
