"""SQL for reviews: each changes its insight, the roll-ups and the history in one transaction."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from psycopg.rows import kwargs_row

from ingest.base.db import Connection
from insights.insight import PERSON, Insight, Kind, Quote, Review
from insights.queries import Named, call_of, insert_insight, insight, named
from insights.reviews.figures import Figures
from insights.reviews.rules import (
    Backlog,
    BadReview,
    Judgement,
    Missed,
    QueuePosition,
    Standing,
    as_found,
    check_stance,
    checked_label,
    judged,
    place,
    standing,
)
from insights.rollups.queries import moving_rollups
from insights.stored import StoredInsight
from transcribe import queries as transcripts


def review(conn: Connection, insight_id: int, said: Judgement, user_id: int) -> None:
    """Note what a person says of an insight; saying the same again changes nothing.

    A rejected one counts no longer. Raises NotFound, BadReview.
    """
    with moving_rollups(conn, call_of(conn, insight_id)):
        before = insight(conn, insight_id)
        after = judged(before, said)
        if after.label.casefold() != before.label.casefold():
            after = _rename(conn, before, after)
        else:
            after = replace(after, label=before.label)
        if after != standing(before):
            _set(conn, before, after)
            _note(conn, before, standing(before), after, user_id)


def add_missed(conn: Connection, call_id: int, missed: Missed, user_id: int) -> int:
    """Add what no detector found, confirmed; its id. Raises NotFound, BadReview."""
    check_stance(missed.kind, missed.stance, needed=True)
    label = checked_label(missed.kind, missed.label)
    with moving_rollups(conn, call_id):
        turn, quote = place(transcripts.load(conn, call_id).turns, missed)
        version = _version_that_read(conn, call_id, missed.kind)
        found = Insight(
            turn,
            missed.kind,
            label,
            quote,
            confidence=1.0,
            detector=PERSON,
            version=version,
            stance=missed.stance,
            unlisted=missed.kind is Kind.COMPETITOR,
        )
        (known,) = named(conn, call_id, [found]).values()
        _refuse_double(conn, call_id, known.insight)
        insight_id = insert_insight(conn, call_id, known)
        conn.execute("update insight set review = 'confirmed' where id = %s", (insight_id,))
        added = insight(conn, insight_id)
        _note(conn, added, None, standing(added), user_id)
    return insight_id


def _rename(conn: Connection, before: StoredInsight, after: Standing) -> Standing:
    """Give the insight its new label, as the catalogue or its theme has it."""
    found = Insight(
        before.turn,
        before.kind,
        after.label,
        Quote(before.quote, before.char_start, before.char_end, before.start, before.end),
        before.confidence,
        before.detector,
        before.version,
        after.stance,
        unlisted=before.kind is Kind.COMPETITOR,
    )
    (known,) = named(conn, before.call_id, [found]).values()
    _refuse_double(conn, before.call_id, known.insight, before.id)
    _link(conn, before.id, known)
    return Standing(after.review, known.insight.label, after.stance)


def _link(conn: Connection, insight_id: int, known: Named) -> None:
    conn.execute(
        "update insight set competitor_id = %s, theme_id = %s, unlisted = %s where id = %s",
        (known.competitor_id, known.theme_id, known.insight.unlisted, insight_id),
    )


def _refuse_double(
    conn: Connection, call_id: int, wanted: Insight, except_id: int | None = None
) -> None:
    row = conn.execute(
        """select id, review from insight
           where call_id = %(call)s and turn = %(turn)s and kind = %(kind)s
             and lower(label) = lower(%(label)s)
             and char_start < %(end)s and char_end > %(start)s
             and id is distinct from %(except)s
           order by review = 'rejected', id limit 1""",
        {
            "call": call_id,
            "turn": wanted.turn,
            "kind": wanted.kind,
            "label": wanted.label,
            "start": wanted.quote.start_char,
            "end": wanted.quote.end_char,
            "except": except_id,
        },
    ).fetchone()
    if row is not None:
        state = "rejected" if row[1] == Review.REJECTED else "here already"
        raise BadReview(
            f"“{wanted.label}” at these words is {state} (insight {row[0]}): confirm that one."
        )


def _set(conn: Connection, before: StoredInsight, after: Standing) -> None:
    found = as_found(before)
    same = (after.label.casefold(), after.stance) == (found.label.casefold(), found.stance)
    relabelled = after.review is Review.CONFIRMED and not same
    conn.execute(
        """update insight set review = %(review)s, label = %(label)s, stance = %(stance)s,
                              found_label = %(found_label)s, found_stance = %(found_stance)s
           where id = %(id)s""",
        {
            "id": before.id,
            "review": after.review,
            "label": after.label,
            "stance": after.stance,
            "found_label": found.label if relabelled else None,
            "found_stance": found.stance if relabelled else None,
        },
    )


def _note(
    conn: Connection,
    of: StoredInsight,
    before: Standing | None,
    after: Standing,
    user_id: int,
) -> None:
    conn.execute(
        """insert into reviews (insight_id, call_id, user_id, before_review, before_label,
                                before_stance, review, label, stance)
           values (%s, %s, %s, %s, %s, %s, %s, %s, %s)""",
        (
            *(of.id, of.call_id, user_id),
            *((before.review, before.label, before.stance) if before else (None, None, None)),
            *(after.review, after.label, after.stance),
        ),
    )


NEXT = """
select id from insight
where review = 'unreviewed' and (%(kind)s::text is null or kind = %(kind)s)
  and (confidence, id) > (%(confidence)s, %(id)s)
