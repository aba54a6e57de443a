"""The webhooks' task: send what is due. The clock rings it, so that no message matters."""

from ingest.base.queue import SEND, app
from ingest.base.settings import settings
from ingest.webhooks.work import send_due


@app.task(name=SEND)  # type: ignore[untyped-decorator]  # celery has no types
def send(*_call_ids: int) -> None:
    """Send what is due, of whichever call: a call's id only says that something happened now."""
    send_due(settings())
