"""The rows of a week's digest, and the digests kept as they were told."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from psycopg.rows import kwargs_row
from pydantic import TypeAdapter

from ingest.base.db import Connection
from insights.digest import KindCalls, Mention, Numbers, Rows, Week
from insights.digests.edition import Audience, Edition, NewName
from insights.insight import Kind

MOST_NAMES = 5
"""New rivals, and new wishes, that a digest tells: the rest is a click away."""

_EDITION = TypeAdapter(Edition)


class Archived(NamedTuple):
    """A digest in the archive."""

    week: Week
    audience: Audience
    headline: str


def digest_rows(conn: Connection, week: Week, company_id: int | None = None) -> Rows:
    """A week's insights and the week before's, with how many calls were mined in each.

    Insights that a person has rejected are left out.
    """
    among = {
        "from": week.before.monday,
        "start": week.monday,
        "to": week.after.monday,
        "company": company_id,
    }
    with conn.cursor() as cursor:
        cursor.execute(_CALLS, among)
        row = cursor.fetchone()
    calls, calls_before = row or (0, 0)
    with conn.cursor(row_factory=kwargs_row(_mention)) as cursor:
        cursor.execute(_MENTIONS, among)
        mentions = tuple(cursor)
    return Rows(calls=calls, calls_before=calls_before, mentions=mentions)


def _mention(*, kind: str, **row: Any) -> Mention:
    return Mention(kind=Kind(kind), **row)


_CALLS = """
select coalesce(sum(calls) filter (where day >= %(start)s), 0)::int,
       coalesce(sum(calls) filter (where day < %(start)s), 0)::int
  from daily_calls
 where day >= %(from)s and day < %(to)s
   and (%(company)s::bigint is null or company_id = %(company)s)
"""

_KINDS = """
select kind, count(distinct call_id) filter (where day >= %(start)s),
       count(distinct call_id) filter (where day < %(start)s)
  from call_mentions where kind = any(%(kinds)s) and day >= %(from)s and day < %(to)s group by kind
"""

_SAID = """
select insight.id as insight_id, insight.call_id, call.title, call.held_at,
       insight.kind, insight.label, insight.quote, insight.confidence, insight.stance,
       case when call.audio_sha256 is not null then insight.start_s end as start,
       account.name as account,
       coalesce(turn.name, initcap(nullif(turn.speaker, 'unknown'))) as speaker
  from insight
  join call on call.id = insight.call_id
  left join account on account.id = call.account_id
  left join turn on turn.call_id = insight.call_id and turn.position = insight.turn
"""

# The surest first; who spoke is looked up till there are enough.
_SAYINGS = f"""{_SAID}
 where insight.id in (
    select said.id
      from (select insight.id, call_id, turn, insight.review = 'confirmed' as confirmed, confidence
              from call join insight on insight.call_id = call.id
             where call.held_at >= %(since)s::date at time zone 'UTC'
               and call.held_at < %(until)s::date at time zone 'UTC'
               and insight.review <> 'rejected'
             order by confirmed desc, confidence desc, insight.id) said
      join turn on turn.call_id = said.call_id and turn.position = said.turn
     where turn.speaker <> 'seller'
     order by confirmed desc, confidence desc, said.id limit %(limit)s)
 order by insight.review = 'confirmed' desc, insight.confidence desc, insight.id
"""  # noqa: S608 - made of the constant above

_MENTIONS = f"""{_SAID}
 where call.held_at >= %(from)s::date at time zone 'UTC'
   and call.held_at < %(to)s::date at time zone 'UTC'
   and insight.review <> 'rejected'
   and (%(company)s::bigint is null or call.company_id = %(company)s)
 order by insight.id
