"""The orders of the list of calls: each call once, and by an index."""

from datetime import timedelta
from decimal import Decimal

import pytest

from ingest import queries
from ingest.base import db
from ingest.calls import Call
from ingest.library.library import Place, Sort
from tests.conftest import NOON, AddCall


@pytest.mark.parametrize("sort", Sort)
def test_pages_hold_each_call_once_in_every_order(
    conn: db.Connection, add_call: AddCall, sort: Sort
) -> None:
    for n in range(12):
        value = Decimal("0.1") * (n % 4) if n % 4 else None
        add_call(60.1 + n % 3, deal_value_usd=value, held_at=NOON + timedelta(hours=n // 4))
    seen: list[Call] = []
    before: Place | None = None
    while page := queries.list_calls(conn, sort=sort, before=before, limit=5):
        seen += page
        before = Place.of(page[-1], sort)
        assert before.fits(sort)
    keys = [(sort.key(call) or 0, call.held_at, call.id) for call in seen]
    assert len(set(keys)) == 12
    assert keys == sorted(keys, reverse=True)


def test_a_place_fits_its_own_kind_of_order() -> None:
    assert Place(NOON, 1).fits(Sort.NEWEST)
    assert not Place(NOON, 1).fits(Sort.VALUE)
    assert not Place(NOON, 1, 0.0).fits(Sort.NEWEST)


@pytest.mark.parametrize(
    ("sort", "index"),
    [
        (Sort.NEWEST, "call_by_time"),
        (Sort.VALUE, "call_by_value"),
        (Sort.LENGTH, "call_by_length"),
    ],
)
def test_every_order_has_its_index(conn: db.Connection, sort: Sort, index: str) -> None:
    conn.execute(
        """insert into company (name) values ('c');
           insert into call (company_id, title, filename, held_at, state, deal_value_usd, seconds)
           select 1, 't', 'f', timestamptz '2026-01-01' + i * interval '1 minute', 'done', i, i
             from generate_series(1, 5000) as i;
           analyze call"""
    )
    (first,) = queries.list_calls(conn, sort=sort, limit=1)
    assert len(queries.list_calls(conn, sort=sort, before=Place.of(first, sort), limit=25)) == 25
    conn.execute("select pg_stat_force_next_flush()")
    conn.commit()
    query = "select idx_tup_read from pg_stat_user_indexes where indexrelname = %s"
    ((read,),) = conn.execute(query, [index]).fetchall()
    assert 26 <= read < 100, "the rows of both pages, and some that the planner looks at"
