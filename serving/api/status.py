"""Routes that tell how the gateway is: health, readiness, measurements, the pack."""

import logging

from fastapi import APIRouter, Response, status

import dossier
from dossier.errors import EnvironmentProblem
from serving.api.parts import Parts, Running
from serving.api.policy import GuardedRoute, SignedInCaller
from serving.api.schemas import failures
from serving.api.status_schemas import (
    AnsweringReply,
    EngineReply,
    HealthReply,
    IndexReply,
    PackReply,
    ReadyReply,
    StoreReply,
)
from serving.api.work import in_thread
from serving.metrics import CONTENT_TYPE

_log = logging.getLogger(__name__)
router = APIRouter(tags=["status"], route_class=GuardedRoute)


@router.get("/health", summary="Is the gateway running?")
async def health() -> HealthReply:
    """Answer at once, whatever the other parts do. For restarting a gateway that hangs."""
    return HealthReply(version=dossier.__version__)


@router.get(
    "/ready",
    summary="Can questions be answered?",
    responses={503: {"model": ReadyReply, "description": "Not now; the body says what is missing."}},
)
async def ready(parts: Parts, response: Response) -> ReadyReply:
    """Tell the state of the model server, the index and the store: 200 when all are ready, else 503."""
    reply = await readiness(parts)
    if not reply.ready:
        response.status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    return reply


@router.get(
    "/metrics",
    summary="Measurements for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"example": "dossier_engine_up 1.0\n"}}, "description": "As text."}},
)
async def metrics(parts: Parts) -> Response:
    """Requests, answers, times and tokens since the start. Nothing in it is about persons."""
    index = await in_thread(parts.gateway.index.status)
    as_promoted = not _answering(parts).degraded
    parts.metrics.state(parts.gateway.engine_up, as_promoted, index.documents, index.chunks)
    return Response(parts.metrics.text(), media_type=CONTENT_TYPE)


@router.get("/pack", summary="What this Dossier is about", responses=failures(401))
async def pack(parts: Parts, _: SignedInCaller) -> PackReply:
    """Tell the domain pack's title and description, questions to begin with, and what texts can be labelled for."""
    about, labeller = parts.gateway.pack, parts.gateway.labeller
    return PackReply(
        name=about.name,
        title=about.title,
        description=about.description,
        starter_questions=list(about.starter_questions),
        labels=list(await in_thread(labeller.tasks)) if labeller else [],
    )


async def readiness(parts: Running) -> ReadyReply:
    """The state of the model server, the index and the store."""
    gateway = parts.gateway
    index = await in_thread(gateway.index.status)
    store = await _store_state(parts)
    engine = EngineReply(state="ready", message="", seconds_left=None)
    if gateway.engine is not None:
        left = gateway.engine.seconds_left
        engine = EngineReply(state=str(gateway.engine.state), message=gateway.engine.message, seconds_left=left)
    return ReadyReply(
        ready=gateway.engine_up and bool(index.generation) and store.state == "ready",
        engine=engine,
        model=_answering(parts),
        index=IndexReply(
            generation=index.generation, documents=index.documents, chunks=index.chunks, message=index.message
        ),
        store=store,
    )


def _answering(parts: Running) -> AnsweringReply:
    models = parts.gateway.models
    if models is None:
        return AnsweringReply(adapter="", degraded=False, message="")
    state = models.state
    gate = f"The adapter was {state.against_the_gate}" if state.against_the_gate else ""
    return AnsweringReply(adapter=state.adapter, degraded=bool(state.problem), message=state.note or gate)


async def _store_state(parts: Running) -> StoreReply:
    try:
        await in_thread(parts.store.check)
    except EnvironmentProblem as problem:
        _log.error("the store isn't ready: %s", problem)  # not for everybody: it may name the database's host and user
        return StoreReply(state="failed", message="The store doesn't answer. The gateway's log says why.")
    return StoreReply(state="ready", message="")
