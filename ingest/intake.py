"""A recording arrives: it is received, checked, kept once, and queued to be heard."""

import hashlib
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from ingest import queries
from ingest.audio import Limits, probe
from ingest.base.db import Connection, Pool
from ingest.base.errors import BadMetadata, Incomplete, Unavailable
from ingest.base.queue import HEAR
from ingest.base.settings import Settings
from ingest.calls import Accepted, Audio, Call, CallDetails, CallState
from ingest.details import (
    check_theirs,
    check_times,
    clean_filename,
    default_title,
    details_from,
    for_rep,
    lacking,
)
from ingest.leftovers.queries import expect
from ingest.store import Store, spool_folder
from ingest.tasks import relay

__all__ = ["Received", "accept", "details_from", "receive"]

SPOOL_HOURS = 24
"""A file in the spool for longer belongs to a process that was killed."""


@dataclass(frozen=True, slots=True)
class Received:
    """An uploaded file on this machine."""

    path: Path
    sha256: str  # hex
    size_bytes: int


@contextmanager
def receive(
    chunks: Iterable[bytes],
    settings: Settings,
    *,
    filename: str = "the upload",
    declared_size: int | None = None,
) -> Iterator[Received]:
    """Write an upload to a file as it comes, in little memory; the file is gone afterwards.

    Raises TooLarge, Incomplete where the bytes are not as many as announced, Unavailable where
    the disk takes no more.
    """
    name = clean_filename(filename)
    limits = Limits.of(settings)
    limits.check_size(name, declared_size or 0)
    digest, size = hashlib.sha256(), 0
    with _disk(settings):
        spool = spool_folder(settings)
        spool.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sweep(spool)
        file = tempfile.NamedTemporaryFile(dir=spool, prefix="upload-")  # noqa: SIM115
    with file:
        for chunk in chunks:
            size += len(chunk)
            limits.check_size(name, size)
            digest.update(chunk)
            with _disk(settings):
                file.write(chunk)
        if declared_size is not None and size != declared_size:
            raise Incomplete(
                f"Of {name} came {size:,} bytes where {declared_size:,} were announced: send it "
                "again."
            )
        with _disk(settings):
            file.flush()
        yield Received(Path(file.name), digest.hexdigest(), size)


def accept(
    pool: Pool,
    store: Store,
    path: Path,
    sha256: str,
    filename: str,
    details: CallDetails,
    settings: Settings,
    now: datetime,
    *,
    rep: str | None = None,
) -> Accepted:
    """Take the recording at `path` as a call to be heard, once: the same sound is the same call,
    and what `details` know more of it is noted.

    The sound is kept before the call is written: a crash between leaves sound without a call, which
    is removed a day later, never a call without sound. The sound of a call whose recording went by
    the retention rule is not kept again. Who brings it may be bound to a `rep`. Raises Empty,
    NotAudio, TooLarge, BadMetadata, AnotherReps, Unavailable.
    """
    details = for_rep(details, rep)
    check_times(details, now)
    filename = clean_filename(filename)
    with pool.connection() as conn:
        known = queries.call_by_audio(conn, sha256)
    if known is None:
        audio = probe(path, Limits.of(settings), name=filename, sha256=sha256)
        _check_seller(audio, details, filename)
        with pool.connection() as conn:
            expect(conn, sha256)  # killed from here on, we leave nothing that is not found
        store.put(sha256, path)
        accepted = _take(pool, audio, filename, details, now, rep)
        if not store.has(sha256):  # its like was brought and deleted meanwhile
            store.put(sha256, path)
    else:
        accepted = _take_again(pool, known, details, rep)
    relay(pool)
    return accepted


def _take(
    pool: Pool, audio: Audio, filename: str, details: CallDetails, now: datetime, rep: str | None
) -> Accepted:
    """Write the call and its message in one transaction; uploads of one recording take turns."""
    with pool.connection() as conn:
        queries.keep_audio(conn, audio)
        if known := queries.call_by_audio(conn, audio.sha256):
            return Accepted(fill_in(conn, known, details, rep), duplicate=True)
        titled = replace(details, title=details.title or default_title(filename))
        call = queries.add_call(conn, audio, filename, titled, now)
        queries.enqueue(conn, HEAR, call.id)
        return Accepted(call)


def _take_again(pool: Pool, known: Call, details: CallDetails, rep: str | None) -> Accepted:
    with pool.connection() as conn:
        return Accepted(fill_in(conn, known, details, rep), duplicate=True)


def fill_in(conn: Connection, call: Call, details: CallDetails, rep: str | None = None) -> Call:
    """Note what was not known of the call; a mined call that moves is counted afresh. Raises
    AnotherReps where who brings it is bound to another rep."""
    check_theirs(call, rep)
    filled = queries.update_details(conn, call.id, lacking(call, details))
    moved = (filled.held_at, filled.account_id) != (call.held_at, call.account_id)
    if moved and filled.state is CallState.DONE:
        return queries.retry(conn, call.id, CallState.HEARD)
    return filled


def _check_seller(audio: Audio, details: CallDetails, filename: str) -> None:
    if details.seller_channel >= audio.channels:
        raise BadMetadata(
            f"seller_channel is {details.seller_channel}, but {filename} has {audio.channels} "
            f"channel(s), counted from 0: use at most {audio.channels - 1}."
        )


def _sweep(spool: Path) -> None:
    """Remove what killed processes left behind."""
    oldest = time.time() - SPOOL_HOURS * 3600
    for path in spool.iterdir():
        with suppress(FileNotFoundError):  # another process may be quicker
            if path.stat().st_mtime < oldest:
                path.unlink()


@contextmanager
def _disk(settings: Settings) -> Iterator[None]:
    """Turn a full or broken disk into one plain sentence."""
    try:
        yield
    except OSError as error:
        raise Unavailable(
            f"The upload cannot be written under {settings.home} ({error.strerror}): make room "
            "there and send it again."
        ) from error
