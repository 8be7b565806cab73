"""Routes for feedback: askers about their own answers, admins about all."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Query

from dossier.feedback import Fault, FeedbackState
from serving.api.auditing import Noted
from serving.api.feedback_schemas import FeedbackBody, FeedbackChangeBody, FeedbackReply, TriageReply
from serving.api.parts import Parts, Running
from serving.api.policy import GuardedRoute, SignedInCaller
from serving.api.schemas import failures
from serving.api.work import in_thread
from serving.feedback.triage import suggest
from serving.store import Caller, Feedback, Opinion

router = APIRouter(tags=["feedback"], route_class=GuardedRoute)

_FARTHEST = 1_000_000
_MOST = 200
_LARGEST_ID = (1 << 31) - 1


@router.post("/v1/feedback", summary="Say whether an answer helped", responses=failures(401, 404, 413, 422))
async def give_feedback(body: FeedbackBody, parts: Parts, caller: SignedInCaller, note: Noted) -> FeedbackReply:
    """Keep what the asker says about an answer of the caller's own conversations; it replaces what was said before."""
    kept = await in_thread(_keep, parts, caller, body.opinion)
    note.target = str(kept.id)
    return FeedbackReply.of(kept)


@router.get("/v1/feedback", summary="What I said about answers", responses=failures(401, 422))
async def my_feedback(
    parts: Parts,
    caller: SignedInCaller,
    conversation: Annotated[str, Query(max_length=100, description="Id of one of the caller's conversations.")],
) -> list[FeedbackReply]:
    """List the caller's feedback on the answers of a conversation, with what came of it."""
    found = await in_thread(parts.store.feedback.of_conversation, caller.user_id, conversation)
    return [FeedbackReply.of(feedback) for feedback in found]


@router.get("/admin/feedback", summary="Everybody's feedback", responses=failures(401, 403, 422))
async def list_feedback(
    parts: Parts,
    caller: SignedInCaller,
    state: Annotated[list[FeedbackState] | None, Query(description="Only of these states.")] = None,
    triage: Annotated[Fault | None, Query(description="Only what was decided to be this fault.")] = None,
    offset: Annotated[int, Query(ge=0, le=_FARTHEST, description="How many to pass over.")] = 0,
    limit: Annotated[int, Query(ge=1, le=_MOST, description="How many to list.")] = 50,
) -> list[TriageReply]:
    """List feedback, the latest first, with the part that code holds to be at fault and the evidence for it.

    Groups hold for admins too: of an answer from documents that the caller may not read no text is given.
    """
    found = await in_thread(parts.store.feedback.list, state or (), triage, offset, limit)
    return await in_thread(_as_read_by, parts, caller, found)


@router.patch(
    "/admin/feedback/{feedback_id}", summary="Decide on feedback", responses=failures(401, 403, 404, 409, 422)
)
async def change_feedback(
    feedback_id: Annotated[int, Path(ge=1, le=_LARGEST_ID)],
    body: FeedbackChangeBody,
    parts: Parts,
    caller: SignedInCaller,
) -> TriageReply:
    """Decide which part is at fault, or put feedback aside. Only faults of generation train the model."""
    changed = await in_thread(parts.store.feedback.change, feedback_id, body.state, body.triage)
    return (await in_thread(_as_read_by, parts, caller, [changed]))[0]


def _keep(parts: Running, caller: Caller, opinion: Opinion) -> Feedback:
    store = parts.store.feedback
    judged = store.judged(caller.user_id, opinion.message)
    return store.keep(caller.user_id, opinion, suggest(opinion, judged, parts.gateway.index, caller.groups))


def _as_read_by(parts: Running, caller: Caller, found: Sequence[Feedback]) -> list[TriageReply]:
    documents = (stored.document for stored in parts.gateway.index.stored_documents())
    readable = {one.source for one in documents if not one.groups or one.groups & caller.groups}
    return [
        # a document that isn't indexed any more may have been limited
        TriageReply.for_reader(one, all(source.get("source") in readable for source in one.judged.answer.sources))
        for one in found
    ]
