"""SQL for themes: requests are placed in them, and they are shown.

A theme that was merged is kept as a part of the other one (`merged_into`, never of a part): its
requests stay its own, so that undoing the merge parts them again, with those placed since. Whoever
places requests or changes themes holds their company, so they do so one after another.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from psycopg.rows import kwargs_row

from ingest.base.db import Connection
from ingest.base.errors import NotFound
from insights.insight import Insight
from insights.themes.rules import Doubt, Shelf, space_of
from insights.themes.theme import (
    Rank,
    Status,
    Suggestion,
    Theme,
    ThemeFilter,
    ThemePosition,
)

# Placing ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class InTheme:
    """The theme of a request."""

    id: int | None  # the part that it is in; None for a theme that is not made yet
    name: str  # of the whole


def placed(
    conn: Connection,
    company_id: int,
    call_id: int,
    requests: Sequence[Insight],
    held: Mapping[Insight, int],
    *,
    write: bool,
) -> dict[Insight, InTheme]:
    """The theme of each request of a call, by `rules`; those `held` keep the one they are in.
    `write` makes new themes, and asks people of the doubtful ones; without it nothing is written.
    """
    if not requests:
        return {}
    new = _as_said(request for request in requests if request not in held)
    names, shelf = _names(conn, company_id), _shelf(conn, company_id, call_id, new)
    themes: dict[Insight, InTheme] = {}
    for request, kept_in in held.items():
        shelf.put(kept_in, request.meaning)
        themes[request] = InTheme(kept_in, names[kept_in])
    for request in new:
        place = shelf.place(request.label, request.meaning)
        theme_id = place.theme
        if theme_id is None:
            theme_id = _make(conn, company_id, request.label) if write else -len(names)
            if write and place.doubt:
                _ask(conn, company_id, theme_id, place.doubt)
            names[theme_id] = request.label
            shelf.names[request.label.casefold()] = theme_id
        shelf.put(theme_id, request.meaning)
        themes[request] = InTheme(theme_id if theme_id > 0 else None, names[theme_id])
    return themes


def _as_said(requests: Iterable[Insight]) -> list[Insight]:
    return sorted(requests, key=lambda r: (r.turn, r.quote.start_char, r.label, r.confidence))


def _names(conn: Connection, company_id: int) -> dict[int, str]:
    """What each theme and each part of one is called now."""
    rows = conn.execute(
        """select part.id, whole.name from theme part
           join theme whole on whole.id = coalesce(part.merged_into, part.id)
           where part.company_id = %s""",
        (company_id,),
    )
    return dict(rows.fetchall())


def _shelf(conn: Connection, company_id: int, call_id: int, requests: Sequence[Insight]) -> Shelf:
    """What the requests are placed by: names, and the meanings of other calls' requests where
    these requests have one."""
    shelf = Shelf(_names_that_mean(conn, company_id))
    read = next((request for request in requests if request.meaning), None)
    if read is None or read.meaning is None:
        return shelf
    with conn.cursor(binary=True) as cursor:  # thousands of numbers a row
        cursor.execute(
            """select i.theme_id, i.meaning from insight i join theme t on t.id = i.theme_id
               where t.company_id = %s and i.call_id <> %s and i.review <> 'rejected'
                 and split_part(i.version, '+', 1) = %s and cardinality(i.meaning) = %s
               order by i.id""",
            (company_id, call_id, space_of(read.version), len(read.meaning)),
        )
        for theme_id, meaning in cursor:
            shelf.put(theme_id, meaning)
    return shelf


def _names_that_mean(conn: Connection, company_id: int) -> dict[str, int]:
    """Each name or alias, casefolded, with the theme that it means: a theme's own name before an
    alias, and that before one of a part."""
    rows = conn.execute(
        """select name, id from (
               select unnest(aliases) as name, id, 0 as rank from theme
               where company_id = %(company)s and merged_into is not null
               union all select name, id, 1 from theme
               where company_id = %(company)s and merged_into is not null
               union all select unnest(aliases), id, 2 from theme
               where company_id = %(company)s and merged_into is null
               union all select name, id, 3 from theme
               where company_id = %(company)s and merged_into is null) names
           order by rank, id desc""",
        {"company": company_id},
    )
    return {name.casefold(): theme_id for name, theme_id in rows}


def _make(conn: Connection, company_id: int, name: str) -> int:
    """A new theme; where PostgreSQL takes the name for an old one's, that."""
    row = conn.execute(
        """insert into theme (company_id, name) values (%s, %s)
           on conflict (company_id, lower(name)) where merged_into is null
           do update set name = theme.name returning id""",
        (company_id, name),
    ).fetchone()
    assert row is not None, "an upsert returns its row"
    theme_id: int = row[0]
    return theme_id


def _ask(conn: Connection, company_id: int, theme_id: int, doubt: Doubt) -> None:
    """Have people decide whether two themes are one; not again where they were asked before."""
    conn.execute(
        """insert into theme_suggestion (company_id, theme_id, other_id, likeness)
           select %s, %s, %s, %s where %s <> %s on conflict do nothing""",
        (company_id, theme_id, doubt.theme, doubt.likeness, theme_id, doubt.theme),
    )


