"""Calls read, listed, corrected, tried again and deleted over real HTTP."""

from typing import Any

import pytest

from api.users import Role
from ingest import queries
from ingest.base import db
from ingest.calls import CallState
from ingest.store import open_store
from insights.insight import Insight, Kind, MiningNote, Quote, Stance
from insights.queries import note_mining, save_insights
from insights.rollups.queries import rollup_differences
from tests import sounds
from tests.api.running import SOUND, Api, assert_problem
from transcribe import queries as transcripts
from transcribe.transcript import Speaker, Transcript, Turn, Word

WORDS = (Word("Too", 0.5, 0.7, 0.9), Word("dear.", 0.7, 1.1, 0.8))
TRANSCRIPT = Transcript(
    turns=(
        Turn(Speaker.SELLER, "Well?", 0.0, 0.4),
        Turn(Speaker.BUYER, "Too dear.", 0.5, 1.1, WORDS, channel=1),
    ),
    seconds=3.0,
    engine="faster-whisper",
    model="base int8",
    language="en",
)
PRICE = Insight(
    1, Kind.OBJECTION, "price", Quote("Too dear", 0, 8, 0.5, 1.1), 0.9, "objection", "1"
)
RIVAL = Insight(
    1, Kind.COMPETITOR, "Attrivo", Quote("Too dear", 0, 8), 0.5, "competitor", "1", Stance.USING
)


def hear(api: Api, call_id: int, *insights: Insight) -> None:
    """What the workers do with a call."""
    with db.connect(api.settings.database_url) as conn:
        for step, state in (
            (CallState.HEARING, CallState.HEARD),
            (CallState.MINING, CallState.DONE),
        ):
            call = queries.claim(conn, call_id, step, "test", 60)
            assert call is not None
            if step is CallState.HEARING:
                transcripts.save(conn, call_id, TRANSCRIPT)
            else:
                save_insights(conn, call, insights)
            queries.finish(conn, call_id, "test", state)
        conn.commit()


def fail(api: Api, call_id: int, step: CallState = CallState.HEARING) -> None:
    with db.connect(api.settings.database_url) as conn:
        assert queries.claim(conn, call_id, step, "test", 60)
        queries.give_up(conn, call_id, "test", "The disk was full.", permanent=True)
        conn.commit()


def differences(api: Api) -> Any:
    with db.connect(api.settings.database_url) as conn:
        return rollup_differences(conn)


def day_counts(api: Api) -> list[tuple[Any, ...]]:
    with db.connect(api.settings.database_url) as conn:
        return conn.execute(
            """select day::text, company.name, account.name, label, mentions
               from daily_mentions join company on company.id = company_id
               left join account on account.id = account_id
               where mentions > 0 order by 1, 2, 3, 4"""
        ).fetchall()


def test_a_call_shows_how_far_it_has_come(api: Api) -> None:
    call = api.bring(account="Acme")
    reader = api.as_(Role.MARKETING)
    waiting = reader.get(f"/v1/calls/{call['id']}").json()
    assert (waiting["state"], waiting["transcript"], waiting["insights"]) == ("waiting", None, [])

    with db.connect(api.settings.database_url) as conn:
        queries.claim(conn, call["id"], CallState.HEARING, "test", 60)
        queries.heartbeat(conn, call["id"], "test", 60, 1.5)
        conn.commit()
    hearing = reader.get(f"/v1/calls/{call['id']}").json()
    assert (hearing["state"], hearing["heard_seconds"]) == ("hearing", 1.5)


def test_a_call_that_is_done_has_words_and_insights(api: Api) -> None:
    call = api.bring(account="Acme")
    hear(api, call["id"], PRICE)
    done = api.as_(Role.PRODUCT).get(f"/v1/calls/{call['id']}").json()
    assert done["state"] == "done"
    turn = done["transcript"]["turns"][1]
    assert (turn["speaker"], turn["text"]) == ("buyer", "Too dear.")
    assert turn["words"][1] == {"text": "dear.", "start": 0.7, "end": 1.1, "probability": 0.8}
    (found,) = done["insights"]
    assert (found["kind"], found["label"], found["quote"]) == ("objection", "price", "Too dear")
    assert (found["speaker"], found["start"], found["account"]) == ("buyer", 0.5, "Acme")


