"""Makes the HTTP application out of the gateway's parts."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

from anyio import CapacityLimiter
from fastapi import APIRouter, FastAPI

import dossier
from dossier.errors import DossierError
from serving.api import (
    accounts,
    admin,
    answers,
    audit,
    batches,
    chat,
    comparing,
    conversations,
    curating,
    docs,
    documents,
    feedback,
    health,
    labels,
    market,
    models,
    news,
    oidc,
    people,
    search,
    status,
)
from serving.api.attempts import Attempts
from serving.api.auditing import AuditTrail
from serving.api.errors import handle_errors
from serving.api.gateway import Gateway
from serving.api.middleware import BodyLimit, Measure, SafeHeaders, Traced
from serving.api.parts import Running
from serving.api.policy import check_routes
from serving.api.rates import Rates
from serving.api.slots import Slots
from serving.api.watching import keep_watching
from serving.batches.work import BatchWorker
from serving.health_history import HealthHistory
from serving.jobs import IndexJob
from serving.metrics import Metrics
from serving.oidc.opening import provider_sign_in
from serving.people.retention import keep_for_a_time
from serving.spans import Tracing, tracing_of

_log = logging.getLogger(__name__)
SPARE_ANSWERS = 8
"""Answers beyond the engine's queue: those that are still retrieving or already being sent."""
_KEEPING_SECONDS = 10
_PASSWORDS_AT_ONCE = 2
"""Each password check takes 64 MiB for a moment."""
_KNOWN_AT_ONCE = 4
"""Callers looked up at once: more threads only take the interpreter from each other, and `/health` waits."""
_ANALYSES_AT_ONCE = 2
"""A projection keeps a core busy for seconds, and many texts to label do."""
_ROUTERS: tuple[APIRouter, ...] = (
    chat.router,
    documents.router,
    comparing.router,
    batches.router,
    conversations.router,
    answers.router,
    accounts.router,
    oidc.router,
    admin.router,
    curating.router,
    search.router,
    people.router,
    audit.router,
    health.router,
    models.router,
    feedback.router,
    market.router,
    labels.router,
    news.router,
    status.router,
    docs.router,
)
_DESCRIPTION = (
    "Ask questions and get answers from this company's own documents, with sources. `/v1` speaks OpenAI's language, so "
    "that any OpenAI client works. Send `Authorization: Bearer` with a token from `POST /auth/sign-in` or an API key. "
    'Every error has the shape `{"error": {"message", "type", "code"}}`.'
)


def create_app(gateway: Gateway) -> FastAPI:
    """Make the application. It starts and stops the engine, and closes the store when it ends.

    Raises DossierError if a route isn't in the table of who may call it, EnvironmentProblem where spans are asked for
    and OpenTelemetry isn't installed, SettingsError for an identity provider at which nobody could sign in.
    """
    metrics, tracing = Metrics(), tracing_of(gateway.settings)
    slots = Slots(gateway.settings.engine_queue + SPARE_ANSWERS, metrics.running)
    running = Running(
        gateway=gateway,
        job=IndexJob(gateway.index.reopen, gateway.settings.log_folder / "index.log", gateway.index_command),
        metrics=metrics,
        slots=slots,
        attempts=Attempts(),
        rates=Rates(gateway.settings.requests_per_minute),
        password_work=CapacityLimiter(_PASSWORDS_AT_ONCE),
        door_work=CapacityLimiter(_KNOWN_AT_ONCE),
        trail=AuditTrail(gateway.store.audit, metrics),
        analysis_work=CapacityLimiter(_ANALYSES_AT_ONCE),
        batches=_batch_worker(gateway, slots),
        history=HealthHistory(),
        provider=provider_sign_in(gateway.settings),
    )
    app = FastAPI(
        title="Dossier",
        version=dossier.__version__,
        description=_DESCRIPTION,
        lifespan=_lifespan(running, tracing),
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # a redirect would repeat the Host header that the caller made up
        # as they are: `include_router` would make each of them a second time, a third of a second for all
        routes=[route for router in _ROUTERS for route in router.routes],
    )
    app.state.running = running
    check_routes(app)
    handle_errors(app)
    app.add_middleware(BodyLimit)
    app.add_middleware(SafeHeaders)
    app.add_middleware(Measure, metrics=metrics)
    if tracing is not None:
        app.add_middleware(Traced, tracing=tracing)
    return app


def _batch_worker(gateway: Gateway, slots: Slots) -> BatchWorker:
    longest = gateway.settings.question_characters
    return BatchWorker(
        gateway.store.batches, gateway.answerer, slots.take, lambda: chat.require_parts(gateway), longest
    )


async def _warm_up(running: Running) -> None:
    try:
        await asyncio.to_thread(running.gateway.index.warm_up)
    except DossierError as error:  # each question will be told the same
        _log.warning("the index can't be searched: %s", error)


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])


def _lifespan(running: Running, tracing: Tracing | None) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        async with AsyncExitStack() as ending:  # each part is ended even if another can't be
            if tracing is not None:
                ending.push_async_callback(asyncio.to_thread, tracing.close)
            ending.callback(running.store.close)
            ending.push_async_callback(running.trail.written)
            for work in (running.trail.keep_writing(), keep_for_a_time(running.store, running.gateway.settings)):
                ending.push_async_callback(_cancelled, asyncio.create_task(work))
            if engine := running.gateway.engine:
                ending.push_async_callback(engine.stop)
                await engine.start()
            # beside the model server, which takes longer to start
            warming = asyncio.create_task(_warm_up(running))
            ending.push_async_callback(asyncio.wait, [warming])
            if models := running.gateway.models:
                watching = asyncio.create_task(models.watch(lambda: running.gateway.engine_up))
                ending.push_async_callback(_cancelled, watching)
            # what was under way has been cancelled by the server, and is still being kept
            ending.push_async_callback(running.slots.emptied, _KEEPING_SECONDS)
            ending.push_async_callback(running.job.stop)
            for work in (running.batches.work(), keep_watching(running)):
                ending.push_async_callback(_cancelled, asyncio.create_task(work))
            yield

    return lifespan
