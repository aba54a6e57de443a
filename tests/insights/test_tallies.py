"""What stands behind a theme is right whatever is done, counted before or not."""

import random
import shutil
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from ingest import queries as calls
from ingest.base import db
from ingest.base.db import Connection
from ingest.calls import CallDetails
from insights.insight import Kind, Review
from insights.queries import insights_of
from insights.reviews.queries import review
from insights.reviews.rules import Judgement
from insights.rollups.queries import moving_rollups, rebuild_rollups, rollup_differences
from insights.themes.changes.queries import merge, rename, set_status, undo
from insights.themes.history.queries import changes
from insights.themes.queries import count_by_status, list_themes, retally, stale
from insights.themes.theme import Status, Theme, ThemeFilter
from tests.insights.trending import MONDAY, mined, said


def counted_afresh(conn: Connection) -> list[Theme]:
    """The themes, with no tally used."""
    with conn.transaction(force_rollback=True):
        conn.execute("insert into theme_stale select id from theme")
        return list(list_themes(conn))


class House:
    """Calls with wishes, and what may happen to them."""

    def __init__(self, conn: Connection, user: int, dice: random.Random) -> None:
        self.conn, self.user, self.dice = conn, user, dice

    @property
    def call(self) -> int:
        ids = [row[0] for row in self.conn.execute("select id from call order by id")]
        return int(self.dice.choice(ids))

    def come(self) -> None:
        dice = self.dice
        wishes = dice.sample(["export", "alerts", "colours", "audit log"], dice.randint(0, 3))
        mined(
            self.conn,
            *(said(each, Kind.FEATURE_REQUEST, start=10 * n) for n, each in enumerate(wishes)),
            held_at=MONDAY + timedelta(days=dice.randrange(60)),
            account=dice.choice([None, "Hartsoe", "Cantle"]),
            account_value_usd=dice.choice([None, Decimal(dice.randrange(9))]),
            deal_value_usd=dice.choice([None, Decimal(dice.randrange(9))]),
            company=dice.choice(["Acme", "Bolt"]),
        )

    def change(self) -> None:
        details = self.dice.choice(
            [
                CallDetails(deal_value_usd=Decimal(self.dice.randrange(9))),
                CallDetails(held_at=MONDAY + timedelta(days=self.dice.randrange(60))),
                CallDetails(account="Hartsoe", account_value_usd=Decimal(self.dice.randrange(9))),
                CallDetails(company="Bolt"),
            ]
        )
        call = self.call
        with moving_rollups(self.conn, call):
            calls.update_details(self.conn, call, details, self.dice.choice([(), ("account",)]))

    def judge(self) -> None:
        for each in insights_of(self.conn, self.call):
            review(self.conn, each.id, Judgement(self.dice.choice(list(Review))), self.user)

    def delete(self) -> None:
        call = self.call
        with moving_rollups(self.conn, call):
            calls.delete_call(self.conn, call)

    def shape(self) -> None:
        themes = [theme for theme in list_themes(self.conn) if theme.company == "Acme"]
        if len(themes) > 1:
            one, other = self.dice.sample(themes, 2)
            merge(self.conn, one.id, other.id, self.user)
            rename(self.conn, other.id, f"{other.name}!", self.user)
        for theme in list_themes(self.conn, limit=1):
            status = self.dice.choice([each for each in Status if each is not theme.status])
            set_status(self.conn, theme.id, status, "", self.user)

    def undo(self) -> None:
        latest = changes(self.conn)
        if latest and not latest[0].undone and latest[0].undoes is None:
            undo(self.conn, latest[0].id, self.user)

    def tally(self) -> None:
        retally(self.conn)
        assert stale(self.conn) == []


@pytest.mark.parametrize("seed", range(6))
def test_counted_before_or_afresh_they_are_the_same(
    conn: Connection, reviewer: int, seed: int
) -> None:
    house = House(conn, reviewer, random.Random(seed))
    acts: list[Callable[[], None]] = [house.come, house.change, house.judge, house.shape]
    acts += [house.undo, house.delete, house.tally, house.tally]
    for _ in range(4):
        house.come()
    for _ in range(40):
        house.dice.choice(acts)()
        if not conn.execute("select from call").fetchall():
            house.come()
        listed = list_themes(conn)
        assert listed == counted_afresh(conn)
        assert sum(count_by_status(conn, ThemeFilter()).values()) == len(listed)
    rebuild_rollups(conn)
    assert rollup_differences(conn) == []


def test_an_account_of_another_value_counts_at_once(conn: Connection) -> None:
    wish = said("export", Kind.FEATURE_REQUEST)
    mined(conn, wish, account="Hartsoe", account_value_usd=Decimal(5))
    retally(conn)
    assert [theme.value_usd for theme in list_themes(conn)] == [5]
    calls.add_call(
        conn, None, "x.json", CallDetails(account="Hartsoe", account_value_usd=Decimal(8)), MONDAY
    )
    assert [theme.value_usd for theme in list_themes(conn)] == [8]
    assert retally(conn) == 1
    assert [theme.value_usd for theme in list_themes(conn)] == [8]
    assert retally(conn) == 0


def test_what_was_counted_before_these_roll_ups_is_in_them(
    empty_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "migrations"
    shutil.copytree(Path(db.__file__).parent / db.MIGRATIONS, folder)
    monkeypatch.setattr(db, "migrations_folder", lambda: folder)
    later = {path: path.read_text() for path in folder.glob("*.sql") if path.name >= "0022"}
    for path in later:
        path.unlink()
    with db.connect(empty_database_url) as conn:
        db.migrate(conn)
        conn.execute(
            """
            insert into company (name) values ('Acme');
            insert into theme (company_id, name) select id, 'export' from company;
            insert into call (company_id, title, filename, held_at, state)
            select id, 't', 'f', date '2026-01-01' + n, 'done'
              from company, generate_series(1, 9) n;
            insert into mined_call (call_id, day, company_id)
            select id, (held_at at time zone 'UTC')::date, company_id from call;
            insert into insight (call_id, turn, kind, label, theme_id, quote, char_start, char_end,
                                 confidence, detector, version)
            select call.id, n, (array['objection', 'feature_request'])[n],
                   (array['price', 'export'])[n], (array[null, theme.id])[n], 'q', 0, 1, 1, 'd', '1'
              from call, theme, generate_series(1, 2) n;
            insert into daily_calls (day, company_id, calls)
            select day, company_id, 1 from mined_call;
            insert into daily_mentions (day, company_id, kind, label, mentions, calls)
            select day, m.company_id, kind, label, 1, 1
              from mined_call m join insight i on i.call_id = m.call_id;
            """
        )
        for path, text in later.items():
            path.write_text(text)
        db.migrate(conn)
        assert rollup_differences(conn) == []
        counted = list_themes(conn)
        assert [(theme.name, theme.calls) for theme in counted] == [("export", 9)]
        assert retally(conn) == 1
        assert list_themes(conn) == counted
