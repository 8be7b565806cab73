"""The route with which admins see what a search finds, and why."""

from fastapi import APIRouter

from dossier.errors import NotFoundError
from serving.answering.looking import look
from serving.answering.readings import check_question
from serving.api.auditing import Noted
from serving.api.parts import Parts, Running
from serving.api.policy import GuardedRoute, SignedInCaller
from serving.api.schemas import failures
from serving.api.search_schemas import SearchBody, SearchReply
from serving.api.work import in_short_queue

router = APIRouter(prefix="/admin", tags=["administration"], route_class=GuardedRoute)


@router.post("/search", summary="What a search finds", responses=failures(400, 401, 403, 404, 422, 429, 503))
async def search_documents(body: SearchBody, parts: Parts, _: SignedInCaller, note: Noted) -> SearchReply:
    """Search as for an answer to the user `seen_by`, and tell the parts of each passage's score.

    Nothing is found that the user may not read; without one, only what everybody may. No language model takes part.
    Questions that are computed, or answered from prices or news, may be answered although `refused` says otherwise.
    """
    check_question(body.question, parts.gateway.settings.question_characters)
    reply = await in_short_queue(parts.analysis_work, _search, body, parts)
    note.target = body.seen_by.strip().lower()
    note.documents = tuple(dict.fromkeys(passage.source for passage in reply.passages))
    return reply


def _search(body: SearchBody, parts: Running) -> SearchReply:
    groups = _groups_of(body.seen_by, parts)
    settings = parts.gateway.settings
    return SearchReply.of(
        look(parts.gateway.index.searcher(), body.question, groups, settings, body.limit), groups, settings
    )


def _groups_of(name: str, parts: Running) -> frozenset[str]:
    wanted = name.strip().lower()
    if not wanted:
        return frozenset()
    found = next((user for user in parts.store.users.all() if user.name == wanted), None)
    if found is None:
        raise NotFoundError("There is no such user. GET /admin/users lists them.")
    return found.groups
