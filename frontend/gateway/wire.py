"""The gateway's language: error bodies and the events of a streamed answer."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from dossier.gateway_errors import STRANGE, GatewayUnreachableError, error_of
from dossier.records import Delta, Step, Verdict
from dossier.traces import Trace, Unsupported
from frontend.gateway.answer_records import Spec, spec_of, traces_of, unsupported_of
from frontend.gateway.source_records import Source, sources_of

UNREACHABLE = "The gateway isn't reachable. It is usually back within a minute."
BROKEN_OFF = "The connection to the gateway broke off while the answer was being written."


@dataclass(frozen=True, slots=True)
class Finish:
    """The end of a streamed answer: what belongs to it. A `text` takes the place of what was said until then."""

    sources: tuple[Source, ...]
    verdict: Verdict | None
    note: str
    text: str = ""
    traces: tuple[Trace, ...] = ()
    unsupported: tuple[Unsupported, ...] = ()
    asked_as: str = ""
    chart: Spec | None = None


StreamEvent = Step | Delta | Finish
"""What a streamed answer is made of. The last event is a Finish."""


async def read_events(lines: AsyncIterator[str]) -> AsyncIterator[StreamEvent]:
    """Turn the lines of a server-sent stream into events.

    Raises the error that the gateway sends in mid-stream, and GatewayUnreachableError where the stream ends early.
    """
    finished = False
    async for line in lines:
        if not line.startswith("data:"):
            continue
        data = line[5:].strip()
        if data == "[DONE]":
            break
        for event in _events_of(_parse(data)):
            finished = finished or isinstance(event, Finish)
            yield event
    if not finished:
        raise GatewayUnreachableError(BROKEN_OFF)


def _parse(data: str) -> dict[str, Any]:
    try:
        chunk = json.loads(data)
    except json.JSONDecodeError as error:
        raise GatewayUnreachableError(STRANGE) from error
    if not isinstance(chunk, dict):
        raise GatewayUnreachableError(STRANGE)
    if "error" in chunk:
        raise error_of(chunk)
    return chunk


def _events_of(chunk: dict[str, Any]) -> list[StreamEvent]:
    events: list[StreamEvent] = []
    if chunk.get("step"):
        events.append(Step(str(chunk["step"])))
    for choice in chunk.get("choices") or ():
        text = (choice.get("delta") or {}).get("content")
        if text:
            events.append(Delta(str(text)))
        if choice.get("finish_reason"):
            verdict = chunk.get("verdict")
            events.append(
                Finish(
                    sources_of(chunk),
                    Verdict(verdict) if verdict else None,
                    str(chunk.get("note") or ""),
                    str(chunk.get("text") or ""),
                    traces_of(chunk),
                    unsupported_of(chunk),
                    str(chunk.get("asked_as") or ""),
                    spec_of(chunk.get("chart")),
                )
            )
    return events
