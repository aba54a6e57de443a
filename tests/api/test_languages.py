"""A call's language over real HTTP: what is said of it, and hearing it again."""

from dataclasses import replace

import pytest

from api.users import Role
from ingest import queries
from ingest.base import db
from ingest.calls import CallState
from insights.queries import leave_unmined
from tests.api.running import Api, assert_problem
from tests.api.test_calls import PRICE, TRANSCRIPT, day_counts, differences, fail, hear
from transcribe import queries as transcripts

GERMAN = "Transcribed in German; not mined: Earshot’s detectors know English."


@pytest.fixture
def german(api: Api) -> str:
    """The address of a call that was heard in German, and so not mined."""
    made = api.bring(language="en")
    hear(api, made["id"], PRICE)
    with db.connect(api.settings.database_url) as conn:
        said = replace(TRANSCRIPT, language="de", parameters={"languages": {"0": "de", "1": "de"}})
        transcripts.save(conn, made["id"], said)
        leave_unmined(conn, queries.get_call(conn, made["id"]))
    return f"/v1/calls/{made['id']}"


def test_a_call_says_that_it_is_not_mined_and_why(api: Api, german: str) -> None:
    call = api.as_(Role.MARKETING).get(german).json()
    assert (call["state"], call["mined"], call["not_mined"]) == ("done", False, GERMAN)
    assert (call["mining"], call["insights"]) == (None, [])
    assert call["transcript"]["language"] == "de"
    assert call["transcript"]["parameters"]["languages"] == {"0": "de", "1": "de"}
    assert day_counts(api) == []
    assert differences(api) == []
    with db.connect(api.settings.database_url) as conn:
        [(counted,)] = conn.execute("select sum(calls) from daily_calls").fetchall()
    assert counted == 0, "a call that is not mined is none without objections"


def test_a_call_in_english_says_nothing_of_it(api: Api) -> None:
    made = api.bring()
    path = f"/v1/calls/{made['id']}"
    before = api.as_(Role.MARKETING).get(path).json()
    assert (before["mined"], before["not_mined"]) == (False, None)
    hear(api, made["id"], PRICE)
    after = api.as_(Role.MARKETING).get(path).json()
    assert (after["mined"], after["not_mined"]) == (True, None)


@pytest.mark.parametrize("language", ["de", None])
def test_a_call_is_heard_again_in_its_language(api: Api, german: str, language: str | None) -> None:
    answer = api.as_(Role.SALES).post(f"{german}/rehear", json={"language": language})
    assert answer.status_code == 202, answer.text
    assert (answer.json()["state"], answer.json()["language"]) == ("waiting", language)
    kept = api.as_(Role.SALES).get(german).json()
    assert len(kept["transcript"]["turns"]) == 2, "until it is heard again"
    with db.connect(api.settings.database_url) as conn:
        call = queries.claim(conn, kept["id"], CallState.HEARING, "ear", 60)
    assert call is not None
    assert call.language == language


def test_a_failed_call_is_heard_again_too(api: Api) -> None:
    made = api.bring()
    fail(api, made["id"])
    path = f"/v1/calls/{made['id']}/rehear"
    assert api.as_(Role.SALES).post(path, json={"language": "fr"}).json()["state"] == "waiting"
    again = api.as_(Role.SALES).post(path, json={"language": "fr"})
    assert_problem(again, 409, "call-busy")


def test_what_people_put_right_is_lost_only_where_that_is_said(api: Api, german: str) -> None:
    sales = api.as_(Role.SALES)
    for turn in (0, 1):
        assert sales.patch(f"{german}/turns/{turn}", json={"text": "Zu teuer."}).is_success
    with db.connect(api.settings.database_url) as conn:
        conn.execute("update call set state = 'done'")
    refused = sales.post(f"{german}/rehear", json={"language": "de"})
    told = assert_problem(refused, 409, "edits-stand")
    assert "loses what people put right in it: the words of 2 turns." in told["detail"]
    assert 'Send "discard_edits": true' in told["detail"]
    kept = sales.get(german).json()
    assert (kept["state"], len(kept["edits"])) == ("done", 2)
    for unclear in ("true", 1, None):
        body = {"language": "de", "discard_edits": unclear}
        assert_problem(sales.post(f"{german}/rehear", json=body), 422, "invalid-request")
    agreed = {"language": "de", "discard_edits": True}
    assert sales.post(f"{german}/rehear", json=agreed).json()["state"] == "waiting"
    number = int(german.rpartition("/")[2])
    with db.connect(api.settings.database_url) as conn:
        assert queries.claim(conn, number, CallState.HEARING, "ear", 60)
        transcripts.save(conn, number, TRANSCRIPT)
        queries.finish(conn, number, "ear", CallState.HEARD)
    assert sales.get(german).json()["edits"] == [], "as was said"


def test_only_who_may_correct_calls_has_them_heard_again(api: Api, german: str) -> None:
    body = {"language": "de"}
    assert_problem(api.as_(Role.PRODUCT).post(f"{german}/rehear", json=body), 403, "not-allowed")
    assert_problem(api.as_(None).post(f"{german}/rehear", json=body), 401, "not-logged-in")
    assert_problem(api.as_(Role.SALES).post("/v1/calls/99/rehear", json=body), 404, "not-found")


@pytest.mark.parametrize("body", [{}, {"language": 7}, {"language": "german"}, {"lang": "de"}])
def test_a_body_that_says_no_language_is_refused(api: Api, german: str, body: object) -> None:
    answer = api.as_(Role.SALES).post(f"{german}/rehear", json=body)
    assert answer.status_code == 422
    assert api.as_(Role.SALES).get(german).json()["state"] == "done"


@pytest.mark.parametrize("language", ["xx", "DE", ""])
def test_a_language_that_nobody_knows_is_refused(api: Api, german: str, language: str) -> None:
    answer = api.as_(Role.SALES).post(f"{german}/rehear", json={"language": language})
    assert "write two letters" in assert_problem(answer, 422, "bad-metadata")["detail"]
    assert api.as_(Role.SALES).get(german).json()["state"] == "done"
