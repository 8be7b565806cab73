"""Asks the running gateway from a terminal and prints the answer as it arrives, with its sources."""

import json
import re
import sys
from collections.abc import Iterator
from typing import Any

import httpx

from dossier.errors import DossierError, EngineError, EnvironmentProblem, QuestionError, SignInError

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_SECONDS = 180.0
_SHOWN = 3


def gateway_is_up(url: str) -> bool:
    """Whether a gateway answers at this address."""
    try:
        return httpx.get(f"{url}/health", timeout=3, trust_env=False).status_code == 200
    except httpx.HTTPError:
        return False


def stream_answer(url: str, key: str, model: str, question: str) -> Iterator[dict[str, Any]]:
    """Events of the gateway's answer, one dictionary per server-sent event. Raises DossierError."""
    body = {"model": model, "stream": True, "messages": [{"role": "user", "content": question}]}
    headers = {"Authorization": f"Bearer {key}"}
    try:
        with httpx.stream(
            "POST", f"{url}/v1/chat/completions", json=body, headers=headers, timeout=_SECONDS, trust_env=False
        ) as reply:
            if reply.status_code != 200:
                reply.read()
                raise _refusal(reply)
            for line in reply.iter_lines():
                if line.startswith("data: ") and line != "data: [DONE]":
                    event = json.loads(line[6:])
                    if "error" in event:
                        raise EngineError(event["error"]["message"])
                    yield event
    except httpx.HTTPError as error:
        raise EnvironmentProblem(
            f"the gateway at {url} went away ({error}). Start it again with `dossier run`."
        ) from error


def print_answer(events: Iterator[dict[str, Any]]) -> None:
    """Print text as it arrives, then the sources that it cites."""
    last: dict[str, Any] = {}
    begun = False
    for event in events:
        if step := event.get("step"):
            print(f"\r\033[2K{step} ...", end="", file=sys.stderr, flush=True) if sys.stderr.isatty() else None
        delta = event["choices"][0]["delta"].get("content") if event.get("choices") else None
        if delta:
            if not begun and sys.stderr.isatty():
                print("\r\033[2K", end="", file=sys.stderr, flush=True)
            begun = True
            print(printable(delta), end="", flush=True)
        last = event if "sources" in event else last
    print()
    for line in doubt_lines(last.get("text", ""), [] if last.get("withdrawn") else last.get("unsupported", [])):
        print(line)
    for line in source_lines(last.get("sources", [])):
        print(line)
    if note := last.get("note"):
        print(printable(note))


def doubt_lines(text: str, unsupported: list[dict[str, Any]]) -> list[str]:
    """The sentences of an answer that aren't borne out, each with the reason."""
    lines = [printable(f"  “{text[one['start'] : one['end']]}” {one['reason']}") for one in unsupported]
    return ["", "Not borne out by the sources:", *lines] if lines else []


def source_lines(sources: list[dict[str, Any]]) -> list[str]:
    """The cited sources as lines `[1] document, page 12: Section`; without citations the nearest passages."""
    cited = [source for source in sources if source.get("cited")]
    heading = "Sources:" if cited else "Nearest passages:"
    lines = [
        printable(f"  [{source['number']}] {source['document']}, page {source['page']}{_section(source)}")
        for source in (cited or sources[:_SHOWN])
    ]
    return ["", heading, *lines] if lines else []


def printable(text: str) -> str:
    """Text without control characters: what documents say must not steer the terminal."""
    return _CONTROL.sub("", text)


def _section(source: dict[str, Any]) -> str:
    section = source.get("section") or []
    last = section[-1] if isinstance(section, list) and section else section
    return f": {last}" if last else ""


def _refusal(reply: httpx.Response) -> DossierError:
    try:
        message = reply.json()["error"]["message"]
    except (ValueError, KeyError, TypeError):
        message = f"the gateway answered with status {reply.status_code}."
    if reply.status_code == 401:
        return SignInError(message)
    return QuestionError(message) if reply.status_code < 500 else EnvironmentProblem(message)