order by confidence, id limit 1
"""


def next_to_review(
    conn: Connection, kind: Kind | None = None, after: QueuePosition | None = None
) -> StoredInsight | None:
    """Of what nobody has reviewed, the insight that its detector is least sure of, going on after a
    position; None at the end."""
    start = after or QueuePosition(-1, 0)
    row = conn.execute(NEXT, {"kind": kind, **asdict(start)}).fetchone()
    return insight(conn, row[0]) if row else None


def backlogs(conn: Connection) -> dict[Kind, Backlog]:
    """How far reviewing has come, by kind."""
    rows = conn.execute(
        """select kind, count(*) filter (where waiting), count(*) filter (where not waiting)
           from (select kind, true as waiting from insight where review = 'unreviewed'
                 union all
                 select kind, false from insight where review <> 'unreviewed') found
           group by kind"""
    )
    counts = {Kind(kind): Backlog(waiting, reviewed) for kind, waiting, reviewed in rows}
    return {kind: counts.get(kind, Backlog(0, 0)) for kind in Kind}


def _version_that_read(conn: Connection, call_id: int, kind: Kind) -> str:
    """The version of this kind's detector that read the call: by what it found there, or, where
    that is nothing, by the last that it had found anywhere when the call was mined."""
    row = conn.execute(
        """select version from insight
           where kind = %(kind)s and detector <> %(person)s
             and (call_id = %(call)s or created_at <= (select mined_at from mined_call
                                                       where call_id = %(call)s))
           order by call_id = %(call)s desc, created_at desc, id desc limit 1""",
        {"kind": kind, "call": call_id, "person": PERSON},
    ).fetchone()
    return row[0] if row else "unknown"


def detector_figures(conn: Connection) -> Sequence[Figures]:
    """What reviews say of each detector, by kind and version; `figures` says what that is worth."""
    with conn.cursor(row_factory=kwargs_row(_figures)) as cursor:
        return cursor.execute(_FIGURES, {"person": PERSON}).fetchall()


def _figures(*, kind: str, **row: Any) -> Figures:
    return Figures(kind=Kind(kind), **row)


_FIGURES = """
with judged as (
    select kind, version, call_id, review = 'confirmed' as is_true, review = 'rejected' as rejected,
           detector = %(person)s as missed, found_label is not null as relabelled,
           bool_and(review <> 'unreviewed') over (partition by call_id, kind) as whole
    from insight
    where (call_id, kind) in (select call_id, kind from insight where review <> 'unreviewed'))
select kind, version,
       count(*) filter (where not missed and is_true and not relabelled)::int as confirmed,
       count(*) filter (where not missed and is_true and relabelled)::int as relabelled,
       count(*) filter (where not missed and rejected)::int as rejected,
       count(*) filter (where missed and is_true)::int as missed,
       count(distinct call_id) filter (where whole)::int as calls,
       count(*) filter (where whole and not missed and is_true)::int as found_there,
       count(*) filter (where whole and missed and is_true)::int as missed_there
from judged group by kind, version
having bool_or(is_true or (rejected and not missed))
order by kind, version
"""
