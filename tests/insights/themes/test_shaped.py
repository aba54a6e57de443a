"""Themes on a real PostgreSQL: placed, shaped by people, undone, and counted right throughout."""

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal

import psycopg
import pytest

from ingest.base import db
from ingest.base.db import Connection
from ingest.base.errors import NotFound
from insights.insight import Review
from insights.queries import compare_insights, insights_of, insights_of_themes
from insights.reviews.queries import review
from insights.reviews.rules import Judgement
from insights.rollups.queries import rollup_differences
from insights.themes.changes.queries import (
    judge,
    merge,
    rename,
    split,
    undo,
)
from insights.themes.history.queries import change, changes
from insights.themes.queries import (
    list_themes,
    open_suggestions,
    position,
    theme,
)
from insights.themes.rules import DOUBTFUL, SURE, BadTheme, ThemeChanged
from insights.themes.tallies.queries import retally
from insights.themes.theme import Act
from tests.conftest import AddCall
from tests.insights.test_queries import mined
from tests.insights.test_theme_rules import LIKE, UNSURE
from tests.insights.themes.wishing import Wish, labels, named, names, wish


def test_another_wording_joins_and_keeps_its_words(conn: Connection, said: Wish) -> None:
    said("CSV export", 0)
    call = said("download as a table", LIKE)
    said("CSV export", 0, company="Another")
    assert labels(conn, call) == [("CSV export", "download as a table")]
    assert sorted(names(conn)) == [("CSV export", 1), ("CSV export", 2)]
    mined(conn, call, wish("download as a table", LIKE))
    assert labels(conn, call) == [("CSV export", "download as a table")]
    assert conn.execute("select count(*) from theme").fetchone() == (2,)


def test_doubtful_ones_are_asked_once(conn: Connection, said: Wish, reviewer: int) -> None:
    said("CSV export", 0)
    call = said("scheduled mails", UNSURE)
    (pair,) = open_suggestions(conn)
    assert (pair.theme, pair.other) == ("scheduled mails", "CSV export")
    assert pair.likeness == pytest.approx((SURE + DOUBTFUL) / 2)
    mined(conn, call, wish("scheduled mails", UNSURE))
    assert len(open_suggestions(conn)) == 1
    review(conn, insights_of(conn, call.id)[0].id, Judgement(Review.REJECTED), reviewer)
    assert open_suggestions(conn) == [], "nothing stands behind it any more"


def test_meanings_of_two_models_are_not_compared(conn: Connection, add_call: AddCall) -> None:
    mined(conn, add_call(), replace(wish("a", 0), version="1+2"))
    mined(conn, add_call(), replace(wish("b", 0), version="2+2"))
    mined(conn, add_call(), replace(wish("c", 0), meaning=(1.0,), version="1+2"))
    mined(conn, add_call(), replace(wish("d", 0), version="1+3"))
    assert sorted(names(conn)) == [("a", 2), ("b", 1), ("c", 1)]


def test_looking_writes_nothing(conn: Connection, add_call: AddCall, said: Wish) -> None:
    said("CSV export", 0)
    call = add_call()
    found = [wish("x", LIKE), wish("y", UNSURE, 30), wish("y", 90, 60)]
    renewal = compare_insights(conn, call, found)
    assert [i.label for i in renewal.appears] == ["CSV export", "y", "y"]
    assert conn.execute("select count(*) from theme").fetchone() == (1,)


