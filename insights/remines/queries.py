"""SQL for remines: asked for, claimed call by call, noted, shown.

A remine's state is not kept: it follows from its calls' states, and so is right after any kill.
"""

from typing import Any

from psycopg.rows import class_row, dict_row, kwargs_row
from psycopg.types.json import Jsonb

from ingest.base.db import Connection
from ingest.base.errors import LeaseLost, NotFound, Refused
from ingest.calls import MAX_ATTEMPTS, CallState
from insights.insight import Kind, Mined
from insights.merge import Renewal
from insights.minable import MINABLE
from insights.remines.remine import (
    Change,
    ChangedCall,
    Example,
    Piece,
    PieceState,
    Remine,
    RemineState,
    Scope,
    from_json,
    to_json,
)

FORGET_DAYS = 7
"""How long a remine that nobody applied is kept: later its differences are no longer true."""


class NotToApply(Refused):
    """A remine that is not ready to be applied, or never will be."""

    code = "not-to-apply"
    status = 409


# Asking -----------------------------------------------------------------------------------


def ask(conn: Connection, scope: Scope, asked_by: str, *, dry_run: bool) -> Remine:
    """A new remine of all calls in the scope that are mined: one in another language than the
    detectors' is not. Raises NotFound for an unknown company."""
    conn.execute(
        """delete from remine where apply_asked_at is null
           and created_at < now() - make_interval(days => %s)""",
        (FORGET_DAYS,),
    )
    values = {"since": scope.since, "company": _company_id(conn, scope.company)}
    row = conn.execute(
        """insert into remine (asked_by, company_id, since, kind, dry_run)
           values (%(asked_by)s, %(company)s, %(since)s, %(kind)s, %(dry_run)s) returning id""",
        values | {"asked_by": asked_by, "kind": scope.kind, "dry_run": dry_run},
    ).fetchone()
    assert row is not None, "an insert returns its row"
    conn.execute(
        f"""insert into remine_call (remine_id, call_id)
           select %(id)s, call.id from call join transcript on transcript.call_id = call.id
           where call.state = 'done' and {MINABLE}
             and (%(since)s::timestamptz is null or call.held_at >= %(since)s)
             and (%(company)s::bigint is null or call.company_id = %(company)s)""",  # noqa: S608 - a constant
        values | {"id": row[0]},
    )
    return remine(conn, row[0])


def ask_to_apply(conn: Connection, remine_id: int) -> Remine:
    """Have a remine applied; once asked, asking again changes nothing. Raises NotFound, and
    NotToApply while it is being looked at and for a dry run."""
    conn.execute("select 1 from remine where id = %s for update", (remine_id,))
    found = remine(conn, remine_id)
    if found.dry_run:
        raise NotToApply(f"Remine {remine_id} was a dry run: ask for one that is not.")
    if found.state is RemineState.LOOKING:
        raise NotToApply(f"Remine {remine_id} is still looking: wait until it has looked.")
    conn.execute(
        "update remine set apply_asked_at = now() where id = %s and apply_asked_at is null",
        (remine_id,),
    )
    return remine(conn, remine_id)


def _company_id(conn: Connection, name: str | None) -> int | None:
    if name is None:
        return None
    row = conn.execute("select id from company where lower(name) = lower(%s)", (name,)).fetchone()
    if row is None:
        raise NotFound(f"There is no company {name}.")
    company_id: int = row[0]
    return company_id


# Working ----------------------------------------------------------------------------------

_DUE = "(p.state = 'waiting' or p.state = 'looked' and r.apply_asked_at is not null)"


def new_calls_wait(conn: Connection) -> bool:
    """Whether calls that were never mined are waiting: they come first."""
    return conn.execute("select from call where state = 'heard' limit 1").fetchone() is not None


def claim(conn: Connection, owner: str, lease_seconds: float) -> Piece | None:
    """Take the next call of the oldest remine; None where nothing is left to do.

    A call whose lease ran out is taken over; one that was taken MAX_ATTEMPTS times has failed.
    """
    conn.execute(
        """update remine_call set state = 'failed', failure = %s, found = null,
                  lease_owner = null, lease_until = null
           where state in ('waiting', 'looked') and attempts >= %s
             and lease_until < clock_timestamp()""",
        (f"Its worker ended {MAX_ATTEMPTS} times while mining it again.", MAX_ATTEMPTS),
    )
    with conn.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            f"""update remine_call p set attempts = p.attempts + 1, lease_owner = %s,
                       lease_until = clock_timestamp() + make_interval(secs => %s)
                from remine r
                where r.id = p.remine_id and (p.remine_id, p.call_id) = (
                    select p.remine_id, p.call_id
                    from remine_call p join remine r on r.id = p.remine_id
                    where {_DUE} and p.state in ('waiting', 'looked')
                      and (p.lease_until is null or p.lease_until < clock_timestamp())
                    order by p.remine_id, p.call_id limit 1 for update of p skip locked)
                returning p.remine_id, p.call_id, p.state = 'looked' as apply, p.basis, p.found,
                          r.kind""",  # noqa: S608 - made of the constant above
            (owner, lease_seconds),
        ).fetchone()
    return _piece(**row) if row else None


