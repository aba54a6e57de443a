"""Search on a real PostgreSQL."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.base import db
from ingest.base.db import Connection
from insights.insight import Kind, Review
from insights.queries import insights_of
from insights.reviews.queries import review
from insights.reviews.rules import Judgement
from insights.search import queries
from insights.search.search import Among, Found, NothingSought, Order, Place, TooBroad
from tests.insights.speaking import NOON, marked, quoted, spoken
from transcribe.transcript import Speaker, Turn, Word

PRICE = "Honestly, that's twice the price we pay today."


def found(conn: Connection, words: str, limit: int = 50, **among: Any) -> Found:
    return queries.find(conn, words, Among(**among), None, limit)


def titles(conn: Connection, words: str, **among: Any) -> list[str]:
    return [call.title for call in found(conn, words, **among).calls]


def everything(conn: Connection, words: str, limit: int) -> list[int]:
    """The calls found, page by page."""
    calls: list[int] = []
    after: Place | None = None
    while True:
        page = queries.find(conn, words, Among(), after, limit)
        calls += [call.call_id for call in page.calls]
        after = page.more
        if after is None:
            return calls


def test_a_word_is_found_in_its_other_forms_with_the_call_and_the_second(conn: Connection) -> None:
    known: dict[str, Any] = {
        "account": "Hartsoe",
        "segment": "SMB",
        "stage": "closing",
        "rep": "Dana",
    }
    call = spoken(conn, "Hello.", PRICE, title="Renewal", **known)
    spoken(conn, "Nothing here.")
    answer = found(conn, "PRICES")
    assert (answer.order, answer.in_calls, answer.in_turns) == (Order.RELEVANCE, 1, 1)
    assert answer.more is None
    (hit,) = answer.calls
    assert (hit.call_id, hit.title, hit.held_at) == (call.id, "Renewal", NOON)
    assert (hit.account, hit.segment, hit.stage, hit.rep) == tuple(known.values())
    assert (hit.company, hit.sound, hit.matches) == ("Acme", False, 1)
    (passage,) = hit.passages
    assert (passage.turn, passage.start, passage.speaker) == (1, 10.0, Speaker.BUYER)
    assert passage.text == PRICE
    assert marked(answer) == ["price"]


def test_the_second_is_that_of_the_first_word_found(conn: Connection) -> None:
    texts = ("so", "the", "price", "the", "price")
    words = tuple(Word(text, 3.0 + n, 3.5 + n) for n, text in enumerate(texts))
    spoken(conn, Turn(Speaker.SELLER, " ".join(texts), 3.0, 8.0, words, name="Dana"))
    (passage,) = found(conn, "price").calls[0].passages
    assert (passage.start, passage.speaker_name) == (5.0, "Dana")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("budget price", ["both"]),
        ("budget or price", ["both", "budget", "price"]),
        ("price -budget", ["price"]),
        ('"not now"', ["not now"]),
        ('"now not"', []),
        ('"no budget"', ["budget"]),
        ('budget -"no budget"', ["both"]),
        ("the budget", ["both", "budget"]),
        ("budget.*|price", ["both"]),
        ("unheard-of", []),
    ],
)
def test_words_phrases_either_and_without(
    conn: Connection, words: str, expected: list[str]
) -> None:
    for title, said in [
        ("both", "The budget is one thing, the price another."),
        ("budget", "There is no budget."),
        ("price", "It is the price."),
        ("not now", "Call again, not now."),
        ("now", "Now or not."),
    ]:
        spoken(conn, said, title=title)
    assert sorted(titles(conn, words)) == expected


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("", "Say which words"),
        ('""" - "', "Say which words"),
        ("the and it", "put them in quotation marks to find them word by word"),
        ("?!", "has only words that are in every call"),
        ('"?!"', "has only words that are in every call."),
        ("-price", "what is to be there"),
        ("price or -budget", "what is to be there"),
    ],
)
def test_what_cannot_be_looked_for(conn: Connection, words: str, says: str) -> None:
    with pytest.raises(NothingSought, match=says):
        found(conn, words)


def test_said_most_comes_first_then_the_newest(conn: Connection) -> None:
    for days, title, times in [(0, "once, long ago", 1), (1, "often", 3), (2, "once, lately", 1)]:
        spoken(conn, *["the price"] * times, title=title, held_at=NOON + timedelta(days=days))
    assert titles(conn, "price") == ["often", "once, lately", "once, long ago"]
    assert [call.matches for call in found(conn, "price").calls] == [3, 1, 1]


def test_the_best_passages_of_a_call_in_their_order(conn: Connection) -> None:
    filler = " and so on about other things" * 4
    said = [f"price{filler}"] * 3 + ["price price", "price of price"]
    spoken(conn, *said)
    (call,) = found(conn, "price").calls
    assert call.matches == 5
    assert [passage.turn for passage in call.passages] == [0, 3, 4]


def test_the_buyers_words_come_before_the_sellers(conn: Connection) -> None:
    spoken(conn, *[Turn(Speaker.SELLER, "Our price.")] * 3, "The price!")
    assert [passage.turn for passage in found(conn, "price").calls[0].passages] == [0, 1, 3]


