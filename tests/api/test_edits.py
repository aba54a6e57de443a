"""Edits of the words over real HTTP."""

import pytest

from api.users import Role
from ingest.base import db
from insights import tasks
from tests.api.running import Api, assert_problem
from transcribe.edits.rules import LONGEST_TURN

SAID = "It is to deer for us."


@pytest.fixture
def words(api: Api) -> str:
    """The address of a turn of a call that is mined."""
    call = {"turns": [{"text": "How is it?"}, {"speaker": "customer", "text": SAID}]}
    number = api.as_(Role.SALES).post("/v1/transcripts", json=call).json()["id"]
    tasks.mine.run(number)
    return f"/v1/calls/{number}/turns/1"


def test_an_edit_is_told_with_its_original_and_undone(api: Api, words: str) -> None:
    sales, call = api.as_(Role.SALES), words.partition("/turns")[0]
    edited = sales.patch(words, json={"text": "It is too dear for us.", "seen": SAID})
    assert edited.status_code == 200
    said = edited.json()
    assert (said["text"], said["speaker"]) == ("It is too dear for us.", "buyer")
    assert (said["edit"]["by"], said["edit"]["original"]) == ("a sales user", SAID)
    whole = api.as_(Role.PRODUCT).get(call).json()
    assert whole["edits"] == [said["edit"]]
    assert (whole["state"], whole["transcript"]["turns"][1]["text"]) == ("heard", said["text"])
    assert "too dear" in sales.get(f"{call}/transcript").text

    undone = sales.post(f"{words}/undo")
    assert (undone.json()["text"], undone.json()["edit"]) == (SAID, None)
    assert sales.get(call).json()["edits"] == []
    assert_problem(sales.post(f"{words}/undo"), 422, "bad-edit")


def test_the_broker_is_rung(api: Api, words: str) -> None:
    api.as_(Role.ADMIN).patch(words, json={"text": "Too dear."})
    with db.connect(api.settings.database_url) as conn:
        last = conn.execute("select task, sent_at from outbox order by id desc").fetchone()
    assert last is not None
    assert last[0] == "insights.mine"
    assert last[1] is not None


def test_what_cannot_be_edited_is_refused(api: Api, words: str) -> None:
    sales = api.as_(Role.SALES)
    longest = "a" * LONGEST_TURN
    for bad in ({}, {"text": 5}, {"text": "a\0b"}, {"text": longest + "a"}, {"text": "a", "x": 1}):
        assert_problem(sales.patch(words, json=bad), 422, "invalid-request")
    assert sales.patch(words, json={"text": longest}).status_code == 200
    assert_problem(sales.patch(words, json={"text": "a", "seen": SAID}), 409, "turn-changed")
    for turn in ("2", "2147483647"):
        assert_problem(sales.patch(f"{words[:-1]}{turn}", json={"text": "a"}), 404, "not-found")
    for turn in ("-1", "2147483648", "x"):
        assert_problem(sales.patch(f"{words[:-1]}{turn}", json={"text": "a"}), 404, "not-found")


def test_who_reads_only_edits_nothing(api: Api, words: str) -> None:
    for role in (Role.MARKETING, Role.PRODUCT):
        assert_problem(api.as_(role).patch(words, json={"text": "No."}), 403, "not-allowed")
        assert_problem(api.as_(role).post(f"{words}/undo"), 403, "not-allowed")
