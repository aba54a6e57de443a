"""One attempt to send a message: signed, in bounded time, to a checked address, once."""

import asyncio
import ssl
from datetime import datetime
from functools import cache
from typing import NamedTuple

import httpx
from standardwebhooks import Webhook

from ingest.webhooks.address import BadAddress, check_url, resolve
from ingest.webhooks.webhook import Answer, Message

SAID_BYTES = 1000
"""As much of an answer is read and kept: enough to see what went wrong, too little to hurt."""

TIMESTAMP, SIGNATURE, MESSAGE_ID = "webhook-timestamp", "webhook-signature", "webhook-id"


class _Request(NamedTuple):
    url: httpx.URL
    headers: dict[str, str]
    body: bytes
    seconds: float


def send(message: Message, now: datetime, seconds: float) -> Answer:
    """POST a message; never raises for what the network or the receiver does.

    All of it, from the name's look-up to the answer's first bytes, may take `seconds`. Redirects
    are not followed: they could lead to an address that nobody allowed.
    """
    try:
        return asyncio.run(_in_time(message, now, seconds))
    except TimeoutError:
        return Answer(None, f"No answer within {seconds:g} seconds.")
    except BadAddress as error:
        return Answer(None, str(error))
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        return Answer(None, f"No connection, or it broke off ({_reason(error)}).")


def headers(message: Message, now: datetime) -> dict[str, str]:
    """What Standard Webhooks asks for; every secret that still serves signs."""
    signatures = [
        Webhook(secret).sign(message.event_id, now, message.body) for secret in message.secrets
    ]
    return {
        "content-type": "application/json",
        "user-agent": "Earshot",
        MESSAGE_ID: message.event_id,
        TIMESTAMP: str(int(now.timestamp())),
        SIGNATURE: " ".join(signatures),
    }


async def _in_time(message: Message, now: datetime, seconds: float) -> Answer:
    async with asyncio.timeout(seconds):
        url = check_url(message.url)
        addresses = await resolve(url)
        request = _Request(url, headers(message, now), message.body.encode(), seconds)
        *others, last = addresses
        for address in others:
            try:
                return await _post(request, address)
            except httpx.ConnectError:  # nobody is there; at the host's next address may be
                continue
        return await _post(request, last)


async def _post(request: _Request, address: str) -> Answer:
    url = request.url.copy_with(host=address)
    async with (
        httpx.AsyncClient(verify=_trusted(), trust_env=False, timeout=request.seconds) as client,
        client.stream(
            "POST",
            url,
            content=request.body,
            headers=request.headers | {"host": request.url.netloc.decode()},
            extensions={"sni_hostname": request.url.raw_host.decode()},
            follow_redirects=False,
        ) as answer,
    ):
        return Answer(answer.status_code, await _beginning(answer))


async def _beginning(answer: httpx.Response) -> str:
    """The first bytes as they came, never unpacked, in characters that can be kept."""
    if answer.is_redirect:
        return f"Redirects are not followed: set the URL to {answer.headers['location'][:500]}"
    said = b""
    async for piece in answer.aiter_raw(SAID_BYTES):
        said = (said + piece)[:SAID_BYTES]
        if len(said) == SAID_BYTES:
            break
    return said.decode(errors="replace").replace("\x00", "\ufffd")


@cache
def _trusted() -> ssl.SSLContext:
    """The certificates that are trusted; reading them takes its time."""
    return httpx.create_ssl_context(trust_env=False)


def _reason(error: Exception) -> str:
    return str(error).strip() or type(error).__name__
