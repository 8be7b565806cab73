"""Routes of `/v1`: what any OpenAI client speaks to."""

import time

from fastapi import APIRouter, Request, Response

from dossier.errors import EngineError, IndexMissingError
from dossier.records import Answer
from serving.api.answering import AnswerRun, unless_gone
from serving.api.asking import read_question
from serving.api.auditing import Noted
from serving.api.chat_schemas import (
    AnswerChoice,
    AnswerMessage,
    ChatBody,
    ChatReply,
    ModelReply,
    ModelsReply,
    UsageReply,
    annotations_of,
    sources_of,
)
from serving.api.errors import CLIENT_GONE
from serving.api.gateway import Gateway
from serving.api.parts import Parts
from serving.api.policy import GuardedRoute, SignedInCaller
from serving.api.schemas import failures
from serving.api.streaming import AnswerStream

router = APIRouter(prefix="/v1", tags=["chat"], route_class=GuardedRoute)

_STARTED = int(time.time())
_STREAM_EXAMPLE = (
    'data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}\n\n'
    'data: {"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"112.0 million [1]"}}]}\n\n'
    "data: [DONE]\n\n"
)


@router.get("/models", summary="The served model", responses=failures(401))
async def list_models(parts: Parts, _: SignedInCaller) -> ModelsReply:
    """List the one model that is served, in OpenAI's form, with the adapter that it answers by."""
    models = parts.gateway.models
    adapter = models.state.adapter if models else ""
    return ModelsReply(data=[ModelReply(id=parts.gateway.model, created=_STARTED, adapter=adapter)])


@router.post(
    "/chat/completions",
    summary="Ask a question",
    response_model=ChatReply,
    responses={
        **failures(400, 401, 404, 413, 422, 429, 503),
        200: {
            "description": "The answer; with `stream`, its chunks as server-sent events.",
            "content": {"text/event-stream": {"example": _STREAM_EXAMPLE}},
        },
    },
)
async def complete(
    body: ChatBody, request: Request, parts: Parts, caller: SignedInCaller, note: Noted
) -> Response | ChatReply:
    """Answer the last message from the documents that the caller may see, with sources.

    With `stream`, chunks tell the steps (`step`), the text, and at last sources, verdict and usage. An error in
    mid-stream comes as an event with `error`. With `conversation`, question and answer are kept there; when the
    client goes away, the model stops and what was said is kept as interrupted.
    """
    gateway = parts.gateway
    asked = read_question(body, gateway.model, gateway.settings.question_characters)
    require_parts(gateway)
    run = AnswerRun(parts, caller, asked, note)
    await run.begin()
    if body.stream:
        return AnswerStream(run, gateway.model)
    try:
        answer = await unless_gone(run.whole(), request.receive)
    finally:
        run.leave()
    return Response(status_code=CLIENT_GONE) if answer is None else _whole(answer, run.id, gateway.model)


def require_parts(gateway: Gateway) -> None:
    """Refuse while a part isn't ready, before a stream has begun: its status can then still say so."""
    if gateway.engine is not None and not gateway.engine_up:
        raise EngineError(f"{gateway.engine.message or 'The model server is not ready.'} Ask again when it is ready.")
    index = gateway.index.status()
    if not index.generation:
        raise IndexMissingError(index.message or "There is no index. An admin starts one with POST /admin/index.")


def _whole(answer: Answer, answer_id: str, model: str) -> ChatReply:
    message = AnswerMessage(content=answer.text, annotations=annotations_of(answer), sources=sources_of(answer))
    return ChatReply(
        id=answer_id,
        created=int(time.time()),
        model=model,
        choices=[AnswerChoice(message=message)],
        usage=UsageReply.of(answer.usage),
        **ChatReply.fields_of(answer),
    )
