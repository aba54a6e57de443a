"""What the API looks after by itself, beside its requests: uploads in pieces, whose files lie in
its own home, where no worker may see them."""

from anyio import sleep
from anyio.to_thread import run_sync

from api.context import Context
from ingest.base.db import Outage
from ingest.base.log import get_logger
from ingest.uploads.work import Uploads

log = get_logger(__name__)


async def sweep_uploads(here: Context) -> None:
    """Finish what is whole and forget what has expired, now and then, until cancelled. Whatever
    goes wrong, the next round looks again."""
    uploads = Uploads(here.pool, here.store, here.settings)
    while True:
        try:
            # Abandoned at the end: what it has not finished, the next start will.
            await run_sync(uploads.sweep, abandon_on_cancel=True)
        except Outage as error:
            log.warning("uploads are not swept: the database is away", error=str(error))
        except Exception:
            log.exception("uploads are not swept")
        await sleep(here.settings.sweep_seconds)
