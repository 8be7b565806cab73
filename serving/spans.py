"""How long the parts of a request take, as OpenTelemetry spans: times, counts and fixed words, never a text.

Off unless the setting `trace_endpoint` names where spans go. A span hangs below its request's by a context variable
of ours: OpenTelemetry's own "current span" must be left in the task that entered it, which an answer's generator
can't promise.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from typing import TYPE_CHECKING

import dossier
from dossier.errors import EnvironmentProblem
from dossier.settings import Settings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span, Tracer

_EXPORT_SECONDS = 5
Mark = int | float | bool | StrEnum
"""What a span may carry: nothing that a person wrote."""


class Timed:
    """A span under way, or nothing where none are made."""

    def __init__(self, span: "Span | None" = None) -> None:
        self._span = span

    def mark(self, **values: Mark) -> None:
        """Add counts and fixed words, each as `dossier.NAME`."""
        if self._span is not None:
            for name, value in values.items():
                self._span.set_attribute(f"dossier.{name}", str(value) if isinstance(value, StrEnum) else value)

    def answered(self, method: str, route: str, status: int) -> None:
        """Say what the request was; `route` is the template, since a path may hold anything."""
        if self._span is not None:
            self._span.update_name(f"{method} {route}")
            self._span.set_attribute("http.request.method", method)
            self._span.set_attribute("http.route", route)
            self._span.set_attribute("http.response.status_code", status)

    def failed(self, error: BaseException) -> None:
        """Say that it failed, and by which kind of error; its message may hold a question."""
        if self._span is not None:
            from opentelemetry.trace import StatusCode

            self._span.set_status(StatusCode.ERROR)
            self._span.set_attribute("error.type", type(error).__name__)


_current: ContextVar["tuple[Tracer, Span] | None"] = ContextVar("dossier_span", default=None)


@contextmanager
def timed(name: str) -> Iterator[Timed]:
    """A span below that of the request which this is part of; nothing outside of one, or where spans are off."""
    above = _current.get()
    if above is None:
        yield Timed()
        return
    from opentelemetry.trace import set_span_in_context

    tracer, parent = above
    span = tracer.start_span(name, context=set_span_in_context(parent))
    with _ended(span) as running:
        yield running


def mark(**values: Mark) -> None:
    """Add counts and fixed words to the span of the request which this is part of."""
    if (above := _current.get()) is not None:
        Timed(above[1]).mark(**values)


class Tracing:
    """Makes the spans of requests and sends them on in the background."""

    def __init__(self, provider: "TracerProvider") -> None:
        """Spans go where `provider` sends them."""
        self._provider = provider
        self._tracer = provider.get_tracer("dossier", dossier.__version__)

    @contextmanager
    def request(self) -> Iterator[Timed]:
        """The span of a request. What is timed in this task, or in one that it starts, hangs below it."""
        from opentelemetry.trace import SpanKind

        span = self._tracer.start_span("request", kind=SpanKind.SERVER)
        _current.set((self._tracer, span))  # never taken back: a server handles each request in a task of its own
        with _ended(span) as running:
            yield running

    def close(self) -> None:
        """Send what is still waiting, for some seconds at most."""
        self._provider.shutdown()


@contextmanager
def _ended(span: "Span") -> Iterator[Timed]:
    running = Timed(span)
    try:
        yield running
    except GeneratorExit:  # whoever read an answer has gone; nothing failed
        raise
    except BaseException as error:
        running.failed(error)
        raise
    finally:
        span.end(time.time_ns())


def tracing_of(settings: Settings) -> Tracing | None:
    """What makes spans and sends them to the setting `trace_endpoint` (OTLP over HTTP); None where that is empty.

    OpenTelemetry's own variables add what else is needed, such as OTEL_EXPORTER_OTLP_HEADERS. Raises
    EnvironmentProblem where its packages aren't installed.
    """
    if not settings.trace_endpoint:
        return None
    try:
        import requests
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise EnvironmentProblem(
            f"the setting trace_endpoint is set, but OpenTelemetry can't be loaded ({error}). Install it with "
            "`pip install 'dossier[tracing]'`, or empty the setting."
        ) from error
    session = requests.Session()
    session.trust_env = False  # a proxy meant for the internet has no business here
    exporter = OTLPSpanExporter(endpoint=settings.trace_endpoint, timeout=_EXPORT_SECONDS, session=session)
    about = {"service.name": "dossier", "service.version": dossier.__version__}
    provider = TracerProvider(resource=Resource.create(about), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return Tracing(provider)
