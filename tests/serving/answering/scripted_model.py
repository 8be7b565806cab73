"""A model server that answers as it is told to, and the chain in front of it."""

import asyncio
import json
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler
from types import SimpleNamespace
from typing import Any, ClassVar

from dossier.packs import index_folder, load_pack
from dossier.records import Answer, Turn
from dossier.settings import Settings
from retrieval.embedder import Embedder
from retrieval.indexing import build_index
from serving.answering.chain import DocumentChain
from serving.answering.model_client import ModelClient, Models
from serving.index_view import IndexView


class ScriptedModel(BaseHTTPRequestHandler):
    """Answers as the model server would, always pointing at the first line."""

    seen: ClassVar[list[dict[str, Any]]] = []
    points_at: ClassVar[str] = "1"
    replies: ClassVar[list[str]] = []
    speaks: ClassVar[str] = "27 days."
    first: ClassVar[dict[str, float]] = {"1": -1.0, "2": -1.0, "0": -1.0}

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.seen.append(body)
        said = self.replies.pop(0) if self.replies else self.points_at
        top = [{"token": token, "logprob": chance, "bytes": None} for token, chance in self.first.items()]
        choice = {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": said},
            "logprobs": {"content": [{"token": said, "logprob": -0.1, "bytes": None, "top_logprobs": top}]},
        }
        usage = {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10}
        reply = {
            "id": "x",
            "object": "chat.completion",
            "created": 1,
            "model": "m",
            "choices": [choice],
            "usage": usage,
        }
        data = json.dumps(reply).encode()
        if body.get("stream"):
            delta = {"index": 0, "finish_reason": "stop", "delta": {"role": "assistant", "content": self.speaks}}
            piece = {**reply, "object": "chat.completion.chunk", "choices": [delta], "usage": None}
            data = f"data: {json.dumps(piece)}\n\ndata: [DONE]\n\n".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream" if body.get("stream") else "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *arguments: object) -> None:
        """Stay quiet."""


def chain(settings: Settings, embedder: Embedder, url: str, models: Models | None = None) -> DocumentChain:
    pack = load_pack(settings)
    build_index(settings, pack)
    view = IndexView(index_folder(settings, pack.documents), embedder, {})
    served = SimpleNamespace(url=url, api_key="k", model_name="m")
    return DocumentChain(view, ModelClient(served, models), settings, pack)


def ask(
    made: DocumentChain, question: str, history: Sequence[Turn] = (), groups: frozenset[str] = frozenset()
) -> Answer:
    async def run() -> Answer:
        events = [event async for event in made.answer(question, history, groups)]
        assert isinstance(events[-1], Answer)
        return events[-1]

    return asyncio.run(run())
