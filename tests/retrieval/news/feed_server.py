"""A feed server on loopback that tests publish items on."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class FeedServer:
    """`status` other than 200 is sent instead; `asked` has each request's If-None-Match."""

    url: str = ""
    items: list[str] = field(default_factory=list)
    status: int = 200
    asked: list[str] = field(default_factory=list)
    body: bytes | None = None

    def publish(self, title: str, text: str, when: datetime | None = None) -> None:
        date = format_datetime(when or datetime.now(UTC))
        number = len(self.items)
        self.items.insert(
            0,
            f"<item><guid>item-{number}</guid><title>{escape(title)}</title><pubDate>{date}</pubDate>"
            f"<description>{escape(text)}</description></item>",
        )

    @property
    def data(self) -> bytes:
        if self.body is not None:
            return self.body
        return f'<rss version="2.0"><channel><title>Wire</title>{"".join(self.items)}</channel></rss>'.encode()


@contextmanager
def feed_server() -> Iterator[FeedServer]:
    state = FeedServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            tag = f'"{len(state.items)}"'
            known = self.headers.get("If-None-Match", "")
            state.asked.append(known)
            status = 304 if known == tag and state.status == 200 else state.status
            data = state.data if status == 200 else b""
            self.send_response(status)
            self.send_header("ETag", tag)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *arguments: object) -> None:
            """Stay quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    state.url = f"http://127.0.0.1:{server.server_port}/feed.xml"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