@pytest.mark.parametrize(
    ("form", "media", "begin"),
    [
        ("text", "text/plain", "["),
        ("markdown", "text/markdown", "**"),
        ("json", "application/json", "{"),
        ("vtt", "text/vtt", "WEBVTT"),
        ("srt", "application/x-subrip", "1\n"),
    ],
)
def test_a_transcript_as_a_file(api: Api, form: str, media: str, begin: str) -> None:
    call = api.bring()
    hear(api, call["id"])
    answer = api.as_(Role.SALES).get(f"/v1/calls/{call['id']}/transcript?format={form}")
    assert answer.headers["content-type"].startswith(media)
    assert answer.text.startswith(begin)
    assert "dear." in answer.text


def test_no_transcript_yet(api: Api) -> None:
    call = api.bring()
    reader = api.as_(Role.SALES)
    assert_problem(reader.get(f"/v1/calls/{call['id']}/transcript"), 404, "not-found")
    bad = reader.get(f"/v1/calls/{call['id']}/transcript?format=docx")
    assert_problem(bad, 422, "invalid-request")


def test_the_list_goes_on_by_cursor_and_link(api: Api) -> None:
    days = ("2026-03-01", "2026-03-03", "2026-03-02", "2026-03-03", "2026-03-05")
    for at, day in enumerate(days):
        api.bring(sounds.wav(sounds.beeps(1 + at, 8000), 8000), held_at=day, account=f"A{at % 2}")
    reader = api.as_(Role.MARKETING)
    found: list[str] = []
    url: str | None = "/v1/calls?limit=2&since=2026-03-02T00:00:00Z"
    pages = 0
    while url:
        answer = reader.get(url)
        page = answer.json()
        found += [call["held_at"][:10] for call in page["items"]]
        link = answer.links.get("next")
        url = link["url"] if link else None
        assert (page["next"] is None) == (url is None)
        pages += 1
    assert found == ["2026-03-05", "2026-03-03", "2026-03-03", "2026-03-02"]
    assert pages == 2


def test_the_list_filtered(api: Api) -> None:
    api.bring(account="Acme", rep="Dana", title="100 % renewal")
    other = api.bring(sounds.wav(sounds.beeps(1, 8000), 8000), account="Bolt", segment="SMB")
    fail(api, other["id"])
    reader = api.as_(Role.MARKETING)

    def titles(query: str) -> list[str]:
        return [call["account"] for call in reader.get(f"/v1/calls?{query}").json()["items"]]

    assert titles("account=acme") == titles("rep=DANA") == titles("title=100 %25") == ["Acme"]
    assert titles("segment=smb") == titles("state=failed") == ["Bolt"]
    assert sorted(titles("state=failed&state=waiting")) == ["Acme", "Bolt"]
    assert titles("account=nobody") == []


def test_the_list_by_what_was_said(api: Api) -> None:
    """What is asked of an insight is asked of one and the same."""
    call = api.bring(account="Acme", campaign="Spring")
    hear(api, call["id"], PRICE, RIVAL)
    api.bring(sounds.wav(sounds.beeps(1, 8000), 8000), account="Bolt")
    client = api.as_(Role.ADMIN)

    def accounts(query: str) -> list[str]:
        return [call["account"] for call in client.get(f"/v1/calls?{query}").json()["items"]]

    for query in (
        *("campaign=SPRING", "kind=objection", "kind=objection&label=PRICE", "label=attrivo"),
        *("min_confidence=0.9", "review=unreviewed&kind=competitor&min_confidence=0.5"),
    ):
        assert accounts(query) == ["Acme"], query
    for query in (
        *("campaign=none", "kind=feature_request", "kind=competitor&label=price"),
        *("min_confidence=0.91", "kind=competitor&min_confidence=0.6", "review=confirmed"),
    ):
        assert accounts(query) == [], query
    assert sorted(accounts("review=&min_confidence=")) == ["Acme", "Bolt"]
    price = client.get("/v1/insights?kind=objection").json()["items"][0]["id"]
    client.post(f"/v1/insights/{price}/review", json={"verdict": "rejected"})
    assert accounts("kind=objection") == []
    assert accounts("kind=objection&review=rejected") == ["Acme"]
    assert client.get("/v1/calls?kind=weather").status_code == 422


