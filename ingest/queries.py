"""The ingest room's SQL: calls, their audio, who sells and buys, and leases.

Every function takes a connection and never commits. Leases run by the database's clock, the only
one that all workers share.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import class_row

from ingest.base.db import Connection
from ingest.base.errors import BadMetadata, LeaseLost, NotFound, Refused
from ingest.base.queue import HEAR, MINE
from ingest.calls import MAX_ATTEMPTS, MOVES, Audio, Call, CallDetails, CallState
from ingest.leftovers.queries import forget, leave
from ingest.library.queries import CALL, call_row
from ingest.library.queries import list_calls as list_calls
from ingest.outbox import enqueue as enqueue
from ingest.parties import account_of, rep_named
from ingest.parties import company_named as company_named
from ingest.retention.rule import OnHold, gone
from ingest.webhooks.queries import emit_failed

_BEFORE = {CallState.HEARING: CallState.WAITING, CallState.MINING: CallState.HEARD}
"""Where a call waits for a step, and goes back to when the step is given up."""

_DETAILS = (
    *("title", "held_at", "deal_value_usd", "stage", "outcome", "lead_source", "campaign"),
    *("lead_created_at", "consent", "language"),
)
"""Details that are columns of `call` as they are."""

CLEARABLE = {"account": "account_id", "rep": "rep_id"} | {
    name: name for name in _DETAILS if name not in ("title", "held_at")
}
"""Details that a call can be without, and their columns."""


# -- audio ----------------------------------------------------------------------------------


def keep_audio(conn: Connection, audio: Audio) -> None:
    """Note a recording, unless it is there; hold its row until the transaction ends.

    So two uploads of one recording take turns: ask `call_by_audio` after this. Its sound is no
    leftover then.
    """
    conn.execute(
        """insert into audio (sha256, size_bytes, seconds, channels, sample_rate, container, codec)
           values (decode(%(sha256)s, 'hex'), %(size_bytes)s, %(seconds)s, %(channels)s,
                   %(sample_rate)s, %(container)s, %(codec)s)
           on conflict (sha256) do update set sha256 = excluded.sha256""",
        asdict(audio),
    )
    forget(conn, audio.sha256)


def get_audio(conn: Connection, sha256: str) -> Audio:
    """The recording of that SHA-256 (hex). Raises NotFound."""
    with conn.cursor(row_factory=class_row(Audio)) as cursor:
        found = cursor.execute(
            """select encode(sha256, 'hex') as sha256, size_bytes, seconds, channels, sample_rate,
                      container, codec
                 from audio where sha256 = decode(%s, 'hex')""",
            [sha256],
        ).fetchone()
    if found is None:
        raise NotFound(f"There is no recording {sha256[:12]}….")
    return found


def gone_of(conn: Connection, recordings: Collection[str]) -> set[str]:
    """Those of these recordings (SHA-256 in hex) that are not here any more."""
    rows = conn.execute(
        """select hex from unnest(%s::text[]) as asked(hex)
            where not exists (select from audio where sha256 = decode(hex, 'hex'))""",
        [list(recordings)],
    )
    return {sha256 for (sha256,) in rows}


# -- calls ----------------------------------------------------------------------------------


def add_call(
    conn: Connection,
    audio: Audio | None,
    filename: str,
    details: CallDetails,
    now: datetime,
    words_sha256: str | None = None,
) -> Call:
    """Add a call: to be heard, or, brought without sound, to be mined.

    Raises BadMetadata where the database cannot take a detail; nothing is written then.
    """
    with _details_taken(conn):
        if audio:
            keep_audio(conn, audio)
        values = _details_row(conn, details) | {
            "company_id": company_named(conn, details.company),
            "title": details.title or filename,
            "held_at": details.held_at or now,
            "uploaded_at": now,
            "filename": filename,
            "seller_channel": details.seller_channel,
            "audio_sha256": bytes.fromhex(audio.sha256) if audio else None,
            "words_sha256": bytes.fromhex(words_sha256) if words_sha256 else None,
            "seconds": audio.seconds if audio else 0.0,
            "channels": audio.channels if audio else 0,
            "state": CallState.WAITING if audio else CallState.HEARD,
        }
        call_id = _scalar(
            conn,
            sql.SQL("insert into call ({}) values ({}) returning id").format(
                sql.SQL(", ").join(map(sql.Identifier, values)),
                sql.SQL(", ").join(map(sql.Placeholder, values)),
            ),
            values,
        )
    return get_call(conn, call_id)


def update_details(
    conn: Connection, call_id: int, details: CallDetails, clear: Collection[str] = ()
) -> Call:
    """Change what is given, take away those of CLEARABLE that `clear` names, leave the rest;
    `seller_channel` is fixed at upload.

    Whoever moves a mined call to another day, account or company has insights count it afresh.
    Raises NotFound, or BadMetadata with nothing written.
    """
    with _details_taken(conn):
        values = _details_row(conn, details)
        if details.company:
            values["company_id"] = company_named(conn, details.company)
        given = {name: value for name, value in values.items() if value is not None}
        given |= dict.fromkeys(CLEARABLE[name] for name in clear)
        if given:
            changes = sql.SQL(", ").join(
                sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(name))
                for name in given
            )
            conn.execute(
                sql.SQL("update call set {} where id = %(id)s").format(changes),
                given | {"id": call_id},
            )
    return get_call(conn, call_id)


def get_call(conn: Connection, call_id: int) -> Call:
    """The call of that id. Raises NotFound."""
    if (call := _call(conn, sql.SQL("call.id = %s"), [call_id])) is None:
        raise NotFound(f"There is no call {call_id}.")
    return call


def call_by_audio(conn: Connection, sha256: str) -> Call | None:
    """The call whose recording has that SHA-256 (hex), or had it until it went."""
    which = sql.SQL("decode(%s, 'hex') in (call.audio_sha256, call.gone_sha256)")
    return _call(conn, which, [sha256])


def delete_call(conn: Connection, call_id: int) -> str | None:
    """Forget a call and all that was found in it; return the SHA-256 (hex) of its recording, which
    is a leftover from now on. Raises NotFound, OnHold.

    Whoever deletes a mined call has insights take it out of their counts.
    """
    call = get_call(conn, call_id)
    if call.hold_since:
        raise OnHold(
            f"Call {call_id} is on hold, which {call.hold_by} said: lift the hold before you "
            "delete it."
        )
    conn.execute("delete from call where id = %s", [call_id])
    if call.audio_sha256:
        conn.execute("delete from audio where sha256 = decode(%s, 'hex')", [call.audio_sha256])
        leave(conn, call.audio_sha256)
    return call.audio_sha256


# -- leases ---------------------------------------------------------------------------------


def claim(
    conn: Connection, call_id: int, step: CallState, owner: str, lease_seconds: float
) -> Call | None:
    """Take a call for hearing or mining; None where it is not there to be taken.

    A call whose lease ran out is taken over; one that was taken MAX_ATTEMPTS times is failed.
    """
    values = {"id": call_id, "step": step, "before": _BEFORE[step], "max": MAX_ATTEMPTS}
    taken = conn.execute(
        """update call set state = %(step)s, state_since = clock_timestamp(),
                  attempts = attempts + 1, waiting_reason = null, lease_owner = %(owner)s,
                  lease_until = clock_timestamp() + make_interval(secs => %(seconds)s),
                  heard_seconds = case %(step)s when 'hearing' then 0 else heard_seconds end
            where id = %(id)s and attempts < %(max)s
              and (state = %(before)s
                   or state = %(step)s and lease_until < clock_timestamp())""",
        values | {"owner": owner, "seconds": lease_seconds},
    )
    if taken.rowcount:
        return get_call(conn, call_id)
    failure = f"Its worker ended {MAX_ATTEMPTS} times while {step} this call."
    failed = conn.execute(
        """update call set state = 'failed', state_since = clock_timestamp(),
                  lease_owner = null, lease_until = null, failure = %(failure)s
            where id = %(id)s and state = %(step)s and lease_until < clock_timestamp()
              and attempts >= %(max)s""",
        values | {"failure": failure},
    )
    if failed.rowcount:
        emit_failed(conn, call_id, failure)
    return None


def heartbeat(
    conn: Connection,
    call_id: int,
    owner: str,
    lease_seconds: float,
    heard_seconds: float | None = None,
) -> bool:
    """Hold the call for longer and note how far hearing has come; False where it was taken over."""
    return bool(
        conn.execute(
            """update call set lease_until = clock_timestamp() + make_interval(secs => %s),
                      heard_seconds = coalesce(%s, heard_seconds)
                where id = %s and lease_owner = %s""",
            [lease_seconds, heard_seconds, call_id, owner],
        ).rowcount
    )


def came_further(conn: Connection, call_id: int, owner: str) -> None:
    """Note that a step got on, and hold the call's row until the transaction ends: attempts that
    end further on are not counted together. Raises LeaseLost."""
    held = conn.execute(
        "update call set attempts = 1 where id = %s and lease_owner = %s", [call_id, owner]
    )
    if not held.rowcount:
        raise LeaseLost(f"Call {call_id} was given to another worker.")


def finish(
    conn: Connection,
    call_id: int,
    owner: str,
    state: CallState,
    missing_seconds: float | None = None,
) -> None:
    """End a step well: hearing in HEARD, mining in DONE. Raises LeaseLost, with nothing written.

    `missing_seconds` is the sound that hearing could not decode.
    """
    steps = [step for step in _BEFORE if state in MOVES[step] and state is not _BEFORE[step]]
    done = conn.execute(
        """update call set state = %(state)s, state_since = clock_timestamp(), attempts = 0,
                  lease_owner = null, lease_until = null,
                  heard_seconds = case state when 'hearing' then seconds else heard_seconds end,
                  missing_seconds = coalesce(%(missing)s, missing_seconds)
            where id = %(id)s and lease_owner = %(owner)s and state = any(%(steps)s)""",
        {"id": call_id, "owner": owner, "state": state, "steps": steps, "missing": missing_seconds},
    )
    if not done.rowcount:
        raise LeaseLost(f"Call {call_id} was given to another worker: this one's work is dropped.")


def give_up(conn: Connection, call_id: int, owner: str, reason: str, permanent: bool) -> None:
    """End a step badly: the call waits for `reason` and the sweep tries again later, or, where that
    cannot help or the attempts are used up, it has failed for it. Nothing happens where the lease
    is lost."""
    put_down = conn.execute(
        """update call set lease_owner = null, lease_until = null,
                  state_since = clock_timestamp(), state = case
                    when %(permanent)s or attempts >= %(max)s then 'failed'
                    when state = 'hearing' then 'waiting' else 'heard' end,
                  failure = case when %(permanent)s or attempts >= %(max)s then %(reason)s end,
                  waiting_reason = case when %(permanent)s or attempts >= %(max)s then null
                                        else %(reason)s end
            where id = %(id)s and lease_owner = %(owner)s returning state""",
        {"id": call_id, "owner": owner, "reason": reason}
        | {"permanent": permanent, "max": MAX_ATTEMPTS},
    ).fetchone()
    if put_down and put_down[0] == CallState.FAILED:
        emit_failed(conn, call_id, reason)


def wait(conn: Connection, call_id: int, owner: str, reason: str) -> None:
    """Put a call down because nothing can be worked on here, which `reason` tells: no attempt is
    counted, and the sweep tries again later. Nothing happens where the lease is lost."""
    conn.execute(
        """update call set lease_owner = null, lease_until = null, attempts = attempts - 1,
                  state_since = clock_timestamp(), waiting_reason = %s,
                  state = case state when 'hearing' then 'waiting' else 'heard' end
            where id = %s and lease_owner = %s""",
        [reason, call_id, owner],
    )


def hand_back(conn: Connection, call_id: int, owner: str) -> None:
    """Put a call down because its worker is told to end: no attempt is counted, and it is rung
    again at once. Nothing happens where the lease is lost."""
    row = conn.execute(
        """update call set lease_owner = null, lease_until = null, attempts = attempts - 1,
                  state_since = clock_timestamp(),
                  state = case state when 'hearing' then 'waiting' else 'heard' end
            where id = %s and lease_owner = %s returning state""",
        [call_id, owner],
    ).fetchone()
    if row is not None:
        enqueue(conn, HEAR if row[0] == CallState.WAITING else MINE, call_id)


def retry(conn: Connection, call_id: int, state: CallState = CallState.WAITING) -> Call:
    """Have a call heard (WAITING) or mined (HEARD) again, and queue that. Raises Refused where a
    worker has it or will have it anyway, or there is no sound to hear; RecordingGone; NotFound."""
    if state is CallState.WAITING:
        _check_sound(get_call(conn, call_id))
    sources = [old for old in (CallState.DONE, CallState.FAILED) if state in MOVES[old]]
    moved = conn.execute(
        """update call set state = %s, state_since = clock_timestamp(), attempts = 0,
                  failure = null
            where id = %s and state = any(%s)""",
        [state, call_id, sources],
    )
    call = get_call(conn, call_id)
    if not moved.rowcount:
        raise Refused(f"Call {call_id} is {call.state}: wait until it is done or has failed.")
    enqueue(conn, HEAR if state is CallState.WAITING else MINE, call_id)
    return call


def _check_sound(call: Call) -> None:
    if call.recording_gone_at:
        raise gone(call.id, call.recording_gone_at)
    if call.audio_sha256 is None:
        raise Refused(f"Call {call.id} was brought as a transcript: there is no sound to hear.")


# -- rows -----------------------------------------------------------------------------------


def _call(conn: Connection, where: sql.SQL, values: Sequence[Any]) -> Call | None:
    with conn.cursor(row_factory=call_row) as cursor:
        query = sql.SQL("{} where {}").format(CALL, where)
        return cursor.execute(query, values).fetchone()


def _scalar(conn: Connection, query: sql.Composed, values: Any) -> Any:
    row = conn.execute(query, values).fetchone()
    return row[0] if row else None


def _details_row(conn: Connection, details: CallDetails) -> dict[str, Any]:
    """The columns of `call` that details fill; the account and the rep are found or made."""
    row = {name: getattr(details, name) for name in _DETAILS}
    return row | {"account_id": account_of(conn, details), "rep_id": rep_named(conn, details.rep)}


@contextmanager
def _details_taken(conn: Connection) -> Iterator[None]:
    """All or nothing: what the database cannot take is bad metadata."""
    try:
        with conn.transaction():
            yield
    except (psycopg.DataError, psycopg.errors.CheckViolation) as error:
        said = str(error).splitlines()[0]
        raise BadMetadata(f"A detail of the call cannot be kept ({said}): correct it.") from error