def _piece(*, kind: str | None, found: dict[str, Any] | None, **row: Any) -> Piece:
    return Piece(
        kind=Kind(kind) if kind else None,
        found=None if found is None else from_json(found),
        **row,
    )


_HELD = """where remine_id = %(remine_id)s and call_id = %(call_id)s
           and lease_owner = %(owner)s"""


def heartbeat(conn: Connection, piece: Piece, owner: str, lease_seconds: float) -> bool:
    """Hold the call for longer; False where it was taken over."""
    held = conn.execute(
        f"""update remine_call
            set lease_until = clock_timestamp() + make_interval(secs => %(seconds)s) {_HELD}""",  # noqa: S608
        _key(piece, owner) | {"seconds": lease_seconds},
    )
    return bool(held.rowcount)


def hand_back(conn: Connection, piece: Piece, owner: str) -> None:
    """Put a call down because its worker is told to end: no attempt is counted."""
    conn.execute(
        f"""update remine_call set lease_owner = null, lease_until = null,
                   attempts = attempts - 1 {_HELD}""",  # noqa: S608
        _key(piece, owner),
    )


def give_up(conn: Connection, piece: Piece, owner: str, reason: str, permanent: bool) -> None:
    """Put a call down because of an error: it is tried again, or it has failed for `reason`."""
    failed = "(%(permanent)s or attempts >= %(max)s)"
    conn.execute(
        f"""update remine_call set lease_owner = null, lease_until = null,
                   state = case when {failed} then 'failed' else state end,
                   found = case when {failed} then null else found end,
                   failure = case when {failed} then %(reason)s end {_HELD}""",  # noqa: S608
        _key(piece, owner) | {"reason": reason, "permanent": permanent, "max": MAX_ATTEMPTS},
    )


def hold_done_call(conn: Connection, call_id: int) -> bool:
    """Hold a call until the transaction ends; False where it is not done, or gone."""
    row = conn.execute("select state from call where id = %s for update", (call_id,)).fetchone()
    return row is not None and row[0] == CallState.DONE


def note_looked(
    conn: Connection,
    piece: Piece,
    owner: str,
    renewal: Renewal,
    basis: str,
    found: Mined,
) -> None:
    """Keep what a call's looking found, for applying. Raises LeaseLost."""
    _finish(conn, piece, owner, PieceState.LOOKED, renewal, basis, Jsonb(to_json(found)))


def note_applied(conn: Connection, piece: Piece, owner: str, renewal: Renewal) -> None:
    """Note what was really done to a call; it may differ from what was looked at, where people
    have reviewed or the catalogue was edited since. Raises LeaseLost."""
    _finish(conn, piece, owner, PieceState.APPLIED, renewal)


def note_skipped(conn: Connection, piece: Piece, owner: str) -> None:
    """Note that a call is left to be mined as it is. Raises LeaseLost."""
    _finish(conn, piece, owner, PieceState.SKIPPED, Renewal((), (), ()))


def _finish(
    conn: Connection,
    piece: Piece,
    owner: str,
    state: PieceState,
    renewal: Renewal,
    basis: str | None = None,
    found: Jsonb | None = None,
) -> None:
    key = _key(piece, owner)
    done = conn.execute(
        f"""update remine_call set state = %(state)s, attempts = 0, basis = %(basis)s,
                   found = %(found)s, stays = %(stays)s, lease_owner = null, lease_until = null
            {_HELD}""",  # noqa: S608
        key
        | {"state": state, "basis": basis, "found": found}
        | {"stays": len(renewal.stays) + renewal.reviewed},
    )
    if not done.rowcount:
        raise LeaseLost(f"Call {piece.call_id} was given to another worker, or deleted.")
    conn.execute(
        "delete from remine_change where remine_id = %(remine_id)s and call_id = %(call_id)s", key
    )
    changes = [
        *(("appears", i.turn, i.kind, i.label, i.quote.text) for i in renewal.appears),
        *(("disappears", i.turn, i.kind, i.label, i.quote) for i in renewal.disappears),
    ]
    with conn.cursor() as cursor:
        cursor.executemany(
            """insert into remine_change (remine_id, call_id, way, turn, kind, label, quote)
               values (%s, %s, %s, %s, %s, %s, %s)""",
            [(piece.remine_id, piece.call_id, *change) for change in changes],
        )


