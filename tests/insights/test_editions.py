"""A role's digest, made of real rows: what is told, what is new, what became of it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.base import db
from insights.digest import Mention, Week
from insights.digests import make, queries
from insights.digests.edition import (
    QUOTES,
    Audience,
    Movement,
    belief,
    follow_movement,
    worth_using,
)
from insights.evaluate import Share
from insights.insight import Insight, Kind, Review
from insights.reviews.queries import review
from insights.reviews.rules import Judgement
from insights.trends.trend import Verdict
from tests.insights.trending import mined, said

WEEK = Week(2026, 17)
MONDAY = datetime.combine(WEEK.after.monday, datetime.min.time(), UTC) + timedelta(hours=8)


def call(conn: db.Connection, weeks_ago: int, n: int, *found: Insight, **details: Any) -> int:
    """A call of a week before the digest's, or of it (0)."""
    at = datetime.combine(WEEK.monday, datetime.min.time(), UTC)
    at += timedelta(days=1, hours=n) - timedelta(weeks=weeks_ago)
    about = {"account": f"Account {n}", "title": f"Call {n}"} | details
    return mined(conn, *found, held_at=at, **about).id


def spoken(conn: db.Connection, call_id: int, speaker: str = "buyer") -> None:
    conn.execute(
        "insert into transcript (call_id, engine, model, seconds) values (%s, 'x', 'x', 9)",
        [call_id],
    )
    conn.execute(
        "insert into turn (call_id, position, speaker, text) values (%s, 0, %s, 'words')",
        [call_id, speaker],
    )


def risen(conn: db.Connection) -> None:
    """Eight weeks of six calls; price comes up in the last four weeks alone."""
    for ago in range(8):
        for n in range(6):
            call(conn, ago, n, *([said("price")] if ago < 4 and n < 4 else []))


@pytest.mark.parametrize("audience", Audience)
def test_what_rose_is_told_with_its_numbers_and_why_we_believe_it(
    conn: db.Connection, audience: Audience
) -> None:
    risen(conn)
    told = make.edition(conn, WEEK, audience, MONDAY)
    sentence = (
        "Price came up in 16 of 24 calls in the last four weeks, more often than in the four"
        " before (0 of 24)."
    )
    assert told.headline == sentence
    assert told.belief.startswith(
        "Chance alone makes so large a difference less than once in 10,000"
    )
    (price,) = told.moved(Verdict.MORE)
    assert (price.sentence, told.moved(Verdict.LESS)) == (sentence, ())
    assert price.weeks[-1] == Share(4, 6)
    assert len(price.weeks) == make.WEEKS
    assert (told.calls, told.calls_before) == (6, 6)


def test_without_calls_nothing_is_told(conn: db.Connection) -> None:
    told = make.edition(conn, WEEK, Audience.SALES, MONDAY)
    assert told.headline == "No calls were heard in these twelve weeks."
    assert (told.movements, told.names, told.quotes, told.followed) == ((), (), (), ())


def test_calls_after_the_week_are_not_in_it(conn: db.Connection) -> None:
    risen(conn)
    before = make.edition(conn, WEEK, Audience.SALES, MONDAY)
    call(conn, -1, 3, said("price"), said("Tidewall", Kind.COMPETITOR, start=10))
    assert make.edition(conn, WEEK, Audience.SALES, MONDAY) == before


def test_a_rival_is_new_where_there_were_calls_before(conn: db.Connection) -> None:
    call(conn, 0, 1, said("Tidewall", Kind.COMPETITOR))
    assert queries.new_rivals(conn, WEEK) == [], "of the first calls all would be new"
    call(conn, 3, 1, said("Attrivo", Kind.COMPETITOR))
    call(conn, 0, 2, said("Attrivo", Kind.COMPETITOR), said("Tidewall", Kind.COMPETITOR, start=9))
    (new,) = queries.new_rivals(conn, WEEK)
    assert (new.name, new.company, new.calls, new.accounts) == ("Tidewall", "Acme", 2, 2)
    assert new.listed
    assert queries.new_rivals(conn, WEEK.before) == []


