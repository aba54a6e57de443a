"""Transcripts in a real PostgreSQL."""

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ingest.base.db import Connection
from ingest.base.errors import NotFound
from tests.conftest import AddCall
from transcribe.queries import load, names_of, save
from transcribe.transcript import Speaker, Transcript, Turn, Word

HEARD = Transcript(
    turns=(
        Turn(
            Speaker.BUYER,
            "It's 90 €.",
            21_599.12,
            21_600.0,
            (Word("It's", 21_599.12, 21_599.5, 0.987), Word("90", 21_599.5, 21_599.8, 0.5),
             Word("€.", 21_599.8, 21_600.0, 1.0)),
            channel=1,
            name="Ada",
        ),
        Turn(Speaker.UNKNOWN, "Brought as text."),
    ),
    seconds=21_600.0,
    engine="faster-whisper 1.2.1",
    model="base int8",
    language="en",
    missing_seconds=1.5,
    vocabulary=("Haulwright",),
    parameters={"beam": 1},
)  # fmt: skip


def test_what_is_saved_is_loaded(conn: Connection, add_call: AddCall) -> None:
    call = add_call()
    save(conn, call.id, HEARD)
    assert load(conn, call.id) == HEARD


def test_hearing_again_replaces(conn: Connection, add_call: AddCall) -> None:
    call, other = add_call(), add_call()
    save(conn, other.id, HEARD)
    save(conn, call.id, HEARD)
    silent = Transcript((), 60.0)
    save(conn, call.id, silent)
    assert load(conn, call.id) == silent
    assert load(conn, other.id) == HEARD


def test_a_call_that_is_not_heard_or_not_there(conn: Connection, add_call: AddCall) -> None:
    with pytest.raises(NotFound, match="no transcript"):
        load(conn, add_call().id)
    with pytest.raises(NotFound, match="no call 12345"):
        save(conn, 12345, HEARD)


def test_the_names_that_a_call_may_say(conn: Connection, add_call: AddCall) -> None:
    call = add_call(company="Haulwright", account="Kowal Transport")
    conn.execute("update company set product = 'Haulwright Drive' where id = %s", [call.company_id])
    conn.execute(
        """insert into competitor (company_id, name, aliases)
           values (%(id)s, 'Roadlark', '{the Lark}'), (%(id)s, 'KiloTrack', '{}')""",
        {"id": call.company_id},
    )
    assert names_of(conn, call.id) == (
        "Haulwright",
        "Haulwright Drive",
        "Kowal Transport",
        "Roadlark",
        "KiloTrack",
        "the Lark",
    )
    assert names_of(conn, add_call().id) == ()  # no company named: nothing to expect
    assert names_of(conn, 12345) == ()


hundredths = st.integers(0, 2_160_000).map(lambda n: n / 100)
texts = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), min_size=1)


@given(st.lists(st.tuples(texts, hundredths, hundredths, st.integers(0, 1000)), max_size=5))
@hypothesis_settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_times_of_six_hours_come_back_to_the_hundredth(
    conn: Connection, add_call: AddCall, spoken: list[tuple[str, float, float, int]]
) -> None:
    words = tuple(Word(text, start, end, n / 1000) for text, start, end, n in spoken)
    turn = Turn(Speaker.SELLER, " ".join(w.text for w in words), 0.01, 1.23, words)
    call = add_call()
    save(conn, call.id, Transcript((turn,), 21_600.0))
    assert load(conn, call.id).turns == (turn,)
