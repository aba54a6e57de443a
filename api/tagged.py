"""An answer that its asker has already is not sent twice: ETag and If-None-Match (RFC 9110).

Every whole JSON or CSV answer to a GET under /v1 has a tag, which is made of its bytes: two roles
that are shown different words have different tags. It costs the database what it did, but no way.
"""

from hashlib import sha256

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

TAGGED = ("application/json", "text/csv")


class Tagged:
    """ASGI middleware, next to the routes."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; what is no GET under /v1 untouched."""
        if scope["type"] == "http" and scope["method"] == "GET" and scope["path"][:4] == "/v1/":
            send = _Answer(Headers(scope=scope).get("if-none-match", ""), send).take
        await self.app(scope, receive, send)


class _Answer:
    """Passes an answer on: with its tag, or with nothing but its tag where that is known."""

    def __init__(self, known: str, send: Send) -> None:
        self._known = [tag.strip().removeprefix("W/") for tag in known.split(",")]
        self._send = send
        self._start: Message | None = None
        self._body = b""

    async def take(self, message: Message) -> None:
        """Hold a whole answer back until its last byte is there."""
        if message["type"] == "http.response.start" and _is_whole(message):
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            self._body += message.get("body", b"")
            if not message.get("more_body", False):
                await self._end(self._start)

    async def _end(self, start: Message) -> None:
        tag = f'"{sha256(self._body).hexdigest()}"'
        headers = MutableHeaders(raw=start["headers"])
        headers["etag"] = tag
        if tag in self._known or "*" in self._known:
            del headers["content-length"]
            start["status"], self._body = 304, b""
        await self._send(start)
        await self._send({"type": "http.response.body", "body": self._body})


def _is_whole(start: Message) -> bool:
    """Whether this begins a success that is not streamed and has no tag of its own."""
    headers = Headers(raw=start["headers"])
    kind = headers.get("content-type", "").partition(";")[0]
    whole = "content-length" in headers and "etag" not in headers
    return start["status"] == 200 and whole and kind in TAGGED
