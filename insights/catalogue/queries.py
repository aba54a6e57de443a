"""SQL for the catalogue. A change relabels the mentions that it is about, and their roll-ups."""

from collections.abc import Sequence
from dataclasses import replace

from psycopg.rows import class_row, kwargs_row

from ingest.base.db import Connection
from ingest.base.errors import NotFound
from insights.catalogue.rules import check_competitor, tidy
from insights.insight import Competitor, Kind
from insights.queries import SELECT_CATALOGUE, catalogue, catalogue_entry
from insights.rollups.queries import hold_company, recount
from insights.stored import CatalogueEntry, Company, Seller

_COMPANIES = """
select c.id, c.name, c.product,
       (select count(*) from call where company_id = c.id)::int as calls,
       (select count(*) from competitor where company_id = c.id)::int as rivals
from company c
"""


def list_companies(conn: Connection) -> Sequence[Company]:
    """Every selling company by name."""
    with conn.cursor(row_factory=class_row(Company)) as cursor:
        return cursor.execute(f"{_COMPANIES} order by lower(c.name)").fetchall()


def company_names(conn: Connection) -> list[str]:
    """The selling companies' names; counting their calls takes longer."""
    return [name for (name,) in conn.execute("select name from company order by lower(name)")]


def company(conn: Connection, company_id: int) -> Company:
    """One selling company; NotFound where there is none."""
    with conn.cursor(row_factory=class_row(Company)) as cursor:
        found = cursor.execute(f"{_COMPANIES} where c.id = %s", (company_id,)).fetchone()
    if found is None:
        raise NotFound(f"There is no company {company_id}.")
    return found


def company_called(conn: Connection, name: str) -> Seller:
    """The selling company of a name, case aside; NotFound where there is none."""
    with conn.cursor(row_factory=class_row(Seller)) as cursor:
        query = "select id, name from company where lower(name) = lower(%s)"
        found = cursor.execute(query, (name,)).fetchone()
    if found is None:
        raise NotFound(f"There is no company “{name}”: GET /v1/companies lists those there are.")
    return found


def full_catalogue(conn: Connection) -> Sequence[CatalogueEntry]:
    """Every company's rivals, by company and name."""
    with conn.cursor(row_factory=kwargs_row(catalogue_entry)) as cursor:
        query = f"{SELECT_CATALOGUE} order by lower(c.name), lower(r.name)"
        return cursor.execute(query).fetchall()


def competitor(conn: Connection, competitor_id: int) -> CatalogueEntry:
    """One rival; NotFound where there is none."""
    with conn.cursor(row_factory=kwargs_row(catalogue_entry)) as cursor:
        found = cursor.execute(f"{SELECT_CATALOGUE} where r.id = %s", (competitor_id,)).fetchone()
    if found is None:
        raise NotFound(f"There is no competitor {competitor_id}.")
    return found


def add_competitor(conn: Connection, company_id: int, wanted: Competitor) -> CatalogueEntry:
    """A new rival in a company's catalogue; mentions of it as an unlisted one become its own.
    Raises NotFound, BadCompetitor."""
    wanted = _checked(conn, company_id, wanted, except_id=None)
    row = conn.execute(
        "insert into competitor (company_id, name, aliases) values (%s, %s, %s) returning id",
        (company_id, wanted.name, list(wanted.aliases)),
    ).fetchone()
    assert row is not None, "an insert returns its row"
    entry = competitor(conn, row[0])
    _adopt(conn, entry)
    return entry


def set_competitor(conn: Connection, competitor_id: int, wanted: Competitor) -> CatalogueEntry:
    """Name a rival anew; its mentions follow. Raises NotFound, BadCompetitor."""
    old = competitor(conn, competitor_id)
    wanted = _checked(conn, old.company_id, wanted, except_id=competitor_id)
    conn.execute(
        "update competitor set name = %s, aliases = %s where id = %s",
        (wanted.name, list(wanted.aliases), competitor_id),
    )
    entry = replace(old, name=wanted.name, aliases=wanted.aliases)
    _adopt(conn, entry)
    return entry


def delete_competitor(conn: Connection, competitor_id: int) -> None:
    """Take a rival out of the catalogue; its mentions stay, as of one not listed."""
    old = competitor(conn, competitor_id)
    hold_company(conn, old.company_id)
    conn.execute("update insight set unlisted = true where competitor_id = %s", (competitor_id,))
    conn.execute("delete from competitor where id = %s", (competitor_id,))


def _checked(
    conn: Connection, company_id: int, wanted: Competitor, except_id: int | None
) -> Competitor:
    seller = company(conn, company_id)
    hold_company(conn, company_id)
    wanted = tidy(wanted)
    others = [entry for entry in catalogue(conn, company_id) if entry.id != except_id]
    check_competitor(wanted, seller, others)
    return wanted


def _adopt(conn: Connection, entry: CatalogueEntry) -> None:
    """Give the rival's mentions its name, those found under an alias and not listed as well."""
    names = [entry.name, *entry.aliases]
    values = {"id": entry.id, "company": entry.company_id, "name": entry.name, "names": names}
    rows = conn.execute(_DROP_DOUBLES, values).fetchall()
    rows += conn.execute(_RELABEL, values).fetchall()
    recount(conn, entry.company_id, Kind.COMPETITOR, {entry.name, *(row[0] for row in rows)})


_MINE = """
select i.id, i.label, row_number() over (
           partition by i.call_id, i.turn, i.char_start
           order by i.review = 'unreviewed', i.label <> %(name)s, i.competitor_id is null,
                    i.confidence desc, i.id) as nth
from insight i join call c on c.id = i.call_id
where i.kind = 'competitor' and c.company_id = %(company)s
  and (i.competitor_id = %(id)s
       or (i.competitor_id is null
           and lower(i.label) in (select lower(name) from unnest(%(names)s::text[]) name)))
"""

# Two names of one rival with one quote would be one mention twice; what a person has reviewed
# stays, under the name that it was reviewed by.
_DROP_DOUBLES = f"""
delete from insight using ({_MINE}) mine
where insight.id = mine.id and mine.nth > 1 and insight.review = 'unreviewed'
returning mine.label
"""  # noqa: S608 - made of the constant above

_RELABEL = f"""
update insight set label = %(name)s, competitor_id = %(id)s, unlisted = false
from ({_MINE}) mine where insight.id = mine.id and mine.nth = 1 returning mine.label
"""  # noqa: S608 - made of the constant above
