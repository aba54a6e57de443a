"""What stands behind a theme is right whatever is done, counted before or not."""

import random
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

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
from insights.themes.queries import EVERY, count_by_status, list_themes
from insights.themes.tallies.queries import retally, stale
from insights.themes.theme import Status, Theme, ThemeFilter
from tests.insights.trending import MONDAY, mined, said

SPRING = MONDAY.date() + timedelta(days=30)
LATER = MONDAY.replace(year=9000)


ASKED = [
    EVERY,
    ThemeFilter(segment="smb"),
    ThemeFilter(segment="MID", status=Status.SHIPPED),
    ThemeFilter(account="HARTSOE"),
    ThemeFilter(since=SPRING),
    ThemeFilter(until=SPRING, segment="mid"),
    ThemeFilter(account="cantle", since=MONDAY.date(), until=SPRING),
    ThemeFilter(stage="DEMO"),
    ThemeFilter(rep="Dana", segment="smb"),
    ThemeFilter(lead_source="webinar", campaign="Spring"),
    ThemeFilter(min_confidence=0.9, since=SPRING),
    ThemeFilter(review=Review.CONFIRMED),
    ThemeFilter(review=Review.REJECTED, segment="mid"),
]


def counted_afresh(conn: Connection, wanted: ThemeFilter = EVERY) -> list[Theme]:
    """The themes, with no tally used."""
    with conn.transaction(force_rollback=True):
        conn.execute("insert into theme_stale select id from theme")
        return list(list_themes(conn, wanted))


@dataclass
class Party:
    """An account, or a call of none."""

    account: int | None
    worth: Decimal | None  # of the account
    mentions: int = 0
    calls: dict[int, datetime] = field(default_factory=dict)  # when each was held
    deals: list[Decimal] = field(default_factory=list)

    @property
    def value(self) -> Decimal:
        return max(self.deals, default=self.worth or Decimal(0))


def counted_by_hand(conn: Connection, wanted: ThemeFilter) -> dict[int, tuple[Any, ...]]:
    """What stands behind each theme, added up mention by mention."""
    rows = conn.execute(
        """select whole.id, whole.status, whole.status_since, c.id, c.held_at, c.deal_value_usd,
                  a.id, a.value_usd, i.review, i.confidence,
                  a.name, a.segment, c.stage, r.name, c.lead_source, c.campaign
           from insight i join theme part on part.id = i.theme_id
           join theme whole on whole.id = coalesce(part.merged_into, part.id)
           join call c on c.id = i.call_id and c.company_id = part.company_id
           left join account a on a.id = c.account_id
           left join rep r on r.id = c.rep_id"""
    )
    parties: dict[int, dict[tuple[str, int], Party]] = {}
    shipped: dict[int, datetime] = {}
    for theme, status, status_since, call, held_at, deal, account, worth, *of in rows:
        said_of, confidence, *told = of
        if (
            not _counts(wanted, said_of, confidence)
            or (wanted.status and status != wanted.status)
            or not _are_told(wanted, told)
            or (wanted.since and held_at.date() < wanted.since)
            or (wanted.until and held_at.date() >= wanted.until)
        ):
            continue
        who = ("account", account) if account else ("call", call)
        party = parties.setdefault(theme, {}).setdefault(who, Party(account, worth))
        party.mentions += 1
        party.calls[call] = held_at
        party.deals += [] if deal is None else [deal]
        if status == Status.SHIPPED:
            shipped[theme] = status_since
    return {theme: _sums([*each.values()], shipped.get(theme)) for theme, each in parties.items()}


def _counts(wanted: ThemeFilter, said_of: str, confidence: float) -> bool:
    if wanted.min_confidence is not None and confidence < wanted.min_confidence:
        return False
    return said_of == wanted.review if wanted.review else said_of != Review.REJECTED


def _are_told(wanted: ThemeFilter, told: list[str | None]) -> bool:
    asked = [wanted.account, wanted.segment, wanted.stage]
    asked += [wanted.rep, wanted.lead_source, wanted.campaign]
    return all(
        name is None or name.lower() == (here or "").lower()
        for name, here in zip(asked, told, strict=True)
    )


