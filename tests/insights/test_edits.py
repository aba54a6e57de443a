"""Edits on a real PostgreSQL: insights go with their words, all is kept, counts stay right."""

from datetime import UTC, datetime

import pytest

from ingest import queries as calls
from ingest.base.db import Connection
from ingest.base.errors import NotFound, Refused
from ingest.base.queue import MINE
from ingest.base.settings import Settings
from ingest.calls import Call, CallState
from insights import tasks
from insights.catalogue.queries import add_competitor
from insights.edits.queries import edit_turn, undo_edit
from insights.insight import Competitor, Insight, Kind, Quote, Review, Stance
from insights.queries import insights_of, save_insights
from insights.reviews.queries import review
from insights.reviews.rules import Judgement
from insights.rollups.queries import rollup_differences
from tests.conftest import AddCall
from tests.insights.saying import heard, transcript
from transcribe import queries as transcripts
from transcribe.edits.queries import edits_of, note_near_misses
from transcribe.edits.rules import BadEdit, Misheard, TurnChanged, rewritten

SAID = "it is to deer and a tribu is cheaper than you"
WORDS = transcript(heard("how is the price"), heard(SAID, start=5.0))
CONFIRM, REJECT = Judgement(Review.CONFIRMED), Judgement(Review.REJECTED)


def insight(quote: str, kind: Kind = Kind.OBJECTION, label: str = "price") -> Insight:
    at = SAID.index(quote)
    stance = Stance.NEUTRAL if kind is Kind.COMPETITOR else None
    return Insight(1, kind, label, Quote(quote, at, at + len(quote)), 0.9, kind, "1", stance)


@pytest.fixture
def call(conn: Connection, add_call: AddCall) -> Call:
    """A call mined before, with a price objection and a rival."""
    made = add_call()
    transcripts.save(conn, made.id, WORDS)
    rival = insight("a tribu", Kind.COMPETITOR, "Attrivo")
    save_insights(conn, made, [insight("to deer"), rival])
    conn.execute("update call set state = 'done' where id = %s", [made.id])
    conn.commit()
    return calls.get_call(conn, made.id)


def text(conn: Connection, call: Call, turn: int = 1) -> str:
    return transcripts.load(conn, call.id).turns[turn].text


def found(conn: Connection, call: Call) -> list[tuple[str, str, Review]]:
    assert rollup_differences(conn) == []
    said = transcripts.load(conn, call.id).turns
    for one in insights_of(conn, call.id):
        assert said[one.turn].text[one.char_start : one.char_end] == one.quote
        assert (one.start, one.end) == said[one.turn].seconds_of(one.char_start, one.char_end)
    return [(one.label, one.quote, one.review) for one in insights_of(conn, call.id)]


NEW = Review.UNREVIEWED


def test_an_edit_is_kept_with_who_and_the_original(
    conn: Connection, call: Call, reviewer: int
) -> None:
    before = datetime.now(UTC)
    edit_turn(conn, call.id, 1, "  it is too dear\nand Attrivo is cheaper than you ", reviewer)
    assert text(conn, call) == "it is too dear and Attrivo is cheaper than you"
    (edit,) = edits_of(conn, call.id)
    assert (edit.turn, edit.by, edit.original) == (1, "Rhea Moss", SAID)
    assert edit.at >= before.replace(microsecond=0)
    assert found(conn, call) == [("price", "too dear", NEW), ("Attrivo", "Attrivo", NEW)]
    assert text(conn, call, 0) == "how is the price"


def test_the_call_is_mined_again(conn: Connection, call: Call, reviewer: int) -> None:
    edit_turn(conn, call.id, 1, "it is too dear", reviewer)
    assert calls.get_call(conn, call.id).state is CallState.HEARD
    rung = conn.execute("select task, call_id from outbox").fetchall()
    assert rung == [(MINE, call.id)]
    edit_turn(conn, call.id, 1, "it is dear", reviewer)  # waits already
    assert conn.execute("select count(*) from outbox").fetchone() == (1,)


def test_the_miner_reads_what_was_put_right(
    conn: Connection, settings: Settings, call: Call, reviewer: int
) -> None:
    add_competitor(conn, call.company_id, Competitor("Brightloom"))
    edit_turn(conn, call.id, 1, "we have been with Brightloom for three years now", reviewer)
    edit_turn(conn, call.id, 0, "", reviewer)
    conn.commit()
    tasks.mine.run(call.id)
    conn.rollback()
    assert calls.get_call(conn, call.id).state is CallState.DONE
    assert [label for label, _, _ in found(conn, call)] == ["Brightloom"]


def test_each_undo_takes_one_edit_back_to_the_very_words(
    conn: Connection, call: Call, reviewer: int
) -> None:
    for said in ("it is too dear", "", "it is too dear, a tribu"):
        edit_turn(conn, call.id, 1, said, reviewer)
    for left in ("", "it is too dear"):
        undo_edit(conn, call.id, 1, reviewer)
        assert text(conn, call) == left
        assert [edit.original for edit in edits_of(conn, call.id)] == [SAID]
    undo_edit(conn, call.id, 1, reviewer)
    assert transcripts.load(conn, call.id).turns == WORDS.turns
    assert edits_of(conn, call.id) == []
    with pytest.raises(BadEdit, match="no edit to undo"):
        undo_edit(conn, call.id, 1, reviewer)
    kept = conn.execute("select count(*), count(undone_by) from turn_edit").fetchone()
    assert kept == (3, 3)


def test_words_put_back_get_the_times_at_which_they_were_heard(
    conn: Connection, call: Call, reviewer: int
) -> None:
    edit_turn(conn, call.id, 1, "it is", reviewer)
    edit_turn(conn, call.id, 1, SAID, reviewer)
    assert transcripts.load(conn, call.id).turns[1].words == WORDS.turns[1].words