"""


def week_numbers(conn: Connection, week: Week) -> Numbers:
    """A week's calls and the week before's, and in how many of these each kind came up."""
    among = {"from": week.before.monday, "start": week.monday, "to": week.after.monday}
    calls, calls_before = conn.execute(_CALLS, among | {"company": None}).fetchone() or (0, 0)
    rows = conn.execute(_KINDS, among | {"kinds": list(Kind)})
    found = {kind: (now, before) for kind, now, before in rows}
    kinds = tuple(KindCalls(kind, *found.get(kind, (0, 0))) for kind in Kind)
    return Numbers(week, calls, calls_before, kinds)


def last_week_heard(conn: Connection, before: Week | None = None) -> Week | None:
    """The latest week in which a mined call was held, of those before one where it is given; None
    before the first."""
    row = conn.execute(
        """select max(day) from daily_calls
            where calls > 0 and (%(before)s::date is null or day < %(before)s)""",
        {"before": before.monday if before else None},
    ).fetchone()
    return Week.of(row[0]) if row and row[0] else None


# A role's digest ------------------------------------------------------------------------------


def new_rivals(conn: Connection, week: Week) -> Sequence[NewName]:
    """The rivals first named in a week: those of the catalogue, and the names that may be some.

    Of a company whose first calls these are nothing is told: all would be new.
    """
    values = {"since": week.monday, "until": week.after.monday, "limit": MOST_NAMES}
    with conn.cursor(row_factory=kwargs_row(_rival)) as cursor:
        listed = cursor.execute(_NEW_RIVALS, values).fetchall()
        proposed = cursor.execute(_NEW_PROPOSALS, values).fetchall()
    known = {(each.company, each.name.casefold()) for each in listed}
    fresh = [p for p in proposed if (p.company, p.name.casefold()) not in known]
    return [*listed, *fresh][:MOST_NAMES]


def new_requests(conn: Connection, week: Week) -> Sequence[NewName]:
    """The wishes first heard in a week, those of most accounts first; as with `new_rivals`."""
    values = {"since": week.monday, "until": week.after.monday, "limit": MOST_NAMES}
    with conn.cursor(row_factory=kwargs_row(_wish)) as cursor:
        return cursor.execute(_NEW_REQUESTS, values).fetchall()


def sayings(conn: Connection, week: Week, limit: int = 300) -> Sequence[Mention]:
    """What buyers said in a week, confirmed quotes first, then the surest."""
    values = {"since": week.monday, "until": week.after.monday, "limit": limit}
    with conn.cursor(row_factory=kwargs_row(_mention)) as cursor:
        return cursor.execute(_SAYINGS, values).fetchall()


def mentions_of(conn: Connection, insight_ids: Sequence[int]) -> Sequence[Mention]:
    """These insights as they are now, in this order, without those deleted or rejected since."""
    ids = list(insight_ids)
    with conn.cursor(row_factory=kwargs_row(_mention)) as cursor:
        return cursor.execute(
            f"""{_SAID} where insight.id = any(%(ids)s) and insight.review <> 'rejected'
                order by array_position(%(ids)s::bigint[], insight.id)""",
            {"ids": ids},
        ).fetchall()


def keep_edition(conn: Connection, edition: Edition) -> Edition:
    """Keep a digest unless one is kept already; what is kept."""
    conn.execute(
        """insert into edition (week, audience, told, made_at) values (%s, %s, %s, %s)
           on conflict do nothing""",
        (
            str(edition.week),
            edition.audience,
            _EDITION.dump_json(edition).decode(),
            edition.made_at,
        ),
    )
    kept = kept_edition(conn, edition.week, edition.audience)
    assert kept is not None, "it was written above"
    return kept


def kept_edition(conn: Connection, week: Week, audience: Audience) -> Edition | None:
    """The digest that a role was told of a week; None where none was made."""
    row = conn.execute(
        "select told::text from edition where week = %s and audience = %s", (str(week), audience)
    ).fetchone()
    return _EDITION.validate_json(row[0]) if row else None


def archive(conn: Connection, limit: int, before: Week | None = None) -> Sequence[Archived]:
    """The digests kept, the latest weeks first; those of weeks before one where it is given."""
    rows = conn.execute(
        """select week, audience, told ->> 'headline' from edition
            where %(before)s::text is null or week < %(before)s
            order by week desc, array_position(array['sales', 'marketing', 'product'], audience)
            limit %(limit)s""",
        {"before": str(before) if before else None, "limit": limit},
    )
    return [Archived(Week.parse(week), Audience(audience), head) for week, audience, head in rows]


def _rival(**row: Any) -> NewName:
    return NewName(kind=Kind.COMPETITOR, **row)


def _wish(**row: Any) -> NewName:
    return NewName(kind=Kind.FEATURE_REQUEST, **row)


_NEW_RIVALS = """
select co.name as company, d.label as name, sum(d.calls)::int as calls,
       count(distinct d.account_id)::int as accounts
  from daily_mentions d join company co on co.id = d.company_id
 where d.kind = 'competitor' and d.day >= %(since)s and d.day < %(until)s and d.calls > 0
   and not exists (select from daily_company_mentions e
                    where e.company_id = d.company_id and e.kind = d.kind and e.label = d.label
                      and e.day < %(since)s and e.calls > 0)
   and exists (select from daily_calls h
                where h.company_id = d.company_id and h.day < %(since)s and h.calls > 0)
 group by co.name, d.label order by calls desc, lower(d.label), co.name limit %(limit)s
