"""Sides set right by a person, in a real PostgreSQL."""

import threading
from dataclasses import replace

import pytest

from ingest import queries as calls
from ingest.base import db
from ingest.base.db import Connection
from ingest.base.errors import BadMetadata, NotFound, Refused
from ingest.calls import CallState
from tests.conftest import AddCall
from transcribe.corrections import Busy, WouldLose, hear_again, set_speakers
from transcribe.edits.queries import by_hand, note_near_misses, rewrite, undo
from transcribe.edits.rules import ByHand
from transcribe.queries import load, save
from transcribe.transcript import Speaker, Transcript, Turn, Voice

HEARD = Transcript(
    turns=(
        Turn(Speaker.SELLER, "Well?"),
        Turn(Speaker.BUYER, "Too dear.", voice=1),
        Turn(Speaker.UNKNOWN, "Beep.", voice=-1),
        Turn(Speaker.BUYER, "Sorry.", voice=1),
    ),
    seconds=3.0,
    voices=(Voice(0, Speaker.SELLER, 0.9), Voice(1, Speaker.BUYER, 0.9)),
)
SWAPPED = {0: Speaker.BUYER, 1: Speaker.SELLER}


def heard(conn: Connection, add_call: AddCall) -> int:
    """A call that is heard and waits to be mined."""
    call = add_call()
    assert calls.claim(conn, call.id, CallState.HEARING, "ear", 60)
    save(conn, call.id, HEARD)
    calls.finish(conn, call.id, "ear", CallState.HEARD)
    return call.id


def mined(conn: Connection, add_call: AddCall) -> int:
    call_id = heard(conn, add_call)
    assert calls.claim(conn, call_id, CallState.MINING, "miner", 60)
    calls.finish(conn, call_id, "miner", CallState.DONE)
    return call_id


def rung(conn: Connection, call_id: int) -> int:
    row = conn.execute("select count(*) from outbox where call_id = %s", [call_id]).fetchone()
    assert row is not None
    return int(row[0])


def test_both_sides_are_swapped_and_the_call_is_mined_again(
    conn: Connection, add_call: AddCall
) -> None:
    call_id, other = mined(conn, add_call), mined(conn, add_call)
    before = rung(conn, call_id)
    assert set_speakers(conn, call_id, SWAPPED).state is CallState.HEARD
    assert rung(conn, call_id) == before + 1
    found = load(conn, call_id)
    speakers = [turn.speaker.value for turn in found.turns]
    assert speakers == ["buyer", "seller", "unknown", "seller"]
    assert found.voices == (
        Voice(0, Speaker.BUYER, 0.9, by_person=True),
        Voice(1, Speaker.SELLER, 0.9, by_person=True),
    )
    assert load(conn, other) == HEARD


def test_one_voice_alone_is_set(conn: Connection, add_call: AddCall) -> None:
    call_id = mined(conn, add_call)
    set_speakers(conn, call_id, {1: Speaker.SELLER})
    voices = load(conn, call_id).voices
    assert [(v.speaker.value, v.by_person) for v in voices] == [("seller", False), ("seller", True)]


def test_a_call_that_waits_to_be_mined_is_rung_no_more_often(
    conn: Connection, add_call: AddCall
) -> None:
    call_id = heard(conn, add_call)
    before = rung(conn, call_id)
    assert set_speakers(conn, call_id, SWAPPED).state is CallState.HEARD
    assert rung(conn, call_id) == before


def test_a_call_whose_mining_failed_gets_another_try(conn: Connection, add_call: AddCall) -> None:
    call_id = heard(conn, add_call)
    assert calls.claim(conn, call_id, CallState.MINING, "miner", 60)
    calls.give_up(conn, call_id, "miner", "The disk was full.", permanent=True)
    assert set_speakers(conn, call_id, SWAPPED).state is CallState.HEARD


def test_a_call_in_a_workers_hands_is_left_alone(conn: Connection, add_call: AddCall) -> None:
    call_id = heard(conn, add_call)
    assert calls.claim(conn, call_id, CallState.MINING, "miner", 60)
    with pytest.raises(Busy, match="try again"):
        set_speakers(conn, call_id, SWAPPED)
    assert load(conn, call_id) == HEARD


def test_sides_are_not_set_on_what_is_heard_anew(conn: Connection, add_call: AddCall) -> None:
    call_id = mined(conn, add_call)
    calls.retry(conn, call_id, CallState.WAITING)
    with pytest.raises(Busy, match="try again"):
        set_speakers(conn, call_id, SWAPPED)
    assert load(conn, call_id) == HEARD


