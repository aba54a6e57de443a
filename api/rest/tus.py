"""The headers of the tus protocol, version 1.0.0: https://tus.io/protocols/resumable-upload."""

import base64
import binascii
import hashlib
from email.utils import format_datetime
from typing import Annotated

from fastapi import Depends, Request

from api.limiter import EXTRA_HEADERS
from api.rest.parameters import Bringer
from api.users import User
from ingest.base.errors import Refused
from ingest.uploads.upload import BadHeader, Checksum, Upload

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,checksum,expiration,termination"
ALGORITHMS = ("sha1", "sha256")
PIECE = "application/offset+octet-stream"
CALL = "Earshot-Call"
"""Names the call that an upload became."""

DUPLICATE = "Earshot-Duplicate"
"""Comes with the last bytes of a recording that was here before."""

LONGEST_NUMBER = 18
"""Digits: what the database's bigint holds."""

NOT_OFFERED = {
    "upload-defer-length": "Say with Upload-Length how long the recording is: Upload-Defer-Length"
    " is not taken.",
    "upload-concat": "Send a recording as one upload: Upload-Concat is not taken.",
}


class OtherVersion(Refused):
    """Another version of the protocol, or none named."""

    code = "bad-upload-version"
    status = 412


class OtherType(Refused):
    """A body that is not announced as a piece."""

    code = "bad-upload-type"
    status = 415


def speak(request: Request) -> None:
    """Have every answer say which version is spoken here, also a refusal."""
    setattr(request.state, EXTRA_HEADERS, {"tus-resumable": VERSION})


def speaker(request: Request, user: Bringer) -> User:
    """Who asks, in this version of the protocol; OtherVersion else."""
    if request.headers.get("tus-resumable") != VERSION:
        getattr(request.state, EXTRA_HEADERS)["tus-version"] = VERSION
        raise OtherVersion(f"Send “Tus-Resumable: {VERSION}”: no other version is spoken here.")
    return user


Sender = Annotated[User, Depends(speaker)]


def number(request: Request, name: str) -> int:
    """A header that holds a count of bytes. Raises BadHeader."""
    text = request.headers.get(name, "")
    if not (text.isascii() and text.isdecimal() and len(text) <= LONGEST_NUMBER):
        raise BadHeader(f"{name} is {text[:80]!r}: send a whole number of bytes, of 0 or more.")
    return int(text)


def length(request: Request) -> int:
    """How long a new upload will be. Raises BadHeader."""
    for name, remedy in NOT_OFFERED.items():
        if name in request.headers:
            raise BadHeader(remedy)
    return number(request, "Upload-Length")


def has_body(request: Request) -> bool:
    """Whether bytes come with it."""
    return request.headers.get("content-length", "0") != "0" or (
        "transfer-encoding" in request.headers
    )


def announced(request: Request) -> int:
    """Bytes of the body, as far as that is known."""
    return int(request.headers.get("content-length", "0"))


def check_type(request: Request) -> None:
    """Raise OtherType unless the body is announced as a piece of an upload."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != PIECE:
        raise OtherType(f"Send the bytes as “Content-Type: {PIECE}”.")


def checksum(request: Request) -> Checksum | None:
    """What the body must come to; None where nothing is said. Raises BadHeader."""
    text = request.headers.get("upload-checksum")
    if text is None:
        return None
    algorithm, _, value = text.partition(" ")
    try:
        digest = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    fits = (
        algorithm in ALGORITHMS
        and len(digest) == hashlib.new(algorithm, usedforsecurity=False).digest_size
    )
    if not fits:
        raise BadHeader(
            f"Upload-Checksum cannot be used: send {' or '.join(ALGORITHMS)}, a space and the"
            " digest in base64."
        )
    return Checksum(algorithm, digest)


def said_of(upload: Upload, offset: int) -> dict[str, str]:
    """The headers that tell how far an upload is, until when it may go on, and its call."""
    said = {"Upload-Offset": str(offset)}
    if upload.call_id is None:
        said["Upload-Expires"] = format_datetime(upload.expires_at, usegmt=True)
    else:
        said[CALL] = str(upload.call_id)
        said["Link"] = f'</v1/calls/{upload.call_id}>; rel="related"'
    if upload.duplicate:
        said[DUPLICATE] = "true"
    return said