def test_merged_renamed_and_back(conn: Connection, said: Wish, reviewer: int) -> None:
    first, second = said("CSV export", 0), said("table download", 90)
    export, table = named(conn, "CSV export"), named(conn, "table download")
    merged = merge(conn, table.id, export.id, reviewer)
    assert names(conn) == [("CSV export", 2)]
    assert theme(conn, table.id).aliases == ("table download",)
    renamed = rename(conn, export.id, "Export", reviewer)
    assert (theme(conn, export.id).name, theme(conn, export.id).aliases) == (
        "Export",
        ("CSV export", "table download"),
    )
    third = said("Table Download")  # by an alias
    fourth = said("odd words", 91)  # like the members of the part
    assert labels(conn, third) == [("Export", "Table Download")]
    assert labels(conn, fourth) == [("Export", "odd words")]
    assert {i.theme_id for i in insights_of_themes(conn, [export.id])} == {export.id}
    with pytest.raises(ThemeChanged, match="is part of “Export”"):
        rename(conn, table.id, "x", reviewer)
    undo(conn, renamed, reviewer)
    undo(conn, merged, reviewer)
    assert sorted(names(conn)) == [("CSV export", 1), ("table download", 3)], "those since as well"
    assert labels(conn, first) == [("CSV export", "CSV export")]
    assert labels(conn, second) == [("table download", "table download")]
    with pytest.raises(ThemeChanged, match="undone already"):
        undo(conn, merged, reviewer)
    acts = [(found.act, found.by, found.undone) for found in changes(conn)]
    assert acts == [
        (Act.UNDO, "Rhea Moss", False),
        (Act.UNDO, "Rhea Moss", False),
        (Act.RENAME, "Rhea Moss", True),
        (Act.MERGE, "Rhea Moss", True),
    ]


def test_a_later_change_has_to_be_undone_first(conn: Connection, said: Wish, reviewer: int) -> None:
    for label in "abc":
        said(label)
    a, b, c = (named(conn, label).id for label in "abc")
    into_b = merge(conn, a, b, reviewer)
    into_c = merge(conn, b, c, reviewer)
    assert names(conn) == [("c", 3)]
    with pytest.raises(ThemeChanged, match="undo that first"):
        undo(conn, into_b, reviewer)
    undo(conn, into_c, reviewer)
    undo(conn, into_b, reviewer)
    assert sorted(names(conn)) == [("a", 1), ("b", 1), ("c", 1)]


def test_split_off_they_stay_apart(conn: Connection, said: Wish, reviewer: int) -> None:
    calls = [said("CSV export", n) for n in range(3)]
    whole = named(conn, "CSV export")
    (moved,) = insights_of(conn, calls[2].id)
    done = split(conn, whole.id, [moved.id], "nightly export", reviewer)
    assert names(conn) == [("CSV export", 2), ("nightly export", 1)]
    mined(conn, calls[2], wish("another model's words", 170))
    assert labels(conn, calls[2]) == [("nightly export", "another model's words")]
    assert change(conn, done).told == "“nightly export” split off “CSV export”"
    undo(conn, done, reviewer)
    assert names(conn) == [("CSV export", 3)]
    assert theme(conn, whole.id).aliases == ()


def test_what_cannot_be_split(conn: Connection, said: Wish, reviewer: int) -> None:
    calls = [said("a"), said("a"), said("b")]
    a, b = named(conn, "a"), named(conn, "b")
    mentions = [insights_of(conn, call.id)[0].id for call in calls]
    for chosen, name, error in [
        ([], "c", BadTheme),
        (mentions[:2], "c", BadTheme),
        (mentions[:1], "B", BadTheme),
        (mentions[:1], "A", BadTheme),
        (mentions[2:], "c", ThemeChanged),
        ([99999], "c", ThemeChanged),
    ]:
        with pytest.raises(error):
            split(conn, a.id, chosen, name, reviewer)
    with pytest.raises(BadTheme, match="two themes of one company"):
        merge(conn, a.id, a.id, reviewer)
    said("a", company="Another")
    stranger = next(t for t in list_themes(conn) if t.company == "Another")
    with pytest.raises(BadTheme, match="two themes of one company"):
        merge(conn, b.id, stranger.id, reviewer)
    with pytest.raises(NotFound):
        rename(conn, 99, "x", reviewer)
    with pytest.raises(NotFound):
        undo(conn, 99, reviewer)


