"""Transcripts in a real PostgreSQL."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ingest.base.db import Connection
from ingest.base.errors import NotFound
from ingest.calls import Call
from tests.conftest import AddCall
from transcribe.hearing import UNTOLD, HeardWeek, Hearing
from transcribe.queries import LATEST, RIVALS, heard_weeks, load, names_of, save
from transcribe.transcript import Speaker, Transcript, Turn, Voice, Word

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
            voice=1,
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
    voices=(Voice(0, Speaker.UNKNOWN), Voice(1, Speaker.BUYER, 0.875, by_person=True)),
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


def name(conn: Connection, call: Call, rival: str, review: str = "unreviewed") -> None:
    conn.execute(
        """insert into insight (call_id, turn, kind, label, stance, competitor_id, quote,
                                char_start, char_end, confidence, detector, version, review)
           select %(call)s, 0, 'competitor', name, 'neutral', id, 'x', 0, 1, 0.9, 'd', '1',
                  %(review)s from competitor where name = %(rival)s""",
        {"call": call.id, "rival": rival, "review": review},
    )


def test_rivals_by_who_has_spoken_of_them(conn: Connection, add_call: AddCall) -> None:
    here = {"company": "Haulwright", "account": "Kowal Transport"}
    call = add_call(**here, rep="Kendra Voss", title="Renewal with Renate Brizzolara")
    conn.execute(
        """insert into competitor (company_id, name) select %s, unnest(array['Aligned', 'Bellows',
           'Corwen', 'Dunmore'])""",
        [call.company_id],
    )
    for _ in range(2):
        name(conn, add_call(company="Haulwright", account="Another"), "Dunmore")
        name(conn, add_call(company="Haulwright", account="Another"), "Bellows", "rejected")
    name(conn, add_call(**here), "Corwen")
    name(conn, call, "Aligned")  # heard again: what it said itself is no sign
    assert names_of(conn, call.id) == (
        "Haulwright",
        "Kowal Transport",
        "Kendra Voss",
        "Renate Brizzolara",
        "Corwen",
        "Dunmore",
        "Aligned",
        "Bellows",
    )


def test_the_names_are_found_by_indexes(conn: Connection, add_call: AddCall) -> None:
    call = add_call(company="Haulwright", account="Kowal Transport")
    conn.execute("insert into account (name) select 'Account ' || n from generate_series(1, 100) n")
    conn.execute(
        """insert into call (company_id, account_id, title, filename, held_at)
           select %s, account.id, 'Another', 'another', now() - n * interval '1 hour'
           from account, generate_series(1, 200) n""",
        [call.company_id],
    )
    conn.execute(
        """insert into insight (call_id, turn, kind, label, stance, quote, char_start, char_end,
                                confidence, detector, version)
           select id, 0, 'competitor', 'Pipeforge', 'neutral', 'x', 0, 1, 0.9, 'd', '1' from call"""
    )
    conn.execute("analyze")
    values = {"call": call.id, "company": call.company_id, "account": call.account_id}
    plan = str(conn.execute(f"explain {RIVALS}", {**values, "latest": LATEST}).fetchall())
    assert "call_by_company" in plan
    assert "call_by_account" in plan
    assert "Seq Scan on call" not in plan
    assert "Seq Scan on insight" not in plan


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


def heard(dropped: dict[str, int], windows: int = 10, redecoded: int = 1) -> Transcript:
    made = Hearing(windows, redecoded, 0, 30.0, dropped)
    return replace(HEARD, seconds=60.0, parameters={"beam": 1, **made.parameters})


def held(conn: Connection, call: Call, day: str) -> None:
    conn.execute("update call set held_at = %s where id = %s", [day, call.id])


def test_what_hearing_did_is_summed_by_week_and_model(conn: Connection, add_call: AddCall) -> None:
    for day, transcript in (
        ("2026-02-09T00:00Z", heard({"loop": 3, "echo": 1})),  # a Monday
        ("2026-02-15T23:59Z", heard({"loop": 2})),  # that week's Sunday
        ("2026-02-16T00:00Z", heard({}, windows=0, redecoded=0)),
        ("2026-02-16T12:00Z", replace(heard({"poor": 1}), model="small int8")),
        ("2026-02-17T12:00Z", replace(HEARD, engine="imported", parameters={})),
    ):
        call = add_call()
        save(conn, call.id, transcript)
        held(conn, call, day)
    first, second, small = heard_weeks(conn, 12)
    assert first == HeardWeek(
        date(2026, 2, 9), "faster-whisper 1.2.1", "base int8",
        calls=2, seconds=120.0, missing_seconds=3.0, words=6, windows=20, redecoded=2,
        dropped={"loop": 5, "echo": 1},
    )  # fmt: skip
    assert first.redecoded_share == 0.1
    assert (second.week, second.calls, second.dropped) == (date(2026, 2, 16), 1, {})
    assert second.redecoded_share == 0
    assert (small.model, small.dropped) == ("small int8", {"poor": 1})
    assert [one.week.day for one in heard_weeks(conn, 1)] == [16, 16]


def test_rows_of_older_versions_are_summed(conn: Connection, add_call: AddCall) -> None:
    old = {"beam": 1, "windows_redecoded": 2, "windows_reheard": 1, "words_dropped": 5}
    for parameters in (old, old | {"words_dropped": 0}):
        save(conn, add_call().id, replace(HEARD, parameters=parameters))
    [week] = heard_weeks(conn, 12)
    assert (week.calls, week.dropped) == (2, {UNTOLD: 5})
    assert (week.windows, week.redecoded) == (0, 0)  # of windows that nobody counted


def test_nothing_heard_is_no_week(conn: Connection) -> None:
    assert heard_weeks(conn, 12) == []
