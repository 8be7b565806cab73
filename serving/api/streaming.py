"""Answers as server-sent events in OpenAI's form."""

import json
import logging
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from anyio import create_task_group, sleep
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from dossier.errors import DossierError
from dossier.records import Answer, AnswerEvent, Delta, Step
from serving.api.answering import AnswerRun, unless_gone
from serving.api.chat_schemas import AnswerFields, UsageReply, annotations_of
from serving.api.errors import error_body_of
from serving.integrity.judging import TAKEN_BACK

_AWAKE_SECONDS = 15
"""Between two comments that keep proxies from closing a connection on which nothing has been said yet."""
_DONE = b"data: [DONE]\n\n"
_log = logging.getLogger(__name__)


class AnswerStream(Response):
    """Sends an answer while it is written. When the client goes away, the answer is stopped and kept as it is."""

    def __init__(self, run: AnswerRun, model: str) -> None:
        """Prepare; nothing is asked before the response is sent."""
        self._run, self._shape = run, ChunkShape(model, run.id)
        headers = {"X-Accel-Buffering": "no"}  # nginx would hold the pieces back
        super().__init__(media_type="text/event-stream", headers=headers)
        del self.headers["content-length"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer, and stop it when the client goes away. Its slot is given back in any case."""
        try:
            await unless_gone(self._send(send), receive)
        finally:
            self._run.leave()

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async with create_task_group() as awake, aclosing(self._lines()) as pieces:
            awake.start_soon(_keep_awake, send)
            async for piece in pieces:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
            awake.cancel_scope.cancel()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _lines(self) -> AsyncGenerator[bytes]:
        shape = self._shape
        try:
            yield _data(shape.opening())
            async with aclosing(self._run.events()) as events:
                async for event in events:
                    for chunk in shape.chunks(event):
                        yield _data(chunk)
        except DossierError as error:
            yield _data(error_body_of(error))
        except Exception as error:  # noqa: BLE001 (the status has been sent: only an event can tell the client)
            _log.exception("an answer failed in mid-stream")
            yield _data(error_body_of(error))
        yield _DONE


class ChunkShape:
    """Turns the chain's events into chunks."""

    def __init__(self, model: str, answer_id: str) -> None:
        self._id = answer_id
        self._created = int(time.time())
        self._model = model
        self._said = ""

    def opening(self) -> dict[str, Any]:
        """The chunk that says who speaks."""
        return self._chunk({"role": "assistant", "content": ""})

    def chunks(self, event: AnswerEvent) -> list[dict[str, Any]]:
        """The chunks for one event. Text that an Answer has beyond the pieces comes before the last chunk.

        So does a sentence that withdraws the pieces, where the Answer does.
        """
        match event:
            case Step(text):
                return [{**self._chunk({}), "step": text}]
            case Delta(text):
                self._said += text
                return [self._chunk({"content": text})] if text else []
            case Answer():
                rest = event.text.removeprefix(self._said) if event.text.startswith(self._said) else ""
                if event.withdrawn:  # clients that know no field of ours have shown it to somebody
                    rest = f"\n\n{TAKEN_BACK} {event.text}"
                return [*([self._chunk({"content": rest})] if rest else []), self._closing(event)]

    def _closing(self, answer: Answer) -> dict[str, Any]:
        fields = AnswerFields(**AnswerFields.fields_of(answer)).model_dump(mode="json")
        annotations = [annotation.model_dump(mode="json") for annotation in annotations_of(answer)]
        extras = {"annotations": annotations, "sources": fields["sources"]}
        return {
            **self._chunk(extras, finish_reason="stop"),
            **fields,
            "annotations": annotations,
            "text": answer.text,  # takes the place of the pieces where the chain corrected them at the end
            "usage": UsageReply.of(answer.usage).model_dump(),
        }

    def _chunk(self, delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
        return {
            "id": self._id,
            "object": "chat.completion.chunk",
            "created": self._created,
            "model": self._model,
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason, "logprobs": None}],
        }


def _data(content: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(content, separators=(",", ":")).encode() + b"\n\n"


async def _keep_awake(send: Send) -> None:
    while True:
        await sleep(_AWAKE_SECONDS)
        await send({"type": "http.response.body", "body": b": still working\n\n", "more_body": True})
