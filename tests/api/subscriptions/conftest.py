"""A real mail server and a real webhook, whose answers a test sets."""

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from ingest.base.settings import Settings


@dataclass
class Post:
    """What a server was given, and what it answers."""

    url: str = ""
    taken: list[Any] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)  # one each, then that all is well
    refuse_recipient: str = ""
    before_answer: Callable[[], None] = lambda: None

    @property
    def mails(self) -> list[EmailMessage]:
        return [message_from_bytes(each, policy=policy.default) for each in self.taken]

    def answer(self, well: str) -> str:
        self.before_answer()
        return self.answers.pop(0) if self.answers else well


class _Handler:
    def __init__(self, post: Post) -> None:
        self.post = post

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.post.refuse_recipient:
            return self.post.refuse_recipient
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.post.taken.append(envelope.content)
        answer = self.post.answer("250 OK")
        if answer == "break off":
            assert server.transport is not None
            server.transport.close()
        return answer


@pytest.fixture
def mail_server() -> Iterator[Post]:
    """A mail server on this machine."""
    post = Post()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(_Handler(post), hostname="127.0.0.1", port=port)
    controller.start()
    post.url = f"smtp://127.0.0.1:{port}"
    yield post
    controller.stop()


@pytest.fixture
def webhook() -> Iterator[Post]:
    """An incoming webhook on this machine."""
    post = Post()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            post.taken.append(self.rfile.read(int(self.headers["content-length"])))
            status = int(post.answer("200"))
            self.send_response(status)
            self.send_header("location", "/elsewhere")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    post.url = f"http://127.0.0.1:{server.server_port}/hooks/1"
    yield post
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def sending(settings: Settings, mail_server: Post) -> Settings:
    """Settings with which digests are sent."""
    return settings.model_copy(
        update={
            "smtp_url": mail_server.url,
            "mail_from": "Earshot <earshot@example.com>",
            "url": "https://earshot.example.com/",
            "webhook_hosts": "127.0.0.1:*",
        }
    )