"""

_NEW_PROPOSALS = """
select co.name as company, p.name, p.state = 'accepted' as listed,
       count(distinct c.id)::int as calls, count(distinct c.account_id)::int as accounts
  from proposal p join company co on co.id = p.company_id
  join proposal_mention m on m.proposal_id = p.id
  join call c on c.id = m.call_id and c.company_id = p.company_id
 where p.state <> 'refused' and c.held_at < %(until)s::date at time zone 'UTC'
   and (p.state = 'accepted' or not exists (
            select from competitor r where r.company_id = p.company_id
               and (lower(r.name) = lower(p.name) or lower(p.name) = any(
                        select lower(alias) from unnest(r.aliases) alias))))
   and exists (select from daily_calls h
                where h.company_id = p.company_id and h.day < %(since)s and h.calls > 0)
 group by co.name, p.id, p.name, p.state
having min(c.held_at) >= %(since)s::date at time zone 'UTC'
 order by listed desc, max(m.score) desc, calls desc, p.id limit %(limit)s
"""

# Looked up call by call and wish by wish ("offset 0"): of all wishes those of a week are few, and
# nearly all of them were heard before, where the first mention will do.
_NEW_REQUESTS = """
with heard as (
    select distinct coalesce(part.merged_into, part.id) as id
      from call c
     cross join lateral (select theme_id from insight
                          where call_id = c.id and kind = 'feature_request'
                            and review <> 'rejected' offset 0) i
      join theme part on part.id = i.theme_id and part.company_id = c.company_id
     where c.held_at >= %(since)s::date at time zone 'UTC'
       and c.held_at < %(until)s::date at time zone 'UTC'),
new as materialized (
    select t.id, t.name, t.company_id from heard join theme t on t.id = heard.id
     where exists (select from daily_company_calls h
                    where h.company_id = t.company_id and h.day < %(since)s and h.calls > 0)
       and not exists (select from insight o
                         join call e on e.id = o.call_id and e.company_id = t.company_id
                        where o.theme_id = t.id and o.review <> 'rejected'
                          and e.held_at < %(since)s::date at time zone 'UTC' offset 0)
       and not exists (select from theme p join insight o on o.theme_id = p.id
                         join call e on e.id = o.call_id and e.company_id = t.company_id
                        where p.merged_into = t.id and o.review <> 'rejected'
                          and e.held_at < %(since)s::date at time zone 'UTC' offset 0))
select co.name as company, new.id as theme_id, new.name, calls, accounts
  from new join company co on co.id = new.company_id
 cross join lateral (
     select count(distinct c.id)::int as calls, count(distinct c.account_id)::int as accounts
       from theme part join insight i on i.theme_id = part.id and i.review <> 'rejected'
       join call c on c.id = i.call_id and c.company_id = new.company_id
            and c.held_at < %(until)s::date at time zone 'UTC'
      where part.id = new.id or part.merged_into = new.id) said
 order by accounts desc, calls desc, theme_id limit %(limit)s
"""
