"""What is told of a theme, on a real PostgreSQL: its status, its link, and when it comes again."""

from datetime import timedelta

import pytest

from ingest.base.db import Connection
from ingest.base.errors import NotFound
from insights.insight import Review
from insights.queries import insights_of
from insights.reviews.queries import review
from insights.reviews.rules import Judgement
from insights.themes.changes.queries import (
    merge,
    set_link,
    set_status,
    undo,
)
from insights.themes.history.queries import change, changes
from insights.themes.queries import (
    list_themes,
    theme,
)
from insights.themes.rules import BadTheme, ThemeChanged
from insights.themes.theme import Act, Status
from tests.insights.test_queries import mined
from tests.insights.themes.wishing import SHIPPED_AT, Wish, named, wish


def test_a_status_is_told_with_who_and_why_and_taken_back(
    conn: Connection, said: Wish, reviewer: int
) -> None:
    said("a")
    number = named(conn, "a").id
    assert (theme(conn, number).status, theme(conn, number).status_since) == (Status.NEW, None)
    planned = set_status(conn, number, Status.PLANNED, "  in the\nautumn ", reviewer)
    conn.commit()
    shipped = set_status(conn, number, Status.SHIPPED, "", reviewer)
    assert theme(conn, number).status is Status.SHIPPED
    with pytest.raises(ThemeChanged, match="“a” is shipped already"):
        set_status(conn, number, Status.SHIPPED, "again", reviewer)
    with pytest.raises(ThemeChanged, match="undo that first"):
        undo(conn, planned, reviewer)
    undo(conn, shipped, reviewer)
    assert theme(conn, number).status is Status.PLANNED
    undo(conn, planned, reviewer)
    assert (theme(conn, number).status, theme(conn, number).status_since) == (Status.NEW, None)
    told = [(found.told, found.note, found.by) for found in changes(conn, theme_id=number)]
    assert told[2:] == [
        ("“a” is shipped", None, "Rhea Moss"),
        ("“a” is planned", "in the autumn", "Rhea Moss"),
    ]
    with pytest.raises(BadTheme, match="at most 300"):
        set_status(conn, number, Status.DECLINED, "x" * 301, reviewer)
    with pytest.raises(NotFound):
        set_status(conn, 99, Status.DECLINED, "", reviewer)


def test_one_themes_history_is_its_own(conn: Connection, said: Wish, reviewer: int) -> None:
    for n in range(11):
        said(f"wish {n}")
    ids = {found.name: found.id for found in list_themes(conn)}
    for number in ids.values():
        set_status(conn, number, Status.PLANNED, "", reviewer)
    first, second = ids["wish 0"], ids["wish 1"]
    merge(conn, second, first, reviewer)
    assert [found.act for found in changes(conn, theme_id=first)] == [Act.STATUS]
    assert [found.act for found in changes(conn, theme_id=second)] == [Act.MERGE, Act.STATUS]
    assert changes(conn, theme_id=999) == []


def test_a_merged_theme_hands_on_what_was_said_of_it(
    conn: Connection, said: Wish, reviewer: int
) -> None:
    said("a")
    said("b")
    a, b = named(conn, "a").id, named(conn, "b").id
    set_status(conn, a, Status.DECLINED, "", reviewer)
    set_link(conn, a, "https://issues.example/7", reviewer)
    told = theme(conn, a)
    merged = merge(conn, a, b, reviewer)
    whole = theme(conn, a)
    assert (whole.id, whole.status, whole.issue_url) == (b, Status.DECLINED, told.issue_url)
    assert whole.status_since == told.status_since
    with pytest.raises(ThemeChanged, match="is part of “b”"):
        set_status(conn, a, Status.PLANNED, "", reviewer)
    undo(conn, merged, reviewer)
    assert theme(conn, a) == told
    unsaid = theme(conn, b)
    assert (unsaid.status, unsaid.status_since, unsaid.issue_url) == (Status.NEW, None, None)


def test_what_was_said_of_the_whole_stays(conn: Connection, said: Wish, reviewer: int) -> None:
    said("a")
    said("b")
    a, b = named(conn, "a").id, named(conn, "b").id
    set_status(conn, a, Status.DECLINED, "", reviewer)
    set_link(conn, a, "https://issues.example/7", reviewer)
    set_status(conn, b, Status.PLANNED, "", reviewer)
    merge(conn, a, b, reviewer)
    whole = theme(conn, b)
    assert (whole.status, whole.issue_url) == (Status.PLANNED, "https://issues.example/7")


def test_a_link_is_kept_as_a_browser_reads_it(conn: Connection, said: Wish, reviewer: int) -> None:
    said("a")
    number = named(conn, "a").id
    linked = set_link(conn, number, " HTTPS://Issues.Example/Exports 12 ", reviewer)
    assert theme(conn, number).issue_url == "https://issues.example/Exports%2012"
    assert change(conn, linked).told == "“a” is linked to an issue at issues.example"
    with pytest.raises(ThemeChanged, match="already"):
        set_link(conn, number, "https://issues.example/Exports%2012", reviewer)
    gone = set_link(conn, number, "", reviewer)
    assert theme(conn, number).issue_url is None
    with pytest.raises(ThemeChanged, match="no link to take away"):
        set_link(conn, number, "", reviewer)
    undo(conn, gone, reviewer)
    assert theme(conn, number).issue_url == "https://issues.example/Exports%2012"
    with pytest.raises(BadTheme, match="no address of an issue"):
        set_link(conn, number, "javascript:alert(1)", reviewer)


def test_heard_again_since_it_shipped(conn: Connection, said: Wish, reviewer: int) -> None:
    said("a", held_at=SHIPPED_AT - timedelta(1))
    again = said("a", held_at=SHIPPED_AT + timedelta(1))
    mined(conn, again, wish("a"), wish("a", start=30))
    other = said("b", held_at=SHIPPED_AT + timedelta(2))
    number = named(conn, "a").id
    assert named(conn, "a").calls_since_shipped == 0, "nobody said that it shipped"
    set_status(conn, number, Status.SHIPPED, "", reviewer)
    conn.execute("update theme set status_since = %s where id = %s", (SHIPPED_AT, number))
    assert named(conn, "a").calls_since_shipped == 1, "two mentions in one call"
    merge(conn, named(conn, "b").id, number, reviewer)
    assert named(conn, "a").calls_since_shipped == 2
    review(conn, insights_of(conn, other.id)[0].id, Judgement(Review.REJECTED), reviewer)
    assert named(conn, "a").calls_since_shipped == 1
    set_status(conn, number, Status.DECLINED, "", reviewer)
    assert named(conn, "a").calls_since_shipped == 0
