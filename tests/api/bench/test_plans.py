"""Hot queries keep their index: each is caught as the code asks it, and PostgreSQL explains it.

With sequential scans off, PostgreSQL reads a table only where no index serves; so on three hundred
calls the plans tell what on a hundred thousand only time would.
"""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import sql

from api.bench.invented import World
from api.pages.queries import counts_of, tally
from ingest.base import db
from ingest.library.library import Place, Sort
from ingest.library.queries import list_calls
from insights.digest import Week
from insights.digests import queries as digests
from insights.insight import Kind
from insights.leads.queries import reach, waited
from insights.queries import ANY, find_insights, insights_of, insights_of_themes
from insights.reviews.queries import next_to_review
from insights.rivals import queries as rivals
from insights.search import queries as search
from insights.search.meaning import queries as meanings
from insights.search.search import Among
from insights.stored import InsightFilter, Position
from insights.themes.queries import list_themes
from insights.themes.theme import ThemeFilter
from insights.trends import queries as trends
from insights.trends.trend import Dimension, Filter, Question, Unit, periods
from tests.api.bench.conftest import TODAY

WEEKS = periods(Unit.WEEK, date(2026, 9, 1), TODAY.date())
ASKED = Question(Kind.OBJECTION, WEEKS)
BY_STAGE = Question(Kind.FEATURE_REQUEST, WEEKS, by=Dimension.STAGE)
WEEK = Week.of(TODAY).before
LATER = TODAY - timedelta(days=300)

LARGE = {
    *("call", "turn", "insight", "mined_call", "transcript"),
    *("daily_mentions", "daily_calls", "call_mentions", "theme_call"),
}
"""Tables that are never read from end to end."""

Ask = Callable[[db.Connection], Any]

HOT: dict[str, tuple[Ask, set[str]]] = {
    "calls": (list_calls, {"call_by_time"}),
    "calls, far in": (lambda conn: list_calls(conn, before=Place(LATER, 9)), {"call_by_time"}),
    "calls by value": (lambda conn: list_calls(conn, sort=Sort.VALUE), {"call_by_value"}),
    "calls by length": (lambda conn: list_calls(conn, sort=Sort.LENGTH), {"call_by_length"}),
    "calls by state": (tally, {"call_by_state"}),
    "insights": (
        lambda conn: find_insights(conn, ANY, None, 51),
        {"call_by_time", "insight_by_call"},
    ),
    "insights, far in": (
        lambda conn: find_insights(conn, ANY, Position(LATER, 9), 51),
        {"call_by_time", "insight_by_call"},
    ),
    "insights of a label": (
        lambda conn: find_insights(
            conn, InsightFilter(kind=Kind.FEATURE_REQUEST, label="nothing"), None, 51
        ),
        {"insight_by_label"},
    ),
    "insights of a call": (lambda conn: insights_of(conn, 7), {"insight_by_call", "turn_pkey"}),
    "insights of some calls": (lambda conn: counts_of(conn, [7, 8]), {"insight_by_call"}),
    "requests of a segment": (
        lambda conn: list_themes(conn, ThemeFilter(company=1, segment="SMB")),
        {"theme_tally_key"},
    ),
    "requests of an account": (
        lambda conn: list_themes(conn, ThemeFilter(company=1, account="a")),
        {"account_name", "theme_call_by_account"},
    ),
    "requests of some weeks": (
        lambda conn: list_themes(conn, ThemeFilter(company=1, since=WEEK.monday)),
        {"theme_call_by_time"},
    ),
    "mentions of a theme": (lambda conn: insights_of_themes(conn, [1]), {"insight_by_theme"}),
    "what to review next": (next_to_review, {"insight_to_review"}),
    "trends": (
        lambda conn: trends.count(conn, ASKED),
        {"daily_company_calls_pkey", "daily_company_mentions_pkey", "daily_versions_pkey"},
    ),
    "trends of an account": (
        lambda conn: trends.count(conn, Question(Kind.OBJECTION, WEEKS, Filter(account="a"))),
        {"account_name"},
    ),
    "trends by segment": (
        lambda conn: trends.count(conn, Question(Kind.OBJECTION, WEEKS, by=Dimension.SEGMENT)),
        {"daily_mentions_by_kind"},
    ),
    "trends by stage": (
        lambda conn: trends.count(conn, BY_STAGE),
        {"mined_call_by_day", "call_mentions_by_kind"},
    ),
    "versions of a segment": (
        lambda conn: trends.count(conn, Question(Kind.OBJECTION, WEEKS, Filter(segment="SMB"))),
        {"daily_versions_pkey", "daily_mentions_by_kind"},
    ),
    "a week's numbers": (lambda conn: digests.week_numbers(conn, WEEK), {"call_mentions_by_kind"}),
    "new wishes": (
        lambda conn: digests.new_requests(conn, WEEK),
        {"call_by_time", "insight_by_call", "insight_by_theme"},
    ),
    "the surest quotes": (
        lambda conn: digests.sayings(conn, WEEK),
        {"call_by_time", "turn_pkey"},
    ),
    "the last day": (lambda conn: trends.last_day(conn, Filter()), {"call_by_time"}),
    "rivals": (
        lambda conn: rivals.count(conn, Question(Kind.COMPETITOR, WEEKS)),
        {"call_ended", "mined_call_by_day", "call_mentions_by_kind"},
    ),
    "leads": (lambda conn: reach(conn, BY_STAGE), {"mined_call_by_day"}),
    "how long leads waited": (lambda conn: waited(conn, BY_STAGE), {"call_by_time"}),
    "search by meaning, among some": (
        lambda conn: meanings.find(conn, "too expensive", Among(account="a"), 20),
        {"turn_meaning_pkey"},
    ),
    "search": (
        lambda conn: search.find(conn, "budget price", Among(), None, 20),
        {"turn_search", "turn_pkey"},
    ),
}


