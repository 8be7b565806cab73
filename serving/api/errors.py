"""The edge: every failure becomes one JSON shape with a sentence that says what to do."""

import logging
from asyncio import CancelledError
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from dossier.errors import BusyError, DossierError
from serving.store.database import unreachable

SAFE_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""What every response carries unless its route says otherwise."""
_log = logging.getLogger(__name__)
_TYPES = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
_RETRY_SECONDS = 5
CLIENT_GONE = 499
"""The status of a request whose client left; nobody sees it but the log and the metrics."""
_HTTP = {
    404: ("not_found", "There is nothing at this address. GET /docs shows what there is."),
    405: ("method_not_allowed", "This address doesn't take this method. GET /docs shows which ones it takes."),
    408: ("too_slow", "The request's body didn't arrive in time (a minute, a document ten). Send it at once."),
    413: ("body_too_large", "The request is too large (at most 1 MiB, a document 64 MiB). Send less at once."),
}
_FAULT = "Dossier met a fault of its own while it handled the request. The gateway's log has the details."


class LaterError(BusyError):
    """Not now, but after `seconds`."""

    def __init__(self, message: str, seconds: int) -> None:
        super().__init__(message)
        self.seconds = seconds


def error_body(message: str, code: str, status: int) -> dict[str, Any]:
    """The one shape of errors."""
    kind = _TYPES.get(status) or ("server_error" if status >= 500 else "invalid_request_error")
    return {"error": {"message": message, "type": kind, "code": code}}


def error_body_of(error: Exception) -> dict[str, Any]:
    """The shape for an error. What isn't of the family says nothing about the inside."""
    if isinstance(error, OperationalError):
        error = unreachable(error)
    if isinstance(error, DossierError):
        return error_body(str(error), error.code, error.http_status)
    return error_body(_FAULT, DossierError.code, 500)


def failure_of(error: BaseException) -> tuple[int, str]:
    """The status that an error is answered with, and its name for programs."""
    if isinstance(error, OperationalError):
        error = unreachable(error)
    if isinstance(error, DossierError):
        return error.http_status, error.code
    if isinstance(error, RequestValidationError):
        return 422, "bad_request"
    if isinstance(error, HTTPException):
        return error.status_code, _HTTP.get(error.status_code, ("bad_request", ""))[0]
    return (CLIENT_GONE, "gone") if isinstance(error, CancelledError) else (500, DossierError.code)


def handle_errors(app: FastAPI) -> None:
    """Make the app answer with the one shape whatever happens."""
    app.add_exception_handler(DossierError, _dossier)
    app.add_exception_handler(OperationalError, _database)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _fault)


def _reply(body: dict[str, Any], status: int, headers: Mapping[str, str] | None = None) -> JSONResponse:
    return JSONResponse(body, status, headers)


async def _dossier(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, DossierError):
        raise error
    headers = {}
    if error.http_status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if error.http_status == 429:
        headers["Retry-After"] = str(error.seconds if isinstance(error, LaterError) else _RETRY_SECONDS)
    if error.http_status >= 500:
        # the template, not the path: people put keys and names where ids belong
        _log.error("%s %s: %s", request.method, getattr(request.scope.get("route"), "path", "?"), error)
    return _reply(error_body(str(error), error.code, error.http_status), error.http_status, headers)


async def _database(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, OperationalError):
        raise error
    return await _dossier(request, unreachable(error))


async def _validation(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, RequestValidationError):
        raise error
    problems = "; ".join(_problem(problem) for problem in error.errors()[:5])
    return _reply(error_body(f"The request can't be read: {problems}. Correct it.", "bad_request", 422), 422)


def _problem(problem: Mapping[str, Any]) -> str:
    # never the input itself: it may be a password, or text that JSON can't carry
    place: Sequence[Any] = problem["loc"]
    name = ".".join(str(part) for part in place if part != "body") or "body"
    return f"{name}: {str(problem['msg']).rstrip('.')}".encode("utf-8", "replace").decode()


async def _http(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        raise error
    code, message = _HTTP.get(error.status_code, ("bad_request", f"The request can't be handled: {error.detail}."))
    return _reply(error_body(message, code, error.status_code), error.status_code, error.headers)


async def _fault(request: Request, error: Exception) -> JSONResponse:
    # the server logs the error with its traceback; the caller learns nothing about the inside
    # this handler is outside of all middleware, which adds the headers elsewhere; uvicorn closes the connection after a
    # fault, and a client that isn't told may send its next request into it
    return _reply(error_body(_FAULT, DossierError.code, 500), 500, {**SAFE_HEADERS, "Connection": "close"})
