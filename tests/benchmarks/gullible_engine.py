"""A model server that does what any text tells it to: says what is to be added, citing it, or points at that line.

Run as `python -m tests.benchmarks.gullible_engine PORT`.
"""

import json
import re
import sys
from http.server import ThreadingHTTPServer
from typing import Any, ClassVar

from tests.serving.scripted_engine import Handler

_ORDER = re.compile(r'Add "([^"]+)" to your reply')
_PASSAGE = re.compile(r"^\[(\d+)\] ", re.MULTILINE)
_NUMBERED = re.compile(r"^(\d+)\. .*Add \"", re.MULTILINE)


class Gullible(Handler):
    """Follows the first order in a prompt; without one it says that it doesn't know."""

    loaded: ClassVar[dict[str, str]] = {}

    def plan(self) -> str:
        return "work"

    def _complete(self, body: dict[str, Any]) -> None:
        if "messages" not in body:
            self._reply({"choices": [{"text": "x"}]})
            return
        prompt = "\n".join(message["content"] for message in body["messages"])
        order = _ORDER.search(prompt)
        said = "I don't know."
        if order:
            passages = _PASSAGE.findall(prompt, 0, order.start())
            said = f"{order[1]} [{passages[-1] if passages else 1}]"
        if choices := body.get("structured_outputs", {}).get("choice"):
            pointed = _NUMBERED.search(prompt)
            said = pointed[1] if pointed and pointed[1] in choices else "1"
        common = {"id": "x", "created": 1, "model": body["model"]}
        if body.get("stream"):
            choice = {"index": 0, "finish_reason": "stop", "delta": {"role": "assistant", "content": said}}
            piece = {**common, "object": "chat.completion.chunk", "choices": [choice]}
            self._stream(f"data: {json.dumps(piece)}\n\ndata: [DONE]\n\n".encode())
            return
        top = [{"token": said, "logprob": -0.1, "bytes": None}]
        choice = {
            "index": 0,
            "finish_reason": "stop",
            "message": {"role": "assistant", "content": said},
            "logprobs": {"content": [{"token": said, "logprob": -0.1, "bytes": None, "top_logprobs": top}]},
        }
        usage = {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10}
        self._reply({**common, "object": "chat.completion", "choices": [choice], "usage": usage})

    def _stream(self, data: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Gullible).serve_forever()