# -- heard again ------------------------------------------------------------------------------


def edited(conn: Connection, add_call: AddCall, reviewer: int) -> int:
    """A call in which Earshot put a name right in turns 0 and 2, and a person words in turn 1."""
    call_id = mined(conn, add_call)
    names = [replace(turn, text=f"{turn.text} Ah.") for turn in HEARD.turns]
    named = (names[0], HEARD.turns[1], names[2], HEARD.turns[3])
    save(conn, call_id, replace(HEARD, turns=named))
    note_near_misses(conn, call_id, HEARD, replace(HEARD, turns=named))
    rewrite(conn, call_id, 1, "Too cheap.", reviewer)
    rewrite(conn, call_id, 1, "Too dear!", reviewer)
    return call_id


def test_only_what_people_put_right_counts(
    conn: Connection, add_call: AddCall, reviewer: int
) -> None:
    call_id, other = edited(conn, add_call, reviewer), edited(conn, add_call, reviewer)
    assert by_hand(conn, call_id) == ByHand(1, False)
    undo(conn, call_id, 0, reviewer)  # the name is not what was said: that is a person's word too
    assert by_hand(conn, call_id) == ByHand(2, False)
    for _ in range(2):
        undo(conn, call_id, 1, reviewer)
    assert by_hand(conn, call_id) == ByHand(1, False)
    set_speakers(conn, call_id, {0: Speaker.BUYER})
    assert by_hand(conn, call_id) == ByHand(1, True)
    assert by_hand(conn, other) == ByHand(1, False)
    assert by_hand(conn, 12345).words == ""


@pytest.mark.parametrize(
    ("lost", "words"),
    [
        (ByHand(0, False), ""),
        (ByHand(1, False), "the words of 1 turn"),
        (ByHand(0, True), "who speaks"),
        (ByHand(12, True), "the words of 12 turns and who speaks"),
    ],
)
def test_what_would_be_lost_is_told(lost: ByHand, words: str) -> None:
    assert lost.words == words


def test_a_call_is_heard_again_only_when_told_that_edits_go(
    conn: Connection, add_call: AddCall, reviewer: int
) -> None:
    call_id = edited(conn, add_call, reviewer)
    before = rung(conn, call_id)
    with pytest.raises(WouldLose, match=r"the words of 1 turn\. Send"):
        hear_again(conn, call_id, "de")
    call = calls.get_call(conn, call_id)
    assert (call.state, call.language, rung(conn, call_id)) == (CallState.DONE, None, before)
    again = hear_again(conn, call_id, "de", discard_edits=True)
    assert (again.state, again.language) == (CallState.WAITING, "de")
    assert rung(conn, call_id) == before + 1


def test_what_cannot_be_heard_is_not_asked_about(
    conn: Connection, add_call: AddCall, reviewer: int
) -> None:
    call_id = edited(conn, add_call, reviewer)
    with pytest.raises(BadMetadata):
        hear_again(conn, call_id, "xx")
    conn.execute("update call set audio_sha256 = null where id = %s", [call_id])
    with pytest.raises(Refused, match="no sound to hear"):
        hear_again(conn, call_id, "de")


def test_a_voice_a_call_or_words_that_are_not_there(conn: Connection, add_call: AddCall) -> None:
    call_id = mined(conn, add_call)
    with pytest.raises(NotFound, match="no voice 7"):
        set_speakers(conn, call_id, {0: Speaker.BUYER, 7: Speaker.SELLER})
    assert load(conn, call_id) == HEARD
    unheard = heard(conn, add_call)
    conn.execute("delete from transcript where call_id = %s", [unheard])
    with pytest.raises(NotFound, match="no voice 0"):
        set_speakers(conn, unheard, SWAPPED)
    with pytest.raises(NotFound, match="no call 12345"):
        set_speakers(conn, 12345, SWAPPED)


def test_no_worker_takes_the_call_in_between(
    conn: Connection, add_call: AddCall, database_url: str
) -> None:
    """Mining that began with the old sides would end with insights of theirs."""
    call_id = heard(conn, add_call)
    conn.commit()
    set_speakers(conn, call_id, SWAPPED)
    seen: list[Speaker] = []

    def claim() -> None:
        with db.connect(database_url) as other:
            assert calls.claim(other, call_id, CallState.MINING, "miner", 60)
            seen.append(load(other, call_id).turns[0].speaker)

    worker = threading.Thread(target=claim)
    worker.start()
    worker.join(0.3)
    assert worker.is_alive()  # it waits for what is being corrected
    conn.commit()
    worker.join(30)
    assert seen == [Speaker.BUYER]
