"""SQL for retention: the rule, its history, what is past it, and the runs. Nothing here commits.

What is past is told by the database's clock, the only one that all processes share.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from psycopg.rows import class_row, dict_row, kwargs_row
from psycopg.types.json import Jsonb

from ingest.base.db import Connection
from ingest.base.errors import NotFound
from ingest.calls import Call
from ingest.leftovers.queries import leave
from ingest.retention.rule import (
    NOTHING,
    SOON,
    Bounds,
    Change,
    Counts,
    Hold,
    Kept,
    Past,
    Preview,
    Rule,
    RuleChanged,
    Run,
    Trouble,
)

OLDEST = 5
"""Named one by one in a preview."""

# A bound that is null is never reached. Mining needs no sound; a call that waits to be heard does.
_CALL_PAST = "held_at <= %(calls)s::timestamptz"
_SOUND_PAST = f"""audio_sha256 is not null and held_at <= %(sound)s::timestamptz
    and coalesce(not {_CALL_PAST}, true)"""
_CALL_FREE = "hold_since is null and state not in ('hearing', 'mining')"
_SOUND_FREE = "hold_since is null and state in ('heard', 'done', 'failed')"
_CALL_GOES = f"{_CALL_PAST} and {_CALL_FREE}"
_SOUND_GOES = f"{_SOUND_PAST} and {_SOUND_FREE}"


# -- the rule -------------------------------------------------------------------------------


def clock(conn: Connection) -> datetime:
    """The time by which all is told."""
    row = conn.execute("select clock_timestamp()").fetchone()
    assert row is not None, "a clock has a time"
    now: datetime = row[0]
    return now


def kept(conn: Connection, *, hold: bool = False) -> Kept:
    """The rule as it stands; held until the transaction ends where it is to be changed or begun."""
    with conn.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            "select * from retention for update" if hold else "select * from retention"
        ).fetchone()
    assert row is not None, "the migration has written it"
    return Kept(
        Rule(row["recording_days"], row["call_days"]),
        row["version"],
        row["changed_at"],
        row["changed_by"],
        Bounds(row["sound_agreed"], row["calls_agreed"]),
        row["asked_by"],
    )


def set_rule(conn: Connection, rule: Rule, by: str, version: int | None = None) -> Kept:
    """Keep to this rule from now on; what is past it now may go, and a run under the old one ends.
    Raises RuleChanged where the rule is not that `version` any more."""
    before = kept(conn, hold=True)
    if version not in (None, before.version):
        raise RuleChanged(
            f"{before.changed_by or 'Somebody'} has changed the rule meanwhile: look at it again."
        )
    now = clock(conn)
    conn.execute(
        """with changed as (
               update retention set version = version + 1, recording_days = %(recordings)s,
                      call_days = %(calls)s, changed_at = %(now)s, changed_by = %(by)s,
                      asked_by = null
               returning version, recording_days, call_days, changed_at, changed_by)
           insert into retention_change select * from changed""",
        {"recordings": rule.recording_days, "calls": rule.call_days, "now": now, "by": by},
    )
    agree(conn, rule.bounds(now))
    conn.execute("update retention_run set ended_at = %s where ended_at is null", [now])
    return kept(conn)


def agree(conn: Connection, bounds: Bounds) -> None:
    """Note that an admin lets go what is past these bounds, however many these are."""
    conn.execute(
        "update retention set sound_agreed = %s, calls_agreed = %s", [bounds.sound, bounds.calls]
    )


def ask(conn: Connection, by: str) -> None:
    """Have a run begin as soon as may be."""
    conn.execute("update retention set asked_by = %s", [by])


def ends_of(conn: Connection, call: Call) -> Bounds:
    """When a call's recording goes and all of it; None where it stays, or there is none."""
    if call.hold_since:
        return NOTHING
    ends = kept(conn).rule.ends(call.held_at)
    return ends if call.audio_sha256 else Bounds(None, ends.calls)


def changes(conn: Connection, limit: int = 50) -> list[Change]:
    """Every rule there was, the latest first."""
    with conn.cursor(row_factory=class_row(Change)) as cursor:
        query = "select * from retention_change order by version desc limit %s"
        return cursor.execute(query, [limit]).fetchall()


