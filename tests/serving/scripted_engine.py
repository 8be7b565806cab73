"""A small server in the place of vLLM that dies, hangs, computes on and on (itself or by others), or won't start."""

import json
import os
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._reply({"object": "list"})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if plan() == "hang":
            time.sleep(60)
        while plan() == "compute":
            sum(range(10_000))
        while plan() == "delegate":
            subprocess.run([sys.executable, "-c", "for _ in range(300): sum(range(100_000))"], check=True)
        self._reply({"choices": [{"text": "x"}]})

    def _reply(self, content: dict[str, object]) -> None:
        data = json.dumps(content).encode()
        self.send_response(200)
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
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
