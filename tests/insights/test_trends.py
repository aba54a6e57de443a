"""Trends counted on a real database."""

import itertools
import random
from dataclasses import fields, replace
from datetime import date, timedelta
from typing import Any

import pytest

from ingest.base.db import Connection
from ingest.library.queries import segments
from insights.digest import Week, build
from insights.digests.queries import digest_rows, week_numbers
from insights.insight import Kind, Review
from insights.queries import find_insights, insights_of
from insights.reviews.queries import add_missed, review
from insights.reviews.rules import Judgement, Missed
from insights.rollups.queries import moving_rollups, rebuild_rollups, rollup_differences
from insights.stored import InsightFilter, StoredInsight
from insights.trends import queries, rows, rules
from insights.trends.queries import count, last_day, quotes
from insights.trends.rows import rolled_up
from insights.trends.trend import (
    CallCount,
    Counts,
    Dimension,
    Filter,
    LabelCount,
    Period,
    Question,
    Unit,
    periods,
)
from tests.conftest import AddCall
from tests.insights.saying import buyer, transcript
from tests.insights.trending import MONDAY, mined, said
from transcribe import queries as transcripts

START = MONDAY.date()
WEEKS = periods(Unit.WEEK, START, START + timedelta(weeks=4))
ASKED = Question(Kind.OBJECTION, WEEKS)


def test_calls_and_labels_are_counted_by_week(conn: Connection) -> None:
    mined(conn, said("price"), said("price", start=50), said("trust", start=90))
    mined(conn, said("price"), held_at=MONDAY + timedelta(days=6, hours=11, minutes=59))
    mined(conn, held_at=MONDAY + timedelta(days=7))
    mined(conn, said("price"), held_at=MONDAY - timedelta(hours=13))
    counted = count(conn, ASKED)
    assert set(counted.calls) == {
        CallCount(START, None, 2),
        CallCount(START + timedelta(7), None, 1),
    }
    assert set(counted.labels) == {
        LabelCount(START, None, "price", 3, 2),
        LabelCount(START, None, "trust", 1, 1),
    }
    assert counted.versions == ((START, "model-1+2"),)


def test_what_is_not_mined_yet_is_no_denominator(conn: Connection, add_call: AddCall) -> None:
    add_call(held_at=MONDAY)
    for asked in (ASKED, replace(ASKED, by=Dimension.STAGE)):
        assert count(conn, asked) == Counts((), (), ())
    assert last_day(conn, Filter()) is None


def test_what_was_rejected_counts_nowhere(conn: Connection, reviewer: int) -> None:
    call = mined(conn, said("price"), said("trust", start=50))
    price, trust = insights_of(conn, call.id)
    review(conn, price.id, Judgement(Review.REJECTED), reviewer)
    for asked in (ASKED, replace(ASKED, by=Dimension.REP)):
        counted = count(conn, asked)
        assert [row.label for row in counted.labels] == ["trust"]
        assert [row.calls for row in counted.calls] == [1]
    found, number = quotes(conn, ASKED)
    assert ([mention.insight_id for mention in found], number) == ([trust.id], 1)


def test_versions_are_the_detectors_and_not_peoples(conn: Connection, reviewer: int) -> None:
    old = mined(conn, said("price", version="old"))
    mined(conn, said("price", version="new"), held_at=MONDAY + timedelta(days=8))
    mined(conn, said("Tidewall", Kind.COMPETITOR, version="of rivals"))
    assert count(conn, ASKED).versions == ((START, "old"), (START + timedelta(7), "new"))
    transcripts.save(conn, old.id, transcript(buyer("no budget at all")))
    missed = Missed(Kind.OBJECTION, "timing", quote="no budget")
    add_missed(conn, old.id, missed, reviewer)
    review(conn, insights_of(conn, old.id)[0].id, Judgement(Review.CONFIRMED), reviewer)
    assert count(conn, ASKED).versions == ((START + timedelta(7), "new"),)
    assert sum(row.mentions for row in count(conn, ASKED).labels) == 3


DETAILS = {
    "company": ("Acme", "Bolt"),
    "account": (None, "Hartsoe", "Brightwell", "Cantle"),
    "rep": (None, "Dana", "Ned"),
    "stage": (None, "discovery", "Discovery", "closing"),
    "lead_source": (None, "webinar"),
    "campaign": (None, "spring"),
}
SEGMENTS = {"Hartsoe": "SMB", "Brightwell": "enterprise", "Cantle": None}


