"""Routes for the caller's own conversations. Somebody else's don't exist here (404)."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Response, status

from serving.api.auditing import Noted
from serving.api.parts import Parts
from serving.api.policy import GuardedRoute, SignedInCaller
from serving.api.schemas import ConversationReply, NewConversationBody, TitleBody, WholeConversationReply, failures
from serving.api.work import in_thread
from serving.exporting import ExportForm, exported, file_name

router = APIRouter(prefix="/conversations", tags=["conversations"], route_class=GuardedRoute)

_FARTHEST = 1_000_000
_MOST = 200
_LONGEST_SEARCH = 200


@router.get("", summary="My conversations", responses=failures(401, 422))
async def list_conversations(
    parts: Parts,
    caller: SignedInCaller,
    offset: Annotated[int, Query(ge=0, le=_FARTHEST, description="How many to pass over.")] = 0,
    limit: Annotated[int, Query(ge=1, le=_MOST, description="How many to list.")] = 50,
    search: Annotated[str, Query(max_length=_LONGEST_SEARCH, description="Words in title or messages, each.")] = "",
) -> list[ConversationReply]:
    """List the caller's conversations, the latest changed first."""
    found = await in_thread(parts.store.conversations.list, caller.user_id, offset, limit, search)
    return [ConversationReply.of(conversation) for conversation in found]


@router.post("", summary="Begin a conversation", status_code=status.HTTP_201_CREATED, responses=failures(401, 422))
async def start_conversation(
    parts: Parts, caller: SignedInCaller, note: Noted, body: NewConversationBody | None = None
) -> ConversationReply:
    """Make an empty conversation. Give its id as `conversation` to POST /v1/chat/completions."""
    title = (body.title if body else None) or ""
    started = await in_thread(parts.store.conversations.start, caller.user_id, title)
    note.target = started.id
    return ConversationReply.of(started)


@router.get("/{conversation_id}", summary="One conversation", responses=failures(401, 404))
async def get_conversation(conversation_id: str, parts: Parts, caller: SignedInCaller) -> WholeConversationReply:
    """Give a conversation with all its messages and their sources."""
    found = await in_thread(parts.store.conversations.get, caller.user_id, conversation_id)
    return WholeConversationReply.of(found)


@router.get(
    "/{conversation_id}/export",
    summary="A conversation as a file",
    response_class=Response,
    responses={**failures(401, 404, 422), 200: {"content": {form.media_type: {} for form in ExportForm}}},
)
async def export_conversation(
    conversation_id: str, parts: Parts, caller: SignedInCaller, form: ExportForm = ExportForm.MARKDOWN
) -> Response:
    """Give a conversation with its sources as a file: Markdown, JSON, or a page to print or to save as PDF."""
    found = await in_thread(parts.store.conversations.get, caller.user_id, conversation_id)
    whole = WholeConversationReply.of(found)
    text = whole.model_dump_json(indent=2) if form is ExportForm.JSON else exported(found, form)
    name = quote(f"{file_name(found)}.{form.suffix}", safe="")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    return Response(text, media_type=form.media_type, headers=headers)


@router.patch("/{conversation_id}", summary="Rename a conversation", responses=failures(401, 404, 422))
async def rename_conversation(
    conversation_id: str, body: TitleBody, parts: Parts, caller: SignedInCaller
) -> ConversationReply:
    """Give a conversation another title."""
    rename = parts.store.conversations.rename
    return ConversationReply.of(await in_thread(rename, caller.user_id, conversation_id, body.title))


@router.delete(
    "/{conversation_id}",
    summary="Delete a conversation",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=failures(401, 404),
)
async def delete_conversation(conversation_id: str, parts: Parts, caller: SignedInCaller) -> None:
    """Delete a conversation with all its messages, for good."""
    await in_thread(parts.store.conversations.remove, caller.user_id, conversation_id)
