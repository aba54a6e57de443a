"""The digest's rules, by example and by property."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.base.errors import BadMetadata
from insights.digest import Digest, Mention, Rows, Week, best_quotes, build, to_markdown
from insights.insight import Kind

WEEK = Week(2026, 7)
TUESDAY = datetime(2026, 2, 10, 10, 30, tzinfo=UTC)
PRICE = Mention(
    insight_id=1,
    call_id=1,
    title="Discovery",
    held_at=TUESDAY,
    kind=Kind.OBJECTION,
    label="price",
    quote="That's about double what we pay now.",
    confidence=0.9,
    account="Hartsoe Home",
    start=83.24,
    speaker="Camille Duquesne",
)


def mentions(*calls: int, week: Week = WEEK, **changes: Any) -> list[Mention]:
    """One mention in each of these calls."""
    held = datetime.combine(week.monday, datetime.min.time(), UTC)
    return [replace(PRICE, insight_id=100 * c, call_id=c, held_at=held, **changes) for c in calls]


def digest(calls: int, before: int, *of: list[Mention]) -> Digest:
    return build(Rows(calls, before, tuple(m for some in of for m in some)), WEEK)


def test_a_week_reads_and_writes_as_people_in_offices_do() -> None:
    assert Week.parse("2026-W07") == WEEK
    assert str(WEEK) == "2026-W07"
    assert (WEEK.monday, WEEK.sunday) == (date(2026, 2, 9), date(2026, 2, 15))
    assert str(Week.of(date(2027, 1, 1))) == "2026-W53"
    assert Week.of(datetime(2026, 2, 16, 1, tzinfo=UTC).astimezone()) == WEEK.after


@pytest.mark.parametrize(
    "text",
    ["", "2026-7", "2026-W54", "2025-W53", "2026-W00", "0001-W01", "9999-W52", "２０２６-W07"],
)
def test_what_is_no_week_is_refused(text: str) -> None:
    with pytest.raises(BadMetadata, match="2026-W07"):
        Week.parse(text)


@given(st.dates(date(1900, 1, 1), date(2200, 1, 1)))
def test_every_day_lies_in_its_week_and_weeks_follow_each_other(day: date) -> None:
    week = Week.of(day)
    assert week.monday <= day <= week.sunday
    assert week.after.monday - week.sunday == timedelta(days=1)
    assert week.before.after == week == Week.parse(str(week))


def test_the_headline_tells_the_numbers_with_their_denominators() -> None:
    told = digest(6, 5, mentions(1, 2, 3, 4), mentions(8, week=WEEK.before))
    assert told.headline == "Price came up in 4 of 6 calls, 1 of 5 the week before."


def test_without_a_week_before_it_says_so() -> None:
    told = digest(1, 0, mentions(1))
    assert told.headline == "Price came up in 1 of 1 call; no calls were heard the week before."
    assert not told.enough
    assert told.changes == ()


def test_an_empty_week_and_a_quiet_week_are_told_apart() -> None:
    assert digest(0, 3).headline == "No calls were heard in this week."
    assert digest(2, 3).headline == "2 calls heard, and nothing found in them."


def test_changes_are_told_only_with_enough_calls_and_most_moved_first() -> None:
    rows = (
        mentions(1, 2, 3, 4, 5, label="trust"),
        mentions(1, 2, label="price"),
        mentions(11, 12, label="price", week=WEEK.before),
        mentions(11, label="timing", week=WEEK.before),
    )
    assert digest(5, 4, *rows).changes == ()
    assert digest(5, 5, *rows).changes == (
        "Trust came up in 5 of 5 calls, 0 of 5 the week before.",
        "Timing came up in 0 of 5 calls, 1 of 5 the week before.",
    )


def test_a_label_counts_calls_once_and_mentions_each() -> None:
    told = digest(3, 0, mentions(1, 1, 2))
    (price,) = told.sections[0].labels
    assert (price.calls, price.mentions) == (2, 3)
    assert price.words == "Price"


def test_a_label_no_longer_heard_is_listed_as_gone() -> None:
    told = digest(5, 5, mentions(9, label="product_gap", week=WEEK.before))
    assert [c.words for c in told.sections[0].gone] == ["Product gap"]
    assert told.sections[0].labels == ()


def test_the_best_quotes_are_sure_and_from_different_calls() -> None:
    loud = [replace(PRICE, insight_id=n, confidence=0.99 - n / 100) for n in range(3)]
    others = [replace(PRICE, insight_id=n, call_id=n, confidence=0.5) for n in (7, 8)]
    assert [m.insight_id for m in best_quotes(loud + others)] == [0, 7, 8]


def test_stances_and_accounts_are_tallied_most_first() -> None:
    rival: dict[str, Any] = {"kind": Kind.COMPETITOR, "label": "Attrivo"}
    told = digest(
        3,
        0,
        mentions(1, 2, stance="using", account="Brightwell", **rival),
        mentions(3, stance="criticised", account="Ainslie", **rival),
    )
    (attrivo,) = told.sections[1].labels
    assert attrivo.stances == (("using", 2), ("criticised", 1))
    assert attrivo.accounts == ("Brightwell", "Ainslie")


def test_markdown_puts_the_quote_first_and_links_to_its_second() -> None:
    text = to_markdown(build(Rows(1, 0, (PRICE,)), WEEK), "http://earshot.local")
    quote = text.index("> “That's about double what we pay now.”")
    link = text.index("[Discovery](http://earshot.local/calls/1?t=83.2#insight-1)")
    assert quote < link < text.index("1 call, 0 the week before")
    assert "Camille Duquesne, Hartsoe Home" in text
    assert "Not enough calls yet" in text


def test_what_a_caller_says_cannot_become_markup() -> None:
    rude = replace(PRICE, quote="<img src=x onerror=1>\n# [a](b) `c`", title="](http://x)")
    text = to_markdown(build(Rows(1, 0, (rude,)), WEEK))
    assert "<img" not in text
    assert "\n#  [" not in text
    assert r"\# \[a\](b) \`c\`" in text
    assert r"[\](http://x)]" in text


@given(
    st.lists(
        st.builds(
            replace,
            st.just(PRICE),
            insight_id=st.integers(1, 99),
            call_id=st.integers(1, 6),
            kind=st.sampled_from(Kind),
            label=st.sampled_from(["price", "trust", "Attrivo"]),
            held_at=st.integers(-8, 5).map(lambda days: TUESDAY + timedelta(days)),
        ),
        max_size=30,
    )
)
def test_sections_add_up_to_the_rows(rows: list[Mention]) -> None:
    told = build(Rows(6, 6, tuple(rows)), WEEK)
    assert sum(s.mentions + s.mentions_before for s in told.sections) == len(rows)
    for section in told.sections:
        assert section.mentions == sum(c.mentions for c in section.labels)
        assert all(c.calls <= min(6, c.mentions) for c in section.labels)
        assert {q.kind for c in section.labels for q in c.quotes} <= {section.kind}
