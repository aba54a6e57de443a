"""What a call's page and the list say of its language, and one click to set it right."""

import re
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.users import Role
from ingest.base.db import Connection
from ingest.calls import CallState
from ingest.queries import get_call
from ingest.store import Store
from insights.queries import leave_unmined
from tests.api.pages import seed
from tests.api.pages.conftest import LogIn
from tests.api.pages.test_pages import text_of

NOT_MINED = "Transcribed in German; not mined: Earshot’s detectors know English."
LOST = (
    "Hearing the call again in English loses what people put right in it: the words of 1 turn."
    " What people reviewed stays."
)
MISHEARD: dict[str, Any] = {"language_asked": "en", "foreign_seconds": {"de": 280.0}}


def called(
    conn: Connection, language: str, *, store: Store | None = None, **parameters: Any
) -> int:
    """A call that was heard in this language, and mined where that is English."""
    turns = () if language in parameters.get("foreign_seconds", {}) else None
    said = replace(seed.timed("plumbline-01"), language=language, parameters=parameters)
    said = said if turns is None else replace(said, turns=turns)
    made = seed.done(conn, "plumbline-01", found=(), transcript=said, store=store)
    if language != "en":
        leave_unmined(conn, made)
    conn.commit()
    return made.id


def read(client: TestClient, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    return text_of(answer.text)


def test_a_german_call_says_that_it_is_not_mined(admin: TestClient, conn: Connection) -> None:
    call_id = called(conn, "de", languages={"0": "de"})
    page = read(admin, f"/calls/{call_id}")
    assert NOT_MINED in page
    assert "No objection" not in page
    assert "Hear it again in English" in page
    assert NOT_MINED in read(admin, f"/calls/{call_id}/live")
    listed = read(admin, "/calls")
    assert "In German: not mined." in listed
    assert "No objection" not in listed


def test_a_part_left_out_is_told_in_seconds(admin: TestClient, conn: Connection) -> None:
    call_id = called(conn, "en", foreign_seconds={"de": 12.4})
    page = read(admin, f"/calls/{call_id}")
    assert "12 s in another language (German?) were left out." in page
    assert "No objection, competitor or feature request was found." in page
    assert "Hear it again" not in page
    conn.execute(
        """update transcript set parameters = '{"foreign_seconds": {"de": 12.4, "fr": 80}}'"""
    )
    conn.commit()
    told = "Speech in other languages was left out: 1 min (French?) and 12 s (German?)."
    assert told in read(admin, f"/calls/{call_id}")


def test_a_channel_in_another_language_is_told(admin: TestClient, conn: Connection) -> None:
    page = read(admin, f"/calls/{called(conn, 'en', languages={'0': 'es', '1': 'en'})}")
    assert "What is said in Spanish is transcribed and not mined" in page
    assert "No objection, competitor or feature request was found." in page


def test_a_call_heard_as_the_wrong_language_is_heard_again_by_one_click(
    admin: TestClient, conn: Connection
) -> None:
    call_id = called(conn, "de", **MISHEARD)
    page = admin.get(f"/calls/{call_id}").text
    assert "Most of this call sounds like German, and it was heard as English" in text_of(page)
    assert "No speech was heard" not in page
    form = re.search(r'<form class="lead" id="rehear".*?</form>', page, re.DOTALL)
    assert form is not None
    [language] = re.findall(r'name="language" value="(.*?)"', form.group())
    answer = admin.post(f"/calls/{call_id}/rehear", data={"language": language})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/calls/{call_id}")
    conn.rollback()
    again = get_call(conn, call_id)
    assert (again.state, again.language) == (CallState.WAITING, "de")
    assert "Hear it again" not in read(admin, f"/calls/{call_id}")
    twice = admin.post(f"/calls/{call_id}/rehear", data={"language": language})
    assert twice.status_code == 422
    assert "wait until it is done" in twice.text


def test_what_people_put_right_is_lost_only_after_a_question(
    admin: TestClient, conn: Connection
) -> None:
    call_id = called(conn, "de")
    page = f"/calls/{call_id}"
    assert admin.post(f"{page}/turns/1", data={"text": "Zu teuer."}).status_code == 303
    conn.execute("update call set state = 'done'")
    conn.commit()
    assert "loses" not in read(admin, page)
    asked = admin.post(f"{page}/rehear", data={"language": "en"})
    assert (asked.status_code, asked.headers["location"]) == (303, f"{page}?rehear=en#rehear")
    question = admin.get(asked.headers["location"]).text
    assert LOST in text_of(question)
    conn.rollback()
    assert get_call(conn, call_id).state is CallState.DONE
    form = re.search(r'<div class="notice" id="rehear">.*?</div>', question, re.DOTALL)
    assert form is not None
    fields = dict(re.findall(r'name="(\w+)" value="(\w+)"', form.group()))
    assert admin.post(f"{page}/rehear", data=fields | {"discard_edits": "?"}).status_code == 422
    answer = admin.post(f"{page}/rehear", data=fields)
    assert (answer.status_code, answer.headers["location"]) == (303, page)
    conn.rollback()
    assert get_call(conn, call_id).state is CallState.WAITING


@pytest.mark.parametrize("asked", ["en", "fr", "<b>", ""])
def test_nothing_is_asked_where_nothing_would_be_lost(
    admin: TestClient, conn: Connection, asked: str
) -> None:
    html = admin.get(f"/calls/{called(conn, 'de')}", params={"rehear": asked}).text
    assert "loses" not in text_of(html)
    assert "Hear it again in English" in text_of(html)
    assert "<b>" not in html.partition('id="rehear"')[2].partition("</form>")[0]


def test_who_may_not_correct_calls_is_offered_nothing(log_in: LogIn, conn: Connection) -> None:
    call_id = called(conn, "de", **MISHEARD)
    client = log_in(Role.PRODUCT)
    assert "Hear it again" not in client.get(f"/calls/{call_id}").text
    answer = client.post(f"/calls/{call_id}/rehear", data={"language": "de"})
    assert answer.status_code == 403
