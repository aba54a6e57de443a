"""Who speaks, as a call's page says it, and one click to set it right."""

import re
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient

from api.users import Role
from ingest.base.db import Connection
from ingest.calls import CallState
from ingest.queries import get_call
from tests.api.pages import seed
from tests.api.pages.conftest import LogIn
from tests.api.pages.test_pages import text_of
from transcribe.queries import load
from transcribe.transcript import Speaker, Transcript, Voice

SELLER, BUYER, UNKNOWN = Speaker.SELLER, Speaker.BUYER, Speaker.UNKNOWN


def voiced(voices: tuple[Voice, ...], channels: bool = False) -> Transcript:
    """A sample's words by these voices, on one channel or on one each."""
    plain = seed.timed("plumbline-01")
    number = {SELLER: 0, BUYER: min(1, len(voices) - 1), UNKNOWN: 0}
    turns = [replace(turn, voice=number[turn.speaker], name=None) for turn in plain.turns]
    sides = {voice.number: voice.speaker for voice in voices}
    return replace(
        plain,
        turns=tuple(
            replace(turn, speaker=sides[turn.voice], channel=turn.voice * channels)
            for turn in turns
        ),
        voices=voices,
    )


def called(conn: Connection, *voices: Voice, channels: bool = False) -> str:
    """The address of a call with these voices."""
    made = seed.done(conn, "plumbline-01", found=(), transcript=voiced(voices, channels))
    conn.commit()
    return f"/calls/{made.id}"


def read(client: TestClient, address: str) -> str:
    """The page, with its tags."""
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    return answer.text


def part(page: str) -> str:
    found = re.search(r'<div class="voices.*?</div>', page, re.DOTALL)
    return found.group() if found else ""


def buttons(page: str) -> list[str]:
    return re.findall(r"<button>(.*?)</button>", part(page))


def click(client: TestClient, address: str, button: str) -> str:
    """Press a button of the page as a browser without any script does; the page that follows."""
    forms = re.findall(r"<form.*?</form>", part(read(client, address)), re.DOTALL)
    form = next(one for one in forms if f"<button>{button}</button>" in one)
    fields = re.findall(r'name="voice" value="(.*?)"', form)
    answer = client.post(f"{address}/voices", data={"voice": fields})
    assert answer.status_code == 303, answer.text
    return read(client, answer.headers["location"].partition("#")[0])


def test_a_mono_calls_sides_are_said_with_how_sure_and_swapped_by_one_click(
    admin: TestClient, conn: Connection
) -> None:
    address = called(conn, Voice(0, SELLER, 0.93), Voice(1, BUYER, 0.93))
    page = read(admin, address)
    told = (
        "Two voices were told apart by their sound, seller and buyer by what they say (93 % sure)."
    )
    assert told in text_of(page)
    assert buttons(page) == ["Swap seller and buyer"]
    after = click(admin, address, "Swap seller and buyer")
    assert "Somebody set who sells and who buys." in text_of(after)
    call_id = int(address.split("/")[2])
    conn.rollback()
    assert [voice.speaker for voice in load(conn, call_id).voices] == [BUYER, SELLER]
    assert get_call(conn, call_id).state is CallState.HEARD


def test_swapped_channels_are_offered_for_correction(admin: TestClient, conn: Connection) -> None:
    address = called(conn, Voice(0, SELLER, 0.02), Voice(1, BUYER, 0.02), channels=True)
    page = read(admin, address)
    assert "The sides look swapped" in text_of(page)
    assert "(98 % sure)" in text_of(page)
    assert "notice" in part(page)
    after = click(admin, address, "Swap seller and buyer")
    assert "look swapped" not in text_of(after)


def test_channels_that_agree_with_what_is_said_cause_no_stir(
    admin: TestClient, conn: Connection
) -> None:
    address = called(conn, Voice(0, SELLER, 0.99), Voice(1, BUYER, 0.99), channels=True)
    page = read(admin, address)
    assert "Seller and buyer are told by their channel." in text_of(page)
    assert "notice" not in part(page)


def test_two_voices_that_nobody_could_name_are_named_by_one_click(
    admin: TestClient, conn: Connection
) -> None:
    address = called(conn, Voice(0, UNKNOWN, 0.54), Voice(1, UNKNOWN, 0.54))
    page = read(admin, address)
    assert "Who sells is not clear." in text_of(page)
    assert buttons(page) == ["Speaker 1 is the seller", "Speaker 2 is the seller"]
    assert "<b>Speaker 2</b>" in page
    click(admin, address, "Speaker 2 is the seller")
    conn.rollback()
    assert [v.speaker for v in load(conn, int(address.split("/")[2])).voices] == [BUYER, SELLER]


def test_a_single_voice_and_a_third_one(admin: TestClient, conn: Connection) -> None:
    address = called(conn, Voice(0, UNKNOWN))
    assert buttons(read(admin, address)) == ["It is the seller", "It is the buyer"]
    click(admin, address, "It is the buyer")
    conn.rollback()
    call_id = int(address.split("/")[2])
    assert {turn.speaker for turn in load(conn, call_id).turns} == {BUYER}
    conn.execute("delete from call")
    three = called(conn, Voice(0, SELLER, 0.9), Voice(1, BUYER, 0.9), Voice(2, BUYER, 0.8))
    page = read(admin, three)
    assert buttons(page) == [
        "Make Seller a buyer",
        "Make Buyer 1 a seller",
        "Make Buyer 2 a seller",
    ]
    assert "<b>Buyer 1</b>" in page


def test_who_may_not_correct_calls_reads_and_does_not_click(
    log_in: LogIn, conn: Connection
) -> None:
    address = called(conn, Voice(0, SELLER, 0.93), Voice(1, BUYER, 0.93))
    reader = log_in(Role.PRODUCT)
    page = read(reader, address)
    assert "93 % sure" in text_of(page)
    assert buttons(page) == []
    assert reader.post(f"{address}/voices", data={"voice": ["0=buyer"]}).status_code == 403


def test_a_call_in_a_workers_hands_says_so(admin: TestClient, conn: Connection) -> None:
    address = called(conn, Voice(0, SELLER, 0.93), Voice(1, BUYER, 0.93))
    seed.in_state(conn, get_call(conn, int(address.split("/")[2])), CallState.MINING)
    conn.commit()
    answer = admin.post(f"{address}/voices", data={"voice": ["0=buyer", "1=seller"]})
    assert answer.status_code == 422
    assert "try again in a moment" in answer.text


@pytest.mark.parametrize("voice", ["", "0", "0=unknown", "x=buyer", "-1=buyer", "99999=buyer"])
def test_a_form_that_no_page_makes_is_refused(
    admin: TestClient, conn: Connection, voice: str
) -> None:
    address = called(conn, Voice(0, SELLER, 0.93), Voice(1, BUYER, 0.93))
    assert admin.post(f"{address}/voices", data={"voice": [voice]}).status_code == 422


def test_a_call_without_voices_says_nothing_of_them(admin: TestClient, conn: Connection) -> None:
    made = seed.done(conn, "plumbline-01")
    conn.commit()
    assert part(read(admin, f"/calls/{made.id}")) == ""
