"""A POST under /v1 with an Idempotency-Key is done once, however often it is sent.

The first answer is kept for a day and given again, if it was a success: a refusal wrote nothing, so
its key is free again. A request that broke, or whose process died, is never done a second time by
itself: its key stays taken, and whoever comes again is told to look.

After the IETF's draft "The Idempotency-Key HTTP Header Field" (draft-ietf-httpapi-idempotency-key).
"""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import TypeVar

from anyio.to_thread import run_sync
from fastapi import Request, Response
from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.auth import identify
from api.context import Context
from api.errors import refuse
from api.idempotency import queries
from api.idempotency.queries import Kept
from api.queries import DATABASE_AWAY
from ingest.base.db import Connection
from ingest.base.errors import EarshotError, Refused, Unavailable

HEADER = "idempotency-key"
REPLAYED = "idempotency-replayed"
SHOWN_ONCE = "shown_once"
LONGEST_KEY = 255

Result = TypeVar("Result")


class BadKey(Refused):
    """A key that is none."""

    code = "bad-idempotency-key"
    status = 400


class OtherRequest(Refused):
    """A key that came with another request before."""

    code = "idempotency-key-reused"


class AtWork(Refused):
    """The request that came first has no answer yet."""

    code = "idempotency-at-work"
    status = 409


class ShownOnce(Refused):
    """The answer held a secret, which is not kept."""

    code = "idempotency-shown-once"
    status = 409


def shown_once(request: Request) -> None:
    """Say that the answer to this request holds a secret: it is not kept to be given again."""
    setattr(request.state, SHOWN_ONCE, True)


class Once:
    """ASGI middleware, within the guard and around the routes."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; one without a key untouched."""
        if not _has_key(scope):
            await self.app(scope, receive, send)
            return
        try:
            key = await run_sync(_key, scope)
            before = await _query(scope, lambda conn: queries.begin(conn, key))
            answer = await _again(before, scope, receive) if before else None
        except EarshotError as error:
            answer = refuse(error)
        if answer:
            await answer(scope, receive, send)
        else:
            await self._first(key, scope, receive, send)

    async def _first(self, key: bytes, scope: Scope, receive: Receive, send: Send) -> None:
        """Do it, keep the answer, then give it: whoever has it may rely on its being kept. What
        raises an error leaves the key taken, as nobody knows how far it came."""
        asked, answer = _Asked(scope, receive), _Answer()
        await self.app(scope, asked.receive, answer.take)
        if answer.success:
            await asked.rest()
            secret = scope["state"].get(SHOWN_ONCE, False)
            kept = Kept(asked.digest, answer.status, answer.headers, answer.body(not secret))
            await _query(scope, lambda conn: queries.keep(conn, key, kept))
        elif answer.refused:
            await _query(scope, lambda conn: queries.release(conn, key))
        for message in answer.messages:
            await send(message)


class _Asked:
    """A request's body on its way, with what tells it from another."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._receive = receive
        self._more = True
        self._tail = b""
        kind, options = parse_options_header(Headers(scope=scope).get("content-type", ""))
        # A form sent again has another boundary; it is the same request all the same.
        self._boundary = options.get(b"boundary", b"") if kind.startswith(b"multipart/") else b""
        where = f"{scope['method']} {scope['path']}?".encode() + scope["query_string"] + b"\n"
        self._hash = hashlib.sha256(where)

    async def receive(self) -> Message:
        """The next message, looked at in passing."""
        message = await self._receive()
        if message["type"] == "http.request":
            self._add(message.get("body", b""))
        self._more = message.get("more_body", False)
        return message

    async def rest(self) -> None:
        """Take in what nobody has read."""
        while self._more:
            await self.receive()

    def _add(self, chunk: bytes) -> None:
        data = self._tail + chunk
        if self._boundary:
            data = data.replace(self._boundary, b"")
        # What may be a boundary's beginning waits for its end.
        sure = max(0, len(data) - max(0, len(self._boundary) - 1))
        self._hash.update(data[:sure])
        self._tail = data[sure:]

    @property
    def digest(self) -> bytes:
        """SHA-256 of the whole request."""
        whole = self._hash.copy()
        whole.update(self._tail)
        return whole.digest()


class _Answer:
    """An answer, held back until it is kept."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def take(self, message: Message) -> None:
        """The next message."""
        self.messages.append(message)

    @property
    def status(self) -> int:
        """Its status."""
        status: int = self.messages[0]["status"]
        return status

    @property
    def success(self) -> bool:
        """Whether it was done."""
        return self.status < 400

    @property
    def refused(self) -> bool:
        """Whether nothing was written: a mistake of the asker's, or a server that was away."""
        return self.status < 500 or self.status == HTTPStatus.SERVICE_UNAVAILABLE

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Its own headers; the guard puts on the others anew."""
        return [(k.decode("latin-1"), v.decode("latin-1")) for k, v in self.messages[0]["headers"]]

    def body(self, keep: bool) -> bytes | None:
        """Its body; None where it is not to be kept."""
        return b"".join(m.get("body", b"") for m in self.messages[1:]) if keep else None


def _has_key(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] != "POST":
        return False
    return scope["path"].startswith("/v1/") and HEADER in Headers(scope=scope)


def _key(scope: Scope) -> bytes:
    """Whose key it is, and which. Raises BadKey, and NotLoggedIn."""
    text = Headers(scope=scope)[HEADER]
    if not 0 < len(text) <= LONGEST_KEY:
        raise BadKey(f"Send an Idempotency-Key of 1 to {LONGEST_KEY} characters, say a UUID.")
    with _known_outage():
        user = identify(Request(scope), _context(scope))
    who = f"{user.id}" if user.rep is None else f"{user.id}\0{user.rep}"  # who is bound, anew
    return hashlib.sha256(f"{who}:{text}".encode()).digest()


async def _again(before: Kept, scope: Scope, receive: Receive) -> Response:
    """The answer that the first such request got. Raises AtWork, OtherRequest, ShownOnce."""
    if before.request is None:
        raise AtWork(
            "A request with this Idempotency-Key is at work, or broke off without an answer: look "
            "whether it was done, and if not, send it with another key."
        )
    asked = _Asked(scope, receive)
    await asked.rest()
    if asked.digest != before.request:
        raise OtherRequest("This Idempotency-Key came with another request: use a new one.")
    if before.body is None or before.status is None:
        raise ShownOnce(
            "This was done, and its answer held a secret, which is shown only once: if you do not "
            "have it, make a new one with another key."
        )
    answer = Response(before.body, before.status)
    answer.raw_headers = [
        (name.encode("latin-1"), value.encode("latin-1")) for name, value in before.headers or ()
    ]
    answer.headers[REPLAYED] = "true"
    return answer


def _context(scope: Scope) -> Context:
    here: Context = scope["app"].state.context
    return here


@contextmanager
def _known_outage() -> Iterator[None]:
    try:
        yield
    except DATABASE_AWAY as error:
        raise Unavailable("The database is away: try again in a moment.") from error


async def _query(scope: Scope, query: Callable[[Connection], Result]) -> Result:
    def run() -> Result:
        with _known_outage(), _context(scope).pool.connection() as conn:
            return query(conn)

    return await run_sync(run)