@pytest.fixture
def many(conn: Connection) -> None:
    """Sixty calls, one by one drawn; the same in each run."""
    dice = random.Random(7)
    for _ in range(60):
        details = {name: dice.choice(values) for name, values in DETAILS.items()}
        segment = SEGMENTS.get(details["account"] or "")
        labels = dice.sample(["price", "trust", "timing"], dice.randrange(4))
        mined(
            conn,
            *(said(label, start=10 * n) for n, label in enumerate(labels)),
            held_at=MONDAY + timedelta(hours=dice.randrange(-100, 24 * 35)),
            **details,
            **({"segment": segment} if segment else {}),
        )


@pytest.mark.usefixtures("many")
def test_all_ways_of_counting_agree(conn: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    assert rollup_differences(conn) == []
    filters = [Filter(), Filter(company="acme"), Filter(account="HARTSOE"), Filter(segment="smb")]
    filters += [Filter(company="Bolt", segment="Enterprise"), Filter(company="none")]
    splits = (None, Dimension.SEGMENT, Dimension.COMPANY)
    for unit, among, by, label in itertools.product(Unit, filters, splits, (None, "PRICE")):
        spans = periods(unit, START, START + timedelta(28))
        asked = Question(Kind.OBJECTION, spans, among, label, by)
        assert rolled_up(asked)
        quick = count(conn, asked)
        with monkeypatch.context() as patch:
            patch.setattr(queries, "by_company", lambda question: False)
            by_account = count(conn, asked)
            patch.setattr(rows, "rolled_up", lambda question: False)
            slow = count(conn, asked)
        for each in (quick, by_account):
            assert (set(each.calls), set(each.labels)) == (set(slow.calls), set(slow.labels))
            assert each.versions == slow.versions
        assert bool(quick.calls) is (among.company != "none")


VERSIONS_OF = """
select distinct m.day, i.version
from mined_call m join call d on d.id = m.call_id join insight i on i.call_id = d.id
left join account a on a.id = d.account_id left join rep r on r.id = d.rep_id
where i.kind = 'objection' and i.detector <> 'person' and i.review = 'unreviewed' and
"""


@pytest.mark.usefixtures("many")
def test_versions_of_some_calls_are_those_that_found_something_in_them(
    conn: Connection, reviewer: int
) -> None:
    """However they are found: they are met at a first call, or all calls are gone through."""
    conn.execute("update insight set version = 'v' || call_id % 5")
    rebuild_rollups(conn)
    for insight in find_insights(conn, InsightFilter(kind=Kind.OBJECTION), None, 20):
        review(conn, insight.id, Judgement(Review.CONFIRMED), reviewer)
    filters = {
        "lower(d.stage) = 'discovery'": Filter(stage="Discovery"),
        "d.campaign = 'spring' and r.name = 'Ned'": Filter(campaign="spring", rep="ned"),
        "a.segment = 'SMB'": Filter(segment="smb"),
        "a.name = 'Cantle'": Filter(account="cantle"),
        "a.name = 'Cantle' and d.stage = 'closing'": Filter(account="cantle", stage="closing"),
    }
    for (told, among), unit in itertools.product(filters.items(), Unit):
        spans = periods(unit, START - timedelta(31), START + timedelta(62))
        found = conn.execute((VERSIONS_OF + told).encode())
        expected = {(Period.of(unit, day).start, version) for day, version in found}
        asked = Question(Kind.OBJECTION, spans, among)
        assert list(count(conn, asked).versions) == sorted(expected) != []


@pytest.mark.usefixtures("many")
def test_a_weeks_numbers_are_what_its_digest_counts(conn: Connection, reviewer: int) -> None:
    for insight in find_insights(conn, InsightFilter(), None, 9):
        review(conn, insight.id, Judgement(Review.REJECTED), reviewer)
    for number in range(-2, 7):
        week = Week.of(START + timedelta(weeks=number))
        told, short = build(digest_rows(conn, week), week), week_numbers(conn, week)
        assert (short.calls, short.calls_before) == (told.calls, told.calls_before)
        assert [(each.kind, each.calls, each.calls_before) for each in short.sections] == [
            (each.kind, each.calls, each.calls_before) for each in told.sections
        ]


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("by", [None, *Dimension])
def test_what_is_left_out_could_not_be_told(conn: Connection, by: Dimension | None) -> None:
    wish = Kind.FEATURE_REQUEST
    for n in range(12):  # one that is told though it is rare, some that are not, and two often
        days, name = timedelta(days=14 + n), f"Wish {n}"
        found = (said("Export to CSV", wish), said(name, wish, start=90))
        mined(conn, *found, held_at=MONDAY + days, rep=("Ned", "NED")[n % 2])
        mined(conn, said("Audit log", wish), said(f"Wish {n % 2}", wish), stage="Demo")
    today = START + timedelta(weeks=4)
    for unit, company, most in itertools.product((Unit.DAY, Unit.WEEK), (None, "Acme"), (1, 3)):
        spans = periods(unit, START, today)
        asked = Question(wish, spans, Filter(company=company), by=by)
        whole, every = count(conn, asked), rules.build(asked, count(conn, asked), today)
        for first in (0, 1, 5):
            wanted = slice(first, first + most)
            sifted = count(conn, asked, today, wanted)
            told = rules.build(asked, sifted, today, wanted)
            assert rules.build(asked, whole, today, wanted) == told
            assert told.series == every.series[wanted]
            assert len(sifted.labels) < len(whole.labels)
            assert told.left_out == len(every.series) - first - len(told.series)


@pytest.mark.usefixtures("many")
def test_categories_are_counted_at_once(conn: Connection) -> None:
    today = START + timedelta(weeks=4)
    assert count(conn, ASKED, today) == count(conn, ASKED)


@pytest.mark.usefixtures("many")
def test_each_filter_and_each_split_is_of_the_calls_own_details(conn: Connection) -> None:
    everything = sum(row.calls for row in count(conn, ASKED).calls)
    for dimension in Dimension:
        split = count(conn, replace(ASKED, by=dimension))
        assert sum(row.calls for row in split.calls) == everything
        for group in {row.group for row in split.calls if row.group}:
            among = Filter().also(dimension, group.upper())
            alone = count(conn, replace(ASKED, among=among))
            of_group = [row for row in split.calls if (row.group or "").upper() == group.upper()]
            assert sum(r.calls for r in alone.calls) == sum(r.calls for r in of_group)
    for name in {field.name for field in fields(Filter)} - {"min_confidence", "review"}:
        nobody: dict[str, Any] = {name: "nobody"}
        none = Filter(**nobody)
        assert count(conn, replace(ASKED, among=none)) == Counts((), (), ())
        assert last_day(conn, none) is None
    assert last_day(conn, Filter(campaign="SPRING"))


@pytest.mark.usefixtures("many")
def test_the_quotes_are_as_many_as_were_counted(conn: Connection) -> None:
    asked = replace(ASKED, by=Dimension.REP)
    for row in count(conn, asked).labels:
        week = next(week for week in WEEKS if week.start == row.start)
        one = replace(asked, periods=(week,), label=row.label, among=Filter(rep=row.group))
        found, number = quotes(conn, one, None if row.group else Dimension.REP, limit=100)
        assert len(found) == number == row.mentions
        assert len({mention.call_id for mention in found}) == row.calls
        assert {mention.label for mention in found} == {row.label}
    latest, number = quotes(conn, ASKED, limit=3)
    assert len(latest) == 3 < number
    assert [m.held_at for m in latest] == sorted((m.held_at for m in latest), reverse=True)


@pytest.mark.usefixtures("many")
def test_only_mentions_so_sure_or_so_reviewed_count(conn: Connection, reviewer: int) -> None:
    conn.execute("update insight set confidence = (id % 10) / 10.0")
    rebuild_rollups(conn)
    verdicts = itertools.cycle((Review.CONFIRMED, Review.REJECTED, Review.UNREVIEWED))
    found = find_insights(conn, InsightFilter(), None, 60)
    for insight, verdict in zip(found, verdicts, strict=False):
        review(conn, insight.id, Judgement(verdict), reviewer)
    which = [Filter(min_confidence=0.0), Filter(min_confidence=0.6)]
    which += [Filter(review=verdict) for verdict in Review]
    which += [Filter(min_confidence=0.6, review=verdict) for verdict in Review]
    for among, by, company in itertools.product(
        which, (None, Dimension.STAGE, Dimension.SEGMENT), (None, "Acme")
    ):
        asked = replace(ASKED, among=replace(among, company=company), by=by)
        counted, every = count(conn, asked), count(conn, replace(asked, among=Filter(company)))
        assert set(counted.calls) == set(every.calls), "all that were mined"
        found = _listed(conn, asked.among)
        assert sum(row.mentions for row in counted.labels) == len(found) != 0
        in_calls = {(each.call_id, each.label) for each in found}
        assert sum(row.calls for row in counted.labels) == len(in_calls)
        for label in ("price", "trust"):
            quoted, number = quotes(conn, replace(asked, label=label), limit=1000)
            assert len(quoted) == number
            ids = {each.id for each in found if each.label == label}
            assert {each.insight_id for each in quoted} == ids
    everything = count(conn, replace(ASKED, among=Filter(min_confidence=0.0)))
    assert set(everything.labels) == set(count(conn, ASKED).labels)


def _listed(conn: Connection, among: Filter) -> list[StoredInsight]:
    """What the list of insights has of it."""
    wanted = InsightFilter(
        kind=Kind.OBJECTION,
        company=among.company,
        min_confidence=among.min_confidence,
        review=among.review,
        rejected=None if among.review else False,
        since=MONDAY.replace(hour=0),
    )
    found = find_insights(conn, wanted, None, 1000)
    return [each for each in found if each.held_at.date() < WEEKS[-1].stop]


def test_a_moved_call_is_counted_where_it_is(conn: Connection) -> None:
    call = mined(conn, said("price"))
    with moving_rollups(conn, call.id):
        conn.execute("update call set held_at = held_at + interval '7 days'")
    for asked in (ASKED, replace(ASKED, by=Dimension.STAGE)):
        assert [row.start for row in count(conn, asked).calls] == [START + timedelta(7)]
    assert last_day(conn, Filter()) == START + timedelta(7)


def test_segments_are_offered_once(conn: Connection) -> None:
    for account, segment in (("A", "SMB"), ("B", "smb"), ("C", "Enterprise"), ("D", None)):
        mined(conn, account=account, segment=segment)
    names = segments(conn)
    assert [name.lower() for name in names] == ["enterprise", "smb"]


def test_years_of_calls_are_read_by_their_indexes(conn: Connection) -> None:
    """Twelve weeks cost the same however many years are kept."""
    conn.execute(
        """insert into company (name) values ('c');
           insert into call (company_id, title, filename, held_at, state)
           select 1, 't', 'f', timestamptz '2023-01-01' + i * interval '1 hour', 'done'
             from generate_series(1, 30000) as i;
           insert into mined_call (call_id, day, company_id)
           select id, (held_at at time zone 'UTC')::date, company_id from call;
           insert into insight (call_id, turn, kind, label, quote, char_start, char_end,
                                confidence, detector, version)
           select id, n, 'objection', 'price', 'q', 0, 1, 1, 'objection', '1'
             from call, generate_series(1, 2) n;
           insert into daily_calls (day, company_id, calls)
           select day, company_id, count(*) from mined_call group by 1, 2;
           insert into daily_mentions (day, company_id, kind, label, mentions, calls)
           select day, company_id, 'objection', 'label ' || n, 1, 1
             from daily_calls, generate_series(1, 20) n;
           insert into daily_company_calls select day, company_id, calls from daily_calls;
           insert into daily_company_mentions (kind, day, company_id, label, mentions, calls)
           select kind, day, company_id, label, mentions, calls from daily_mentions;
           insert into daily_versions (kind, day, company_id, version, mentions)
           select 'objection', day, company_id, '1', 1 from daily_calls;
           insert into call_mentions (call_id, kind, label, day, mentions, company_id, confirmed,
                                      confidences)
           select call_id, 'objection', 'price', day, 2, company_id, 0, '{1, 1}' from mined_call;
           analyze"""
    )
    own = replace(ASKED, periods=periods(Unit.WEEK, date(2025, 1, 6), date(2025, 3, 31)))
    by_stage, by_segment = (replace(own, by=each) for each in (Dimension.STAGE, Dimension.SEGMENT))
    for query, index in [
        (queries.calls_query(own), "daily_company_calls_pkey"),
        (queries.labels_query(own), "daily_company_mentions_pkey"),
        (queries.versions_query(own), "daily_versions_pkey"),
        (queries.calls_query(by_segment), "daily_calls_day_company_id"),
        (queries.labels_query(by_segment), "daily_mentions_by_kind"),
        (queries.calls_query(by_stage), "mined_call_by_day"),
        (queries.labels_query(by_stage), "call_mentions_by_kind"),
        (queries.versions_query(replace(own, among=Filter(stage="Demo"))), "insight_by_call"),
    ]:
        values: dict[str, object] = {"kind": own.kind, "label": None, "unit": own.unit}
        values |= {"stage": "Demo", "since": own.since, "until": own.until}
        plan = str(conn.execute(f"explain {query}", values).fetchall())
        assert index in plan, plan
        assert "Seq Scan on call" not in plan, plan
