"""Answers, as words in the question set them."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from tests.frontend.scripted_gateway.contents import (
    ANSWER,
    CHART,
    DOUBT,
    FAULT,
    GROWTH,
    HOSTILE,
    HOSTILE_FILE,
    MODEL,
    PASSAGES,
    REFUSAL,
)
from tests.frontend.scripted_gateway.conversations import keep, mine
from tests.frontend.scripted_gateway.keeping import Failure, Name, state

routes = APIRouter()


def sources(*cited: int, hostile: bool = False) -> list[dict[str, Any]]:
    return [
        {
            "number": number, "document": HOSTILE_FILE if hostile else document, "source": f"reports/{document}",
            "title": "Annual report", "page": page, "section": section, "text": HOSTILE if hostile else text,
            "score": 1 / number, "cited": number in cited,
        }
        for number, (document, page, section, text) in enumerate(PASSAGES, 1)
    ]  # fmt: skip


def reply(question: str) -> tuple[str, dict[str, Any]]:
    if "weather" in question:
        return REFUSAL, {"sources": sources(), "verdict": "not_in_documents", "note": ""}
    if "image" in question:
        return HOSTILE, {"sources": sources(1, hostile=True), "verdict": "answered", "note": ""}
    if "doubtful" in question:
        start = DOUBT.index("**Profit")
        marked = {"start": start, "end": len(DOUBT), "fault": "wrong", "reason": "Asia can't be found in [2]."}
        extra = {"sources": sources(1, 2), "verdict": "unsupported", "note": "Check it."}
        return DOUBT, {**extra, "unsupported": [marked], "withdrawn": ""}
    if "invented" in question:
        extra = {"sources": sources(), "verdict": "not_in_documents", "note": "What the model had said was withdrawn."}
        return REFUSAL, {**extra, "text": REFUSAL, "withdrawn": DOUBT, "unsupported": []}
    if "year before" in question:
        extra = {"sources": sources(1, 2), "verdict": "answered", "note": "", "asked_as": "What were sales in 2024?"}
        return ANSWER, extra
    if "chart" in question:
        spec = {**CHART, "mark": "nonsense"} if "bad" in question else CHART
        spec = {**CHART, "data": {"url": "http://198.51.100.7/d.json"}} if "remote" in question else spec
        return ANSWER, {"sources": sources(1, 2), "verdict": "answered", "note": "", "chart": spec}
    if "growth" in question:
        return GROWTH, {"sources": sources(1, 2), "verdict": "answered", "note": "", "traces": growth_traces()}
    return ANSWER, {"sources": sources(1, 2), "verdict": "answered", "note": ""}


def growth_traces() -> list[dict[str, Any]]:
    def trace(text: str, origin: str, **more: Any) -> dict[str, Any]:
        start = GROWTH.find(text)
        return {"text": text, "start": start, "end": start + len(text), "origin": origin, **more}

    place = {"passage": 1, "document": "sales.xlsx", "page": 4, "row": "Net sales"}
    cells = [
        trace("4,213", "cell", column="2025", place="B2", **place),
        trace("4,070", "cell", column="2024", place="C2", **place),
    ]
    expression = "(4213 - 4070) / 4070"
    computed = trace("3.51", "computed", expression=expression, operands=cells)
    return [computed, *cells, trace("999", "untraced")]


def event(delta: dict[str, Any], finish: str | None = None, **more: Any) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return f"data: {json.dumps({'object': 'chat.completion.chunk', 'model': MODEL, 'choices': [choice], **more})}\n\n"


async def stream(question: str, conversation_id: str) -> AsyncIterator[str]:
    text, extra = reply(question)
    text = extra.get("withdrawn") or text  # said first, and taken back at the end
    pause = 0.25 if "slowly" in question else 0.01
    said, whole = "", False
    try:
        yield event({"role": "assistant", "content": ""})
        for step in ("Looking through the documents", "Reading 3 passages"):
            yield event({}, step=step)
            await asyncio.sleep(pause * 8)  # a step must stay long enough for a busy machine to show it
        if "hang" in question:
            await asyncio.sleep(60)
        for word in text.split(" "):
            if "break" in question and "2025" in said:
                yield f"data: {json.dumps({'error': FAULT})}\n\ndata: [DONE]\n\n"
                return
            piece = word if not said else f" {word}"
            said += piece
            yield event({"content": piece})
            await asyncio.sleep(pause)
        yield event({}, "stop", **extra, annotations=[], generation="g1", usage={})
        yield "data: [DONE]\n\n"
        whole = True
    finally:
        if whole:
            keep(conversation_id, "assistant", **{"text": said, **extra})
        else:
            state.closed.append(question)
            keep(conversation_id, "assistant", said, interrupted=True)


@routes.post("/v1/chat/completions")
async def chat(body: dict[str, Any], name: Name) -> StreamingResponse:
    state.asked.append(body)
    question = body["messages"][-1]["content"]
    if body["model"] != MODEL:
        raise Failure(404, "model_not_found", "That model isn't served.")
    if "busy" in question:
        raise Failure(429, "busy", "Too many questions at once. Try again in a moment.")
    mine(name, body["conversation"])
    keep(body["conversation"], "user", question)
    return StreamingResponse(stream(question, body["conversation"]), media_type="text/event-stream")