class Caught(psycopg.Cursor[Any]):
    """A cursor that notes what it is asked."""

    asked: list[tuple[Any, Any]] = []  # noqa: RUF012 - emptied by the fixture

    def execute(self, query: Any, params: Any = None, **options: Any) -> "Caught":
        self.asked.append((query, params))
        super().execute(query, params, **options)
        return self


@pytest.fixture
def catching(filled: db.Connection) -> Iterator[db.Connection]:
    filled.cursor_factory = Caught
    Caught.asked.clear()
    yield filled
    filled.cursor_factory = psycopg.Cursor


def _read(conn: db.Connection, ask: Ask) -> tuple[set[str], set[str]]:
    """The indexes by which it is answered, and the tables that are read from end to end."""
    ask(conn)
    asked = list(Caught.asked)
    conn.execute("set local enable_seqscan = off")
    indexes: set[str] = set()
    tables: set[str] = set()
    for query, params in asked:
        text = query.as_string(conn) if isinstance(query, sql.Composable) else query
        text = text.decode() if isinstance(text, bytes) else text
        if text.lstrip().lower().startswith(("select", "with")):
            explained = conn.execute(f"explain (format json) {text}", params, prepare=False)
            for node in _nodes(explained.fetchall()[0][0][0]["Plan"]):
                indexes |= {node["Index Name"]} if "Index Name" in node else set()
                if node["Node Type"] == "Seq Scan":
                    tables.add(node["Relation Name"])
    return indexes, tables


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)


def keeps_its_index(conn: db.Connection, name: str) -> bool:
    """Whether a hot query is answered by its indexes, and reads no large table whole."""
    ask, needed = HOT[name]
    indexes, tables = _read(conn, ask)
    return needed <= indexes and not tables & LARGE


@pytest.mark.parametrize("name", HOT)
def test_a_hot_query_keeps_its_index(catching: db.Connection, name: str) -> None:
    ask, needed = HOT[name]
    indexes, tables = _read(catching, ask)
    assert needed <= indexes
    assert not tables & LARGE


@pytest.mark.parametrize("name", HOT)
def test_without_the_index_it_would_not(catching: db.Connection, name: str) -> None:
    """What the test above holds fast can be lost."""
    for index in HOT[name][1]:
        row = catching.execute(
            "select conrelid::regclass::text from pg_constraint where conname = %s", [index]
        ).fetchone()
        dropped = f"alter table {row[0]} drop constraint" if row else "drop index"
        with catching.transaction(force_rollback=True):
            catching.execute(f"{dropped} {index} cascade".encode())
            assert not keeps_its_index(catching, name), index


@pytest.mark.parametrize(
    "wanted", [ThemeFilter(), ThemeFilter(segment="smb"), ThemeFilter(since=LATER.date())]
)
def test_requests_are_listed_without_their_mentions(
    catching: db.Connection, known: World, wanted: ThemeFilter
) -> None:
    assert list_themes(catching, wanted, limit=51)
    Caught.asked.clear()
    catching.execute("truncate insight cascade")
    catching.execute("truncate theme_stale")
    assert list_themes(catching, wanted, limit=51), "the tallies were read"
    assert len(known.themes) >= 20


def test_a_common_word_is_met_on_the_way_from_the_newest_call(
    catching: db.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "RANKED", 5)
    monkeypatch.setattr(search, "GATHERED", 5)
    indexes, tables = _read(catching, lambda conn: search.find(conn, "team", Among(), None, 20))
    assert {"call_by_time", "turn_pkey"} <= indexes
    assert not tables & LARGE


def test_calls_of_a_word_in_many_turns_are_gathered_by_the_index(
    catching: db.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "RANKED", 5)
    indexes, tables = _read(catching, lambda conn: search.find(conn, "team", Among(), None, 20))
    assert {"turn_search", "call_pkey"} <= indexes
    assert not tables & LARGE