def test_a_proposed_name_is_new_until_it_is_refused(conn: db.Connection) -> None:
    call(conn, 3, 1)
    heard = call(conn, 0, 2)
    conn.execute("insert into proposal (company_id, key, name) select id, 'k', 'Kelp' from company")
    conn.execute(
        """insert into proposal_mention (proposal_id, call_id, turn, quote, score)
           select id, %s, 0, 'we may go with Kelp', 0.7 from proposal""",
        [heard],
    )
    (new,) = queries.new_rivals(conn, WEEK)
    assert (new.name, new.listed, new.calls) == ("Kelp", False, 1)
    assert queries.new_rivals(conn, WEEK.after) == []
    conn.execute(
        "insert into competitor (company_id, name, aliases) select id, 'Kelpie', '{kelp}'"
        " from company"
    )
    assert queries.new_rivals(conn, WEEK) == [], "it is listed by hand"
    conn.execute("delete from competitor")
    user = conn.execute(
        "insert into app_user (name, role) values ('Ana', 'product') returning id"
    ).fetchone()
    assert user
    conn.execute(
        "update proposal set state = 'refused', decided_by = %s, decided_at = now()", [user[0]]
    )
    assert queries.new_rivals(conn, WEEK) == []


def test_a_wish_is_new_by_its_whole_theme(conn: db.Connection, reviewer: int) -> None:
    call(conn, 5, 1)
    heard = call(conn, 0, 1, said("Export to PDF", Kind.FEATURE_REQUEST))
    call(conn, 0, 2, said("Export to PDF", Kind.FEATURE_REQUEST))
    (new,) = queries.new_requests(conn, WEEK)
    assert (new.name, new.calls, new.accounts) == ("Export to PDF", 2, 2)
    assert new.theme_id is not None
    call(conn, 2, 4, said("export to pdf", Kind.FEATURE_REQUEST))
    assert queries.new_requests(conn, WEEK) == [], "asked for before"
    (again,) = queries.new_requests(conn, WEEK.before.before)
    assert (again.theme_id, again.calls) == (new.theme_id, 1)
    assert heard


def test_what_became_of_last_weeks_is_told(conn: db.Connection) -> None:
    risen(conn)
    call(conn, 1, 8, said("Tidewall", Kind.COMPETITOR))
    call(conn, 1, 9, said("Dark mode", Kind.FEATURE_REQUEST))
    call(conn, 0, 8, said("Tidewall", Kind.COMPETITOR))
    last = make.kept(conn, WEEK.before, Audience.MARKETING, MONDAY - timedelta(days=7))
    assert [each.name for each in last.names] == ["Tidewall", "Dark mode"]
    now = make.edition(conn, WEEK, Audience.MARKETING, MONDAY)
    assert [each.sentence for each in now.followed] == [
        "Price, more often last week: 4 of 7 calls this week, still more often than before.",
        "Tidewall, new last week: heard again in 1 of 7 calls.",
        "“Dark mode”, new last week: not heard again in 7 calls.",
    ]
    assert make.edition(conn, WEEK, Audience.SALES, MONDAY).followed == (), "Sales were told none"


def test_a_wish_renamed_since_is_followed_by_its_new_name(conn: db.Connection) -> None:
    call(conn, 4, 1)
    call(conn, 1, 2, said("Dark mode", Kind.FEATURE_REQUEST))
    make.kept(conn, WEEK.before, Audience.PRODUCT, MONDAY)
    conn.execute("update theme set name = 'Night colours'")
    (followed,) = make.edition(conn, WEEK, Audience.PRODUCT, MONDAY).followed
    assert followed.sentence == "“Night colours”, new last week: not heard again in 0 calls."


def test_an_edition_is_made_once_and_reads_as_it_was_told(conn: db.Connection) -> None:
    risen(conn)
    told = make.kept(conn, WEEK, Audience.SALES, MONDAY)
    assert told == make.edition(conn, WEEK, Audience.SALES, MONDAY)
    for n in range(9):
        call(conn, 0, 10 + n, said("trust"))
    later = MONDAY + timedelta(hours=9)
    assert make.kept(conn, WEEK, Audience.SALES, later) == told
    assert queries.keep_edition(conn, make.edition(conn, WEEK, Audience.SALES, later)) == told
    make.kept(conn, WEEK.before, Audience.PRODUCT, MONDAY)
    listed = [(each.week, each.audience) for each in queries.archive(conn, 9)]
    assert listed == [(WEEK, Audience.SALES), (WEEK.before, Audience.PRODUCT)]
    assert [each.week for each in queries.archive(conn, 9, WEEK)] == [WEEK.before]
    assert len(queries.archive(conn, 1)) == 1


