"""The route for admins that shows the audit log. There is none that changes it."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Query
from pydantic import AfterValidator, AwareDatetime, BaseModel, Field

from serving.api.parts import Parts
from serving.api.policy import GuardedRoute, SignedInCaller
from serving.api.schemas import failures
from serving.api.work import in_thread
from serving.store import Action, AuditFilter, AuditLine

router = APIRouter(prefix="/admin/audit", tags=["administration"], route_class=GuardedRoute)

_MOST = 500
_LARGEST_ID = (1 << 31) - 1


def _datable(moment: datetime) -> datetime:
    if not 1970 <= moment.year < 9999:
        raise ValueError("it must lie in the years from 1970 to 9998")
    return moment


class AuditLineReply(BaseModel):
    """Who did what."""

    id: int
    at: datetime
    name: str = Field(description="The user; empty: nobody who is known.", examples=["mira"])
    action: Action
    route: str = Field(examples=["POST /v1/chat/completions"])
    target: str = Field(description="Id or name of what it was about.")
    documents: list[str] = Field(description="Documents shown with an answer, or changed.")
    status: int = Field(examples=[200])
    outcome: str = Field(description="An answer's verdict, an error's code, or done.", examples=["answered"])
    times: int = Field(description="How often the same came within the same moment.")

    @classmethod
    def of(cls, line: AuditLine) -> Self:
        """From the record."""
        return cls(
            id=line.id,
            at=line.at,
            name=line.name,
            action=line.action,
            route=line.route,
            target=line.target,
            documents=list(line.documents),
            status=line.status,
            outcome=line.outcome,
            times=line.times,
        )


class AuditPageReply(BaseModel):
    """Lines, the newest first."""

    lines: list[AuditLineReply]
    before: int | None = Field(description="For the next page; null: there is none.")


@router.get("", summary="Who did what", responses=failures(401, 403, 422))
async def list_audit(
    parts: Parts,
    _: SignedInCaller,
    user: Annotated[str, Query(max_length=64, description="Only this user's lines.")] = "",
    action: Annotated[Action | None, Query(description="Only of this kind.")] = None,
    since: Annotated[
        Annotated[AwareDatetime, AfterValidator(_datable)] | None, Query(description="Only from this moment on.")
    ] = None,
    before: Annotated[int, Query(ge=0, le=_LARGEST_ID, description="Only lines older than the one of this id.")] = 0,
    limit: Annotated[int, Query(ge=1, le=_MOST, description="How many to list.")] = 100,
) -> AuditPageReply:
    """List the audit log, the newest lines first: names, routes, ids and documents, never what was asked."""
    await parts.trail.written()
    found = await in_thread(parts.store.audit.list, AuditFilter(user, action, since, before), limit + 1)
    lines = [AuditLineReply.of(line) for line in found[:limit]]
    return AuditPageReply(lines=lines, before=lines[-1].id if len(found) > limit else None)
