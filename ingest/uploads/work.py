"""An upload's life: it is begun, grows by pieces, and becomes a call when it is whole.

Its bytes are in a file and its call in a row, so that a process may die at any moment. A whole file
without a call is finished by whoever asks for it next, or by the sweep; the sound is its own key,
so that to finish twice makes one call.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from ingest.audio import Limits
from ingest.base.db import Outage, Pool
from ingest.base.errors import (
    BadMetadata,
    DiskFull,
    EarshotError,
    Empty,
    NotAudio,
    TooLarge,
)
from ingest.base.log import get_logger
from ingest.base.settings import Settings
from ingest.details import check_times, for_rep
from ingest.intake import accept
from ingest.store import Store, spool_folder
from ingest.uploads import queries
from ingest.uploads.partial import Partial, aside, check_fits, check_follows, ids_in
from ingest.uploads.upload import (
    AsBefore,
    Checksum,
    NoRoom,
    Upload,
    described,
    refusal_of,
)

PATIENCE_SECONDS = 20.0
"""How long somebody waits for another who finishes the same upload."""

FINAL = (NotAudio, Empty, TooLarge, BadMetadata)
"""What a whole recording may be refused with: no other try can change it."""

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Uploads:
    """The uploads of one home; every method may raise Unavailable."""

    pool: Pool
    store: Store
    settings: Settings

    @property
    def folder(self) -> Path:
        """Where the pieces lie."""
        return self.settings.home / "uploads"

    def begin(self, user_id: int, rep: str | None, size: int, metadata: str) -> Upload:
        """A new upload of so many bytes, by a user who may be bound to a rep. Raises Empty,
        TooLarge, BadHeader, BadMetadata, AnotherReps, TooManyUploads."""
        filename, details = described(metadata)
        for_rep(details, rep)
        if size == 0:
            raise Empty(f"{filename} is empty: upload the recording itself.")
        limits = Limits.of(self.settings)
        limits.check_size(filename, size)
        check_times(details, datetime.now(UTC))
        with self.pool.connection() as conn:
            queries.unfinished(conn, user_id).check_room(size, limits.size_bytes)
            return queries.add(conn, user_id, size, metadata)

    def find(self, user_id: int, upload_id: str) -> Upload:
        """This user's upload. Raises NotFound."""
        with self.pool.connection() as conn:
            return queries.get(conn, user_id, upload_id)

    def go_on(self, user_id: int, upload_id: str) -> Upload:
        """The same where more of it comes: it is kept for longer. Raises NotFound."""
        with self.pool.connection() as conn:
            return queries.put_off(conn, user_id, upload_id)

    def kept(self, upload: Upload) -> int:
        """How many bytes of an upload that has not ended are here."""
        return self._partial(upload).size

    def append(
        self,
        upload: Upload,
        at: int,
        chunks: Iterable[bytes],
        *,
        announced: int = 0,
        checksum: Checksum | None = None,
    ) -> int:
        """Keep what follows the first `at` bytes, `announced` as so many, and return how many there
        are now. With a checksum all is kept or nothing. What cannot be taken is refused before any
        is read, if that is known. Raises WrongOffset, WrongChecksum, TooLarge, NoRoom."""
        partial = self._partial(upload)
        check_follows(upload.bytes if upload.ended else partial.size, at)
        check_fits(at + announced, upload.bytes)
        if upload.ended:
            for chunk in chunks:
                check_fits(at + len(chunk), upload.bytes)
            return at
        if checksum is None:
            return partial.append(chunks, at, upload.bytes)
        with aside(spool_folder(self.settings), chunks, upload.bytes - at, checksum) as right:
            return partial.append(right, at, upload.bytes)

    def finish(
        self, user_id: int, upload_id: str, patience: float = PATIENCE_SECONDS
    ) -> tuple[Upload, int]:
        """The upload as it stands, made a call if it is whole, and how many bytes are here.

        Raises NotFound, Busy, AsBefore where the recording was refused, and what `accept` raises
        that may pass.
        """
        partial = Partial(self.folder, upload_id)
        size = partial.size  # before the row: the file goes when the row tells what came of it
        upload = self.find(user_id, upload_id)
        if not upload.ended and size == upload.bytes:
            with partial.alone(patience):
                upload = self.find(user_id, upload_id)
                upload = upload if upload.ended else self._take(upload, partial)
                partial.remove()
        if upload.refusal is not None:
            raise AsBefore(upload.refusal)
        return upload, upload.bytes if upload.ended else size

    def remove(self, upload: Upload) -> None:
        """Forget an upload and what came of it; a call that it became stays. Raises Busy."""
        partial = self._partial(upload)
        with partial.alone(PATIENCE_SECONDS):
            with self.pool.connection() as conn:
                queries.remove(conn, upload.id)
            partial.remove()

    def sweep(self) -> None:
        """Finish what is whole, forget what has expired, free the place of what has ended."""
        here = ids_in(self.folder)  # first: a file that comes now has its row already
        with self.pool.connection() as conn:
            queries.forget_expired(conn)
            open_ones = queries.among(conn, here)
        for upload_id in here - open_ones.keys():
            Partial(self.folder, upload_id).remove()
        for upload in open_ones.values():
            try:
                self._finish_forgotten(upload)
            except (EarshotError, Outage) as error:
                log.warning("an upload waits to be finished", upload=upload.id, error=str(error))

    def _finish_forgotten(self, upload: Upload) -> None:
        partial = self._partial(upload)
        if partial.size < upload.bytes:
            return
        with partial.alone(patience=0):
            with self.pool.connection() as conn:
                still = queries.among(conn, [upload.id]).get(upload.id)
            if still is not None:
                taken = self._take(still, partial)
                log.info("finished an upload", upload=taken.id, call=taken.call_id)
            partial.remove()

    def _partial(self, upload: Upload) -> Partial:
        return Partial(self.folder, upload.id)

    def _take(self, upload: Upload, partial: Partial) -> Upload:
        """Have the whole file taken as any recording, and note what came of it."""
        filename, details = described(upload.metadata)
        with partial.path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        now = datetime.now(UTC)
        with self.pool.connection() as conn:
            rep = queries.rep_of_user(conn, upload.id)  # as it is now, whoever finishes it
        try:
            taken = accept(
                *(self.pool, self.store, partial.path, sha256, filename, details),
                *(self.settings, now),
                rep=rep,
            )
        except FINAL as error:
            refusal = refusal_of(error)
            with self.pool.connection() as conn:
                queries.refuse(conn, upload.id, refusal)
            return replace(upload, refusal=refusal)
        except DiskFull as error:
            raise NoRoom(str(error)) from error
        with self.pool.connection() as conn:
            queries.became(conn, upload.id, taken.call.id)
        return replace(upload, call_id=taken.call.id, duplicate=taken.duplicate)
