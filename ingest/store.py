"""Where sound lies: a folder, or an S3-compatible bucket; the one importer of obstore.

A key is the SHA-256 of what it names, so a blob never changes and to put it twice does no harm.
obstore has threads of its own: open a store after a fork, never before.
"""

import errno
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from ingest.base.disk import is_full, to_disk
from ingest.base.errors import BadSetup, DiskFull, NotFound, Unavailable
from ingest.base.settings import Settings

CHUNK_BYTES = 4 * 1024 * 1024
"""Read at once. A long range is many short requests, so that a slow listener cannot time out."""

PART_BYTES = 8 * 1024 * 1024
"""Of a multipart upload; S3 takes 10,000 parts of at least 5 MiB."""

PARTS_AT_ONCE = 4
"""Bounds an upload's memory to this many parts."""

NO_ROOM = os.strerror(errno.ENOSPC)

RETRY_SECONDS = 20
"""How long a bucket that does not answer is asked again."""


class Store:
    """Blobs by their SHA-256, in hex. Each method may raise Unavailable."""

    def __init__(self, blobs: LocalStore | S3Store, spool: Path) -> None:
        self._blobs = blobs
        self._spool = spool  # the folder of temporary copies

    @classmethod
    def folder(cls, root: Path, spool: Path) -> Self:
        with _available():
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
            return cls(LocalStore(root), spool)

    @classmethod
    def bucket(cls, name: str, prefix: str, spool: Path) -> Self:
        """Credentials, region and endpoint come from the usual AWS_… variables."""
        endpoint = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL", "")
        blobs = S3Store(
            name,
            prefix=prefix or None,
            disable_bulk_delete=True,  # which not every S3-compatible server has
            client_options={"allow_http": endpoint.startswith("http://"), "timeout": "2 minutes"},
            retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=RETRY_SECONDS)},
        )
        return cls(blobs, spool)

    def put(self, sha256: str, path: Path) -> None:
        """Keep the file at `path`; it is whole and on disk, or not there, when this returns."""
        key = _key(sha256)
        with _available():
            try:
                obstore.put(
                    self._blobs, key, path, chunk_size=PART_BYTES, max_concurrency=PARTS_AT_ONCE
                )
            except FileNotFoundError as error:
                raise OSError("there is no such bucket or folder") from error
            if kept := self._file(sha256):
                for written in (kept, kept.parent, kept.parent.parent):
                    to_disk(written)

    def has(self, sha256: str) -> bool:
        try:
            self.size(sha256)
        except NotFound:
            return False
        return True

    def size(self, sha256: str) -> int:
        """Bytes. Raises NotFound."""
        with _available():
            return obstore.head(self._blobs, _key(sha256))["size"]

    def open_range(self, sha256: str, start: int, end: int) -> Iterator[bytes]:
        """Yield the bytes [start, end), as far as there are any. Raises NotFound."""
        end = min(end, self.size(sha256))
        for at in range(start, end, CHUNK_BYTES):
            with _available():
                chunk = obstore.get_range(
                    self._blobs, _key(sha256), start=at, end=min(at + CHUNK_BYTES, end)
                )
            yield bytes(chunk)

    @contextmanager
    def local_copy(self, sha256: str) -> Iterator[Path]:
        """A file to read: the kept one itself, or a copy that is gone afterwards."""
        size = self.size(sha256)
        if kept := self._file(sha256):
            yield kept
            return
        with _available():
            self._spool.mkdir(mode=0o700, parents=True, exist_ok=True)
            copy = tempfile.NamedTemporaryFile(dir=self._spool, prefix="copy-")  # noqa: SIM115
        with copy:
            for chunk in self.open_range(sha256, 0, size):
                with _available():
                    copy.write(chunk)
            with _available():
                copy.flush()
            yield Path(copy.name)

    def delete(self, sha256: str) -> None:
        """Forget the blob; none there is no error."""
        with suppress(NotFound), _available():
            obstore.delete(self._blobs, _key(sha256))

    def _file(self, sha256: str) -> Path | None:
        """Where the blob lies, if it lies in a folder."""
        if isinstance(self._blobs, LocalStore) and self._blobs.prefix:
            return self._blobs.prefix / _key(sha256)
        return None


def open_store(settings: Settings) -> Store:
    """The store that the settings name. Raises BadSetup for a URL that is no bucket's."""
    spool = spool_folder(settings)
    if not settings.audio_url:
        return Store.folder(settings.home / "audio", spool)
    url = urlsplit(settings.audio_url)
    if url.scheme != "s3" or not url.netloc or url.query or url.fragment:
        raise BadSetup(
            f"EARSHOT_AUDIO_URL is {settings.audio_url!r}: write s3://bucket or "
            "s3://bucket/prefix, or leave it empty for a folder."
        )
    return Store.bucket(url.netloc, url.path.strip("/"), spool)


def spool_folder(settings: Settings) -> Path:
    """The folder of files on their way in or out."""
    return settings.home / "spool"


def _key(sha256: str) -> str:
    if not re.fullmatch("[0-9a-f]{64}", sha256):
        raise ValueError("a blob's key is a SHA-256 in hex")
    return f"{sha256[:2]}/{sha256[2:]}"


@contextmanager
def _available() -> Iterator[None]:
    """Turn what the disk or the bucket raises into Earshot's errors."""
    try:
        yield
    except FileNotFoundError as error:
        raise NotFound("The recording's sound is not in the store.") from error
    except (OSError, BaseError) as error:
        if is_full(error) or NO_ROOM in str(error):  # obstore keeps no number
            raise DiskFull(
                "The disk for recordings is full: free some of it. Calls wait, and none is lost."
            ) from error
        raise Unavailable(
            f"The store of recordings does not answer ({_reason(error)}): check its disk, or "
            "EARSHOT_AUDIO_URL and the AWS_ variables."
        ) from error


def _reason(error: Exception) -> str:
    """The first line of what went wrong, short."""
    line = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    return (line or type(error).__name__)[:200]