def _key(piece: Piece, owner: str) -> dict[str, Any]:
    return {"remine_id": piece.remine_id, "call_id": piece.call_id, "owner": owner}


# Showing ----------------------------------------------------------------------------------

_REMINE = """
select r.id, r.asked_by, r.created_at, r.since, company.name as company, r.kind, r.dry_run,
       case when r.apply_asked_at is null
            then case when p.waiting > 0 then 'looking' else 'looked' end
            else case when p.waiting + p.looked > 0 then 'applying' else 'applied' end
       end as state, p.*, c.*
from remine r left join company on company.id = r.company_id,
lateral (select count(*)::int as calls,
                count(*) filter (where state = 'waiting')::int as waiting,
                count(*) filter (where state = 'looked')::int as looked,
                count(*) filter (where state = 'applied')::int as applied,
                count(*) filter (where state = 'skipped')::int as skipped,
                count(*) filter (where state = 'failed')::int as failed,
                coalesce(sum(stays), 0)::int as stays
         from remine_call where remine_id = r.id) p,
lateral (select count(*) filter (where way = 'appears')::int as appears,
                count(*) filter (where way = 'disappears')::int as disappears
         from remine_change where remine_id = r.id) c
where r.id = %s
"""


def remine(conn: Connection, remine_id: int) -> Remine:
    """One remine and how far it is; NotFound where there is none."""
    with conn.cursor(row_factory=kwargs_row(_remine)) as cursor:
        found = cursor.execute(_REMINE, (remine_id,)).fetchone()
    if found is None:
        raise NotFound(f"There is no remine {remine_id}.")
    return found


def _remine(*, state: str, kind: str | None, **row: Any) -> Remine:
    return Remine(state=RemineState(state), kind=Kind(kind) if kind else None, **row)


_CHANGES = """
select kind, label, count(*) filter (where way = 'appears')::int as appears,
       count(*) filter (where way = 'disappears')::int as disappears,
       count(distinct call_id)::int as calls
from remine_change where remine_id = %s group by kind, label
order by kind, count(*) desc, label
"""

_EXAMPLES = """
select kind, label, way = 'appears' as appears, quote, turn, call_id, title as call_title
from (select c.*, call.title, row_number() over (
                 partition by c.kind, c.label, c.way
                 order by call.held_at desc, c.call_id, c.turn, c.quote) as nth
      from remine_change c join call on call.id = c.call_id where c.remine_id = %s) numbered
where nth <= %s order by kind, label, way, nth
"""


def changes(conn: Connection, remine_id: int, examples: int) -> list[Change]:
    """What appears and disappears by kind and label, with so many examples of each, the latest
    calls' first."""
    shown: dict[tuple[str, str], list[Example]] = {}
    for kind, label, *rest in conn.execute(_EXAMPLES, (remine_id, examples)).fetchall():
        shown.setdefault((kind, label), []).append(Example(*rest))
    rows = conn.execute(_CHANGES, (remine_id,)).fetchall()
    return [
        Change(Kind(kind), label, appears, disappears, calls, tuple(shown[kind, label]))
        for kind, label, appears, disappears, calls in rows
    ]


def changed_calls(conn: Connection, remine_id: int, limit: int) -> list[ChangedCall]:
    """The calls in which something appears or disappears, the latest first, at most `limit`."""
    with conn.cursor(row_factory=class_row(ChangedCall)) as cursor:
        return cursor.execute(
            """select call.id, call.title, call.held_at,
                      count(*) filter (where way = 'appears')::int as appears,
                      count(*) filter (where way = 'disappears')::int as disappears
               from remine_change c join call on call.id = c.call_id where c.remine_id = %s
               group by call.id order by call.held_at desc, call.id desc limit %s""",
            (remine_id, limit),
        ).fetchall()


def count_changed_calls(conn: Connection, remine_id: int) -> int:
    """In how many calls something appears or disappears."""
    row = conn.execute(
        "select count(distinct call_id)::int from remine_change where remine_id = %s", (remine_id,)
    ).fetchone()
    return row[0] if row else 0


def failures(conn: Connection, remine_id: int, limit: int) -> list[tuple[int, str]]:
    """Calls that could not be mined again, and why."""
    return conn.execute(
        """select call_id, failure from remine_call
           where remine_id = %s and state = 'failed' order by call_id limit %s""",
        (remine_id, limit),
    ).fetchall()
