"""SQL for what stands behind themes, counted before so that a list need not look through mentions.

`theme_call` has what each call says of each whole theme, and `theme_tally` the sums: of all
parties, and of each segment's. Both are right but for what changed since: see `stale`.

A call that was given to another company and not yet mined again stands behind no theme. A call
without an account is a party of its own, and no account.
"""

from collections.abc import Iterable, Sequence

from ingest.base.db import Connection
from insights.counting import STANDS, counting
from insights.themes.theme import ThemeFilter

# What each call says of themes, counted from its mentions.
_SAID = """(
    select coalesce(part.merged_into, part.id) as theme_id, c.id as call_id, c.company_id,
           c.account_id, c.held_at, c.deal_value_usd, count(*)::int as mentions
    from theme part
    join insight i on i.theme_id = part.id
    join call c on c.id = i.call_id and c.company_id = part.company_id
    where {which}
    group by 1, c.id, c.company_id, c.account_id, c.held_at, c.deal_value_usd)"""

_FRESH = _SAID.format(which=f"{STANDS} and coalesce(part.merged_into, part.id) = any(%(stale)s)")

_PARTIES = """
select theme_id, account_id, sum(mentions)::int as mentions, count(*)::int as calls,
       max(deal_value_usd) as deal, max(held_at) as last_heard,
       count(*) filter (where status = 'shipped' and held_at > status_since)::int as again
from {said} said join theme on theme.id = theme_id
where {among}
group by theme_id, account_id, case when account_id is null then call_id end
"""

_SUMS = """
sum(mentions)::int as mentions, sum(calls)::int as calls, count(account_id)::int as accounts,
sum(coalesce(deal, a.value_usd, 0)) as value_usd,
coalesce(sum(a.value_usd) filter (where deal is null), 0) as account_value_usd,
max(last_heard) as last_heard"""

_COUNTED = f"""
select theme_id, {_SUMS}, sum(again)::int as again
from ({_PARTIES}) parties left join account a on a.id = account_id
group by theme_id
"""  # noqa: S608 - made of the constants above

_TALLIED = """
select tally.theme_id, mentions, calls, accounts, value_usd, account_value_usd, last_heard,
       case when shipped.status = 'shipped' then (
           select count(*)::int from theme_call
           where theme_id = shipped.id and held_at > shipped.status_since and {among})
       else 0 end as again
from theme_tally tally join theme shipped on shipped.id = tally.theme_id
where not tally.theme_id = any(%(stale)s) and {tally}
"""

_AMONG = {
    "company": "said.company_id = %(company)s",
    "account": "account_id = (select id from account where lower(name) = lower(%(account)s))",
    "segment": "account_id in (select id from account where lower(segment) = lower(%(segment)s))",
    "stage": "call_id in (select id from call where lower(stage) = lower(%(stage)s))",
    "rep": """call_id in (select c.id from call c join rep r on r.id = c.rep_id
                          where lower(r.name) = lower(%(rep)s))""",
    "lead_source": """call_id in (select id from call
                                  where lower(lead_source) = lower(%(lead_source)s))""",
    "campaign": "call_id in (select id from call where lower(campaign) = lower(%(campaign)s))",
    "since": "held_at >= %(since)s::date at time zone 'UTC'",
    "until": "held_at < %(until)s::date at time zone 'UTC'",
}

_TALLIES = frozenset({"company", "segment"})  # what a list may ask for that is summed before


def behind(wanted: ThemeFilter, stale: Sequence[int]) -> str:
    """The query of what stands behind each theme among the calls wanted; its values are those of
    the filter, and `stale`."""
    asked = [name for name in _AMONG if getattr(wanted, name) is not None]
    among = [_AMONG[name] for name in asked]
    if wanted.min_confidence is not None or wanted.review is not None:
        which = counting(wanted.min_confidence, wanted.review)
        return _counted(_SAID.format(which=which), among)
    if _TALLIES.issuperset(asked):
        of_segment = wanted.segment is not None
        query = _TALLIED.format(
            among=_AMONG["segment"] if of_segment else "true",
            tally="tally.segment = lower(%(segment)s)" if of_segment else "tally.segment is null",
        )
    else:
        query = _counted("theme_call", [*among, "not theme_id = any(%(stale)s)"])
    return f"{query} union all {_counted(_FRESH, among)}" if stale else query


def behind_afresh() -> str:
    """The query of what stands behind the themes `stale`, whatever was counted before."""
    return _counted(_FRESH, [])


def _counted(said: str, among: Iterable[str]) -> str:
    return _COUNTED.format(said=said, among=" and ".join(["true", *among]))


def stale(conn: Connection) -> list[int]:
    """The themes of which what was counted may be wrong: something that it counts was changed
    since. Triggers write that down in the transaction of the change, whoever makes it."""
    rows = conn.execute(
        """select distinct coalesce(merged_into, id) from theme
           where id in (select theme_id from theme_stale)"""
    )
    return [theme_id for (theme_id,) in rows]


def retally(conn: Connection) -> int:
    """Count the stale themes anew and return how many these are; the caller commits.

    What is taken off the list was committed before it is counted. What comes in meanwhile stays on
    it, and is counted the next time.
    """
    conn.execute("lock table theme_tally in exclusive mode")  # who comes second counts what is new
    rows = conn.execute(
        """with taken as (delete from theme_stale returning theme_id)
           select distinct unnest(array[id, merged_into]) from theme
           where id in (select theme_id from taken)"""
    )
    taken = {"stale": [theme_id for (theme_id,) in rows if theme_id is not None]}
    if taken["stale"]:
        conn.execute(_KEEP_CALLS, taken)
        conn.execute("delete from theme_tally where theme_id = any(%(stale)s)", taken)
        conn.execute(_KEEP_TALLIES, taken)
    return len(taken["stale"])


# Most of a theme's calls say what they said before, and are not written again.
_KEEP_CALLS = f"""
with fresh as materialized (select * from {_FRESH} said),
     gone as (
         delete from theme_call kept where theme_id = any(%(stale)s) and not exists (
             select from fresh where fresh.theme_id = kept.theme_id and fresh.call_id = kept.call_id
         ))
insert into theme_call as kept
       (theme_id, call_id, company_id, account_id, held_at, deal_value_usd, mentions)
select * from fresh
except
select theme_id, call_id, company_id, account_id, held_at, deal_value_usd, mentions from theme_call
where theme_id = any(%(stale)s)
on conflict (theme_id, call_id) do update
set (company_id, account_id, held_at, deal_value_usd, mentions) =
    (excluded.company_id, excluded.account_id, excluded.held_at, excluded.deal_value_usd,
     excluded.mentions)
"""  # noqa: S608 - made of the constants above

_KEEP_TALLIES = f"""
insert into theme_tally (theme_id, segment, mentions, calls, accounts, value_usd, account_value_usd,
                         last_heard)
select theme_id, lower(a.segment), {_SUMS}
from ({_PARTIES.format(said="theme_call", among="theme_id = any(%(stale)s)")}) parties
left join account a on a.id = account_id
group by grouping sets ((theme_id), (theme_id, lower(a.segment)))
having grouping(lower(a.segment)) = 1 or lower(a.segment) is not null
"""  # noqa: S608 - made of the constants above
