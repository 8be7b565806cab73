"""A small server in the place of vLLM that dies, hangs, computes on and on (itself or by others), or won't start.

It keeps adapters as vLLM does: loaded under a name once, unknown names are refused. With the plan `no load` or
`no unload` it refuses that, with `no tokens` an adapter makes none, with `full` its queue is full.
"""

import json
import os
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

BASE = "m"


class Handler(BaseHTTPRequestHandler):
    loaded: ClassVar[dict[str, str]]
    """The adapters' folders by their names."""

    def plan(self) -> str:
        return plan()

    def do_GET(self) -> None:
        self._reply({"object": "list", "data": [{"id": name} for name in (BASE, *sorted(self.loaded))]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.plan() == "hang":
            time.sleep(60)
        while self.plan() == "compute":
            sum(range(10_000))
        while self.plan() == "delegate":
            subprocess.run([sys.executable, "-c", "for _ in range(300): sum(range(100_000))"], check=True)
        match self.path.rsplit("/", 1)[-1]:
            case "load_lora_adapter":
                self._load(body)
            case "unload_lora_adapter":
                known = self.plan() != "no unload" and self.loaded.pop(body["lora_name"], None)
                self._reply({}, 200 if known else 500)
            case _:
                self._complete(body)

    def _load(self, body: dict[str, Any]) -> None:
        if self.plan() == "no load" or body["lora_name"] in self.loaded:
            self._reply({"error": {"message": "it can't be loaded"}}, 500)
            return
        self.loaded[body["lora_name"]] = body["lora_path"]
        self._reply({})

    def _complete(self, body: dict[str, Any]) -> None:
        name = body["model"]
        if name not in (BASE, *self.loaded):
            self._reply({"error": {"message": f"The model {name} does not exist."}}, 404)
        elif self.plan() == "no tokens" and name != BASE:
            self._reply({"error": {"message": "it makes no tokens"}}, 500)
        elif self.plan() == "full":
            self._reply({"error": {"message": "the queue is full"}}, 503)
        else:
            self._reply({"choices": [{"text": "x"}]})

    def _reply(self, content: dict[str, object], status: int = 200) -> None:
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *arguments: object) -> None:
        """Stay quiet."""


def plan() -> str:
    return Path(sys.argv[2]).read_text().strip()


if __name__ == "__main__":
    if plan() == "refuse":
        sys.exit("ValueError: the model folder is empty")
    Path(sys.argv[2]).with_suffix(".pids").open("a").write(f"{os.getpid()}\n")
    Handler.loaded = {}
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