def test_a_confirmed_insight_holds_its_words(conn: Connection, call: Call, reviewer: int) -> None:
    price, rival = insights_of(conn, call.id)
    review(conn, price.id, CONFIRM, reviewer)
    review(conn, rival.id, REJECT, reviewer)
    conn.commit()
    with pytest.raises(BadEdit, match="“to deer” is confirmed as price"):
        edit_turn(conn, call.id, 1, "it is cheaper than you", reviewer)
    conn.rollback()
    assert text(conn, call) == SAID
    edit_turn(conn, call.id, 1, "it is too dear and is cheaper than you", reviewer)
    assert found(conn, call) == [("price", "too dear", Review.CONFIRMED)]
    assert insights_of(conn, call.id)[0].id == price.id


def test_two_that_come_to_stand_in_one_place_are_one(
    conn: Connection, call: Call, reviewer: int
) -> None:
    save_insights(conn, call, [insight("to deer"), insight("cheaper")])
    _, second = insights_of(conn, call.id)
    review(conn, second.id, CONFIRM, reviewer)
    edit_turn(conn, call.id, 1, "dearer", reviewer)
    assert found(conn, call) == [("price", "dearer", Review.CONFIRMED)]


def test_insights_that_change_places_with_others_do_not_collide(
    conn: Connection, call: Call, reviewer: int
) -> None:
    save_insights(conn, call, [insight("deer"), insight("is cheaper")])
    edit_turn(conn, call.id, 1, f"{' '.join(['well'] * 5)} {SAID}", reviewer)
    assert [quote for _, quote, _ in found(conn, call)] == ["deer", "is cheaper"]


def test_the_same_text_again_changes_nothing(conn: Connection, call: Call, reviewer: int) -> None:
    edit_turn(conn, call.id, 1, f" {SAID}\n", reviewer)
    assert edits_of(conn, call.id) == []
    assert calls.get_call(conn, call.id).state is CallState.DONE


def test_an_edit_of_what_is_another_by_now_is_refused(
    conn: Connection, call: Call, reviewer: int
) -> None:
    edit_turn(conn, call.id, 1, "it is dear", reviewer, seen=SAID)
    with pytest.raises(TurnChanged, match="meanwhile"):
        edit_turn(conn, call.id, 1, "it is too dear", reviewer, seen=SAID)
    edit_turn(conn, call.id, 1, "it is too dear", reviewer, seen="it is\r\ndear")


def test_while_a_worker_has_the_call_its_words_stay(
    conn: Connection, call: Call, reviewer: int
) -> None:
    calls.retry(conn, call.id, CallState.HEARD)
    calls.claim(conn, call.id, CallState.MINING, "miner", 60)
    conn.commit()
    with pytest.raises(Refused, match="mining: wait"):
        edit_turn(conn, call.id, 1, "it is dear", reviewer)
    conn.rollback()
    assert text(conn, call) == SAID


def test_no_such_turn_or_call(conn: Connection, call: Call, reviewer: int) -> None:
    for number, turn in ((call.id, 2), (call.id, -1), (999, 0)):
        with pytest.raises(NotFound):
            edit_turn(conn, number, turn, "it is dear", reviewer)
        with pytest.raises(NotFound):
            undo_edit(conn, number, turn, reviewer)


def test_heard_anew_or_deleted_the_edits_go_with_the_words(
    conn: Connection, call: Call, reviewer: int
) -> None:
    edit_turn(conn, call.id, 1, "it is dear", reviewer)
    transcripts.save(conn, call.id, WORDS)
    assert edits_of(conn, call.id) == []
    edit_turn(conn, call.id, 1, "it is dear", reviewer)
    calls.delete_call(conn, call.id)
    assert conn.execute("select count(*) from turn_edit").fetchone() == (0,)


@pytest.fixture
def named(conn: Connection, call: Call) -> Call:
    """The call with a rival's name that Earshot put right."""
    turns = (WORDS.turns[0], rewritten(WORDS.turns[1], SAID.replace("a tribu", "Attrivo")))
    transcripts.save(conn, call.id, transcript(*turns))
    note_near_misses(conn, call.id, WORDS, transcript(*turns))
    conn.commit()
    return call


def test_a_name_put_right_keeps_what_was_heard_and_is_undone(
    conn: Connection, named: Call, reviewer: int
) -> None:
    (edit,) = edits_of(conn, named.id)
    assert (edit.turn, edit.by, edit.original) == (1, None, SAID)
    at = SAID.index("a tribu")
    assert edit.misheard == (Misheard(at, at + len("Attrivo"), "a tribu"),)
    undo_edit(conn, named.id, 1, reviewer)
    assert transcripts.load(conn, named.id) == WORDS
    assert edits_of(conn, named.id) == []


def test_a_person_edits_what_earshot_put_right(
    conn: Connection, named: Call, reviewer: int
) -> None:
    edit_turn(conn, named.id, 1, "it is too dear and Attrivo, say, is cheaper than you", reviewer)
    (edit,) = edits_of(conn, named.id)
    assert (edit.by, edit.original) == ("Rhea Moss", SAID)
    (still,) = edit.misheard
    assert text(conn, named)[still.start : still.end] == "Attrivo,".rstrip(",")
    edit_turn(conn, named.id, 1, "it is too dear and another one is cheaper than you", reviewer)
    assert edits_of(conn, named.id)[0].misheard == ()
    undo_edit(conn, named.id, 1, reviewer)
    undo_edit(conn, named.id, 1, reviewer)
    assert edits_of(conn, named.id)[0].by is None
