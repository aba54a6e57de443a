"""The API room's task: send the digests that are due."""

from datetime import UTC, datetime

from api.subscriptions.deliver import deliver_due
from ingest.base.log import get_logger
from ingest.base.queue import DIGESTS, app
from ingest.base.settings import settings

log = get_logger(__name__)


@app.task(name=DIGESTS)  # type: ignore[untyped-decorator]  # celery has no types
def digests() -> None:
    """Send what is due; the clock rings this, so that no message matters."""
    if sent := deliver_due(settings(), lambda: datetime.now(UTC)):
        log.info("digests sent", digests=sent)
