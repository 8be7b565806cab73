"""Spans of requests: what hangs below what, what they carry, and that none are made unless asked for."""

import asyncio
import sys
from enum import StrEnum
from pathlib import Path

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from dossier.errors import EngineError, EnvironmentProblem, SettingsError
from dossier.settings import Settings, load_settings
from serving.api.middleware import Traced
from serving.spans import Tracing, mark, timed, tracing_of
from tests.serving.api.serving_app import ask, served
from tests.serving.collector import Collector, collecting, values_of

CHAT = "/v1/chat/completions"


class Word(StrEnum):
    DONE = "done"


def made(collector: Collector) -> Tracing:
    tracing = tracing_of(Settings(trace_endpoint=collector.url))
    assert tracing is not None
    return tracing


def test_what_is_timed_hangs_below_its_request() -> None:
    async def part(tracing: Tracing, number: int) -> None:
        with tracing.request() as request:
            with timed("retrieval") as span:
                await asyncio.to_thread(in_a_thread)
                span.mark(passages=number)
            mark(outcome=Word.DONE)
            request.answered("POST", CHAT, 200)

    def in_a_thread() -> None:
        with timed("inner"):
            pass

    async def both(tracing: Tracing) -> None:
        await asyncio.gather(part(tracing, 1), part(tracing, 2))

    with collecting() as collector:
        tracing = made(collector)
        asyncio.run(both(tracing))
        with timed("outside of a request"):
            pass
        tracing.close()
    spans = collector.spans
    requests = {span.span_id: span for span in spans if span.kind == Span.SPAN_KIND_SERVER}
    parts = [span for span in spans if span.kind != Span.SPAN_KIND_SERVER]
    assert len(requests) == 2 and len({span.trace_id for span in spans}) == 2
    assert sorted(span.name for span in parts) == ["inner", "inner", "retrieval", "retrieval"]
    for span in parts:
        assert requests[span.parent_span_id].trace_id == span.trace_id
        assert span.start_time_unix_nano <= span.end_time_unix_nano
    assert sorted(values_of(span)["dossier.passages"] for span in parts if span.name == "retrieval") == [1, 2]
    for span in requests.values():
        assert span.name == f"POST {CHAT}"
        assert values_of(span) == {
            "dossier.outcome": "done", "http.request.method": "POST", "http.route": CHAT,
            "http.response.status_code": 200,
        }  # fmt: skip


def test_a_failure_is_told_by_its_kind_alone() -> None:
    async def failing(tracing: Tracing) -> None:
        with tracing.request(), timed("model"):
            raise EngineError("it failed over: what does Zoe owe us?")

    with collecting() as collector:
        tracing = made(collector)
        with pytest.raises(EngineError):
            asyncio.run(failing(tracing))
        tracing.close()
    assert len(collector.spans) == 2
    for span in collector.spans:
        assert (span.status.code, span.status.message) == (Status.STATUS_CODE_ERROR, "")
        assert values_of(span) == {"error.type": "EngineError"} and not span.events
    assert b"Zoe" not in b"".join(collector.bodies)


@pytest.mark.parametrize("stream", [True, False])
def test_each_request_has_a_span_with_template_status_and_outcome(tmp_path: Path, stream: bool) -> None:
    with collecting() as collector:
        with served(tmp_path, trace_endpoint=collector.url) as gateway:
            mira = gateway.signed_in("mira")
            assert mira.post(CHAT, json=ask("What were net sales?", stream=stream)).status_code == 200
            mira.get("/conversations/0123")
            mira.put("/nothing/secret")
            gateway.stop()
        names = {span.name: values_of(span) for span in collector.spans}
    assert set(names) == {f"POST {CHAT}", "GET /conversations/{conversation_id}", "PUT unmatched"}
    asked = names[f"POST {CHAT}"]
    assert (asked["dossier.outcome"], asked["http.response.status_code"]) == ("answered", 200)
    assert asked["dossier.tokens"] > 0
    assert names["GET /conversations/{conversation_id}"]["http.response.status_code"] == 404


def test_a_collector_that_is_gone_harms_no_answer(tmp_path: Path) -> None:
    with served(tmp_path, trace_endpoint="http://127.0.0.1:9/v1/traces") as gateway:
        assert gateway.signed_in("mira").post(CHAT, json=ask("What were net sales?")).status_code == 200


def test_none_are_made_unless_asked_for(tmp_path: Path) -> None:
    assert tracing_of(Settings()) is None
    with served(tmp_path) as gateway:
        assert Traced not in [one.cls for one in gateway.app.user_middleware]


def test_without_the_packages_it_is_said_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with pytest.raises(EnvironmentProblem, match=r"pip install 'dossier\[tracing\]'"):
        tracing_of(Settings(trace_endpoint="http://127.0.0.1:4318/v1/traces"))


@pytest.mark.parametrize("address", ["collector:4317", "file:///tmp/x", "http://", "http://a b"])
def test_an_address_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("DOSSIER_TRACE_ENDPOINT", address)
    with pytest.raises(SettingsError, match="trace_endpoint"):
        load_settings()
