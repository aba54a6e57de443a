"""Rules set, runs gone through, and what is there afterwards."""

from collections.abc import Callable

from ingest import queries as calls
from ingest.base import db
from ingest.base.errors import NotFound
from ingest.base.settings import Settings
from ingest.calls import Call
from ingest.leftovers.removing import remove_due
from ingest.retention import queries
from ingest.retention.rule import Rule, Run
from ingest.store import open_store
from insights import retention

Bring = Callable[..., Call]


def keep_to(conn: db.Connection, recordings: int | None, whole: int | None = None) -> None:
    """Have this rule since yesterday."""
    queries.set_rule(conn, Rule(recordings, whole), "Ana")
    since_yesterday(conn)


def go_on(settings: Settings) -> None:
    """What a worker does, and the API after it."""
    retention.go_on(settings)
    with db.connect(settings.database_url) as conn:
        remove_due(conn, open_store(settings))


def since_yesterday(conn: db.Connection) -> None:
    conn.execute("update retention set changed_at = now() - interval '1 day'")
    conn.execute("update retention_run set started_at = started_at - interval '1 day'")
    conn.commit()


def latest(conn: db.Connection) -> Run:
    conn.rollback()
    return queries.runs(conn)[0]


def there(conn: db.Connection, call: Call) -> Call | None:
    conn.rollback()
    try:
        return calls.get_call(conn, call.id)
    except NotFound:
        return None
