"""SQL for edits: each changes its turn and is kept, with the turn as it was before."""

from dataclasses import replace
from typing import Any

from psycopg.rows import dict_row

from ingest.base.db import Connection
from ingest.base.errors import NotFound
from transcribe.edits.rules import BadEdit, ByHand, Edit, TurnChanged, misheard, rewritten
from transcribe.pii.queries import mask_anew
from transcribe.queries import load
from transcribe.transcript import Transcript, Turn, Word


def rewrite(
    conn: Connection, call_id: int, position: int, text: str, user_id: int, seen: str | None = None
) -> tuple[Turn, Turn]:
    """Give a turn another text; the turn before and after, the same where nothing changed.

    `seen` is the text that the person saw. The caller holds the call. Raises NotFound, BadEdit,
    TurnChanged.
    """
    before = _turn(conn, call_id, position)
    if seen is not None and seen.split() != before.text.split():
        raise TurnChanged("Somebody edited these words meanwhile: look at them and edit again.")
    after = rewritten(_original(conn, call_id, position) or before, text)
    if after.text == before.text:
        return before, before
    _keep(conn, call_id, position, user_id, before, after)
    _set(conn, call_id, position, after)
    return before, after


def undo(conn: Connection, call_id: int, position: int, user_id: int) -> tuple[Turn, Turn]:
    """Take a turn's last edit back; the turn before and after. The caller holds the call.

    Raises NotFound, and BadEdit where no edit stands.
    """
    before = _turn(conn, call_id, position)
    with conn.cursor(row_factory=dict_row) as cursor:
        edit = cursor.execute(
            f"""update turn_edit set undone_at = now(), undone_by = %s
                where id = (select max(id) from turn_edit
                            where call_id = %s and turn = %s and undone_at is null)
                returning {_BEFORE}""",  # noqa: S608 - a constant
            [user_id, call_id, position],
        ).fetchone()
    if edit is None:
        raise BadEdit("These words are as they were heard: there is no edit to undo.")
    after = _before(before, edit)
    _set(conn, call_id, position, after)
    return before, after


def edits_of(conn: Connection, call_id: int) -> list[Edit]:
    """The edits that stand, a turn each, by turn: the last one's hand, the first one's original."""
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            """select turn, (array_agg(app_user.name order by turn_edit.id desc))[1] as by,
                      max(at) as at, (array_agg(before_text order by turn_edit.id))[1] as original,
                      max(after_text) filter (where user_id is null) as named,
                      (select text from turn now where now.call_id = turn_edit.call_id
                                                   and now.position = turn_edit.turn) as text
               from turn_edit left join app_user on app_user.id = user_id
               where call_id = %s and undone_at is null group by call_id, turn order by turn""",
            [call_id],
        ).fetchall()
    return [_edit(**row) for row in rows]


def by_hand(conn: Connection, call_id: int) -> ByHand:
    """What people put right in the call's transcript: a name that Earshot put right is theirs only
    where they took that back."""
    row = conn.execute(
        """select (select count(distinct turn) from turn_edit
                   where call_id = %(call)s and (user_id is null) = (undone_at is not null)),
                  exists (select from voice where call_id = %(call)s and by_person)""",
        {"call": call_id},
    ).fetchone()
    assert row is not None, "a select without a table has a row"
    return ByHand(*row)


def _edit(text: str, **edit: Any) -> Edit:
    stands = misheard(edit["original"], edit["named"], text) if edit["named"] else ()
    return Edit(**edit, misheard=stands)


def note_near_misses(
    conn: Connection, call_id: int, heard: Transcript, corrected: Transcript
) -> None:
    """Keep what was heard where names were put right, as of an edit by nobody; both have the same
    turns, and the corrected ones are saved already."""
    for position, (before, after) in enumerate(zip(heard.turns, corrected.turns, strict=True)):
        if before != after:
            _keep(conn, call_id, position, None, before, after)


def _keep(
    conn: Connection, call_id: int, position: int, user_id: int | None, before: Turn, after: Turn
) -> None:
    conn.execute(
        """insert into turn_edit (call_id, turn, user_id, after_text, before_text, before_words,
                                  before_starts, before_ends, before_probabilities)
           values (%s, %s, %s, %s, %s, %s, %s, %s, %s)""",
        [call_id, position, user_id, after.text, before.text, *_columns(before)],
    )


_BEFORE = "before_text, before_words, before_starts, before_ends, before_probabilities"


def _turn(conn: Connection, call_id: int, position: int) -> Turn:
    turns = load(conn, call_id).turns
    if not 0 <= position < len(turns):
        raise NotFound(f"Call {call_id} has no turn {position}.")
    return turns[position]


def _original(conn: Connection, call_id: int, position: int) -> Turn | None:
    """The turn as it was before any edit that stands; None where none does."""
    with conn.cursor(row_factory=dict_row) as cursor:
        first = cursor.execute(
            f"""select {_BEFORE} from turn_edit
                where call_id = %s and turn = %s and undone_at is null
                order by id limit 1""",  # noqa: S608 - a constant
            [call_id, position],
        ).fetchone()
    return _before(_turn(conn, call_id, position), first) if first else None


def _before(turn: Turn, edit: dict[str, Any]) -> Turn:
    words = zip(
        edit["before_words"],
        edit["before_starts"],
        edit["before_ends"],
        edit["before_probabilities"],
        strict=True,
    )
    return replace(turn, text=edit["before_text"], words=tuple(Word(*word) for word in words))


def _columns(turn: Turn) -> list[list[Any]]:
    return [
        [word.text for word in turn.words],
        [word.start for word in turn.words],
        [word.end for word in turn.words],
        [word.probability for word in turn.words],
    ]


def _set(conn: Connection, call_id: int, position: int, turn: Turn) -> None:
    conn.execute(
        """update turn set text = %s, words = %s, word_starts = %s, word_ends = %s,
                           word_probabilities = %s
           where call_id = %s and position = %s""",
        [turn.text, *_columns(turn), call_id, position],
    )
    mask_anew(conn, call_id)
