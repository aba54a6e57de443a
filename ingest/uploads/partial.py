"""What has come of an upload: a file whose length is the one truth of how far it is.

Whoever appends holds the file only while a piece is written, and only where it follows what is
there. So a sender whose connection hangs keeps nobody from going on, and of two that send at once
one is told that the other was quicker.
"""

import fcntl
import hashlib
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ingest.base.disk import is_full, to_disk
from ingest.base.errors import TooLarge, Unavailable
from ingest.uploads.upload import Busy, Checksum, NoRoom, WrongChecksum, WrongOffset

PART, LOCK = ".part", ".lock"

POLL_SECONDS = 0.05

READ_BYTES = 1 << 20


class Partial:
    """The file of one upload, and the lock of whoever finishes it."""

    def __init__(self, folder: Path, upload_id: str) -> None:
        self.path = folder / f"{upload_id}{PART}"
        self._lock = folder / f"{upload_id}{LOCK}"

    @property
    def size(self) -> int:
        """Bytes that came."""
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def append(self, chunks: Iterable[bytes], at: int, whole: int) -> int:
        """Write what follows the first `at` bytes, and return how many there are now.

        What was written stays, whatever breaks off. Raises WrongOffset, TooLarge beyond `whole`
        bytes, NoRoom, Unavailable.
        """
        with _disk():
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            for chunk in chunks:
                check_fits(at + len(chunk), whole)
                _write(handle, chunk, at)
                at += len(chunk)
            with _disk():
                os.fsync(handle)
                to_disk(self.path.parent)
        finally:
            os.close(handle)
        return at

    @contextmanager
    def alone(self, patience: float) -> Iterator[None]:
        """Be the one who finishes or removes it. Raises Busy after so many seconds."""
        ends = time.monotonic() + patience
        with _disk():
            self._lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(self._lock, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            while not _locked(handle):
                if time.monotonic() > ends:
                    raise Busy("The whole recording is being checked: ask again in a moment.")
                time.sleep(POLL_SECONDS)
            yield
        finally:
            os.close(handle)

    def remove(self) -> None:
        """Free its place."""
        with _disk():
            self.path.unlink(missing_ok=True)
            self._lock.unlink(missing_ok=True)


@contextmanager
def aside(
    spool: Path, chunks: Iterable[bytes], most: int, checksum: Checksum
) -> Iterator[Iterable[bytes]]:
    """The same bytes once they are found to be right. They lie aside till then, so that a process
    that dies leaves none that nobody has checked. Raises WrongChecksum, TooLarge, NoRoom."""
    digest, size = hashlib.new(checksum.algorithm, usedforsecurity=False), 0
    with _disk():
        spool.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = tempfile.NamedTemporaryFile(dir=spool, prefix="piece-")  # noqa: SIM115
    with file:
        for chunk in chunks:
            size += len(chunk)
            check_fits(size, most)
            digest.update(chunk)
            with _disk():
                file.write(chunk)
        if digest.digest() != checksum.digest:
            raise WrongChecksum(
                f"These {size:,} bytes do not come to the Upload-Checksum, and none was kept: send "
                "them again."
            )
        with _disk():
            file.seek(0)
        yield iter(lambda: file.read(READ_BYTES), b"")


def ids_in(folder: Path) -> set[str]:
    """The uploads that have files in this folder."""
    if not folder.is_dir():
        return set()
    return {file.stem for file in folder.iterdir() if file.suffix in (PART, LOCK)}


def check_fits(size: int, whole: int) -> None:
    """Raise TooLarge where more comes than was announced."""
    if size > whole:
        raise TooLarge("More bytes come than Upload-Length announced: begin a new upload.")


def check_follows(size: int, at: int) -> None:
    """Raise WrongOffset where something else than what follows `size` bytes is brought."""
    if size != at:
        raise WrongOffset(
            f"{size:,} bytes are here, so what begins at {at:,} does not follow: ask by HEAD where "
            "to go on."
        )


def _write(handle: int, chunk: bytes, at: int) -> None:
    with _disk():
        fcntl.flock(handle, fcntl.LOCK_EX)
        try:
            check_follows(os.fstat(handle).st_size, at)
            left = memoryview(chunk)
            while left:
                left = left[os.write(handle, left) :]
        finally:
            fcntl.flock(handle, fcntl.LOCK_UN)


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _disk() -> Iterator[None]:
    """Turn a full or broken disk into one plain sentence."""
    try:
        yield
    except OSError as error:
        if is_full(error):
            raise NoRoom(
                "The disk for uploads is full: what came is kept. Make room under EARSHOT_HOME, "
                "then go on where HEAD says."
            ) from error
        raise Unavailable(
            f"The upload cannot be written under EARSHOT_HOME ({error.strerror}): see to its disk, "
            "then go on where HEAD says."
        ) from error
