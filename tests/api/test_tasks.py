"""The API room's task, as a worker meets it."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from api import tasks
from api.commands.processes import QUEUES
from ingest.base import db
from ingest.base.queue import DIGESTS, QUEUE_OF, configuration
from ingest.base.settings import Settings
from tests.api.subscriptions.test_deliver import last, subscribe

ROOT = Path(__file__).parents[2]


def test_a_worker_can_load_it_alone() -> None:
    """Before anything else of the API, so that no import goes in a circle."""
    command = [sys.executable, "-c", "import api.tasks"]
    subprocess.run(command, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, check=True, timeout=120)


def test_the_clock_rings_it_and_a_worker_serves_it(settings: Settings) -> None:
    assert DIGESTS in configuration(settings)["beat_schedule"]
    assert QUEUES["mining"]["api.tasks"] == QUEUE_OF[DIGESTS]


def test_it_sends_what_is_due(conn: db.Connection, settings: Settings) -> None:
    number = subscribe(conn)  # in April 2026: long due, and without a mail server
    tasks.digests()
    found = last(conn, number)
    assert "an admin sets EARSHOT_SMTP_URL" in (found.note or "")
    assert found.until is not None
    assert found.until > datetime.now(UTC)
