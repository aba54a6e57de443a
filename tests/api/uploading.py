"""Uploads in pieces, sent by hand."""

import base64
import socket
from pathlib import Path

import httpx

from api.users import Role
from tests.api.running import SOUND, Api

TUS = {"Tus-Resumable": "1.0.0"}

PIECE = TUS | {"Content-Type": "application/offset+octet-stream"}

HALF = len(SOUND) // 2


def metadata(**given: str) -> str:
    """The header Upload-Metadata of these."""
    return ",".join(f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in given.items())


def begin(api: Api, size: int = len(SOUND), /, **given: str) -> str:
    """A new upload's address."""
    headers = TUS | {"Upload-Length": str(size), "Upload-Metadata": metadata(**given)}
    answer = api.as_(Role.SALES).post("/v1/uploads", headers=headers)
    assert (answer.status_code, answer.content) == (201, b""), answer.text
    return answer.headers["location"]


def bring(api: Api, upload: str, at: int, piece: bytes, **more: str) -> httpx.Response:
    """A PATCH's answer."""
    headers = PIECE | {"Upload-Offset": str(at)} | more
    return api.as_(Role.SALES).patch(upload, content=piece, headers=headers)


def look(api: Api, upload: str, role: Role = Role.SALES) -> httpx.Response:
    return api.as_(role).head(upload, headers=TUS)


def offset(api: Api, upload: str) -> int:
    """Where to go on."""
    answer = look(api, upload)
    assert answer.status_code == 200
    return int(answer.headers["upload-offset"])


def files(api: Api) -> list[Path]:
    return sorted((api.settings.home / "uploads").glob("*"))


def wire(api: Api, upload: str, at: int, size: int, *more: str) -> socket.socket:
    """A connection on which a PATCH of so many bytes has begun."""
    connection = socket.create_connection(("127.0.0.1", api.port))
    lines = [
        f"PATCH {upload} HTTP/1.1",
        f"Host: 127.0.0.1:{api.port}",
        f"Authorization: Bearer {api.secrets[Role.SALES]}",
        *(f"{name}: {value}" for name, value in PIECE.items()),
        *(f"Upload-Offset: {at}", f"Content-Length: {size}", *more),
    ]
    connection.sendall("\r\n".join([*lines, "\r\n"]).encode())
    return connection
