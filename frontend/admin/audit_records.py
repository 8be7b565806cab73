"""The audit log as the gateway tells it, and as a CSV file."""

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from frontend.gateway.connection import Connection
from frontend.gateway.records import moment
from frontend.gateway.source_records import Json

_AT_ONCE = 500
_HEADS = ("id", "time (UTC)", "person", "action", "route", "about", "documents", "status", "outcome", "times")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would take for the beginning of a formula."""


@dataclass(frozen=True, slots=True)
class AuditWish:
    """Which lines: empty is all. `before` 0: the newest."""

    person: str = ""
    action: str = ""
    since: datetime | None = None
    before: int = 0


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what. An empty `person`: nobody who is known."""

    id: int
    at: datetime
    person: str
    action: str
    route: str
    target: str
    documents: tuple[str, ...]
    status: int
    outcome: str
    times: int

    @classmethod
    def read(cls, data: Json) -> "AuditEntry":
        """From one of the `lines` of `GET /admin/audit`."""
        return cls(
            id=int(data["id"]),
            at=moment(data["at"]) or datetime.now(UTC),
            person=str(data["name"]),
            action=str(data["action"]),
            route=str(data["route"]),
            target=str(data.get("target") or ""),
            documents=tuple(map(str, data.get("documents") or ())),
            status=int(data["status"]),
            outcome=str(data.get("outcome") or ""),
            times=int(data.get("times") or 1),
        )


def audit_page(gateway: Connection, wish: AuditWish, limit: int) -> tuple[list[AuditEntry], int]:
    """Lines, the newest first, and the `before` of the next page; 0: there is none."""
    told = {"user": wish.person, "action": wish.action, "since": wish.since.isoformat() if wish.since else ""}
    asked: dict[str, str | int] = {name: value for name, value in told.items() if value}
    found = gateway.query("/admin/audit", {**asked, "before": wish.before, "limit": limit})
    return [AuditEntry.read(line) for line in found["lines"]], int(found.get("before") or 0)


def audit_csv(gateway: Connection, wish: AuditWish, most: int) -> bytes:
    """The newest `most` lines as CSV. Times are UTC; what a spreadsheet would compute is text in it."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(_HEADS)
    writer.writerows(map(_cells, _lines(gateway, wish, most)))
    return written.getvalue().encode("utf-8-sig")  # the mark tells spreadsheets that it is UTF-8


def _lines(gateway: Connection, wish: AuditWish, most: int) -> Iterator[AuditEntry]:
    while most > 0:
        found, before = audit_page(gateway, wish, min(_AT_ONCE, most))
        yield from found
        most -= len(found)
        if not before:
            return
        wish = replace(wish, before=before)


def _cells(line: AuditEntry) -> Iterable[object]:
    texts = (line.person, line.action, line.route, line.target, "; ".join(line.documents))
    safe = (f"'{text}" if text.startswith(_FORMULA) else text for text in texts)
    at = line.at.astimezone(UTC).isoformat(timespec="seconds")
    return (line.id, at, *safe, line.status, line.outcome, line.times)