# Showing ----------------------------------------------------------------------------------

# What stands behind themes. A call that was given to another company and not yet mined again stands
# behind none. A call without an account is a party of its own, and no account.
_BEHIND = """
select theme_id, sum(mentions)::int as mentions, sum(calls)::int as calls,
       count(account_id)::int as accounts, sum(coalesce(deal, worth, 0)) as value_usd,
       coalesce(sum(worth) filter (where deal is null), 0) as account_value_usd,
       max(last_heard) as last_heard, sum(again)::int as again
from (
    select theme_id, account_id, sum(mentions) as mentions, count(*) as calls, max(deal) as deal,
           max(worth) as worth, max(held_at) as last_heard, count(*) filter (where again) as again
    from (
        select whole.id as theme_id, i.call_id, c.account_id, c.held_at, c.deal_value_usd as deal,
               a.value_usd as worth, count(*) as mentions,
               whole.status = 'shipped' and c.held_at > whole.status_since as again
        from insight i
        join theme part on part.id = i.theme_id
        join theme whole on whole.id = coalesce(part.merged_into, part.id)
        join call c on c.id = i.call_id and c.company_id = part.company_id
        left join account a on a.id = c.account_id
        where i.review <> 'rejected' {among}
        group by whole.id, whole.status, whole.status_since, i.call_id, c.account_id, c.held_at,
                 c.deal_value_usd, a.value_usd) said
    group by theme_id, account_id, case when account_id is null then call_id end) parties
group by theme_id
"""

_THEMES = """
select t.id, t.company_id, company.name as company, t.name, t.created_at, t.status, t.status_since,
       t.issue_url,
       coalesce(mentions, 0) as mentions, coalesce(calls, 0) as calls,
       coalesce(accounts, 0) as accounts, coalesce(behind.value_usd, 0) as value_usd,
       coalesce(account_value_usd, 0) as account_value_usd, last_heard,
       coalesce(again, 0) as calls_since_shipped
from theme t join company on company.id = t.company_id
left join ({behind}) behind on theme_id = t.id
where t.merged_into is null
"""

# Counted before, but for what changed since: see `stale`.
_TALLIED = """
select tally.theme_id, mentions, calls, accounts, value_usd, account_value_usd, last_heard,
       case when shipped.status = 'shipped' then (
           select count(distinct c.id)::int from theme part join insight i on i.theme_id = part.id
           join call c on c.id = i.call_id and c.company_id = part.company_id
           where (part.id = shipped.id or part.merged_into = shipped.id)
             and i.review <> 'rejected' and c.held_at > shipped.status_since)
       else 0 end as again
from theme_tally tally join theme shipped on shipped.id = tally.theme_id
where not tally.theme_id = any(%(stale)s)
"""

_STALE = "whole.id = any(%(stale)s)"

_SHOWN = """
select themes.*,
       array(select distinct name from (
                 select unnest(t.aliases) as name from theme t where t.id = themes.id
                 union all select p.name from theme p where p.merged_into = themes.id
                 union all select unnest(p.aliases) from theme p where p.merged_into = themes.id
             ) names
             where lower(name) <> lower(themes.name) order by name) as aliases
from ({themes}) themes
"""

_AMONG = {
    "company": "part.company_id = %(company)s",
    "account": "lower(a.name) = lower(%(account)s)",
    "segment": "lower(a.segment) = lower(%(segment)s)",
    "since": "c.held_at >= %(since)s::date at time zone 'UTC'",
    "until": "c.held_at < %(until)s::date at time zone 'UTC'",
}

EVERY = ThemeFilter()

_ORDERS = {
    Rank.ACCOUNTS: ("accounts", "value_usd", "mentions", "id"),
    Rank.VALUE: ("value_usd", "accounts", "mentions", "id"),
    Rank.RECENCY: ("last_heard", "accounts", "value_usd", "id"),
}


def theme(conn: Connection, theme_id: int) -> Theme:
    """One theme, also where nothing of it stands any more; of a part the whole. Raises NotFound."""
    row = conn.execute(
        "select coalesce(merged_into, id) from theme where id = %s", (theme_id,)
    ).fetchone()
    if row is None:
        raise NotFound(f"There is no theme {theme_id}.")
    behind = _BEHIND.format(among="and whole.id = %(theme)s")
    query = _SHOWN.format(themes=_THEMES.format(behind=behind) + "and t.id = %(theme)s")
    with conn.cursor(row_factory=kwargs_row(_theme)) as cursor:
        found = cursor.execute(query, {"theme": row[0]}).fetchone()
    assert found is not None, "a part's whole is a theme"
    return found


