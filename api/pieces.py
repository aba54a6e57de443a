"""A large recording sent in pieces by tus 1.0.0: what broke off goes on where it stopped."""

import base64
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import httpx

from ingest.base.errors import Incomplete, Unavailable

if TYPE_CHECKING:
    from api.client import Client

PIECE = 8 * 2**20  # bytes
PAUSES = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0)  # seconds before each try that brought nothing
TUS = {"Tus-Resumable": "1.0.0"}
OFFSET, CALL, DUPLICATE = "upload-offset", "earshot-call", "earshot-duplicate"

Sent = Callable[[int], None]
"""Told how many bytes are there."""


def untold(_: int) -> None:
    """Where nobody looks."""


def send_in_pieces(
    client: "Client", file: Path, details: Mapping[str, str], sent: Sent
) -> dict[str, Any]:
    """The call that the recording became, with `duplicate`. Raises Unavailable where the server
    stays away, Incomplete where the file grew shorter, and what the server refuses it with."""
    with file.open("rb") as sound:
        place = _begin(client, file, details)
        reached = tries = 0
        answer: httpx.Headers | None = None
        while answer is None or CALL not in answer:
            try:
                answer = _go_on(client, place, sound, answer)
            except Unavailable:
                if tries == len(PAUSES):
                    raise
                time.sleep(PAUSES[tries])
                answer, tries = None, tries + 1
                continue
            if (at := int(answer[OFFSET])) > reached:
                reached, tries = at, 0
                sent(at)
    return {**client.get(f"calls/{answer[CALL]}"), "duplicate": DUPLICATE in answer}


def _begin(client: "Client", file: Path, details: Mapping[str, str]) -> str:
    """A new upload's address."""
    pairs = {"filename": file.name, **details}
    encoded = (f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in pairs.items())
    headers = {"Upload-Length": str(file.stat().st_size), "Upload-Metadata": ",".join(encoded)}
    answer = client.send("POST", "uploads", headers=TUS | headers)
    return f"{client.url}{answer.headers['location']}"


def _go_on(
    client: "Client", place: str, sound: BinaryIO, before: httpx.Headers | None
) -> httpx.Headers:
    """Ask how far it is, or else send the next piece; the answer's headers."""
    if before is None:
        return client.send("HEAD", place, headers=TUS).headers
    sound.seek(int(before[OFFSET]))
    piece = sound.read(PIECE)
    if not piece:
        raise Incomplete(f"{sound.name} grew shorter while it was sent: send it again.")
    headers = {"Content-Type": "application/offset+octet-stream", OFFSET: before[OFFSET]}
    return client.send("PATCH", place, headers=TUS | headers, content=piece).headers