def test_the_list_in_another_order(api: Api) -> None:
    details: tuple[dict[str, str], ...]
    details = ({"deal_value_usd": "10"}, {"deal_value_usd": "900.5"}, {})
    for at, known in enumerate(details):
        sound = sounds.wav(sounds.beeps(1 + at, 8000), 8000)
        api.bring(sound, account=("Acme", "Bolt", "Cole")[at], **known)
    reader = api.as_(Role.MARKETING)
    orders = {"value": ["Bolt", "Acme", "Cole"], "length": ["Cole", "Bolt", "Acme"]}
    for sort, expected in orders.items():
        first = reader.get(f"/v1/calls?sort={sort}&limit=2")
        rest = reader.get(first.links["next"]["url"])
        found = first.json()["items"] + rest.json()["items"]
        assert [call["account"] for call in found] == expected, sort
        cursor = first.json()["next"]
        assert_problem(reader.get(f"/v1/calls?cursor={cursor}"), 422, "bad-cursor")
    assert_problem(reader.get("/v1/calls?sort=weather"), 422, "invalid-request")
    change = {"outcome": "won"}
    won = api.as_(Role.SALES).patch(f"/v1/calls/{found[0]['id']}", json=change).json()
    (listed,) = reader.get("/v1/calls?outcome=WON").json()["items"]
    assert listed["id"] == won["id"]


def test_a_correction_moves_what_is_counted(api: Api) -> None:
    call = api.bring(account="Acme", held_at="2026-03-01", outcome="won", company="Plumbline")
    hear(api, call["id"], PRICE)
    change = {"account": "Bolt", "held_at": "2026-03-02T23:30:00-02:00", "outcome": None}
    answer = api.as_(Role.SALES).patch(f"/v1/calls/{call['id']}", json=change)
    assert answer.status_code == 200, answer.text
    said = answer.json()
    assert (said["account"], said["held_at"]) == ("Bolt", "2026-03-03T01:30:00Z")
    assert (said["outcome"], said["state"], said["title"]) == (None, "done", call["title"])
    assert day_counts(api) == [("2026-03-03", "Plumbline", "Bolt", "price", 1)]
    assert differences(api) == []


def test_an_accounts_segment_is_noted_without_naming_it_again(api: Api) -> None:
    call = api.bring(account="Acme")
    answer = api.as_(Role.SALES).patch(
        f"/v1/calls/{call['id']}", json={"segment": "SMB", "account_value_usd": 1250.5}
    )
    assert (answer.json()["segment"], answer.json()["account_value_usd"]) == ("SMB", 1250.5)


def test_a_call_given_to_another_company_is_mined_again(api: Api) -> None:
    call = api.bring(company="Plumbline")
    hear(api, call["id"], PRICE)
    answer = api.as_(Role.SALES).patch(f"/v1/calls/{call['id']}", json={"company": "Haulwright"})
    assert (answer.json()["company"], answer.json()["state"]) == ("Haulwright", "heard")
    assert differences(api) == []


def test_a_wrong_correction_changes_nothing(api: Api) -> None:
    call = api.bring(account="Acme")
    sales = api.as_(Role.SALES)
    before = sales.get(f"/v1/calls/{call['id']}").json()
    for change in WRONG_CHANGES:
        answer = sales.patch(f"/v1/calls/{call['id']}", json=change)
        assert_problem(answer, 422, "invalid-request")
    assert sales.get(f"/v1/calls/{call['id']}").json() == before


