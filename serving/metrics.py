"""What the gateway tells Prometheus. Each app has its own registry; nothing in it is about persons."""

from collections import deque
from collections.abc import Iterable
from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from dossier.records import Usage, Verdict
from dossier.traces import Fault

CONTENT_TYPE = CONTENT_TYPE_LATEST


class Ending(StrEnum):
    """How an answer ended that has no verdict of its own."""

    INTERRUPTED = "interrupted"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


INTERRUPTED, FAILED, WITHDRAWN = Ending
_SECONDS = (0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300)
_MOST_LATELY = 1000
_METHODS = frozenset({"GET", "POST", "PATCH", "DELETE", "PUT", "HEAD", "OPTIONS"})


def known_method(method: str) -> str:
    """The method, or `other` where a caller made one up."""
    return method if method in _METHODS else "other"


class Metrics:
    """Counts requests and answers, and shows the state of engine and index."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self._lately: deque[float] = deque(maxlen=_MOST_LATELY)
        self._requests = Counter(
            "dossier_requests", "Requests by route template.", ("method", "route", "status"), registry=registry
        )
        self._first = Histogram(
            "dossier_first_token_seconds",
            "From the question to its answer's first words.",
            buckets=_SECONDS,
            registry=registry,
        )
        self._whole = Histogram(
            "dossier_answer_seconds",
            "From the question to the end of its answer.",
            buckets=_SECONDS,
            registry=registry,
        )
        self._answers = Counter("dossier_answers", "Answers by verdict.", ("verdict",), registry=registry)
        self._faulty = Counter(
            "dossier_sentences_not_borne_out",
            "Sentences of answers: uncited, wrong (a number or name that isn't in what they cite), unsupported.",
            ("fault",),
            registry=registry,
        )
        self._tokens = Counter(
            "dossier_tokens", "Tokens that the model read and wrote.", ("direction",), registry=registry
        )
        self._audit = Counter(
            "dossier_audit_problems",
            "Times that lines of the audit log couldn't be written (failed: they wait; lost: they are gone).",
            ("kind",),
            registry=registry,
        )
        self._running = Gauge("dossier_answers_running", "Answers under way.", registry=registry)
        self._engine = Gauge("dossier_engine_up", "1 while the model server is ready.", registry=registry)
        self._as_promoted = Gauge(
            "dossier_model_as_promoted", "1 while the promoted adapter answers, or none is promoted.", registry=registry
        )
        self._documents = Gauge("dossier_index_documents", "Documents that answers come from.", registry=registry)
        self._chunks = Gauge("dossier_index_chunks", "Chunks that answers come from.", registry=registry)
        self._begin_at_zero((*Verdict, WITHDRAWN, INTERRUPTED, FAILED))

    def request(self, method: str, route: str, status: int) -> None:
        """Count a request: `method` a known one, `route` the template. What callers write would make endless series."""
        self._requests.labels(method, route, str(status)).inc()

    def first_words(self, seconds: float) -> None:
        """Record how long the first words of an answer took."""
        self._first.observe(seconds)
        self._lately.append(seconds)

    def lately(self) -> tuple[float, ...]:
        """The seconds to the first words of the answers since this was last asked; of very many the latest."""
        taken = tuple(self._lately)
        self._lately.clear()
        return taken

    def answer(self, seconds: float, verdict: str, usage: Usage) -> None:
        """Record an answer that has ended; `verdict` is also `withdrawn`, `interrupted` or `failed`."""
        self._whole.observe(seconds)
        self._answers.labels(verdict).inc()
        self._tokens.labels("read").inc(usage.prompt_tokens)
        self._tokens.labels("written").inc(usage.completion_tokens)

    def not_borne_out(self, faults: Iterable[Fault]) -> None:
        """Count the sentences of an answer that aren't borne out."""
        for fault in faults:
            self._faulty.labels(str(fault)).inc()

    def audit_failed(self) -> None:
        """Count that lines of the audit log couldn't be written; they wait."""
        self._audit.labels("failed").inc()

    def audit_lost(self) -> None:
        """Count a line of the audit log for which there was no room any more."""
        self._audit.labels("lost").inc()

    def running(self, answers: int) -> None:
        """Show how many answers are under way."""
        self._running.set(answers)

    def state(self, engine_up: bool, as_promoted: bool, documents: int, chunks: int) -> None:
        """Show the state of the engine, the model and the index; called before each scrape."""
        self._engine.set(engine_up)
        self._as_promoted.set(as_promoted)
        self._documents.set(documents)
        self._chunks.set(chunks)

    def text(self) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(self._registry)

    def _begin_at_zero(self, verdicts: Iterable[str]) -> None:
        # a series that first appears with its first event hides that event from rate()
        for verdict in verdicts:
            self._answers.labels(str(verdict))
        for fault in Fault:
            self._faulty.labels(str(fault))
        for kind in ("failed", "lost"):
            self._audit.labels(kind)
        for direction in ("read", "written"):
            self._tokens.labels(direction)
