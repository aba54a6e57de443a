"""Masks in PostgreSQL: the table `mask`."""

from collections.abc import Iterable, Mapping
from itertools import groupby

from ingest.base.db import Connection
from transcribe.pii.mask import Mask, Private
from transcribe.pii.passages import private_in
from transcribe.pii.veil import Veil, VeiledTurn
from transcribe.transcript import Speaker, Turn

VERSION = 1
"""Of the rules in this package: raise it with them, and old calls are masked anew."""


def save_masks(conn: Connection, call_id: int, masks: Mapping[int, Iterable[Mask]]) -> None:
    """Keep these masks of a call's turns in place of earlier ones; the caller commits."""
    conn.execute("delete from mask where call_id = %s", [call_id])
    with conn.cursor() as cursor:
        cursor.executemany(
            """insert into mask (call_id, turn, char_start, char_end, what)
               values (%s, %s, %s, %s, %s)""",
            [
                [call_id, turn, mask.start, mask.end, mask.what]
                for turn, of_turn in masks.items()
                for mask in of_turn
            ],
        )
    conn.execute("update transcript set masked_by = %s where call_id = %s", [VERSION, call_id])


def mask_anew(conn: Connection, call_id: int) -> None:
    """Mask a call whose words or speakers changed; the caller commits."""
    save_masks(conn, call_id, private_in(_turns(conn, call_id)))


def veil_over(conn: Connection, call_ids: Iterable[int]) -> Veil:
    """What of these calls is hidden, as far as they have a transcript.

    Those that were kept before there were masks, or by older rules, are masked first: so that
    none is ever shown without, and none has to be waited for.
    """
    ids = sorted(set(call_ids))
    _mask_old(conn, ids)
    rows = conn.execute(
        """select m.call_id, m.turn, turn.text, m.char_start, m.char_end, m.what
             from mask m join turn on turn.call_id = m.call_id and turn.position = m.turn
            where m.call_id = any(%s) order by 1, 2, 4""",
        [ids],
    ).fetchall()
    calls: dict[int, dict[int, VeiledTurn]] = {}
    for (call_id, turn, text), of_turn in groupby(rows, lambda row: row[:3]):
        masks = tuple(Mask(start, end, Private(what)) for *_, start, end, what in of_turn)
        calls.setdefault(call_id, {})[turn] = VeiledTurn(text, masks)
    return Veil(calls)


def _mask_old(conn: Connection, call_ids: list[int]) -> None:
    """Mask those of the calls that older rules or none have masked; two readers at once wait."""
    old = conn.execute(
        """select call_id from transcript where call_id = any(%s) and masked_by < %s
           order by call_id for update""",
        [call_ids, VERSION],
    ).fetchall()
    for (call_id,) in old:
        save_masks(conn, call_id, private_in(_turns(conn, call_id)))


def _turns(conn: Connection, call_id: int) -> list[Turn]:
    rows = conn.execute(
        "select speaker, text, channel, name from turn where call_id = %s order by position",
        [call_id],
    )
    return [Turn(Speaker(side), text, channel=ch, name=name) for side, text, ch, name in rows]
