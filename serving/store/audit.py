"""The audit log: who signed in, asked, read, changed and promoted what, when, with which result.

It holds names of users, routes, ids and names of documents; never what was asked or answered, and no secret.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from serving.store.database import Database
from serving.store.tables import AuditRow, UserRow
from serving.store.texts import storable

NOBODY = ""
"""The name in lines of people who aren't known: not signed in, a name that no user has, an erased user."""
TERMINAL = "(terminal)"
"""The name in lines of commands that were run on the machine itself. No user can have it."""
_TARGET, _DOCUMENTS, _ROUTE = 200, 20, 120
_REFUSED = 400
"""HTTP's statuses from here on are of what failed."""


class Action(StrEnum):
    """What somebody did."""

    SIGN_IN = "sign-in"
    SIGN_OUT = "sign-out"
    ASK = "ask"
    READ = "read"
    CHANGE = "change"
    PROMOTE = "promote"
    ERASE = "erase"


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One line. `status` is HTTP's (of a command 200), `outcome` one word, `times` how often the same came at once."""

    at: datetime
    name: str
    action: Action
    route: str
    status: int
    outcome: str
    target: str = ""
    documents: tuple[str, ...] = ()
    times: int = 1
    id: int = 0


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which lines: of one user, of one action, since a moment, older than the line `before` (0: the newest first)."""

    name: str = ""
    action: Action | None = None
    since: datetime | None = None
    before: int = 0


class AuditLog:
    """Adds and lists lines. No line is changed but for a name that is erased, and none removed but by its age."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, lines: Sequence[AuditLine]) -> None:
        """Add lines. A name that no user has at this moment becomes NOBODY.

        People type passwords into the field for names, and an erased user's last answer may end after the erasure.
        """
        if not lines:
            return
        with self._database.writing() as session:
            known = _known(session, {line.name for line in lines})
            session.add_all(_row(line, line.name if line.name in known else NOBODY) for line in lines)

    def list(self, wanted: AuditFilter, limit: int = 100) -> Sequence[AuditLine]:
        """The newest lines first."""
        found = select(AuditRow).order_by(AuditRow.id.desc())
        if wanted.name:
            found = found.where(AuditRow.name == storable(wanted.name.strip().lower()))
        if wanted.action is not None:
            found = found.where(AuditRow.action == wanted.action.value)
        if wanted.since is not None:
            found = found.where(AuditRow.at >= wanted.since)
        if wanted.before:
            found = found.where(AuditRow.id < wanted.before)
        with self._database.reading() as session:
            return [_line(row) for row in session.scalars(found.limit(limit))]

    def last_sign_ins(self) -> Mapping[str, datetime]:
        """When each user last signed in, as far as there are lines of it."""
        worked = (AuditRow.action == Action.SIGN_IN.value, AuditRow.status < _REFUSED, AuditRow.name != NOBODY)
        newest = select(AuditRow.name, func.max(AuditRow.at)).where(*worked).group_by(AuditRow.name)
        with self._database.reading() as session:
            return dict(session.execute(newest).all())

    def forget_before(self, moment: datetime) -> int:
        """Remove the lines older than a moment; how many there were."""
        with self._database.writing() as session:
            gone = delete(AuditRow).where(AuditRow.at < moment).returning(AuditRow.id)
            return len(session.scalars(gone).all())


def _known(session: Session, names: set[str]) -> set[str]:
    found = select(UserRow.name).where(UserRow.name.in_([storable(name) for name in names]))
    return {TERMINAL, *session.scalars(found)}


def _row(line: AuditLine, name: str) -> AuditRow:
    return AuditRow(
        at=line.at,
        name=name,
        action=line.action.value,
        route=line.route[:_ROUTE],
        target=storable(line.target)[:_TARGET],
        documents=[storable(document) for document in line.documents[:_DOCUMENTS]],
        status=line.status,
        outcome=line.outcome,
        times=line.times,
    )


def _line(row: AuditRow) -> AuditLine:
    return AuditLine(
        at=row.at,
        name=row.name,
        action=Action(row.action),
        route=row.route,
        status=row.status,
        outcome=row.outcome,
        target=row.target,
        documents=tuple(row.documents),
        times=row.times,
        id=row.id,
    )