def test_quotes_are_the_buyers_and_go_with_what_is_deleted(
    conn: db.Connection, reviewer: int
) -> None:
    long = Insight(0, Kind.OBJECTION, "price", said("price").quote, 0.9, "objection", "1+1")
    ids = [call(conn, 0, n, long) for n in range(4)]
    for call_id, speaker in zip(ids, ("buyer", "buyer", "seller", "unknown"), strict=True):
        spoken(conn, call_id, speaker)
    heard = queries.sayings(conn, WEEK)
    assert {m.call_id for m in heard} == {ids[0], ids[1], ids[3]}
    last = next(m for m in heard if m.call_id == ids[3])
    review(conn, last.insight_id, Judgement(Review.CONFIRMED), reviewer)
    assert queries.sayings(conn, WEEK)[0].insight_id == last.insight_id
    wanted = [m.insight_id for m in reversed(heard)]
    assert [m.insight_id for m in queries.mentions_of(conn, wanted)] == wanted
    conn.execute("delete from call where id = %s", [ids[3]])
    review(conn, wanted[-1], Judgement(Review.REJECTED), reviewer)
    left = [m.insight_id for m in queries.mentions_of(conn, wanted)]
    assert left == [i for i in wanted if i not in (last.insight_id, wanted[-1])]


# Rules ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("p", "words"),
    [
        (0.1, "about once in 10 times"),
        (0.0042, "about once in 240 times"),
        (0.000_31, "about once in 3,200 times"),
        (1e-9, "less than once in 10,000 times"),
        (0.0, "less than once in 10,000 times"),
    ],
)
def test_a_chance_is_said_as_people_say_it(p: float, words: str) -> None:
    assert words in belief(p)


def test_what_is_told_again_says_whether_it_goes_on() -> None:
    fell = Movement(Kind.FEATURE_REQUEST, "Export", Verdict.LESS, "", "", ())
    over = follow_movement(fell, Verdict.MORE, Share(1, 1)).sentence
    assert over == "“Export”, less often last week: 1 of 1 call this week, no longer beyond chance."


QUOTE = Mention(1, 1, "Call", MONDAY, Kind.OBJECTION, "price", "six words are a fine quote", 0.9)

MENTIONS = st.lists(
    st.builds(
        Mention,
        insight_id=st.integers(1, 10**6),
        call_id=st.integers(1, 6),
        title=st.just("Call"),
        held_at=st.just(MONDAY),
        kind=st.sampled_from(Kind),
        label=st.sampled_from(["a", "b"]),
        quote=st.sampled_from(["too short", QUOTE.quote, "word " * 60]),
        confidence=st.floats(0, 1),
    ),
    max_size=12,
)


@given(MENTIONS, st.sampled_from(Audience))
def test_quotes_are_few_of_different_calls_and_fit_to_use(
    heard: list[Mention], audience: Audience
) -> None:
    chosen = worth_using(heard, audience, ())
    fit = {m.call_id for m in heard if m.quote == QUOTE.quote}
    assert len(chosen) == min(QUOTES, len(fit))
    assert len({m.call_id for m in chosen}) == len(chosen)
    assert all(m.quote == QUOTE.quote for m in chosen)


def test_quotes_of_what_rose_come_first_then_the_roles_own_kind() -> None:
    def quote(n: int, kind: Kind, label: str) -> Mention:
        return Mention(n, n, "Call", MONDAY, kind, label, QUOTE.quote, 0.9)

    heard = [
        quote(1, Kind.COMPETITOR, "Tidewall"),
        quote(2, Kind.FEATURE_REQUEST, "Export"),
        quote(3, Kind.FEATURE_REQUEST, "Export"),
        quote(4, Kind.OBJECTION, "price"),
    ]
    rose = Movement(Kind.OBJECTION, "price", Verdict.MORE, "", "", ())
    assert [m.insight_id for m in worth_using(heard, Audience.PRODUCT, [rose])] == [4, 2, 1]
    assert [m.insight_id for m in worth_using(heard, Audience.PRODUCT, [])] == [2, 4, 1]
    assert [m.insight_id for m in worth_using(heard[1:3], Audience.SALES, [])] == [2, 3]
