"""Whether Earshot can work; for supervisors and load balancers, so it asks for no log-in."""

from collections.abc import Callable

from fastapi import APIRouter, Response

from api.context import Context, Here
from api.queries import DATABASE_AWAY
from api.schemas import Health
from ingest.base import db, queue
from ingest.base.errors import BadSetup, Unavailable

router = APIRouter(tags=["Access"])

NO_BLOB = "0" * 64  # asking for it shows that the store answers


@router.get("/health", responses={503: {"model": Health, "description": "Not ready"}})
def health(response: Response, here: Here) -> Health:
    """What answers; 503 unless everything does."""
    database = _answers(lambda: _ask_database(here))
    parts = {
        "database": database,
        "schema": database and _answers(lambda: _check_schema(here)),
        "broker": _answers(_ask_broker),
        "store": _answers(lambda: here.store.has(NO_BLOB)),
    }
    response.status_code = 200 if all(parts.values()) else 503
    return Health(live=True, ready=all(parts.values()), **parts)


def _answers(ask: Callable[[], object]) -> bool:
    try:
        ask()
    except (Unavailable, BadSetup, DATABASE_AWAY):
        return False
    return True


def _ask_database(here: Context) -> None:
    with here.pool.connection() as conn:
        conn.execute("select 1")


def _check_schema(here: Context) -> None:
    with here.pool.connection() as conn:
        db.check_schema(conn)


def _ask_broker() -> None:
    with queue.bell():
        pass
