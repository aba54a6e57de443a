"""How loud a call is along its length, over real HTTP."""

from typing import Any

import pytest

from api.rest.waveform import shown, speakers
from api.users import Role
from ingest import queries
from ingest.base import db
from ingest.calls import CallDetails
from ingest.store import open_store
from tests import sounds
from tests.api.running import Api, assert_problem
from tests.api.test_pii import hear
from tests.conftest import NOON
from transcribe.transcript import Speaker, Transcript, Turn

RATE = 8000
SOUND = sounds.beeps(3, RATE, 2)
SOUND[0, RATE:] = 0  # the first channel beeps once, the second in each second


def asked(api: Api, call_id: int, role: Role = Role.SALES) -> Any:
    answer = api.as_(role).get(f"/v1/calls/{call_id}/waveform")
    assert answer.status_code == 200, answer.text
    return answer.json()


def seconds(levels: list[int]) -> list[int]:
    """In which seconds there is something to be heard."""
    return sorted({at * 3 // len(levels) for at, level in enumerate(levels) if level > 50})


@pytest.mark.parametrize(("seller", "heard"), [("0", [[0], [0, 1, 2]]), ("1", [[0, 1, 2], [0]])])
def test_the_seller_comes_first(api: Api, seller: str, heard: list[list[int]]) -> None:
    call = api.bring(sounds.wav(SOUND, RATE), seller_channel=seller)
    found = asked(api, call["id"], Role.ADMIN)
    assert found["seconds"] == pytest.approx(3.0)
    assert [channel["speaker"] for channel in found["channels"]] == ["seller", "buyer"]
    assert [seconds(channel["levels"]) for channel in found["channels"]] == heard


@pytest.mark.parametrize("channels", [(1,), (1, 1), (0, 1, 1)])
def test_sides_that_share_a_channel_are_drawn_as_one(api: Api, channels: tuple[int, ...]) -> None:
    call = api.bring(sounds.wav(SOUND[list(channels)], RATE))
    (one,) = asked(api, call["id"], Role.ADMIN)["channels"]
    assert (one["speaker"], seconds(one["levels"])) == ("unknown", [0, 1, 2])


def test_what_may_not_be_heard_is_not_drawn(api: Api) -> None:
    call = api.bring(sounds.wav(SOUND, RATE))["id"]
    said = api.as_(Role.SALES).get(f"/v1/calls/{call}/waveform")
    assert_problem(said, 409, "not-heard")
    hear(api, call)  # a card number is said from 1.0 to 1.4 s
    for role in Role:
        (_, second) = (each["levels"] for each in asked(api, call, role)["channels"])
        assert seconds(second) == ([0, 1, 2] if role is Role.ADMIN else [0, 2])


def test_a_call_without_sound_and_sound_that_is_lost(api: Api) -> None:
    with db.connect(api.settings.database_url) as conn:
        silent = queries.add_call(conn, None, "notes.json", CallDetails(), NOON)
        conn.commit()
    client = api.as_(Role.ADMIN)
    said = assert_problem(client.get(f"/v1/calls/{silent.id}/waveform"), 404, "not-found")
    assert "it has no recording" in said["detail"]
    lost = api.bring()
    open_store(api.settings).delete(lost["audio_sha256"])
    assert_problem(client.get(f"/v1/calls/{lost['id']}/waveform"), 404, "not-found")


def test_whose_channels_they_are() -> None:
    said = Transcript(
        (
            Turn(Speaker.BUYER, "We have Attrivo.", channel=0),
            Turn(Speaker.SELLER, "I see.", channel=1),
            Turn(Speaker.SELLER, "Said in the wrong place.", channel=0),
            Turn(Speaker.BUYER, "And it is dear.", channel=0),
        ),
        9.0,
    )
    swapped = {0: Speaker.BUYER, 1: Speaker.SELLER}
    assert speakers(said, seller_channel=0) == swapped
    assert speakers(None, seller_channel=1) == swapped
    alone = Transcript((Turn(Speaker.BUYER, "Hello?", channel=0),), 1.0)
    assert speakers(alone, seller_channel=1) == swapped
    assert [each.levels for each in shown((b"\x64", b"\x02"), swapped)] == [[2], [100]]
