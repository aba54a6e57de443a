"""What is said of trends: each sentence by example."""

from datetime import date, timedelta

import pytest

from insights.evaluate import Share
from insights.insight import Kind
from insights.trends.rules import build
from insights.trends.telling import (
    before_words,
    caution,
    headline,
    others,
    period_words,
    sentence,
    span_words,
)
from insights.trends.trend import (
    CallCount,
    Compared,
    Counts,
    Dimension,
    LabelCount,
    Period,
    Question,
    Trends,
    Unit,
    periods,
)

MONDAY = date(2026, 9, 28)
WEEKS = periods(Unit.WEEK, MONDAY, MONDAY + timedelta(weeks=8))
TODAY = WEEKS[-1].stop + timedelta(2)


def told(
    *labels: tuple[str, Share, Share],
    kind: Kind = Kind.OBJECTION,
    group: str | None = None,
    by: Dimension | None = None,
    versions: tuple[tuple[date, str], ...] = (),
    today: date = TODAY,
    calls: tuple[int, int] = (20, 20),
) -> Trends:
    """Labels with their calls in the last of eight weeks and in the first."""
    first, last = WEEKS[0].start, WEEKS[-1].start
    found = []
    for name, now, before in labels:
        calls = (now.total, before.total)
        found.append(LabelCount(last, group, name, now.hits, now.hits))
        found.append(LabelCount(first, group, name, before.hits, before.hits))
    counted = (CallCount(last, group, calls[0]), CallCount(first, group, calls[1]))
    question = Question(kind, WEEKS, by=by)
    return build(question, Counts(counted, tuple(found), versions), today)


RISE = ("price", Share(12, 21), Share(1, 19))
FALL = ("product_gap", Share(0, 21), Share(9, 19))
SAME = ("trust", Share(5, 21), Share(4, 19))


def test_changes_are_told_with_both_denominators() -> None:
    trends = told(RISE, FALL, SAME)
    assert headline(trends) == (
        "Price came up in 12 of 21 calls in the last four weeks,"
        " more often than in the four before (1 of 19)."
    )
    assert others(trends) == [
        "Product gap came up in 0 of 21 calls in the last four weeks,"
        " less often than in the four before (9 of 19)."
    ]
    assert sentence(trends.series[2], trends) == (
        "Trust came up in 5 of 21 calls in the last four weeks, 4 of 19 in the four before."
    )


def test_where_nothing_stands_out_what_came_up_most_is_named() -> None:
    assert headline(told(SAME)) == (
        "Nothing stands out: trust came up most, in 5 of 21 calls in the last four weeks"
        " (4 of 19 in the four before)."
    )
    none = told(("trust", Share(0, 21), Share(1, 19)))
    expected = "Nothing stands out: no objection in 21 calls in the last four weeks."
    assert headline(none) == expected
    assert headline(told()) == expected.replace("21", "20")


def test_names_and_wishes_stay_as_they_are() -> None:
    rival = told(("deVries", Share(5, 20), Share(4, 20)), kind=Kind.COMPETITOR)
    assert "deVries came up most" in headline(rival)
    wish = told(("Export to PDF", Share(12, 20), Share(0, 20)), kind=Kind.FEATURE_REQUEST)
    assert headline(wish).startswith("“Export to PDF” was asked for in 12 of 20 calls")


@pytest.mark.parametrize(
    ("by", "group", "begins"),
    [
        (Dimension.SEGMENT, "SMB", "In segment “SMB”, price came up in 12 of"),
        (Dimension.REP, "Dana", "With rep “Dana”, price came up"),
        (Dimension.STAGE, None, "Where no stage is noted, price came up"),
    ],
)
def test_a_split_says_where(by: Dimension, group: str | None, begins: str) -> None:
    assert headline(told(RISE, by=by, group=group)).startswith(begins)
    quiet = headline(told(SAME, by=by, group=group))
    assert quiet.startswith(f"Nothing stands out: {begins[0].lower()}{begins[1:10]}")


def test_too_few_calls_and_none() -> None:
    assert headline(told(("price", Share(4, 4), Share(0, 19)))) == (
        "Not enough calls yet to speak of a change: 4 in the last four weeks,"
        " 19 in the four before; 5 in each are needed."
    )
    assert headline(told(calls=(20, 3))).startswith("Not enough calls yet")
    assert headline(told(calls=(0, 0))) == "No calls were heard in these eight weeks."
    young = told(RISE, today=WEEKS[0].stop)
    assert headline(young) == ("No two whole weeks to compare yet: 40 calls in these eight weeks.")
    assert (
        sentence(young.series[0], young) == "Price came up in 13 of 40 calls in these eight weeks."
    )


def test_a_comparison_across_versions_says_so() -> None:
    mixed = told(RISE, versions=((WEEKS[0].start, "3+1"), (WEEKS[-1].start, "4+1")))
    assert "different versions of the detector (3+1, 4+1)" in caution(mixed)
    assert caution(told(RISE, versions=((WEEKS[0].start, "4+1"),))) == ""
    assert caution(told(RISE, today=WEEKS[0].start)) == ""


def test_spans_in_the_past_say_when() -> None:
    compared = Compared(WEEKS[:4], WEEKS[4:], ())
    assert span_words(compared, TODAY) == "in the last four weeks"
    assert span_words(compared, TODAY + timedelta(7)) == "in the four weeks to 22 Nov 2026"
    october, november = (Period(Unit.MONTH, date(2026, month, 1)) for month in (10, 11))
    months = Compared((october,), (november,), ())
    assert span_words(months, date(2026, 12, 9)) == "in the last month"
    assert before_words(months) == "in the month before"


def test_periods_as_people_say_them() -> None:
    assert [period_words(Period.of(unit, date(2027, 1, 1))) for unit in Unit] == [
        "1 Jan 2027",
        "Week 53, 28 Dec 2026 to 3 Jan 2027",
        "January 2027",
    ]
    assert period_words(WEEKS[0]) == "Week 40, 28 Sep to 4 Oct 2026"
    assert period_words(WEEKS[1]) == "Week 41, 5 to 11 Oct 2026"
