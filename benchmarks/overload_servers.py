"""The two servers that `benchmarks.overload` measures: a model server that streams at a set pace, and the gateway.

python -m benchmarks.overload_servers model PORT WORDS PACE
python -m benchmarks.overload_servers gateway HOME PORT MODEL_PORT ROOM
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from dossier.packs import index_folder, load_pack
from dossier.settings import load_settings
from retrieval.indexing import build_index, load_embedder
from serving.answering.chain import DocumentChain
from serving.answering.model_client import ModelClient
from serving.api import Gateway, PackInfo, create_app
from serving.api.app import SPARE_ANSWERS
from serving.api.listening import listen
from serving.index_view import IndexView
from serving.people.operator import open_store_with_operator

MODEL = "scripted"
_SAID = "Total revenue was $1,284.6 million in fiscal 2025 [1]. "


@dataclass(frozen=True, slots=True)
class _Scripted:
    """Where the model server of this benchmark is."""

    url: str
    api_key: str = "none"
    model_name: str = MODEL


def model_app(words: int, pace: float) -> Starlette:
    """An OpenAI-compatible chat route that says so many words, `pace` of them a second."""
    said = (_SAID * words).split(" ")[:words]

    async def pieces() -> AsyncIterator[str]:
        for word in said:
            await asyncio.sleep(1 / pace)
            yield _event([{"index": 0, "delta": {"role": "assistant", "content": f"{word} "}, "finish_reason": None}])
        yield _event([{"index": 0, "delta": {}, "finish_reason": "stop"}])
        yield _event([], usage={"prompt_tokens": 900, "completion_tokens": words, "total_tokens": 900 + words})
        yield "data: [DONE]\n\n"

    async def complete(request: Request) -> StreamingResponse:
        await request.body()
        return StreamingResponse(pieces(), media_type="text/event-stream")

    return Starlette(routes=[Route("/v1/chat/completions", complete, methods=["POST"])])


def _event(choices: list[dict[str, Any]], **more: object) -> str:
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": MODEL, "choices": choices, **more}
    return f"data: {json.dumps(chunk)}\n\n"


def run_gateway(home: Path, port: int, model_port: int, room: int) -> None:
    """The product's gateway and chain over the pack's index, with room for so many answers, until stopped."""
    settings = load_settings(
        home=home,
        port=port,
        answer_style="speak",
        engine_queue=room - SPARE_ANSWERS,
        requests_per_minute=0,  # all questions here are one user's
    )
    pack = load_pack(settings)
    build_index(settings, pack)
    index = IndexView(index_folder(settings, pack.documents), load_embedder(settings), pack.synonyms)
    chain = DocumentChain(index, ModelClient(_Scripted(f"http://127.0.0.1:{model_port}/v1")), settings, pack)
    store, _, _ = open_store_with_operator(settings)
    about = PackInfo(pack.name, pack.title, pack.description)
    app = create_app(Gateway(settings, store, chain, index, about, pack.model_name))
    listen(app, settings)


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["model", port, words, pace]:
            uvicorn.run(model_app(int(words), float(pace)), port=int(port), log_level="warning")
        case ["gateway", home, port, model_port, room]:
            run_gateway(Path(home), int(port), int(model_port), int(room))
        case _:
            sys.exit(__doc__)
