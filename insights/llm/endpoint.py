"""The door to the user's LLM: one request, one answer, within bounds."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import httpx

from ingest.base.errors import Unavailable
from ingest.base.settings import Settings
from insights.llm.answers import Unreadable, parse

CONNECT_SECONDS = 10.0
PAUSES = (1.0, 4.0)
"""Seconds before each further try: what has not come back by then is left to the next call."""
MOST_BYTES = 4_000_000
"""No list of insights is as long: a server that goes on is not answering."""
SAID = 200
"""Characters shown of what a server says of its refusal."""
PASSING = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS})


class NoAnswer(Unavailable):
    """The LLM did not answer, or not in a way that can be read. `again`: another try may help."""

    def __init__(self, said: str, again: bool = True) -> None:
        plain = "".join(letter if letter.isprintable() else " " for letter in said)
        super().__init__(" ".join(plain.split()))  # it may quote a server, and is kept and shown
        self.again = again


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An OpenAI-compatible server. Nothing is sent elsewhere: no redirect is followed."""

    url: str  # up to and with `/v1`
    key: str = ""
    seconds: float = 300.0  # for one request
    pauses: Sequence[float] = PAUSES

    @classmethod
    def of(cls, settings: Settings) -> "Endpoint":
        """The server that the settings name."""
        return cls(settings.llm_url.rstrip("/"), settings.llm_key, settings.llm_seconds)

    def ask(self, request: dict[str, Any]) -> list[Any]:
        """The list that the LLM answers, not yet checked. Raises NoAnswer after the last try."""
        for pause in self.pauses:
            try:
                return self._ask_once(request)
            except NoAnswer as error:
                if not error.again:
                    raise
            time.sleep(pause)
        return self._ask_once(request)

    def _ask_once(self, request: dict[str, Any]) -> list[Any]:
        try:
            content = _content(self._post(request))
            return parse(content)
        except Unreadable as error:
            raise NoAnswer(f"its answer cannot be read: {error}") from None

    def _post(self, request: dict[str, Any]) -> bytes:
        headers = {b"Authorization": f"Bearer {self.key}".encode()} if self.key else {}
        tls = self.url.startswith(
            "https"
        )  # else it is one's own network: no proxy, no certificates
        ends = time.monotonic() + self.seconds
        try:
            with (
                httpx.Client(timeout=self._timeout(), trust_env=tls, verify=tls) as client,
                client.stream(
                    "POST", f"{self.url}/chat/completions", json=request, headers=headers
                ) as answer,
            ):
                body = _read(answer, ends)
        except httpx.TimeoutException:
            raise NoAnswer(f"it did not answer within {self.seconds:g} seconds") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NoAnswer(f"it cannot be reached: {error}") from None
        if not answer.is_success:
            raise _refusal(answer.status_code, body)
        return body

    def _timeout(self) -> httpx.Timeout:
        return httpx.Timeout(self.seconds, connect=min(CONNECT_SECONDS, self.seconds))


def _read(answer: httpx.Response, ends: float) -> bytes:
    """The body, whole, in time and not without end: a drop now and then is no answer."""
    body = b""
    for chunk in answer.iter_bytes():
        body += chunk
        if time.monotonic() > ends:
            raise httpx.ReadTimeout("the body came too slowly")
        if len(body) > MOST_BYTES:
            raise NoAnswer(f"its answer is longer than {MOST_BYTES:,} bytes", again=False)
    return body


def _refusal(status: int, body: bytes) -> NoAnswer:
    said = body[: 4 * SAID].decode(errors="replace").strip()[:SAID]
    again = status >= HTTPStatus.INTERNAL_SERVER_ERROR or status in PASSING
    return NoAnswer(f"it answered {status}{f': {said}' if said else ''}", again)


def _content(body: bytes) -> str:
    """The message in a chat completion. Raises Unreadable, NoAnswer where it was cut off."""
    try:
        choice = json.loads(body)["choices"][0]
        content, ended = choice["message"]["content"], choice.get("finish_reason")
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise Unreadable("it is no chat completion") from None
    if ended == "length":
        raise NoAnswer("its answer was cut off: give the server a larger context", again=False)
    if not isinstance(content, str):
        raise Unreadable("it holds no text")
    return content
