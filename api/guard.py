"""What stands before every route: host names, body sizes, security headers, a last catch."""

import re
from collections.abc import Callable
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import TRANSCRIPTIONS_PATH, problem, respond
from api.limiter import EXTRA_HEADERS
from ingest.base.settings import Settings
from insights.imports.transcript import MOST_BYTES

SMALL_BODY = 1 << 20
"""Bytes of any other body: forms and JSON are read whole."""

UPLOAD_PATHS = ("/v1/calls", TRANSCRIPTIONS_PATH)
UPLOADS_PATH = "/v1/uploads"
TRANSCRIPT_PATH = "/v1/transcripts"

HEADERS = {
    "content-security-policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none';"
        " object-src 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",  # for browsers that know no frame-ancestors
    "referrer-policy": "same-origin",  # "no-referrer" would take the Origin from our own forms
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}

HOST = re.compile(r"(\[[^\]]*\]|[^:\[\]]+)(?::\d*)?")
"""A Host header: the name, or the address in brackets, and the port."""

Catch = Callable[[Request, Exception], Response]


def allowed_hosts(settings: Settings) -> frozenset[str] | None:
    """The names a server on a loopback address answers to; None for any elsewhere.

    A page on the web can have its own name resolve to 127.0.0.1 and then read what is served
    there (DNS rebinding); only the Host header tells.
    """
    try:
        loopback = ip_address(settings.host).is_loopback
    except ValueError:
        loopback = settings.host == "localhost"
    if not loopback:
        return None
    ours = urlsplit(settings.url).hostname if settings.url else None
    return frozenset({"localhost", "127.0.0.1", "::1", settings.host, ours or "localhost"})


class Guard:
    """ASGI middleware around the whole app."""

    def __init__(self, app: ASGIApp, hosts: frozenset[str] | None, catch: Catch) -> None:
        self.app = app
        self.hosts = hosts
        self.catch = catch

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the lifespan untouched."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope.setdefault("state", {})
        reply = _Reply(scope, send)
        if refusal := self._refusal(scope):
            await refusal(scope, receive, reply.send)
            return
        try:
            await self.app(scope, _capped(scope, receive), reply.send)
        except Exception as error:
            if reply.started:  # the answer is cut off, which tells the client
                raise
            await self.catch(Request(scope), error)(scope, receive, reply.send)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        named = HOST.fullmatch(headers.get("host", ""))
        host = named.group(1).strip("[]").lower() if named else "none that is a name"
        if self.hosts is not None and host not in self.hosts:
            detail = f"Open it as localhost, or set EARSHOT_URL to where it is served ({host})."
            return respond(problem("unknown-host", 421, detail))
        if b"%00" in scope["raw_path"] or b"%00" in scope["query_string"]:
            return respond(problem("bad-request", 400, "The address holds a NUL: take it out."))
        return None


class _Reply:
    """Passes an answer on, with the headers that every answer has."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self.started = False
        self._state = scope["state"]
        self._cache = "no-cache" if scope["path"].startswith("/static/") else "private, no-store"
        self._send = send

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            headers = MutableHeaders(scope=message)
            headers.setdefault("cache-control", self._cache)
            for name, value in {**HEADERS, **self._state.get(EXTRA_HEADERS, {})}.items():
                headers.setdefault(name, value)
        await self._send(message)


def _capped(scope: Scope, receive: Receive) -> Receive:
    """`receive`, refusing more than a small body; an upload minds its own cap."""
    if scope["path"] in UPLOAD_PATHS or scope["path"].startswith(UPLOADS_PATH):
        return receive
    most = MOST_BYTES if scope["path"] == TRANSCRIPT_PATH else SMALL_BODY
    left = most

    async def capped() -> Message:
        nonlocal left
        message = await receive()
        left -= len(message.get("body", b""))
        if left < 0:
            raise HTTPException(413, f"Send at most {most >> 20} MiB")
        return message

    return capped
