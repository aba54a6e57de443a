"""How a call was heard, in words and on its page."""

from dataclasses import replace

from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from api.pages.hearing import WHY, hearing_lines
from ingest.base.db import Connection
from ingest.store import Store
from tests.api.pages import seed
from transcribe.hearing import REASONS, Hearing
from transcribe.transcript import Speaker, Transcript, Turn

HEARD = Transcript(
    turns=(Turn(Speaker.SELLER, "Hi."), Turn(Speaker.BUYER, "Hello.", channel=1)),
    seconds=330.0,
    engine="faster-whisper 1.2.1",
    model="base int8",
    language="en",
    missing_seconds=3.21,
    vocabulary=("Plumbline", "Attrivo"),
    parameters=Hearing(12, 1, 2, 245.0, {"stock": 1, "loop": 14}).parameters,
)


def test_it_is_told_in_words() -> None:
    assert [(line.label, line.text) for line in hearing_lines(HEARD)] == [
        ("Heard by", "faster-whisper 1.2.1, base int8"),
        ("Language", "en"),
        ("Speech", "4:05 of 5:30 minutes, all channels together"),
        ("Names listened for", "Plumbline, Attrivo"),
        (
            "Decoded again",
            "1 stretch that made no sense at first; 2 stretches in which speech had got no words",
        ),
        (
            "Dropped",
            "14 words: the same over and over; 1 word: phrases that the model writes into silence",
        ),
        ("Missing", "3.2 s of the sound could not be decoded"),
    ]


def test_a_call_on_one_channel_says_how_long_voices_spoke_at_once() -> None:
    one = replace(HEARD, parameters={**HEARD.parameters, "overlap_seconds": 11.4})
    told = {line.label: line.text for line in hearing_lines(one)}
    assert told["At once"] == (
        "11 s of several voices on one channel: some words said then may be missing"
    )


def test_an_older_row_says_what_it_knows() -> None:
    old = replace(HEARD, parameters={"beam": 1, "windows_redecoded": 0, "words_dropped": 2})
    told = {line.label: line.text for line in hearing_lines(old)}
    assert "Speech" not in told
    assert told["Dropped"] == "2 words: for reasons that were not noted then"
    assert told["Decoded again"] == "nothing"


def test_what_was_brought_as_text_was_not_heard() -> None:
    assert hearing_lines(Transcript((), 0.0, engine="imported")) == ()


@given(st.sampled_from(REASONS), st.integers(1, 10**6))
def test_every_reason_has_its_words(reason: str, words: int) -> None:
    made = Hearing(dropped={reason: words})
    told = {
        line.label: line.text for line in hearing_lines(replace(HEARD, parameters=made.parameters))
    }
    assert told["Dropped"] == f"{words} word{'s' if words > 1 else ''}: {WHY[reason]}"


def call_heard(conn: Connection, store: Store | None = None) -> str:
    spoken = seed.timed("plumbline-01")
    made = replace(
        spoken,
        engine=HEARD.engine,
        model=HEARD.model,
        missing_seconds=3.21,
        vocabulary=HEARD.vocabulary,
        parameters=HEARD.parameters,
    )
    call = seed.done(conn, "plumbline-01", transcript=made, store=store)
    conn.commit()
    return f"/calls/{call.id}"


def test_the_page_and_the_api_tell_it(admin: TestClient, conn: Connection) -> None:
    address = call_heard(conn)
    page = admin.get(address).text
    assert "How this was heard" in page
    assert "14 words: the same over and over" in page
    heard = admin.get(f"/v1{address}").json()["transcript"]["hearing"]
    assert heard == {
        "windows": 12,
        "redecoded": 1,
        "reheard": 2,
        "speech_seconds": 245.0,
        "dropped": {"stock": 1, "loop": 14},
    }


def test_a_call_without_sound_says_nothing_of_hearing(admin: TestClient, conn: Connection) -> None:
    spoken = replace(seed.timed("plumbline-01"), engine="imported")
    call = seed.done(conn, "plumbline-01", transcript=spoken)
    conn.commit()
    assert "How this was heard" not in admin.get(f"/calls/{call.id}").text
