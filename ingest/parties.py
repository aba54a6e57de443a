"""Who sells and who buys: found by name without regard to case, and made where they are new."""

from typing import LiteralString, NamedTuple

from ingest.base.db import Connection
from ingest.calls import CallDetails

DEFAULT_COMPANY = "My company"
"""The seller's own company where none is named."""


class _Statements(NamedTuple):
    find: LiteralString
    make: LiteralString


_COMPANY = _Statements(
    "select id from company where lower(name) = lower(%s)",
    "insert into company (name) values (%s) on conflict do nothing",
)
_REP = _Statements(
    "select id from rep where lower(name) = lower(%s)",
    "insert into rep (name) values (%s) on conflict do nothing",
)
_ACCOUNT = _Statements(
    "select id from account where lower(name) = lower(%s)",
    "insert into account (name) values (%s) on conflict do nothing",
)


def company_named(conn: Connection, name: str | None) -> int:
    """The id of the seller's company of that name, made where there is none."""
    return _id_named(conn, _COMPANY, name or DEFAULT_COMPANY)


def describe_company(
    conn: Connection, company_id: int, product: str | None, pitch: str | None
) -> None:
    """Note what the seller's company sells, and in one line what it is good for."""
    conn.execute(
        "update company set product = %s, pitch = %s where id = %s", [product, pitch, company_id]
    )


def rep_named(conn: Connection, name: str | None) -> int | None:
    """The id of the rep of that name, made where there is none."""
    return _id_named(conn, _REP, name) if name else None


def account_of(conn: Connection, details: CallDetails) -> int | None:
    """The id of the buyer's company; its value and segment are kept up to date where given."""
    if not details.account:
        return None
    account_id = _id_named(conn, _ACCOUNT, details.account)
    if details.account_value_usd is not None or details.segment is not None:
        conn.execute(
            """update account set value_usd = coalesce(%s, value_usd),
                      segment = coalesce(%s, segment) where id = %s""",
            [details.account_value_usd, details.segment, account_id],
        )
    return account_id


def _id_named(conn: Connection, table: _Statements, name: str) -> int:
    """Find before inserting: an upsert would lock a row that every call of a company shares."""
    name = name.strip()
    found = conn.execute(table.find, [name]).fetchone()
    if found is None:
        conn.execute(table.make, [name])
        found = conn.execute(table.find, [name]).fetchone()
    assert found is not None
    return int(found[0])