def test_a_pair_is_decided_once(conn: Connection, said: Wish, reviewer: int) -> None:
    said("CSV export", 0)
    said("mails", UNSURE)
    (pair,) = open_suggestions(conn)
    refused = judge(conn, pair.id, False, reviewer)
    assert open_suggestions(conn) == []
    with pytest.raises(ThemeChanged, match="decided this pair"):
        judge(conn, pair.id, True, reviewer)
    undo(conn, refused, reviewer)
    assert [found.id for found in open_suggestions(conn)] == [pair.id]
    accepted = judge(conn, pair.id, True, reviewer)
    assert (names(conn), list(open_suggestions(conn))) == ([("CSV export", 2)], [])
    undo(conn, accepted, reviewer)
    assert [found.id for found in open_suggestions(conn)] == [pair.id]
    with pytest.raises(NotFound):
        judge(conn, 999, True, reviewer)


def test_refused_once_they_are_not_asked_of_again_through_a_part(
    conn: Connection, said: Wish, reviewer: int
) -> None:
    said("a", 0)
    said("b", UNSURE)
    (pair,) = open_suggestions(conn)
    judge(conn, pair.id, False, reviewer)
    said("c", 2 * UNSURE)  # like b, not like a
    merge(conn, named(conn, "c").id, named(conn, "a").id, reviewer)
    assert open_suggestions(conn) == [], "a and b differ, also by way of c"


def test_those_of_most_accounts_come_first(conn: Connection, said: Wish) -> None:
    for account, value in (("Acme", 10), ("Acme", 30), ("Bolt", 5)):
        said("a", account=account, deal_value_usd=Decimal(value))
    said("b", account="Acme", deal_value_usd=Decimal(999))
    said("c", account="Bolt", deal_value_usd=Decimal(1000))
    for _ in range(4):
        said("d")
    first = named(conn, "a")
    assert (first.accounts, first.value_usd, first.mentions) == (2, Decimal(35), 3)
    assert [name for name, _ in names(conn)] == ["a", "c", "b", "d"]
    walked, after = [], None
    while page := list_themes(conn, after=after, limit=1):
        walked.append(page[0].name)
        after = position(page[0])
    assert walked == ["a", "c", "b", "d"]


def test_history_is_only_added_to(conn: Connection, said: Wish, reviewer: int) -> None:
    said("a")
    rename(conn, named(conn, "a").id, "b", reviewer)
    with pytest.raises(psycopg.errors.RaiseException, match="change none"):
        conn.execute("update theme_change set told = 'nothing'")


def test_workers_and_people_side_by_side(
    database_url: str, conn: Connection, add_call: AddCall, reviewer: int
) -> None:
    """Calls placed, placed again, merged, split and undone at once: no deadlock, each wish once."""
    calls = [add_call(account="Acme") for _ in range(6)]
    conn.commit()

    def work(number: int) -> None:
        chance = random.Random(number)
        with db.connect(database_url) as own:
            for _ in range(10):
                try:
                    if number == 0:
                        _act(own, chance, reviewer)
                    elif number == 1 and chance.random() < 0.5:
                        retally(own)
                    else:
                        found = [wish(chance.choice("abcd"), chance.randrange(180), 0)]
                        mined(own, chance.choice(calls), *found)
                    own.commit()
                except (BadTheme, ThemeChanged):
                    own.rollback()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(work, range(4)))
    assert rollup_differences(conn) == []
    tallied = list_themes(conn)
    conn.execute("insert into theme_stale select id from theme")
    assert list_themes(conn) == tallied
    wrong = conn.execute(
        """select i.id from insight i join theme t on t.id = i.theme_id
           join theme w on w.id = coalesce(t.merged_into, t.id)
           where i.label <> w.name or w.merged_into is not null"""
    ).fetchall()
    assert wrong == []


def _act(conn: Connection, chance: random.Random, user_id: int) -> None:
    themes, done = list_themes(conn), changes(conn)
    if done and chance.random() < 0.4:
        undo(conn, chance.choice(done).id, user_id)
    elif len(themes) > 1:
        a, b = chance.sample(themes, 2)
        merge(conn, a.id, b.id, user_id)


# What product makes of them ---------------------------------------------------------------
