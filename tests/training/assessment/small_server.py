"""A model server in the place of vLLM, started and ended as `serving.engine.alone` is, with a real small model in it.

`python -m tests.training.assessment.small_server FOLDER NAME`. A folder with a file `refuse` isn't served.
"""

import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

KEY = "a key"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.0"
    model: ClassVar[Any]
    tokenizer: ClassVar[Any]
    window: ClassVar[int]
    lock = threading.Lock()

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path != "/v1/chat/completions" or self.headers["Authorization"] != f"Bearer {KEY}":
            self.send_error(401)
            return
        prompt = self.tokenizer.apply_chat_template(
            body["messages"], add_generation_prompt=True, return_tensors="pt", return_dict=True
        )["input_ids"]
        if prompt.shape[1] + body["max_tokens"] > self.window:
            self.send_error(400)
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        least = body["max_tokens"] if body.get("ignore_eos") else 1
        with self.lock:
            whole = self.model.generate(
                prompt, do_sample=False, max_new_tokens=body["max_tokens"], min_new_tokens=least, pad_token_id=0
            )
        made = whole[0, prompt.shape[1] :].tolist()
        for token in made:
            self._say({"choices": [{"delta": {"content": self.tokenizer.decode([token])}}]})
        self._say({"choices": [], "usage": {"completion_tokens": len(made)}})
        self.wfile.write(b"data: [DONE]\n\n")

    def _say(self, chunk: dict[str, Any]) -> None:
        self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
        self.wfile.flush()

    def log_message(self, format: str, *arguments: object) -> None:
        """Stay quiet."""


def main() -> None:
    folder = Path(sys.argv[1])
    if (folder / "refuse").is_file():
        sys.exit("this model is of a kind that can't be served.")
    from transformers import AutoModelForCausalLM, AutoTokenizer

    Handler.model = AutoModelForCausalLM.from_pretrained(folder).eval()
    Handler.tokenizer = AutoTokenizer.from_pretrained(folder)
    Handler.window = int(os.environ["DOSSIER_ENGINE_CONTEXT"])
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ["DOSSIER_ENGINE_PORT"])), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"url": f"http://127.0.0.1:{server.server_port}/v1", "key": KEY}), flush=True)
    sys.stdin.buffer.read()


if __name__ == "__main__":
    main()
