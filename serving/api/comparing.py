"""Routes that list the documents that somebody may read, and compare two of them."""

from typing import Annotated

from fastapi import APIRouter, Query

from retrieval.chunk_store import StoredDocument
from serving.api.auditing import Noted
from serving.api.compare_schemas import MOST_LISTED, CompareQuery, ComparisonReply, ListedReply, ListQuery, ListReply
from serving.api.parts import Parts
from serving.api.policy import GuardedRoute, SignedInCaller
from serving.api.schemas import failures
from serving.api.work import in_short_queue, in_thread
from serving.comparing.comparing import compare

router = APIRouter(prefix="/v1/documents", tags=["documents"], route_class=GuardedRoute)


@router.get("", summary="The documents that the caller may read", responses=failures(401, 422, 503))
async def list_readable(asked: Annotated[ListQuery, Query()], parts: Parts, caller: SignedInCaller) -> ListReply:
    """List the documents of the current generation that the caller's groups may read."""

    def listed() -> ListReply:
        wanted = asked.search.casefold().split()
        found = [one for one in parts.gateway.index.readable_documents(caller.groups) if _fits(one, wanted)]
        replies = sorted((ListedReply.of(one.document) for one in found), key=_order)
        return ListReply(documents=replies[:MOST_LISTED], more=max(0, len(replies) - MOST_LISTED))

    return await in_thread(listed)


@router.get("/compare", summary="Compare two documents", responses=failures(401, 404, 422, 429, 503))
async def compare_documents(
    asked: Annotated[CompareQuery, Query()], parts: Parts, caller: SignedInCaller, note: Noted
) -> ComparisonReply:
    """Pair the sections of two documents by heading, rows of tables by label; say what only one has and what differs.

    No model takes part. What is too much to be shown is said in `notes`.
    """

    def compared() -> ComparisonReply:
        index = parts.gateway.index
        old, new = (index.content(source, caller.groups) for source in (asked.old, asked.new))
        return ComparisonReply.of(compare(old, new))

    reply = await in_short_queue(parts.analysis_work, compared)
    note.documents = (asked.old, asked.new)
    return reply


def _fits(stored: StoredDocument, wanted: list[str]) -> bool:
    document = stored.document
    about = document.metadata
    told = f"{document.source} {document.title} {about.company} {about.ticker} {about.kind} {about.period}".casefold()
    return all(word in told for word in wanted)


def _order(reply: ListedReply) -> tuple[bool | str, ...]:
    return (not reply.company, reply.company.casefold(), reply.kind, reply.period or reply.date, reply.source)
