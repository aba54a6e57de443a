"""Short ways to mine old calls again."""

from collections.abc import Callable
from typing import Any

from ingest.base import db
from ingest.base.settings import Settings
from ingest.calls import Call
from insights import queries as kept
from insights.mining import Mining
from insights.remines import queries, work
from insights.remines.remine import Remine, Scope
from insights.rollups.queries import rollup_differences
from tests.insights.keywords import objections

SAID = "the price is high and the timing is bad and Attrivo is cheaper"
OLD = objections("price", version="1")
NEW = objections("price", "timing", version="2")

AddMined = Callable[..., Call]
"""Adds a call with these words, mined by this miner."""


def ask(conn: db.Connection, dry_run: bool = False, **scope: Any) -> Remine:
    asked = queries.ask(conn, Scope(**scope), "an admin", dry_run=dry_run)
    conn.commit()
    return asked


def looked(conn: db.Connection, settings: Settings, miner: Mining = NEW, **scope: Any) -> Remine:
    asked = ask(conn, **scope)
    work.go_on(settings, lambda: miner)
    return now(conn, asked)


def apply(conn: db.Connection, settings: Settings, remine: Remine, miner: Mining = NEW) -> Remine:
    queries.ask_to_apply(conn, remine.id)
    conn.commit()
    work.go_on(settings, lambda: miner)
    return now(conn, remine)


def now(conn: db.Connection, remine: Remine) -> Remine:
    conn.rollback()
    assert rollup_differences(conn) == []
    return queries.remine(conn, remine.id)


def labels(conn: db.Connection, call: Call) -> list[tuple[str, str]]:
    """What is kept of a call: labels and versions."""
    conn.rollback()
    return [(found.label, found.version) for found in kept.insights_of(conn, call.id)]