def test_a_long_turn_is_shown_where_the_words_are(conn: Connection) -> None:
    spoken(conn, "before " * 4000 + "the exact price is that " + "behind " * 900)
    (passage,) = found(conn, '"exact price"').calls[0].passages
    assert passage.text.startswith("… before")
    assert passage.text.endswith("behind …")
    assert len(passage.text) < 400
    assert [passage.text[m.start : m.end] for m in passage.marks] == ["exact price"]


def test_words_far_apart_in_a_turn_do_no_harm(conn: Connection) -> None:
    spoken(conn, "price " + "word " * 3000 + "budget")
    (passage,) = found(conn, "price budget").calls[0].passages
    assert 0 < len(passage.text) < 400


def test_markup_and_marks_of_the_text_are_text(conn: Connection) -> None:
    said = "The \ue000 price \ue001 is <b>high</b> & &lt;ok&gt;"
    spoken(conn, said)
    answer = found(conn, "price")
    assert marked(answer) == ["price"]
    assert "\ue000" not in answer.calls[0].passages[0].text


def test_only_the_calls_asked_for(conn: Connection) -> None:
    lead: dict[str, Any] = {"lead_source": "Webinar", "campaign": "Spring"}
    who: dict[str, Any] = {"account": "Hartsoe", "segment": "SMB", "rep": "Dana"}
    spoken(conn, PRICE, title="a", stage="closing", **who, **lead)
    spoken(conn, PRICE, title="b", company="Other", held_at=NOON + timedelta(days=1))
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({"account": "hartsoe"}, ["a"]),
        ({"segment": "smb"}, ["a"]),
        ({"stage": "CLOSING"}, ["a"]),
        ({"rep": "dana"}, ["a"]),
        ({"lead_source": "webinar"}, ["a"]),
        ({"campaign": "spring", "lead_source": "fair"}, []),
        ({"company": "other"}, ["b"]),
        ({"since": NOON}, ["b", "a"]),
        ({"since": NOON + timedelta(seconds=1)}, ["b"]),
        ({"until": NOON + timedelta(days=1)}, ["a"]),
        ({"company": "other", "rep": "dana"}, []),
    ]
    for among, expected in cases:
        assert titles(conn, "price", **among) == expected, among
    assert found(conn, "price", rep="dana").in_calls == 1
    none = found(conn, "price", rep="nobody")
    assert (none.in_calls, none.in_turns, none.calls) == (0, 0, ())


def test_with_a_kind_or_a_label_the_words_are_in_its_quote(conn: Connection) -> None:
    quote = quoted(PRICE, "twice the price", "price")
    call = spoken(conn, PRICE, "The price again.", title="quoted", found=[quote])
    spoken(conn, PRICE, title="not quoted")
    quotes: list[dict[str, Any]] = [{"kind": Kind.OBJECTION}, {"label": "PRICE"}]
    for among in quotes:
        assert titles(conn, "price", **among) == ["quoted"]
        assert titles(conn, "pay", **among) == [], "said in the turn, not in the quote"
        assert found(conn, "price", **among).calls[0].matches == 1
    assert titles(conn, "price", kind=Kind.COMPETITOR) == []
    assert titles(conn, "price", kind=Kind.OBJECTION, label="trust") == []
    (insight,) = found(conn, "pay", account=None).calls[-1].passages[0].insights
    assert (insight.kind, insight.label) == (Kind.OBJECTION, "price")
    user = conn.execute("insert into app_user (name, role) values ('R', 'sales') returning id")
    ((user_id,),) = user.fetchall()
    review(conn, insights_of(conn, call.id)[0].id, Judgement(Review.REJECTED), user_id)
    assert titles(conn, "price", kind=Kind.OBJECTION) == [], "a person rejected it"
    assert found(conn, "pay").calls[-1].passages[0].insights == ()


