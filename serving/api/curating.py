"""Routes for admins: what is decided about one document."""

from typing import Annotated

from fastapi import APIRouter, Query, status

from serving.api.auditing import Noted
from serving.api.curating_schemas import CuratedReply, ReadersBody, ReadersReply
from serving.api.parts import Parts
from serving.api.policy import GuardedRoute, SignedInCaller
from serving.api.schemas import failures
from serving.api.work import in_thread
from serving.curating import Curating

router = APIRouter(prefix="/admin/documents", tags=["administration"], route_class=GuardedRoute)

Place = Annotated[
    str,
    Query(max_length=2000, description="A file's path, or a folder's with a slash at its end.", examples=["hr/"]),
]


@router.get("/file", summary="One file and what is decided about it", responses=failures(401, 403, 404, 409, 422))
async def curated_file(source: str, parts: Parts, _: SignedInCaller, note: Noted) -> CuratedReply:
    """Tell a file's state, who may read it and by which rule, and what it is about: found, and as people corrected."""
    curating = Curating(parts.gateway.settings, parts.gateway.index)
    found = await in_thread(curating.file, source)
    note.documents = (source,)
    users = await in_thread(parts.store.users.all)
    return CuratedReply.of(found, frozenset(group for user in users for group in user.groups))


@router.patch(
    "/readers", summary="Choose who may read a file or a folder", responses=failures(400, 401, 403, 404, 409, 422, 503)
)
async def choose_readers(place: Place, body: ReadersBody, parts: Parts, _: SignedInCaller, note: Noted) -> ReadersReply:
    """Choose who may read a file, or all files of a folder, also those to come. The nearest choice wins.

    It holds from the next indexing run on, over `groups.toml` and the pack's collections, and goes along with a file
    that is renamed or copied.
    """
    curating = Curating(parts.gateway.settings, parts.gateway.index)
    chosen = await in_thread(curating.choose, place, body.chosen)
    note.documents = (place,)
    return ReadersReply.of(place, chosen.chosen[place])


@router.delete(
    "/readers",
    summary="Take a choice of readers back",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=failures(401, 403, 404, 409, 422),
)
async def take_readers_back(place: Place, parts: Parts, _: SignedInCaller, note: Noted) -> None:
    """Let the other rules decide again from the next indexing run on: an outer folder's choice, else `groups.toml`."""
    curating = Curating(parts.gateway.settings, parts.gateway.index)
    await in_thread(curating.choose, place, None)
    note.documents = (place,)
