"""What the lists of the pages need beyond the rooms' own queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg.rows import class_row, kwargs_row

from ingest.base.db import Connection
from insights.digest import Mention
from insights.insight import Kind
from insights.minable import MINABLE


@dataclass(frozen=True, slots=True)
class Tally:
    """How many calls there are in each state that a reader tells apart."""

    heard: int  # and done
    read: int  # brought as transcripts, and done
    underway: int
    failed: int

    @property
    def all(self) -> int:
        return self.heard + self.read + self.underway + self.failed


@dataclass(frozen=True, slots=True)
class Known:
    """Names to offer while one is typed."""

    accounts: tuple[str, ...]
    reps: tuple[str, ...]
    companies: tuple[str, ...]


def tally(conn: Connection) -> Tally:
    """How many calls are done, on the way and failed."""
    with conn.cursor(row_factory=class_row(Tally)) as cursor:
        found = cursor.execute(
            """select count(*) filter (where state = 'done' and not words) as heard,
                      count(*) filter (where state = 'done' and words) as read,
                      count(*) filter (where state not in ('done', 'failed')) as underway,
                      count(*) filter (where state = 'failed') as failed
                 from (select state, audio_sha256 is null and recording_gone_at is null as words
                         from call) known"""
        ).fetchone()
    assert found is not None, "a count has a row"
    return found


def known_names(conn: Connection, limit: int = 200) -> Known:
    """The accounts, reps and companies brought so far, by name."""

    def names(sql: str) -> tuple[str, ...]:
        return tuple(name for (name,) in conn.execute(sql, [limit]))

    return Known(
        accounts=names("select name from account order by lower(name) limit %s"),
        reps=names("select name from rep order by lower(name) limit %s"),
        companies=names("select name from company order by lower(name) limit %s"),
    )


def theme_names(conn: Connection, company_id: int, limit: int = 200) -> list[str]:
    """The themes of a company's requests that stand, by name."""
    rows = conn.execute(
        """select name from theme
            where company_id = %s and merged_into is null
              and exists (select 1 from theme part join insight on theme_id = part.id
                           where coalesce(part.merged_into, part.id) = theme.id
                             and review <> 'rejected')
            order by lower(name) limit %s""",
        [company_id, limit],
    )
    return [name for (name,) in rows]


def counts_of(conn: Connection, call_ids: Sequence[int]) -> dict[int, dict[Kind, int]]:
    """How many insights of each kind these calls have; those that a person rejected left out."""
    found: dict[int, dict[Kind, int]] = {}
    rows = conn.execute(
        """select call_id, kind, count(*) from insight
            where call_id = any(%s) and review <> 'rejected' group by 1, 2""",
        [list(call_ids)],
    )
    for call_id, kind, number in rows:
        found.setdefault(call_id, {})[Kind(kind)] = number
    return found


def best_of(conn: Connection, call_ids: Sequence[int]) -> list[Mention]:
    """Each call's surest quote, an objection before a request before a rival."""
    with conn.cursor(row_factory=kwargs_row(_mention)) as cursor:
        cursor.execute(
            """select distinct on (insight.call_id)
                      insight.id as insight_id, insight.call_id, call.title, call.held_at,
                      insight.kind, insight.label, insight.quote, insight.confidence,
                      insight.stance,
                      case when call.audio_sha256 is not null then insight.start_s end as start,
                      coalesce(turn.name, initcap(nullif(turn.speaker, 'unknown'))) as speaker
                 from insight
                 join call on call.id = insight.call_id
                 left join turn on turn.call_id = insight.call_id
                                   and turn.position = insight.turn
                where insight.call_id = any(%s) and insight.review <> 'rejected'
                order by insight.call_id,
                         array_position(array['objection', 'feature_request'], insight.kind),
                         insight.confidence desc, insight.id""",
            [list(call_ids)],
        )
        return cursor.fetchall()


def unmined(conn: Connection, call_ids: Sequence[int]) -> dict[int, str]:
    """The languages, as ISO 639-1, of those of the calls that are done and in a language that is
    not mined."""
    rows = conn.execute(
        f"""select call.id, transcript.language
              from call join transcript on transcript.call_id = call.id
             where call.id = any(%s) and call.state = 'done' and not {MINABLE}
               and not exists (select from mined_call where call_id = call.id)""",  # noqa: S608
        [list(call_ids)],
    )
    return dict(rows.fetchall())


def _mention(*, kind: str, **row: Any) -> Mention:
    return Mention(kind=Kind(kind), **row)
