"""Reviewing by plain forms, as a browser without any script does."""

import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.users import Role
from ingest.base.db import Connection
from insights.queries import insights_of
from insights.rollups.queries import rollup_differences
from tests.api.pages import seed
from tests.api.pages.conftest import LogIn
from tests.api.pages.test_pages import read, text_of

QUOTE = "we had Attrivo in here for a year"
WORDS = {
    "quote": "Sunday nights",
    "kind": "objection",
    "category": "effort",
    "rival": "",
    "theme": "",
}


@pytest.fixture
def call(conn: Connection) -> int:
    made = seed.done(conn, "plumbline-01")
    conn.commit()
    return made.id


def named(conn: Connection, call: int, label: str) -> Any:
    conn.rollback()
    return next(i for i in insights_of(conn, call) if i.label == label)


def review(client: TestClient, number: int, **said: str) -> str:
    """Send the form; the page it leads to."""
    answer = client.post(f"/insights/{number}/review", data=said)
    assert answer.status_code == 303, text_of(answer.text)
    place, _, anchor = answer.headers["location"].partition("#")
    assert anchor == f"insight-{number}"
    return client.get(place).text


@pytest.mark.parametrize("role", Role)
def test_each_role_is_offered_to_review(log_in: LogIn, call: int, role: Role) -> None:
    page = read(log_in(role), f"/calls/{call}")
    for name in ("Confirm", "Reject", "Relabel"):
        assert len(re.findall(rf"{name} (Objection|Competitor|Feature request):", page)) == 7
    assert "Missed something? Add it" in page


def test_confirmed_and_undone(admin: TestClient, conn: Connection, call: int) -> None:
    number = named(conn, call, "Attrivo").id
    page = text_of(review(admin, number, verdict="confirmed"))
    assert "Confirmed Undo Competitor: Attrivo" in page
    assert page.count(" Reject ") == 6
    assert text_of(review(admin, number, verdict="unreviewed")).count(" Reject ") == 7


def test_rejected_it_is_told_but_neither_marked_nor_counted(
    admin: TestClient, conn: Connection, call: int
) -> None:
    html = review(admin, named(conn, call, "Attrivo").id, verdict="rejected")
    page = text_of(html)
    assert "4 objections and 2 feature requests." in page
    assert "Rejected Undo Competitor: Attrivo" in page
    assert html.count("<mark") == 6
    for found in insights_of(conn, call):
        page = text_of(review(admin, found.id, verdict="rejected"))
    assert "All that was found here is rejected." in page
    assert rollup_differences(conn) == []


def test_relabelled(admin: TestClient, conn: Connection, call: int) -> None:
    number = named(conn, call, "Attrivo").id
    page = text_of(review(admin, number, verdict="confirmed", label="Bolt", stance="left"))
    assert "Competitor: Bolt left, not in the catalogue, found as “Attrivo, criticised”" in page
    assert "Relabelled Undo Competitor: Bolt" in page


def test_a_review_that_is_refused_says_why(admin: TestClient, conn: Connection, call: int) -> None:
    number = named(conn, call, "Attrivo").id
    said = {"verdict": "confirmed", "label": " – "}
    answer = admin.post(f"/insights/{number}/review", data=said)
    assert answer.status_code == 422
    assert "The rival's name is empty: write it." in text_of(answer.text)
    assert admin.post("/insights/999/review", data=said).status_code == 404
    assert admin.post(f"/insights/{number}/review", data={"verdict": "?"}).status_code == 422


def test_missed_it_is_added_and_taken_back(admin: TestClient, conn: Connection, call: int) -> None:
    turn = next(t for t in seed.timed("plumbline-01").turns if len(t.text.split()) > 12)
    words = {**WORDS, "quote": " ".join(turn.text.split()[2:9])}
    answer = admin.post(f"/calls/{call}/insights", data=words)
    assert answer.status_code == 303, text_of(answer.text)
    place, _, anchor = answer.headers["location"].partition("#")
    number = int(anchor.removeprefix("insight-"))
    page = read(admin, place)
    assert "5 objections, 1 competitor mention and 2 feature requests." in page
    assert "Added by a person Take back Objection: Effort" in page
    page = text_of(review(admin, number, verdict="rejected"))
    assert "Rejected Undo Objection: Effort" in page
    assert "Added by a person" in text_of(review(admin, number, verdict="confirmed"))


def test_missed_words_that_are_not_there_are_shown_again(admin: TestClient, call: int) -> None:
    answer = admin.post(
        f"/calls/{call}/insights",
        data={
            **WORDS,
            "kind": "competitor",
            "quote": "we had Attriva",
            "rival": "<Attriva>",
            "stance": "left",
        },
    )
    assert answer.status_code == 422
    assert "The transcript has no such words" in text_of(answer.text)
    assert "we had Attriva</textarea>" in answer.text
    assert 'value="&lt;Attriva&gt;"' in answer.text
    assert 'value="left" selected' in answer.text


def test_selected_words_are_taken_by_their_place(
    admin: TestClient, conn: Connection, call: int
) -> None:
    """The browser sends the fields of the kinds that it does not show as well, and empty ones."""
    place = {"turn": "1", "char_start": "0", "char_end": "9", "stance": "using", "rival": "Bolt"}
    answer = admin.post(f"/calls/{call}/insights", data={**WORDS, **place})
    assert answer.status_code == 303, text_of(answer.text)
    number = int(answer.headers["location"].partition("#insight-")[2])
    conn.rollback()
    found = next(i for i in insights_of(conn, call) if i.id == number)
    assert (found.turn, found.char_start, found.label, found.stance) == (1, 0, "effort", None)
    again = admin.post(f"/calls/{call}/insights", data={**WORDS, "quote": "", "turn": ""})
    assert "Say which words" in text_of(again.text)


def test_another_sites_form_reviews_nothing(admin: TestClient, conn: Connection, call: int) -> None:
    number = named(conn, call, "Attrivo").id
    for address in (f"/insights/{number}/review", f"/calls/{call}/insights"):
        answer = admin.post(
            address, data={"verdict": "rejected"}, headers={"sec-fetch-site": "cross-site"}
        )
        assert answer.status_code == 403
