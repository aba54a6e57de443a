"""A call's words while it is heard, over real HTTP."""

from collections.abc import Iterator
from typing import Any

import pytest

from api.users import Role
from ingest import queries
from ingest.base import db
from ingest.base.settings import Settings
from ingest.calls import CallState
from tests import sounds
from tests.api.running import Api, assert_problem, serve
from tests.transcribe.kept.heard import batch, said
from transcribe import queries as transcripts
from transcribe.kept.queries import keep
from transcribe.speakers import turns
from transcribe.transcript import Transcript

EAR = "e" * 64
SECONDS = 90
NUMBER = "4242 4242 4242 4242"
CARD = f"Take my card, {NUMBER}, please."
MASKED = "Take my card, [card number], please."
FIRST = [said(0, (1, "How shall we do it?")), said(1, (4, CARD))]
SECOND = [said(0, (41, "Thank you.")), said(1, (50, "And it is dear."))]


@pytest.fixture
def conn(api: Api) -> Iterator[db.Connection]:
    with db.connect(api.settings.database_url) as conn:
        yield conn


def bring(api: Api) -> int:
    number: int = api.bring(sounds.wav(sounds.beeps(SECONDS, 8000, 2), 8000))["id"]
    return number


@pytest.fixture
def call(api: Api, conn: db.Connection) -> int:
    """A call that a worker has begun to hear."""
    number = bring(api)
    assert queries.claim(conn, number, CallState.HEARING, "ear", 60)
    conn.commit()
    return number


def hears(conn: db.Connection, call: int) -> None:
    keep(conn, call, EAR, 0, batch(40.0, *FIRST))
    keep(conn, call, EAR, 1, batch(80.0, *SECOND))
    conn.commit()


def partial(api: Api, call: int, role: Role = Role.ADMIN) -> dict[str, Any]:
    answer = api.as_(role).get(f"/v1/calls/{call}/transcript/partial")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def texts(found: dict[str, Any]) -> list[str]:
    return [turn["text"] for turn in found["turns"]]


def test_nothing_is_heard_yet(api: Api, call: int) -> None:
    nothing = {"partial": True, "heard_seconds": 0, "seconds": SECONDS, "turns": []}
    assert partial(api, call) == nothing
    assert partial(api, api.bring()["id"]) == nothing | {"seconds": 3}, "it waits"


def test_the_turns_heard_so_far(api: Api, conn: db.Connection, call: int) -> None:
    hears(conn, call)
    found = partial(api, call)
    assert (found["partial"], found["heard_seconds"]) == (True, 80)
    assert texts(found) == ["How shall we do it?", CARD, "Thank you.", "And it is dear."]
    assert [turn["speaker"] for turn in found["turns"]] == ["seller", "buyer"] * 2
    first = found["turns"][0]
    assert (first["start"], first["end"], len(first["words"])) == (1, 2.2, 5)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMIN])
def test_who_may_not_see_what_is_private_never_does(
    api: Api, conn: db.Connection, call: int, role: Role
) -> None:
    hears(conn, call)
    found = partial(api, call, role)
    assert (found["partial"], found["heard_seconds"]) == (True, 50)
    assert texts(found) == ["How shall we do it?", MASKED, "Thank you."]
    assert "4242" not in str(found)
    page = api.as_(role).get(f"/calls/{call}/live").text
    assert "4242" not in page


def test_masking_can_be_turned_off(settings: Settings, secrets: dict[Role, str]) -> None:
    with (
        serve(settings.model_copy(update={"pii": "show"}), secrets) as api,
        db.connect(settings.database_url) as conn,
    ):
        call = bring(api)
        hears(conn, call)
        assert CARD in texts(partial(api, call, Role.SALES))


def test_once_it_is_heard_the_whole_is_there(api: Api, conn: db.Connection, call: int) -> None:
    words = dict(FIRST)
    transcripts.save(conn, call, Transcript(turns(words, 0), float(SECONDS), "test"))
    hears(conn, call)  # as if a worker had left something
    whole = partial(api, call)
    assert (whole["partial"], whole["heard_seconds"]) == (False, SECONDS)
    assert texts(whole) == ["How shall we do it?", CARD]
    assert (
        whole["turns"] == api.as_(Role.ADMIN).get(f"/v1/calls/{call}").json()["transcript"]["turns"]
    )
    assert texts(partial(api, call, Role.SALES)) == ["How shall we do it?", MASKED]


def test_who_is_nobody_and_what_is_not_there(api: Api, call: int) -> None:
    refused = api.as_(None).get(f"/v1/calls/{call}/transcript/partial")
    assert_problem(refused, 401, "not-logged-in")
    missing = api.as_(Role.SALES).get("/v1/calls/77/transcript/partial")
    assert_problem(missing, 404, "not-found")