# -- what is past ---------------------------------------------------------------------------


def past(conn: Connection, bounds: Bounds, agreed: Bounds = NOTHING) -> Counts:
    """How many recordings and calls would go, without those that somebody has agreed to."""
    row = conn.execute(
        f"""select count(*) filter (where {_SOUND_GOES}
                       and coalesce(held_at > %(sound_agreed)s::timestamptz, true)),
                   count(*) filter (where {_CALL_GOES}
                       and coalesce(held_at > %(calls_agreed)s::timestamptz, true))
              from call where held_at <= {_LATEST}""",  # noqa: S608 - constants
        _values(bounds) | {"sound_agreed": agreed.sound, "calls_agreed": agreed.calls},
    ).fetchone()
    return Counts(*row) if row else Counts(0, 0)


def left(conn: Connection, bounds: Bounds) -> tuple[int, int]:
    """How many calls are past and stay, on hold or on their way."""
    row = conn.execute(
        f"""select count(*) filter (where hold_since is not null),
                   count(*) filter (where hold_since is null
                       and not coalesce({_CALL_GOES}, false) and not coalesce({_SOUND_GOES}, false))
              from call
             where held_at <= {_LATEST} and ({_CALL_PAST} or {_SOUND_PAST})""",  # noqa: S608
        _values(bounds),
    ).fetchone()
    return row or (0, 0)


def totals(conn: Connection) -> Counts:
    """All recordings and all calls there are."""
    row = conn.execute("select count(audio_sha256), count(*) from call").fetchone()
    return Counts(*row) if row else Counts(0, 0)


def preview(conn: Connection, rule: Rule) -> Preview:
    """What this rule would do now and soon."""
    now = clock(conn)
    bounds = rule.bounds(now)
    held, busy = left(conn, bounds)
    return Preview(
        now=past(conn, bounds),
        soon=past(conn, rule.bounds(now + SOON)),
        of=totals(conn),
        held=held,
        busy=busy,
        oldest=tuple(due(conn, bounds, (), OLDEST)),
    )


def due(conn: Connection, bounds: Bounds, but: Collection[int], limit: int) -> list[Past]:
    """What is to go, the oldest first, without some calls."""
    with conn.cursor(row_factory=class_row(Past)) as cursor:
        return cursor.execute(
            f"""(select id, title, held_at, true as whole from call
                  where {_CALL_GOES} and id <> all(%(but)s)
                  order by held_at, id limit %(limit)s)
                union all
                (select id, title, held_at, false from call
                  where {_SOUND_GOES} and id <> all(%(but)s)
                  order by held_at, id limit %(limit)s)
                order by held_at, id limit %(limit)s""",  # noqa: S608 - constants
            _values(bounds) | {"but": list(but), "limit": limit},
        ).fetchall()


def take(conn: Connection, found: Past, bounds: Bounds) -> bool:
    """Hold a call that is to go until the transaction ends; False where it is not to any more, or
    somebody else has it just now."""
    goes = _CALL_GOES if found.whole else _SOUND_GOES
    row = conn.execute(
        f"select from call where id = %(id)s and {goes} for update skip locked",
        _values(bounds) | {"id": found.id},
    ).fetchone()
    return row is not None


def let_sound_go(conn: Connection, call_id: int) -> None:
    """Let go of a call's recording, which is then taken out of the store; the call stays, and knows
    its recording again."""
    row = conn.execute(
        """update call set recording_gone_at = now(), gone_sha256 = audio_sha256,
                           audio_sha256 = null
            where id = %s returning encode(gone_sha256, 'hex')""",
        [call_id],
    ).fetchone()
    assert row is not None, "the caller holds it"
    conn.execute("delete from audio where sha256 = decode(%s, 'hex')", [row[0]])
    leave(conn, row[0])


_LATEST = "greatest(%(sound)s::timestamptz, %(calls)s::timestamptz)"


def _values(bounds: Bounds) -> dict[str, Any]:
    return {"sound": bounds.sound, "calls": bounds.calls}


