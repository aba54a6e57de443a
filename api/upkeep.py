"""What the API looks after by itself, beside its requests: uploads in pieces and silenced copies,
whose files lie in its own home, where no worker may see them, and sound that no call needs."""

from anyio import sleep
from anyio.to_thread import run_sync

from api.context import Context
from ingest.base.db import Outage
from ingest.base.log import get_logger
from ingest.leftovers.removing import remove_due
from ingest.queries import gone_of
from ingest.silence import copied, forget_copies
from ingest.store import spool_folder
from ingest.uploads.work import Uploads

log = get_logger(__name__)


async def sweep_home(here: Context) -> None:
    """Finish uploads that are whole, forget what has expired, and remove the sound of recordings
    that are gone, now and then, until cancelled. Whatever goes wrong, the next round looks
    again."""
    while True:
        try:
            # Abandoned at the end: what it has not finished, the next start will.
            await run_sync(_sweep, here, abandon_on_cancel=True)
        except Outage as error:
            log.warning("the home is not swept: the database is away", error=str(error))
        except Exception:
            log.exception("the home is not swept")
        await sleep(here.settings.sweep_seconds)


def _sweep(here: Context) -> None:
    with here.whole.connection() as conn:
        remove_due(conn, here.store)
    forget_gone_copies(here)
    Uploads(here.pool, here.store, here.settings).sweep()


def forget_gone_copies(here: Context) -> None:
    """Remove silenced copies of recordings that a worker, or another API, has let go."""
    spool = spool_folder(here.settings)
    if kept := copied(spool):
        with here.pool.connection() as conn:
            gone = gone_of(conn, kept)
        for recording in gone:
            forget_copies(recording, spool)