WRONG_CHANGES: list[object] = [
    {"title": None},
    {"title": "  "},
    {"title": "a\x00b"},
    {"title": "a" * 301},
    {"colour": "blue"},
    {"held_at": "2026-03-01T10:00:00"},
    {"held_at": "0001-01-01T00:00:00+14:00"},
    {"held_at": 1e300},
    {"deal_value_usd": -1},
    {"deal_value_usd": "NaN"},
    {"deal_value_usd": 1e15},
    {"deal_value_usd": 1.005},
    {"account": ["Acme"]},
    "account",
    None,
]


def test_a_time_to_come_is_refused(api: Api) -> None:
    call = api.bring()
    answer = api.as_(Role.SALES).patch(
        f"/v1/calls/{call['id']}", json={"held_at": "2999-01-01T00:00:00Z"}
    )
    assert_problem(answer, 422, "bad-metadata")


def test_a_failed_call_is_tried_again_from_where_it_failed(api: Api) -> None:
    sales = api.as_(Role.SALES)
    call = api.bring()
    assert_problem(sales.post(f"/v1/calls/{call['id']}/retry"), 409, "not-failed")
    fail(api, call["id"])
    assert sales.get(f"/v1/calls/{call['id']}").json()["failure"] == "The disk was full."
    answer = sales.post(f"/v1/calls/{call['id']}/retry")
    assert (answer.status_code, answer.json()["state"]) == (202, "waiting")

    with db.connect(api.settings.database_url) as conn:
        queries.claim(conn, call["id"], CallState.HEARING, "test", 60)
        transcripts.save(conn, call["id"], TRANSCRIPT)
        queries.finish(conn, call["id"], "test", CallState.HEARD)
        conn.commit()
    fail(api, call["id"], CallState.MINING)
    assert sales.post(f"/v1/calls/{call['id']}/retry").json()["state"] == "heard"


def test_a_deleted_call_is_gone_with_its_sound_and_its_counts(api: Api) -> None:
    call = api.bring()
    hear(api, call["id"], PRICE, RIVAL)
    admin = api.as_(Role.ADMIN)
    assert admin.delete(f"/v1/calls/{call['id']}").status_code == 204
    assert_problem(admin.get(f"/v1/calls/{call['id']}"), 404, "not-found")
    assert_problem(admin.delete(f"/v1/calls/{call['id']}"), 404, "not-found")
    assert not open_store(api.settings).has(call["audio_sha256"])
    assert day_counts(api) == []
    assert differences(api) == []
    again = api.bring(SOUND)
    assert (again["duplicate"], again["id"] != call["id"]) == (False, True)


def test_an_unknown_id_is_not_found(api: Api) -> None:
    admin = api.as_(Role.ADMIN)
    for name in ("0", "999", "-1", "abc", str(2**63), "1" * 5000, "1.0"):
        for method, path in (
            ("GET", f"/v1/calls/{name}"),
            ("GET", f"/v1/calls/{name}/audio"),
            ("GET", f"/v1/calls/{name}/transcript"),
            ("POST", f"/v1/calls/{name}/retry"),
            ("DELETE", f"/v1/calls/{name}"),
        ):
            assert_problem(admin.request(method, path), 404, "not-found")
        assert_problem(admin.patch(f"/v1/calls/{name}", json={"rep": "D"}), 404, "not-found")


def test_a_call_tells_how_it_was_mined(api: Api) -> None:
    call = api.bring()
    path = f"/v1/calls/{call['id']}"
    assert api.as_(Role.PRODUCT).get(path).json()["mining"] is None
    hear(api, call["id"])
    quiet: dict[str, Any] = {"note": None, "dropped": {}, "sentences": []}
    assert api.as_(Role.PRODUCT).get(path).json()["mining"] == quiet
    with db.connect(api.settings.database_url) as conn:
        note_mining(conn, call["id"], MiningNote("Not by the LLM.", {"wrong turn": 2}))
        conn.commit()
    told = api.as_(Role.PRODUCT).get(path).json()["mining"]
    assert told["note"] == "Not by the LLM."
    assert told["dropped"] == {"wrong turn": 2}
    assert told["sentences"][0] == "Not by the LLM."
    assert told["sentences"][1].endswith("could not be verified: wrong turn (2).")
