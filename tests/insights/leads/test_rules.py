"""Which origins stand out, and how it is said."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.evaluate import Share
from insights.insight import Kind
from insights.leads.lead import Leads, Reach, Wait
from insights.leads.rules import build
from insights.leads.telling import headline, outstanding, sentence
from insights.trends.trend import (
    CallCount,
    Counts,
    Dimension,
    LabelCount,
    Question,
    Unit,
    Verdict,
    periods,
)

MONDAY = date(2026, 2, 2)
WEEKS = periods(Unit.WEEK, MONDAY, MONDAY + timedelta(weeks=4))
DAY = timedelta(days=1)


def leads(
    *rows: tuple[str | None, int, int], by: Dimension = Dimension.LEAD_SOURCE, bare: bool = False
) -> Leads:
    """Of each group so many calls, in so many of which there is no need."""
    counts = Counts(
        tuple(CallCount(MONDAY, group, calls) for group, calls, _ in rows),
        tuple(LabelCount(MONDAY, group, "need", hits, hits) for group, _, hits in rows if hits),
        (),
    )
    question = Question(Kind.OBJECTION, WEEKS, by=by)
    known = [Wait("fair", 6, (DAY, DAY, DAY))]
    return build(question, counts, [Reach("social", 3)], [] if bare else known, None, [])


def test_a_source_that_brings_no_need() -> None:
    found = leads(("social", 8, 7), ("webinar", 30, 2), (None, 5, 5))
    ((origin, objected),) = outstanding(found)[:1]
    assert (origin.group, objected.calls) == ("social", Share(7, 8))
    assert objected.contrast
    assert objected.contrast.elsewhere == Share(7, 35)
    assert headline(found) == (
        "From lead source “social”, need comes up in 7 of 8 calls (with 3 accounts),"
        " more often than in the others (7 of 35)."
    )
    assert "less often than in the others (12 of 13)." in sentence(found, *outstanding(found)[1])


def test_what_is_not_noted_is_shown_and_compared_with_nothing() -> None:
    found = leads(("social", 8, 0), (None, 9, 9))
    assert [origin.group for origin in found.origins] == ["social", "fair", None]
    unknown = found.origins[-1]
    assert (unknown.objections[0].calls, unknown.objections[0].contrast) == (Share(9, 9), None)
    assert not unknown.objections[0].told


def test_names_that_differ_in_case_are_one() -> None:
    found = leads(("Social", 4, 3), ("social", 4, 4), ("webinar", 30, 2))
    social = next(origin for origin in found.origins if origin.group == "Social")
    assert (social.calls, social.accounts, social.objections[0].calls) == (8, 3, Share(7, 8))


def test_a_source_of_which_only_leads_are_known_is_listed() -> None:
    fair = next(origin for origin in leads(("social", 8, 1)).origins if origin.group == "fair")
    assert (fair.calls, fair.objections) == (0, ())
    assert fair.wait
    assert fair.wait.enough


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ((), "No calls were heard in these 4 weeks."),
        (((None, 9, 3),), "Nothing to compare yet: no campaign is noted."),
        ((("a", 9, 3),), "Nothing to compare yet: only one campaign is noted."),
        (
            (("a", 4, 4), ("b", 9, 0)),
            "Not enough calls yet to compare campaigns: 5 of one are needed, and as many others.",
        ),
        (
            (("a", 20, 4), ("b", 20, 4)),
            "No campaign stands out: in 40 calls, what buyers object does not differ by more than"
            " chance.",
        ),
    ],
)
def test_where_nothing_stands_out(rows: tuple[tuple[str | None, int, int], ...], said: str) -> None:
    found = leads(*rows, by=Dimension.CAMPAIGN, bare=True)
    assert headline(found) == said


groups = st.sampled_from(["a", "A", "b", "c", None])
counted = st.tuples(groups, st.integers(1, 30)).flatmap(
    lambda drawn: st.tuples(*map(st.just, drawn), st.integers(0, drawn[1]))
)


@given(st.lists(counted, min_size=1, max_size=8))
def test_origins_add_up_to_all_calls(rows: list[tuple[str | None, int, int]]) -> None:
    found = leads(*rows)
    assert sum(origin.calls for origin in found.origins) == found.calls
    assert found.calls == sum(calls for _, calls, _ in rows)
    for origin in found.origins:
        for objected in origin.objections:
            assert (objected.contrast is None) is (origin.group is None)
            if objected.contrast:
                here, elsewhere = objected.contrast.here, objected.contrast.elsewhere
                assert here.total + elsewhere.total == found.calls
                assert not objected.told or objected.contrast.verdict is not Verdict.UNSURE
