"""A small real HTTP server in a thread: answers as it is told to, and keeps what it was sent."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from insights.llm.endpoint import Endpoint

Reply = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Llm:
    """A running server; `replies` are given in turn, the last one from then on."""

    port: int
    replies: Sequence[Reply]
    asked: list[dict[str, Any]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def endpoint(self, seconds: float = 5.0, key: str = "") -> Endpoint:
        return Endpoint(self.url, key, seconds, pauses=(0.01, 0.01))


@contextmanager
def serving(*replies: Reply) -> Iterator[Llm]:
    """Run it until the test is over."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            llm.paths.append(self.path)
            llm.keys.append(self.headers["Authorization"])
            llm.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            llm.replies[min(len(llm.asked), len(llm.replies)) - 1](self)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    llm = Llm(server.server_address[1], replies)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield llm
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def body(status: int, sent: bytes, length: int | None = None, **headers: str) -> Reply:
    """Answer with these bytes; with another `length` announced, the answer breaks off."""

    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(sent) if length is None else length))
        handler.end_headers()
        handler.wfile.write(sent)

    return reply


def completion(content: Any, ended: str = "stop") -> Reply:
    """Answer as a model does whose message is `content`."""
    choice = {"index": 0, "finish_reason": ended, "message": {"content": content}}
    return body(200, json.dumps({"object": "chat.completion", "choices": [choice]}).encode())


def insights(*found: dict[str, Any]) -> Reply:
    """Answer with these insights."""
    return completion(json.dumps({"insights": found}))


def silent(seconds: float) -> Reply:
    """Say nothing for so long."""

    def reply(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(seconds)

    return reply


def dripping(times: int, pause: float) -> Reply:
    """Send a byte now and then."""

    def reply(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        try:
            for _ in range(times):
                handler.wfile.write(b" ")
                handler.wfile.flush()
                time.sleep(pause)
        except OSError:
            pass  # whoever asked has gone: as is wanted

    return reply
