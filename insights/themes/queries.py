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
from insights.themes.tallies.queries import behind, behind_afresh, stale
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
    query = _SHOWN.format(
        themes=_THEMES.format(behind=behind_afresh()) + "and t.id = any(%(stale)s)"
    )
    with conn.cursor(row_factory=kwargs_row(_theme)) as cursor:
        found = cursor.execute(query, {"stale": [row[0]]}).fetchone()
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
    values: dict[str, Any] = asdict(wanted) | {"stale": stale(conn)}
    query = _THEMES.format(behind=behind(wanted, values["stale"])) + "and mentions > 0"
    if wanted.company is not None:
        query += " and t.company_id = %(company)s"
    if wanted.status:
        query += " and t.status = %(status)s"
    return query, values


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
