"""Routes for kept answers: asking again what was answered once."""

from fastapi import APIRouter, Request, Response

from dossier.errors import QuestionError
from serving.api.answer_schemas import PIN, ReplayReply
from serving.api.answering import documents_of, unless_gone
from serving.api.auditing import Noted
from serving.api.chat import require_parts
from serving.api.errors import CLIENT_GONE
from serving.api.parts import Parts
from serving.api.policy import GuardedRoute, SignedInCaller
from serving.api.schemas import failures
from serving.api.work import in_thread
from serving.store import Role

router = APIRouter(prefix="/answers", tags=["conversations"], route_class=GuardedRoute)


@router.post(
    "/{answer_id}/replay",
    summary="Ask again and compare",
    response_model=ReplayReply,
    responses=failures(400, 401, 404, 429, 503),
)
async def replay_answer(
    answer_id: str, request: Request, parts: Parts, caller: SignedInCaller, note: Noted
) -> Response | ReplayReply:
    """Ask again what a kept answer answered, and tell what differs; its owner may, and admins.

    It is asked of the generation of then while that is kept, else of the current one (`note` says so), by the model and
    the settings of now, with the groups that its owner has now. The new answer isn't kept.
    """
    owner = None if caller.role is Role.ADMIN else caller.user_id
    kept = await in_thread(parts.store.conversations.kept_answer, answer_id, owner)
    if kept.message.pin is None:
        raise QuestionError("That answer was kept before Dossier recorded what answers are made with. Ask it anew.")
    pin = PIN.validate_python(kept.message.pin)
    require_parts(parts.gateway)
    slot = parts.slots.take()
    try:
        again = await unless_gone(parts.gateway.answerer.replay(pin, kept.groups), request.receive)
    finally:
        slot.give_back()
    if again is None:
        return Response(status_code=CLIENT_GONE)
    note.documents, note.outcome = documents_of(again[0].passages), again[0].verdict
    return ReplayReply.of(kept, pin, *again)