@pytest.mark.parametrize(("ranked", "gathered"), [(1000, 6000), (4, 6000), (4, 4)])
@pytest.mark.parametrize("limit", [1, 3, 50])
def test_page_by_page_each_call_comes_once(
    conn: Connection, monkeypatch: pytest.MonkeyPatch, ranked: int, gathered: int, limit: int
) -> None:
    for n in range(11):
        spoken(conn, *["the price"] * (n % 3 + 1), held_at=NOON + timedelta(days=n // 2))
    monkeypatch.setattr(queries, "RANKED", ranked)
    monkeypatch.setattr(queries, "GATHERED", gathered)
    calls = everything(conn, "price", limit)
    assert len(calls) == len(set(calls)) == 11
    answer = found(conn, "price")
    if ranked == 4:
        assert (answer.order, answer.in_calls, answer.in_turns) == (Order.NEWEST, None, None)
        assert calls == sorted(calls, reverse=True)
    else:
        assert (answer.order, answer.in_calls, answer.in_turns) == (Order.RELEVANCE, 11, 21)
        by_rank = [call.matches for call in answer.calls]
        assert by_rank == sorted(by_rank, reverse=True)


@pytest.mark.parametrize("words", ["price", "price team", '"the price"'])
def test_both_ways_to_the_newest_calls_find_the_same(
    conn: Connection, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    quote = quoted(PRICE, "twice the price", "price")
    for n in range(9):
        said = ["the price", "the price of a team"][: n % 3] or ["nothing"]
        spoken(conn, *said, account=f"A{n % 2}", held_at=NOON + timedelta(days=n // 2))
    spoken(conn, PRICE, account="A1", found=[quote])
    monkeypatch.setattr(queries, "RANKED", 0)
    asked: list[dict[str, Any]] = [{}, {"account": "a1"}, {"kind": Kind.OBJECTION}]
    for among in asked:
        gathered = found(conn, words, **among)
        with monkeypatch.context() as patch:
            patch.setattr(queries, "GATHERED", 0)
            assert found(conn, words, **among) == gathered
        assert gathered.order is Order.NEWEST


def test_calls_that_come_in_between_pages_shift_nothing(conn: Connection) -> None:
    for n in range(6):
        spoken(conn, "the price", held_at=NOON + timedelta(days=n))
    first = found(conn, "price", limit=3)
    spoken(conn, "the price", held_at=NOON + timedelta(days=9))
    second = queries.find(conn, "price", Among(), first.more, 3)
    days = [call.held_at.day for call in (*first.calls, *second.calls)]
    assert days == [7, 6, 5, 4, 3, 2]


def test_what_takes_too_long_is_given_up(
    conn: Connection, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoken(conn, PRICE)
    conn.commit()
    monkeypatch.setattr(queries, "MOST_SECONDS", 0.2)
    with db.connect(database_url) as other:
        other.execute("lock table turn in access exclusive mode")
        with pytest.raises(TooBroad, match="add a rarer word"):
            found(conn, "price")
        other.rollback()
    conn.rollback()
    assert titles(conn, "price")
    assert conn.execute("show enable_seqscan").fetchone() == ("on",)
    conn.commit()
    assert conn.execute("show statement_timeout").fetchone() == ("0",)


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(
    st.text(
        st.one_of(
            st.sampled_from("""ab"'-|&!()<>:*\\ %{}\u201c\u2028"""),
            st.characters(exclude_characters="\x00", exclude_categories=["Cs"]),
        ),
        max_size=300,
    )
)
def test_whatever_is_typed_is_answered_or_refused(conn: Connection, words: str) -> None:
    try:
        answer = found(conn, words)
    except NothingSought:
        return
    assert answer.calls == ()


class TestIndex:
    """Which way PostgreSQL goes, on some ten thousand turns."""

    @pytest.fixture
    def many(self, conn: Connection) -> Connection:
        call = spoken(conn, "Hello.")
        conn.execute(
            """insert into call (company_id, title, filename, held_at, state)
               select %s, 'Call ' || n, '', timestamptz '2026-01-01' + n * interval '1 hour', 'done'
               from generate_series(1, 500) n""",
            [call.company_id],
        )
        conn.execute(
            """insert into transcript (call_id, engine, model, seconds)
               select id, 'e', 'm', 1 from call where not exists
                   (select 1 from transcript where call_id = call.id)"""
        )
        conn.execute(
            """insert into turn (call_id, position, speaker, text)
               select id, n, 'buyer', 'So what about word' || (id * 20 + n) || ' and the price'
               from call cross join generate_series(1, 20) n"""
        )
        conn.commit()
        conn.execute("analyze")
        return conn

    @pytest.mark.parametrize("words", ["word7000", "price", '"so what about the price"'])
    def test_the_words_are_looked_up(self, many: Connection, words: str) -> None:
        values = {"query": queries.parsed(many, words), "most": queries.RANKED + 1}
        with queries.by_index(many):
            plan = str(many.execute(f"explain {queries.CANDIDATES}".encode(), values).fetchall())
        assert "Bitmap Index Scan on turn_search" in plan
        assert "Seq Scan" not in plan

    def test_a_common_word_is_met_on_the_way_from_the_newest_call(self, many: Connection) -> None:
        values: dict[str, Any] = asdict(Among())
        values |= {"query": queries.parsed(many, "price"), "limit": 21}
        query = queries.newest_query(values, None)
        plan = str(many.execute(f"explain {query}".encode(), values).fetchall())
        assert "call_by_time" in plan
        assert "turn_pkey" in plan
        assert "Seq Scan on turn" not in plan
        assert "Sort" not in plan

    def test_statistics_know_a_word_that_nearly_every_turn_has(
        self, many: Connection, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(queries, "GATHERED", 2500)
        for words, expected in [("price", True), ("word7000", False), ('"the price"', False)]:
            assert queries.surely_many(many, queries.parsed(many, words)) is expected, words

    def test_many_calls_are_found_by_both(self, many: Connection) -> None:
        common, rare = found(many, "price", limit=20), found(many, "word7000")
        assert (common.order, len(common.calls)) == (Order.NEWEST, 20)
        assert common.calls[0].matches == 20
        assert (rare.order, rare.in_calls) == (Order.RELEVANCE, 1)
