"""Routes to what answers cite: a document's pages as text and as pictures, and the file itself."""

import hashlib
from typing import Annotated
from urllib.parse import quote

from anyio import CapacityLimiter
from fastapi import APIRouter, Header, Query, Response
from fastapi.responses import StreamingResponse

from retrieval.page_view import PageView, Spot
from serving.api.document_schemas import DocumentQuery, PageQuery, PageReply
from serving.api.parts import Parts, Running
from serving.api.policy import GuardedRoute, SignedInCaller
from serving.api.schemas import failures
from serving.api.work import in_limited_thread, in_thread
from serving.originals import blocks, is_pictured

router = APIRouter(prefix="/v1/documents", tags=["documents"], route_class=GuardedRoute)

_AT_ONCE = CapacityLimiter(2)
"""Pages that are drawn at once: each takes a process of its own."""
_ASK_AGAIN = {"Cache-Control": "private, no-cache", "Vary": "Authorization"}
"""A browser may keep it, and asks each time whether it is still so and still allowed."""
_UNCHANGED = 304
PICTURE = "image/png"
FILE = "application/octet-stream"


@router.get("/page", summary="A page of a document", responses=failures(401, 404, 422, 503))
async def get_page(asked: Annotated[PageQuery, Query()], parts: Parts, caller: SignedInCaller) -> PageReply:
    """Give a page's text and tables as the index has them, with a passage marked, if the caller may read the document.

    Where the file has changed since it was indexed, or the passage isn't there any more, `note` says so.
    """

    def read() -> PageReply:
        view = parts.gateway.index.page(asked.spot, caller.groups)
        problem = parts.gateway.originals.problem(view)
        return PageReply.of(view, problem, is_pictured(view), asked=asked.start < asked.end)

    return await in_thread(read)


@router.get(
    "/picture",
    summary="A PDF page as a picture",
    response_class=Response,
    responses={
        **failures(401, 404, 409, 422, 503),
        200: {"content": {PICTURE: {}}},
        304: {"description": "As before."},
    },
)
async def get_picture(
    asked: Annotated[PageQuery, Query()],
    parts: Parts,
    caller: SignedInCaller,
    if_none_match: Annotated[str, Header(max_length=200)] = "",
) -> Response:
    """Draw a page with the passage marked. 409: the file has changed since it was indexed, and could say otherwise."""
    view = await in_thread(_view, parts, asked.spot, caller.groups)
    tag = _tag(view)
    if if_none_match == tag:
        (await in_thread(parts.gateway.originals.open, view)).close()
        return Response(status_code=_UNCHANGED, headers={**_ASK_AGAIN, "ETag": tag})
    drawn = await in_limited_thread(_AT_ONCE, parts.gateway.originals.picture, view)
    return Response(drawn, media_type=PICTURE, headers={**_ASK_AGAIN, "ETag": tag})


@router.get(
    "/file",
    summary="A document's file",
    response_class=StreamingResponse,
    responses={**failures(401, 404, 409, 422, 503), 200: {"content": {FILE: {}}}},
)
async def get_file(asked: Annotated[DocumentQuery, Query()], parts: Parts, caller: SignedInCaller) -> StreamingResponse:
    """Give the file as it was indexed, to be saved. 409: it has changed since."""
    view = await in_thread(_view, parts, Spot(asked.source, 1), caller.groups)
    file = await in_thread(parts.gateway.originals.open, view)
    name = view.file.rsplit("/", 1)[-1]
    headers = {**_ASK_AGAIN, "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}
    return StreamingResponse(blocks(file), media_type=FILE, headers=headers)


def _view(parts: Running, spot: Spot, groups: frozenset[str]) -> PageView:
    return parts.gateway.index.page(spot, groups)


def _tag(view: PageView) -> str:
    """What the picture depends on."""
    told = repr((view.document.digest, view.page, view.passage, view.line))
    return f'"{hashlib.sha256(told.encode()).hexdigest()[:32]}"'
