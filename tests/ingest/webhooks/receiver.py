"""A real HTTP server that receives webhooks: good, slow, failing, redirecting, hanging up."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook

Reply = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Got:
    """One request as it came in."""

    path: str
    headers: dict[str, str]
    body: bytes

    def verified(self, secret: str) -> Any:
        """The body, checked as a receiver checks it; raises where the signature is not right."""
        return Webhook(secret).verify(self.body, self.headers)


@dataclass
class Receiver:
    """Where it listens, what it got, and what it answers to the next requests."""

    url: str
    got: list[Got] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)  # then 204 for ever

    @property
    def ids(self) -> list[str]:
        """The webhook-id of each request."""
        return [got.headers["webhook-id"] for got in self.got]


def answer(status: int, body: bytes = b"", **headers: str) -> Reply:
    """Answer so."""

    def reply(request: BaseHTTPRequestHandler) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("content-length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    return reply


def slow(seconds: float) -> Reply:
    """Send the answer's head at once and its body byte by byte, one each `seconds`."""

    def reply(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("content-length", "100")
        request.end_headers()
        for _ in range(100):
            request.wfile.write(b".")
            request.wfile.flush()
            time.sleep(seconds)

    return reply


def hang_up(request: BaseHTTPRequestHandler) -> None:
    """Close the connection without an answer."""
    request.connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def receiving() -> Iterator[Receiver]:
    """Run a receiver on 127.0.0.1 until the block is left."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            receiver.got.append(
                Got(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
            )
            reply = receiver.replies.pop(0) if receiver.replies else answer(204)
            try:
                reply(self)
            except OSError:  # the sender has left
                self.close_connection = True

        def handle(self) -> None:
            try:
                super().handle()
            except (OSError, ValueError):  # we, or the sender, hung up
                self.close_connection = True

        def finish(self) -> None:
            try:
                super().finish()
            except (OSError, ValueError):
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    receiver = Receiver(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
