"""An upload in pieces and what is said of it: values and rules only."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ingest.base.errors import DiskFull, EarshotError, Refused
from ingest.calls import CallDetails
from ingest.details import details_from

FILENAME = "filename"
UNNAMED = "recording"

NOT_NEEDED = ("filetype",)
"""What many clients say by themselves; the sound itself tells what it is."""


MOST_OPEN = 50
"""Unfinished uploads of one user. A client that is given a folder begins a few dozen before it has
sent the first to its end; who has more has lost sight of them."""

MOST_OPEN_LARGEST = 10
"""What they may come to, in recordings of the largest size: a day's calls, however long, and no
disk that one user fills."""


class TooManyUploads(Refused):
    """More begun than one user may leave unfinished."""

    code = "too-many-uploads"
    status = 409


class BadHeader(Refused):
    """A header of the protocol that cannot be read."""

    code = "bad-upload-header"
    status = 400


class WrongOffset(Refused):
    """Bytes that do not follow those that are here."""

    code = "wrong-offset"
    status = 409


class WrongChecksum(Refused):
    """Bytes that changed on their way."""

    code = "wrong-checksum"
    status = 460  # the protocol's own


class Busy(EarshotError):
    """Somebody else is finishing the upload."""

    code = "upload-busy"
    permanent = False
    status = 423


class NoRoom(DiskFull):
    """The disk takes no more of an upload; what came is kept."""

    code = "disk-full"
    status = 507


class AsBefore(Refused):
    """What a whole upload was refused with, told again."""

    def __init__(self, refusal: Mapping[str, Any]) -> None:
        """`refusal` as `refusal_of` made it."""
        super().__init__(refusal["detail"])
        self.code = refusal["code"]
        self.status = refusal["status"]


def refusal_of(error: Refused) -> dict[str, Any]:
    """What is kept of a refusal."""
    return {"code": error.code, "status": error.status, "detail": str(error)}


@dataclass(frozen=True, slots=True)
class Upload:
    """One upload, as stored."""

    id: str  # 32 hex digits
    bytes: int  # when it is whole
    metadata: str  # as it came
    expires_at: datetime
    call_id: int | None  # that it became
    refusal: Mapping[str, Any] | None  # or why it became none
    duplicate: bool = False  # the recording was here before; known to who finishes the upload alone

    @property
    def ended(self) -> bool:
        """Whether it became a call or was refused."""
        return self.call_id is not None or self.refusal is not None


@dataclass(frozen=True, slots=True)
class Unfinished:
    """What one user has begun and not finished."""

    count: int
    bytes: int  # when all of it is there
    oldest: str | None  # its id

    def check_room(self, size: int, largest: int) -> None:
        """Raise TooManyUploads where another one of `size` bytes is too much; a recording may have
        `largest`."""
        most = MOST_OPEN_LARGEST * largest
        if self.count < MOST_OPEN and self.bytes + size <= most:
            return
        raise TooManyUploads(
            f"You have {self.count} unfinished uploads of {self.bytes / 1e6:,.0f} MB together; "
            f"{MOST_OPEN} of {most / 1e6:,.0f} MB are the most. Finish or remove one: the oldest "
            f"is /v1/uploads/{self.oldest}. One to which nothing comes for a day goes by itself."
        )


@dataclass(frozen=True, slots=True)
class Checksum:
    """What the bytes of one request must come to."""

    algorithm: str  # as hashlib calls it
    digest: bytes


def described(metadata: str) -> tuple[str, CallDetails]:
    """The file's name and the call's details, from the header Upload-Metadata: pairs of a key and
    a value in base64, with commas between. Raises BadHeader, BadMetadata."""
    given: dict[str, str] = {}
    for pair in metadata.split(",") if metadata.strip() else ():
        key, value = _pair(pair.strip())
        if key in given:
            raise BadHeader(f"Upload-Metadata holds {key!r} twice: send it once.")
        given[key] = value
    filename = given.pop(FILENAME, "") or UNNAMED
    return filename, details_from({k: v for k, v in given.items() if k not in NOT_NEEDED})


def _pair(pair: str) -> tuple[str, str]:
    key, _, value = pair.partition(" ")
    if not re.fullmatch("[!-~]+", key):
        raise BadHeader(
            "Upload-Metadata is not a list of pairs: send “key value” with commas between, each "
            "value in base64."
        )
    try:
        return key, base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeError, ValueError):
        raise BadHeader(
            f"Upload-Metadata's {key[:80]!r} is not UTF-8 in base64: encode it again."
        ) from None
