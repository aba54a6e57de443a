"""Search by meaning on a real PostgreSQL with pgvector: what is found, among which calls."""

from datetime import timedelta
from typing import Any

import pytest

from ingest.base import db
from ingest.base.db import Connection
from ingest.base.settings import Settings
from insights.insight import Kind, Review
from insights.queries import insights_of
from insights.reviews.queries import review
from insights.reviews.rules import Judgement
from insights.search.meaning import queries, work
from insights.search.search import Among, Found, NoMeanings, NothingSought, Order
from tests.insights.speaking import NOON, marked, quoted, spoken
from transcribe.transcript import Speaker, Turn

PRICE = "Honestly, that costs twice as much as we can pay."
BOARD = "The board of directors has to approve this first."
SPRING = "The weather here is lovely in spring."


def mean(settings: Settings, conn: Connection) -> int:
    """Commit, and have a worker give the calls their vectors."""
    conn.commit()
    return work.go_on(settings)


def found(conn: Connection, words: str, limit: int = 50, **among: Any) -> Found:
    return queries.find(conn, words, Among(**among), limit)


def titles(conn: Connection, words: str, **among: Any) -> list[str]:
    return [call.title for call in found(conn, words, **among).calls]


@pytest.fixture(params=["each", "index"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways of finding: turn by turn, and by the index."""
    if request.param == "index":
        monkeypatch.setattr(queries, "FEW", 0)
    name: str = request.param
    return name


def test_other_words_that_mean_the_same(conn: Connection, settings: Settings, way: str) -> None:
    spoken(conn, PRICE, SPRING, title="price")
    spoken(conn, "Hello, good morning everybody.", BOARD, title="board")
    mean(settings, conn)
    answer = found(conn, "it is too expensive for us")
    assert [call.title for call in answer.calls] == ["price"]
    assert (answer.order, answer.in_calls, answer.in_turns, answer.more) == (
        *(Order.NEAREST, 1, 1),
        None,
    )
    (call,) = answer.calls
    (passage,) = call.passages
    assert (passage.turn, passage.start, passage.text) == (0, 0.0, PRICE)
    assert call.similarity == passage.similarity
    assert queries.FLOOR <= (call.similarity or 0) < 1
    assert titles(conn, "management needs to approve it") == ["board"]


def test_the_nearest_come_first(conn: Connection, settings: Settings, way: str) -> None:
    spoken(conn, "It is rather expensive for a firm like us.", title="near")
    spoken(conn, "It is too expensive for us.", title="nearest")
    mean(settings, conn)
    answer = found(conn, "it is too expensive for us")
    assert [call.title for call in answer.calls] == ["nearest", "near"]
    assert answer.calls[0].similarity == pytest.approx(1, abs=0.03)
    assert titles(conn, "it is too expensive for us", limit=1) == ["nearest"]
    assert found(conn, "it is too expensive for us", limit=1).in_calls == 2


@pytest.mark.parametrize("words", ["asdf qwer", "quantum chromodynamics", "zzzz", "💬 ½ §"])
def test_what_nobody_said_is_not_found(conn: Connection, settings: Settings, words: str) -> None:
    spoken(conn, PRICE, BOARD, SPRING)
    mean(settings, conn)
    assert found(conn, words).calls == ()


@pytest.mark.parametrize("words", ["", "  ", "?!", "…"])
def test_nothing_is_no_question(conn: Connection, words: str) -> None:
    with pytest.raises(NothingSought, match="in your own words"):
        found(conn, words)


def test_the_nearest_sentence_is_marked(conn: Connection, settings: Settings) -> None:
    said = f"I hear you. {PRICE} {SPRING}"
    spoken(conn, said)
    mean(settings, conn)
    answer = found(conn, "it costs twice as much as we can pay")
    assert marked(answer) == [PRICE]
    assert answer.calls[0].passages[0].text == said


def test_a_long_turn_is_shown_where_it_comes_near(conn: Connection, settings: Settings) -> None:
    spoken(conn, " ".join([PRICE, *["Well, it costs what it costs, I suppose."] * 15]))
    mean(settings, conn)
    (passage,) = found(conn, "costs twice as much as we can pay").calls[0].passages
    assert len(passage.text) < 400
    assert passage.text.endswith(" …")


def test_only_the_calls_asked_for(conn: Connection, settings: Settings, way: str) -> None:
    spoken(conn, PRICE, title="a", account="Hartsoe", segment="SMB", stage="closing", rep="Dana")
    spoken(conn, PRICE, title="b", company="Other", held_at=NOON + timedelta(days=1))
    mean(settings, conn)
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({}, ["b", "a"]),
        ({"account": "hartsoe"}, ["a"]),
        ({"segment": "smb"}, ["a"]),
        ({"stage": "CLOSING"}, ["a"]),
        ({"rep": "dana"}, ["a"]),
        ({"company": "other"}, ["b"]),
        ({"since": NOON + timedelta(seconds=1)}, ["b"]),
        ({"until": NOON + timedelta(days=1)}, ["a"]),
        ({"company": "other", "rep": "dana"}, []),
    ]
    for among, expected in cases:
        assert sorted(titles(conn, "twice as expensive", **among)) == sorted(expected), among


def test_with_a_kind_or_a_label_the_turn_has_such_a_quote(
    conn: Connection, settings: Settings, way: str, reviewer: int
) -> None:
    quote = quoted(PRICE, "twice as much", "price")
    call = spoken(conn, PRICE, title="quoted", found=[quote])
    spoken(conn, PRICE, title="not quoted")
    mean(settings, conn)
    quotes: list[dict[str, Any]] = [{"kind": Kind.OBJECTION}, {"label": "PRICE"}]
    for among in quotes:
        assert titles(conn, "too expensive, it costs much", **among) == ["quoted"]
    assert titles(conn, "too expensive, it costs much", kind=Kind.COMPETITOR) == []
    (passage,) = found(conn, "costs too much", kind=Kind.OBJECTION).calls[0].passages
    assert [insight.label for insight in passage.insights] == ["price"]
    review(conn, insights_of(conn, call.id)[0].id, Judgement(Review.REJECTED), reviewer)
    assert titles(conn, "costs too much", kind=Kind.OBJECTION) == [], "a person rejected it"


def test_a_few_calls_lose_nothing_among_many(
    conn: Connection, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The index meets the others first, and has to go on."""
    for n in range(40):
        said = [f"That costs twice as much as we can pay, {n} and {m}." for m in range(10)]
        spoken(conn, *said)
    spoken(conn, "This is more expensive than we can pay for.", title="hers", rep="Dana")
    mean(settings, conn)
    monkeypatch.setattr(queries, "FEW", 0)
    assert titles(conn, "costs twice as much as we can pay", rep="dana") == ["hers"]


def test_at_most_so_many_turns_and_three_a_call(conn: Connection, settings: Settings) -> None:
    for _ in range(3):
        spoken(conn, *[f"It costs too much, number {n}." for n in range(20)])
    mean(settings, conn)
    answer = found(conn, "costs too much")
    assert answer.in_turns == sum(call.matches for call in answer.calls) == queries.NEAREST
    assert {len(call.passages) for call in answer.calls} == {3}


def test_what_is_private_is_neither_told_nor_compared(conn: Connection, settings: Settings) -> None:
    spoken(conn, "My card number is 4111 1111 1111 1111, charge what you need. Thank you so much.")
    mean(settings, conn)
    for veiled in (True, False):
        answer = queries.find(conn, "charge my card", Among(), 9, veiled=veiled)
        (passage,) = answer.calls[0].passages
        assert ("4111" in passage.text) is not veiled
        assert ("[card number]" in passage.text) is veiled
        assert "charge what you need" in marked(answer)[0]
    spoken(conn, "My card number is 5500 0000 0000 0004, charge what you need. Thank you so much.")
    mean(settings, conn)
    other = queries.find(conn, "card 4111 1111 1111 1111", Among(), 9)
    assert len(other.calls) == 2
    assert len({call.similarity for call in other.calls}) == 1, "no number comes nearer"


def test_one_rep_finds_their_own_calls(conn: Connection, settings: Settings, way: str) -> None:
    spoken(conn, PRICE, title="hers", rep="Dana")
    spoken(conn, PRICE, title="his", rep="Lee")
    mean(settings, conn)
    db.narrow(conn, "Dana")
    assert titles(conn, "costs too much") == ["hers"]


def test_without_the_extension_it_says_what_to_do(conn: Connection, settings: Settings) -> None:
    spoken(conn, PRICE)
    assert mean(settings, conn) == 1
    conn.execute("drop extension vector cascade")
    with pytest.raises(NoMeanings, match=r"superuser run `create extension vector`.*earshot migr"):
        found(conn, "costs too much")
    assert mean(settings, conn) == 0
    db.migrate(conn)
    assert found(conn, "costs too much").calls == ()
    assert mean(settings, conn) == 1, "what was kept is made again"
    assert len(found(conn, "costs too much").calls) == 1


class TestIndex:
    """Which way PostgreSQL goes, on some ten thousand turns."""

    @pytest.fixture
    def many(self, conn: Connection) -> Connection:
        spoken(conn, "Hello.", *[Turn(Speaker.BUYER, f"Number {n}") for n in range(5000)])
        conn.execute(
            """insert into turn_meaning (call_id, position, vector)
               select call_id, position, (select array_agg(sin(position * n))
                                            from generate_series(1, 384) n)::vector::halfvec
               from turn"""
        )
        conn.execute(
            """insert into meant_call (call_id, version, since)
               select id, %s, state_since from call""",
            [queries.BASIS],
        )
        conn.commit()
        conn.execute("analyze")
        return conn

    def test_the_nearest_of_many_are_looked_up(self, many: Connection) -> None:
        values: dict[str, Any] = dict.fromkeys(Among.__dataclass_fields__)
        values |= {"basis": queries.BASIS, "vector": str([1] + [0] * 383)}
        many.execute("set local enable_sort = off")
        query = queries.index_query(values)
        plan = str(many.execute(f"explain {query}".encode(), values).fetchall())
        assert "Index Scan using turn_meaning_near" in plan
        assert "Seq Scan on turn_meaning" not in plan
        assert "Sort" not in plan
