"""SQL for edits of the words: the call's insights go with them, and it is mined again."""

from psycopg.rows import dict_row

from ingest import queries as calls
from ingest.base.db import Connection
from ingest.calls import CallState
from insights.insight import Review
from insights.rollups.queries import moving_rollups
from transcribe.edits import queries as edits
from transcribe.edits.rules import LONGEST_TURN, BadEdit, moved
from transcribe.transcript import Turn

OUT_OF_THE_WAY = 2 * LONGEST_TURN
"""Characters beyond any turn: where its insights stand while each gets its new place."""


def edit_turn(
    conn: Connection, call_id: int, position: int, text: str, user_id: int, seen: str | None = None
) -> None:
    """Put a turn's words right and have the call mined again. Insights move with their words;
    one whose words are gone goes, but a confirmed one holds them.

    Raises NotFound, BadEdit, TurnChanged, and Refused while a worker has the call.
    """
    with moving_rollups(conn, call_id):
        before, after = edits.rewrite(conn, call_id, position, text, user_id, seen)
        if before != after:
            _follow(conn, call_id, position, before, after)


def undo_edit(conn: Connection, call_id: int, position: int, user_id: int) -> None:
    """Take the turn's last edit back; else as `edit_turn`."""
    with moving_rollups(conn, call_id):
        before, after = edits.undo(conn, call_id, position, user_id)
        _follow(conn, call_id, position, before, after)


def _follow(conn: Connection, call_id: int, position: int, before: Turn, after: Turn) -> None:
    # One that waits to be mined is read then as it is now.
    if calls.get_call(conn, call_id).state is not CallState.HEARD:
        calls.retry(conn, call_id, CallState.HEARD)
    with conn.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(
            """update insight set char_start = char_start + %(far)s, char_end = char_end + %(far)s
               where call_id = %(call)s and turn = %(turn)s
               returning id, kind, label, review, quote, char_start - %(far)s as char_start,
                         char_end - %(far)s as char_end""",
            {"far": OUT_OF_THE_WAY, "call": call_id, "turn": position},
        ).fetchall()
    taken: set[tuple[str, str, int]] = set()
    for row in sorted(found, key=lambda row: (row["review"] == Review.UNREVIEWED, row["id"])):
        place = moved(before.text, after.text, row["char_start"], row["char_end"])
        if place is None and row["review"] == Review.CONFIRMED:
            raise BadEdit(
                f"“{row['quote']}” is confirmed as {row['label']}: take that back before you take"
                " its words away."
            )
        key = (row["kind"], row["label"], place[0] if place else -1)
        if place is None or key in taken:
            conn.execute("delete from insight where id = %s", [row["id"]])
            continue
        taken.add(key)
        conn.execute(
            """update insight set char_start = %s, char_end = %s, quote = %s, start_s = %s,
                                  end_s = %s where id = %s""",
            [*place, after.text[slice(*place)], *after.seconds_of(*place), row["id"]],
        )