def _sums(parties: list[Party], shipped: datetime | None) -> tuple[Any, ...]:
    held = [held_at for party in parties for held_at in party.calls.values()]
    return (
        sum(party.mentions for party in parties),
        len(held),
        sum(party.account is not None for party in parties),
        sum(party.value for party in parties),
        sum(party.value for party in parties if not party.deals),
        max(held),
        sum(shipped is not None and held_at > shipped for held_at in held),
    )


def shown(themes: Iterable[Theme]) -> dict[int, tuple[Any, ...]]:
    return {
        theme.id: (
            theme.mentions,
            theme.calls,
            theme.accounts,
            theme.value_usd,
            theme.account_value_usd,
            theme.last_heard,
            theme.calls_since_shipped,
        )
        for theme in themes
    }


class House:
    """Calls with wishes, and what may happen to them."""

    def __init__(self, conn: Connection, user: int, dice: random.Random) -> None:
        self.conn, self.user, self.dice = conn, user, dice

    @property
    def call(self) -> int:
        ids = [row[0] for row in self.conn.execute("select id from call order by id")]
        return int(self.dice.choice(ids))

    @property
    def day(self) -> datetime:
        """Around SPRING, or after whatever is shipped now."""
        return self.dice.choice([MONDAY, MONDAY, LATER]) + timedelta(self.dice.randrange(60))

    def come(self) -> None:
        dice = self.dice
        wishes = dice.sample(["export", "alerts", "colours", "audit log"], dice.randint(0, 3))
        mined(
            self.conn,
            *(
                replace(
                    said(each, Kind.FEATURE_REQUEST, start=10 * n),
                    confidence=dice.choice([0.8, 0.9, 1.0]),
                )
                for n, each in enumerate(wishes)
            ),
            held_at=self.day,
            account=dice.choice([None, "Hartsoe", "Cantle"]),
            account_value_usd=dice.choice([None, Decimal(dice.randrange(9))]),
            segment=dice.choice([None, "SMB", "smb", "Mid"]),
            deal_value_usd=dice.choice([None, Decimal(dice.randrange(9))]),
            company=dice.choice(["Acme", "Bolt"]),
            stage=dice.choice([None, "demo", "Closed won"]),
            rep=dice.choice([None, "Dana", "Ed"]),
            lead_source=dice.choice([None, "Webinar"]),
            campaign=dice.choice([None, "spring"]),
        )

    def change(self) -> None:
        details = self.dice.choice(
            [
                CallDetails(deal_value_usd=Decimal(self.dice.randrange(9))),
                CallDetails(held_at=self.day),
                CallDetails(account="Hartsoe", account_value_usd=Decimal(self.dice.randrange(9))),
                CallDetails(account="Cantle", segment=self.dice.choice(["SMB", "Mid"])),
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
        for wanted in ASKED:
            listed = list_themes(conn, wanted)
            assert listed == counted_afresh(conn, wanted)
            assert shown(listed) == counted_by_hand(conn, wanted)
        assert sum(count_by_status(conn, EVERY).values()) == len(list_themes(conn))
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


def test_an_account_of_another_segment_counts_there_at_once(conn: Connection) -> None:
    mined(conn, said("export", Kind.FEATURE_REQUEST), account="Hartsoe", segment="SMB")
    retally(conn)
    smb, mid = ThemeFilter(segment="smb"), ThemeFilter(segment="mid")
    assert [theme.accounts for theme in list_themes(conn, smb)] == [1]
    moved = CallDetails(account="Hartsoe", segment="Mid")
    calls.add_call(conn, None, "x.json", moved, MONDAY)
    for _ in range(2):
        assert [theme.accounts for theme in list_themes(conn, mid)] == [1]
        assert list_themes(conn, smb) == []
        retally(conn)


def test_calls_that_say_what_they_said_are_not_written_again(conn: Connection) -> None:
    for n in range(3):
        mined(conn, said("export", Kind.FEATURE_REQUEST), account=f"a{n}")
    retally(conn)
    before = _versions(conn)
    mined(conn, said("export", Kind.FEATURE_REQUEST), account="b")
    calls.update_details(conn, min(before), CallDetails(deal_value_usd=Decimal(7)))
    retally(conn)
    after = _versions(conn)
    assert {call for call in before if after[call] == before[call]} == {*before} - {min(before)}
    assert len(after) == 4


def _versions(conn: Connection) -> dict[int, str]:
    return dict(conn.execute("select call_id, ctid::text from theme_call").fetchall())


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