# -- runs -----------------------------------------------------------------------------------


def begin(conn: Connection, started_at: datetime, by: str | None, bounds: Bounds) -> Run:
    """Note that a run begins; who asked for it has it."""
    conn.execute("update retention set asked_by = null")
    row = conn.execute(
        """insert into retention_run (started_at, asked_by, sound_until, calls_until)
           values (%s, %s, %s, %s) returning id""",
        [started_at, by, bounds.sound, bounds.calls],
    ).fetchone()
    assert row is not None, "an insert returns its row"
    return run(conn, row[0])


def count(conn: Connection, run_id: int, *, whole: bool) -> bool:
    """Count what is let go in this transaction; False where the run was ended: then nothing may
    go."""
    return bool(
        conn.execute(
            """update retention_run set calls = calls + %s, recordings = recordings + %s
                where id = %s and ended_at is null""",
            [int(whole), int(not whole), run_id],
        ).rowcount
    )


def note_trouble(conn: Connection, run_id: int, trouble: Trouble) -> None:
    """Note what could not be let go."""
    said = Jsonb([{"call_id": trouble.call_id, "why": trouble.why}])
    conn.execute("update retention_run set troubles = troubles || %s where id = %s", [said, run_id])


def end(conn: Connection, run_id: int, held: int, busy: int, stopped: str | None = None) -> None:
    """End a run, unless somebody has."""
    conn.execute(
        """update retention_run set ended_at = clock_timestamp(), held = %s, busy = %s, stopped = %s
            where id = %s and ended_at is null""",
        [held, busy, stopped, run_id],
    )


def open_run(conn: Connection) -> Run | None:
    """The run that has not ended."""
    return next(iter(_runs(conn, "where ended_at is null limit %(limit)s", {"limit": 1})), None)


def run(conn: Connection, run_id: int) -> Run:
    """The run of that id. Raises NotFound."""
    found = _runs(conn, "where id = %(id)s", {"id": run_id})
    if not found:
        raise NotFound(f"There is no run {run_id}.")
    return found[0]


def runs(conn: Connection, limit: int = 30) -> list[Run]:
    """The latest runs, the latest first."""
    return _runs(conn, "order by id desc limit %(limit)s", {"limit": limit})


def _runs(conn: Connection, which: str, values: dict[str, Any]) -> list[Run]:
    with conn.cursor(row_factory=kwargs_row(_run)) as cursor:
        query = f"select * from retention_run {which}"  # noqa: S608 - constants
        return cursor.execute(query, values).fetchall()


def _run(
    *, sound_until: datetime, calls_until: datetime, troubles: Sequence[Any], **row: Any
) -> Run:
    return Run(
        bounds=Bounds(sound_until, calls_until),
        troubles=tuple(Trouble(**trouble) for trouble in troubles),
        **row,
    )


# -- holds ----------------------------------------------------------------------------------


def hold(conn: Connection, call_id: int, by: str) -> None:
    """Have a call kept, whatever the rule; who held it first stays named. Raises NotFound."""
    _on_call(
        conn,
        """update call set hold_since = coalesce(hold_since, now()),
                           hold_by = coalesce(hold_by, %(by)s) where id = %(id)s""",
        {"id": call_id, "by": by},
    )


def lift(conn: Connection, call_id: int) -> None:
    """Have the rule count for a call again. Raises NotFound."""
    query = "update call set hold_since = null, hold_by = null where id = %(id)s"
    _on_call(conn, query, {"id": call_id})


def holds(conn: Connection, limit: int = 200) -> list[Hold]:
    """The calls on hold, the latest first."""
    with conn.cursor(row_factory=class_row(Hold)) as cursor:
        return cursor.execute(
            """select id, title, held_at, hold_since, hold_by from call
                where hold_since is not null order by hold_since desc, id desc limit %s""",
            [limit],
        ).fetchall()


def _on_call(conn: Connection, query: str, values: dict[str, Any]) -> None:
    if not conn.execute(query, values).rowcount:
        raise NotFound(f"There is no call {values['id']}.")
