"""What the guard of the routes writes into the audit log, and when: never in the way of an answer."""

import asyncio
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from serving.api.work import in_thread
from serving.metrics import Metrics
from serving.store import Action, AuditLine, AuditLog
from serving.store.database import in_words

_PAUSE_SECONDS = 0.25
_MOST_WAITING = 20_000
_LOOKED_BACK = 50
"""Lines among which the same refusal is looked for."""
_DONE = "done"
_NOT_WATCHED = frozenset(
    {
        ("GET", "/health"),
        ("GET", "/ready"),
        ("GET", "/metrics"),
        ("GET", "/openapi.json"),
        ("GET", "/docs"),
        ("GET", "/docs/{file}"),
        ("GET", "/auth/oidc"),
    }
)
"""Open to everybody and about nobody."""
_ONLY_REFUSED = frozenset(
    {
        ("GET", "/auth/me"),
        ("GET", "/pack"),
        ("GET", "/v1/models"),
        ("GET", "/admin/index"),
        ("GET", "/admin/health"),
        ("POST", "/auth/oidc/begin"),
    }
)
"""What pages ask for again and again, or before anybody is known, and which tells nothing about people or documents."""
_ACTIONS = {
    ("POST", "/auth/sign-in"): Action.SIGN_IN,
    ("POST", "/auth/oidc/begin"): Action.SIGN_IN,
    ("POST", "/auth/oidc/finish"): Action.SIGN_IN,
    ("POST", "/auth/sign-out"): Action.SIGN_OUT,
    ("POST", "/v1/chat/completions"): Action.ASK,
    ("POST", "/answers/{answer_id}/replay"): Action.ASK,
    ("POST", "/admin/models/{name}/complete"): Action.ASK,
    ("POST", "/admin/search"): Action.ASK,
    ("POST", "/admin/models/{name}/promote"): Action.PROMOTE,
    ("POST", "/admin/models/rollback"): Action.PROMOTE,
    ("DELETE", "/admin/users/{name}"): Action.ERASE,
}
"""Actions of routes whose method doesn't say it."""
_AN_ID = re.compile(r"[0-9a-f]{32}|\d{1,10}|chatcmpl-[0-9a-f]{24}")
_FLOODS = frozenset({401, 403, 429})
log = logging.getLogger(__name__)


@dataclass(slots=True)
class AuditNote:
    """What a route tells about its request beside what the guard sees: empty is what the guard sees.

    `name` is who signs in, `target` what it is about, `documents` those shown, `outcome` a word other than the status.
    """

    name: str = ""
    target: str = ""
    documents: tuple[str, ...] = ()
    outcome: str = ""


def note_of(request: Request) -> AuditNote:
    """The note of a request that a guarded route handles."""
    note = request.state.audit
    if not isinstance(note, AuditNote):
        raise TypeError("the route isn't guarded")
    return note


Noted = Annotated[AuditNote, Depends(note_of)]
"""The request's note, as a dependency."""


def action_of(method: str, path: str) -> Action:
    """What calling a route means."""
    return _ACTIONS.get((method, path)) or (Action.READ if method == "GET" else Action.CHANGE)


def is_watched(method: str, path: str, status: int) -> bool:
    """Whether a request gets a line."""
    return (method, path) not in _NOT_WATCHED and (status >= 400 or (method, path) not in _ONLY_REFUSED)


def target_of(parameters: Mapping[str, object], status: int) -> str:
    """What a path names. Of a request that failed only what looks like an id: anything may stand there, a key too."""
    values = [str(value) for value in parameters.values()]
    return "/".join(value for value in values if status < 400 or _AN_ID.fullmatch(value))


def line_of(request: Request, path: str, name: str, status: int, outcome: str) -> AuditLine:
    """The line of a request that has ended."""
    note = note_of(request)
    return AuditLine(
        at=datetime.now(UTC),
        name=name or note.name.strip().lower(),
        action=action_of(request.method, path),
        route=f"{request.method} {path}",
        status=status,
        outcome=note.outcome or outcome or _DONE,
        target=note.target or target_of(request.path_params, status),
        documents=note.documents,
    )


class AuditTrail:
    """Lines on their way to the store: kept here for a moment and written together by a task of their own."""

    def __init__(self, store: AuditLog, metrics: Metrics) -> None:
        self._store, self._metrics = store, metrics
        self._waiting: list[AuditLine] = []
        self._writing = asyncio.Lock()

    def add(self, line: AuditLine) -> None:
        """Take a line. The same refusal again before the last one is written only counts."""
        if line.status in _FLOODS and self._counted(line):
            return
        if len(self._waiting) < _MOST_WAITING:
            self._waiting.append(line)
        else:
            self._metrics.audit_lost()

    def _counted(self, line: AuditLine) -> bool:
        for place in range(max(0, len(self._waiting) - _LOOKED_BACK), len(self._waiting)):
            other = self._waiting[place]
            if replace(other, at=line.at, times=1) == line:
                self._waiting[place] = replace(other, times=other.times + 1)
                return True
        return False

    async def written(self) -> None:
        """Write what has been taken, also if whoever waits for it is cancelled.

        What the store refuses waits for the next time; the log and a metric tell.
        """
        await asyncio.shield(asyncio.create_task(self._write()))

    async def keep_writing(self) -> None:
        """Write again and again until cancelled."""
        while True:
            await asyncio.sleep(_PAUSE_SECONDS)
            await self.written()

    async def _write(self) -> None:
        async with self._writing:
            lines, self._waiting = self._waiting, []
            if not lines:
                return
            try:
                await in_thread(self._store.add, lines)
            except SQLAlchemyError as error:
                self._waiting = [*lines, *self._waiting]
                self._metrics.audit_failed()
                log.error("%d lines of the audit log aren't written yet: %s", len(lines), in_words(error))


class FollowedResponse(Response):
    """A response that takes its line at its end, when a stream's result is known and its reader has all of it."""

    def __init__(self, response: Response, trail: AuditTrail, request: Request, path: str, name: str) -> None:
        """Follow a response of a caller."""
        self._response, self._trail = response, trail
        self._request, self._path, self._name = request, path, name

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the response, then take the line, also when sending ends early."""
        try:
            await self._response(scope, receive, send)
        finally:
            self._trail.add(line_of(self._request, self._path, self._name, self._response.status_code, ""))