def list_themes(
    conn: Connection,
    wanted: ThemeFilter = EVERY,
    rank: Rank = Rank.ACCOUNTS,
    after: ThemePosition | None = None,
    limit: int = 1000,
) -> Sequence[Theme]:
    """The themes that somebody wishes, by rank: those of most accounts first, of the largest value,
    or those heard last."""
    query, values = _wished(conn, wanted)
    columns = ", ".join(_ORDERS[rank])
    places = ", ".join(f"%({name})s" for name in _ORDERS[rank])
    listed = f"select * from ({query}) themes"  # noqa: S608 - constants
    if after:
        listed += f" where ({columns}) < ({places})"
        values |= asdict(after)
    order = ", ".join(f"{name} desc" for name in _ORDERS[rank])
    with conn.cursor(row_factory=kwargs_row(_theme)) as cursor:
        query = _SHOWN.format(themes=f"{listed} order by {order} limit %(limit)s")
        query += f"order by {order}"
        return cursor.execute(query, values | {"limit": limit}).fetchall()


def count_by_status(conn: Connection, wanted: ThemeFilter) -> dict[Status, int]:
    """How many of these themes there are in each status, whatever status is wanted."""
    query, values = _wished(conn, replace(wanted, status=None))
    query = f"select status, count(*) from ({query}) themes group by status"  # noqa: S608 - constants
    counts = dict(conn.execute(query, values).fetchall())
    return {status: counts.get(status.value, 0) for status in Status}


def _wished(conn: Connection, wanted: ThemeFilter) -> tuple[str, dict[str, Any]]:
    """The query of the themes wanted of which a mention stands, and its values."""
    values = asdict(wanted)
    asked = [name for name in _AMONG if values[name] is not None]
    among = [_AMONG[name] for name in asked]
    if {"account", "segment", "since", "until"}.isdisjoint(asked):
        values["stale"] = stale(conn)
        fresh = _behind([*among, _STALE]) if values["stale"] else ""
        behind = _TALLIED + (f" union all {fresh}" if fresh else "")
    else:
        behind = _behind(among)
    query = _THEMES.format(behind=behind) + "and mentions > 0"
    if wanted.company is not None:
        query += " and t.company_id = %(company)s"
    if wanted.status:
        query += " and t.status = %(status)s"
    return query, values


def _behind(among: Iterable[str]) -> str:
    return _BEHIND.format(among=" ".join(f"and {sql}" for sql in among))


def stale(conn: Connection) -> list[int]:
    """The themes whose tally may be wrong: something that they count was changed since. Triggers
    write that down in the transaction of the change, whoever makes it."""
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
    taken = [theme_id for (theme_id,) in rows if theme_id is not None]
    if not taken:
        return 0
    conn.execute("delete from theme_tally where theme_id = any(%s)", (taken,))
    conn.execute(
        f"""insert into theme_tally (theme_id, mentions, calls, accounts, value_usd,
                                     account_value_usd, last_heard)
            select theme_id, mentions, calls, accounts, value_usd, account_value_usd, last_heard
            from ({_behind([_STALE])}) behind
            on conflict (theme_id) do nothing""",  # noqa: S608 - constants
        {"stale": taken},
    )
    return len(taken)


def position(theme: Theme) -> ThemePosition:
    """Where a list goes on after this theme, which somebody wishes."""
    assert theme.last_heard is not None, "what is listed was heard"
    return ThemePosition(
        theme.accounts, theme.value_usd, theme.mentions, theme.last_heard, theme.id
    )


def _theme(*, aliases: list[str], status: str, **row: Any) -> Theme:
    return Theme(aliases=tuple(aliases), status=Status(status), **row)


# Asked only while both have something standing, are two, and nobody has said that they differ.
_OPEN = """
select s.id, s.company_id, company.name as company, a.id as theme_id, a.name as theme,
       b.id as other_id, b.name as other, s.likeness, s.created_at
from theme_suggestion s
join company on company.id = s.company_id
join theme ap on ap.id = s.theme_id join theme a on a.id = coalesce(ap.merged_into, ap.id)
join theme bp on bp.id = s.other_id join theme b on b.id = coalesce(bp.merged_into, bp.id)
where s.state = 'open' and a.id <> b.id
  and (%(company)s::bigint is null or s.company_id = %(company)s)
  and exists (select 1 from insight where theme_id = s.theme_id and review <> 'rejected')
  and exists (select 1 from insight where theme_id = s.other_id and review <> 'rejected')
  and not exists (
      select 1 from theme_suggestion r
      join theme x on x.id = r.theme_id join theme y on y.id = r.other_id
      where r.state = 'refused' and r.company_id = s.company_id
        and (coalesce(x.merged_into, x.id), coalesce(y.merged_into, y.id))
            in ((a.id, b.id), (b.id, a.id)))
"""


def open_suggestions(
    conn: Connection, company_id: int | None = None, limit: int = 200
) -> Sequence[Suggestion]:
    """The pairs of themes that a person should look at, those most alike first."""
    with conn.cursor(row_factory=kwargs_row(Suggestion)) as cursor:
        return cursor.execute(
            f"{_OPEN} order by s.likeness desc, s.id limit %(limit)s",
            {"company": company_id, "limit": limit},
        ).fetchall()
