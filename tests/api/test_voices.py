"""Whose a call's voices are, set right over real HTTP."""

from dataclasses import replace
from typing import Any

import pytest

from api.users import Role
from ingest import queries
from ingest.base import db
from ingest.calls import CallState
from tests.api.running import Api, assert_problem
from tests.api.test_calls import TRANSCRIPT, hear
from transcribe import queries as transcripts
from transcribe.transcript import Speaker, Voice

VOICES = (Voice(0, Speaker.SELLER, 0.02), Voice(1, Speaker.BUYER, 0.02))
SWAP = {"voices": [{"number": 0, "speaker": "buyer"}, {"number": 1, "speaker": "seller"}]}


@pytest.fixture
def call(api: Api) -> str:
    """The address of a heard and mined call's voices."""
    made = api.bring()
    hear(api, made["id"])
    turns = tuple(replace(turn, voice=turn.channel) for turn in TRANSCRIPT.turns)
    with db.connect(api.settings.database_url) as conn:
        transcripts.save(conn, made["id"], replace(TRANSCRIPT, turns=turns, voices=VOICES))
    return f"/v1/calls/{made['id']}/voices"


def test_voices_are_shown_and_swapped_and_the_call_is_mined_again(api: Api, call: str) -> None:
    sales = api.as_(Role.SALES)
    before = sales.get(call.removesuffix("/voices")).json()["transcript"]
    assert before["voices"][0] == {
        **{"number": 0, "speaker": "seller", "confidence": 0.02, "by_person": False}
    }
    assert [turn["voice"] for turn in before["turns"]] == [0, 1]
    answer = sales.patch(call, json=SWAP)
    assert answer.status_code == 202, answer.text
    after: dict[str, Any] = answer.json()
    assert after["state"] == "heard"
    assert [turn["speaker"] for turn in after["transcript"]["turns"]] == ["buyer", "seller"]
    assert all(voice["by_person"] for voice in after["transcript"]["voices"])


def test_only_who_may_correct_calls_sets_sides(api: Api, call: str) -> None:
    assert_problem(api.as_(Role.PRODUCT).patch(call, json=SWAP), 403, "not-allowed")
    assert_problem(api.as_(None).patch(call, json=SWAP), 401, "not-logged-in")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"voices": []},
        {"voices": [{"number": -1, "speaker": "buyer"}]},
        {"voices": [{"number": 2**40, "speaker": "buyer"}]},
        {"voices": [{"number": 0, "speaker": "nobody"}]},
        {"voices": [{"number": 0, "speaker": "buyer", "sure": 1}]},
        {"voices": [{"number": n, "speaker": "buyer"} for n in range(99)]},
    ],
)
def test_what_is_no_answer_is_refused(api: Api, call: str, body: Any) -> None:
    assert_problem(api.as_(Role.SALES).patch(call, json=body), 422, "invalid-request")


def test_a_voice_that_is_not_there_and_a_call_in_a_workers_hands(api: Api, call: str) -> None:
    sales = api.as_(Role.SALES)
    strange = {"voices": [{"number": 3, "speaker": "buyer"}]}
    assert_problem(sales.patch(call, json=strange), 404, "not-found")
    assert_problem(sales.patch("/v1/calls/99999/voices", json=SWAP), 404, "not-found")
    number = int(call.split("/")[3])
    with db.connect(api.settings.database_url) as conn:
        queries.retry(conn, number, CallState.HEARD)
        assert queries.claim(conn, number, CallState.MINING, "miner", 60)
    assert_problem(sales.patch(call, json=SWAP), 409, "call-busy")
