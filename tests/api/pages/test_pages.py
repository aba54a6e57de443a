"""What the pages say in each state of things, asked as a browser asks."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from fastapi.testclient import TestClient

from api.users import Role
from ingest.base.db import Connection
from ingest.calls import CallDetails, CallState
from ingest.queries import add_call
from ingest.store import Store
from insights.insight import Insight, Kind, MiningNote, Quote, Stance
from insights.queries import insights_of, note_mining
from tests.api.pages import seed
from tests.api.pages.conftest import LogIn
from transcribe.transcript import Speaker, Transcript, Turn

DISK_FULL = "The disk for recordings is full: free some of it. Calls wait, and none is lost."
LARGEST_PAGE = 300_000  # bytes


def text_of(html: str) -> str:
    """A page's words, as they are read."""
    without = re.sub(r"<(script|style|datalist).*?</\1>", "", html, flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", without)).split())


def read(client: TestClient, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, answer.text
    return text_of(answer.text)


def test_a_stranger_is_shown_the_log_in_and_brought_back(visitor: TestClient) -> None:
    answer = visitor.get("/calls/7?t=83.2")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/login?next=/calls/7%3Ft%3D83.2"
    assert 'name="next" value="/calls/7?t=83.2"' in visitor.get(answer.headers["location"]).text


def test_no_calls_yet_says_what_to_do_first(log_in: LogIn) -> None:
    page = read(log_in(Role.SALES), "/")
    assert "No calls yet Bring a recording of a sales call" in page
    assert "Choose recordings" in page


def test_who_may_not_bring_calls_is_not_offered_to(log_in: LogIn) -> None:
    page = read(log_in(Role.MARKETING), "/")
    assert "Once Sales brings recordings" in page
    assert "Choose recordings" not in page


def test_the_list_counts_and_quotes(admin: TestClient, conn: Connection) -> None:
    seed.done(conn, "plumbline-01", rep="Nadia Ferreira")
    seed.in_state(conn, seed.bring(conn, "plumbline-07"), CallState.HEARING, heard_seconds=83.0)
    failure = "quillstep-01.ogg could not be heard: the disk is full."
    broken = seed.bring(conn, "quillstep-01")
    seed.in_state(conn, broken, CallState.FAILED, failure=failure)
    conn.commit()
    page = read(admin, "/calls")
    assert "1 call heard, 1 on the way , 1 failed" in page
    assert "You can't connect to it, there's one guy in accounting" in page
    assert "4 objections 1 competitor mention 2 feature requests" in page
    assert "Hearing: 1:23 of 3:2" in page
    assert f"Failed. {failure} Try again" in page


def test_a_filter_is_in_the_address_and_says_what_to_drop(
    admin: TestClient, conn: Connection
) -> None:
    seed.done(conn, "plumbline-01", rep="Nadia Ferreira")
    seed.bring(conn, "plumbline-07")
    conn.commit()
    hartsoe, lakeshore = "Discovery, Hartsoe Home", "Studio upsell, Lakeshore"
    for address, shown, hidden in [
        ("/calls?account=hartsoe+home", hartsoe, lakeshore),
        ("/calls?rep=nadia+ferreira", hartsoe, lakeshore),
        ("/calls?text=UPSELL", lakeshore, hartsoe),
        ("/calls?state=underway", lakeshore, hartsoe),
    ]:
        page = read(admin, address)
        assert shown in page
        assert hidden not in page
    assert "No call fits state “failed”. Show all calls" in read(admin, "/calls?state=failed")
    read(admin, "/calls?state=lost", 422)
    assert "start again without it" in read(admin, "/calls?before=xyz", 422)


def test_older_calls_are_a_page_away_and_none_is_lost(admin: TestClient, conn: Connection) -> None:
    for number in range(60):
        held = seed.NOW - timedelta(hours=number // 2)  # two at a time share their time
        brought = CallDetails(title=f"Call no. {number:02}", held_at=held)
        add_call(conn, None, "a.json", brought, held)
    conn.commit()
    seen: list[str] = []
    address: str | None = "/calls?text=no."
    while address:
        html = admin.get(address).text
        seen += re.findall(r"Call no\. \d\d", text_of(html))
        found = re.search(r'rel="next" href="([^"]+)"', html)
        address = found[1].replace("&amp;", "&") if found else None
    assert len(seen) == 60
    assert len(set(seen)) == 60


def test_a_call_shows_words_marks_and_quotes(
    admin: TestClient, conn: Connection, store: Store
) -> None:
    call = seed.done(conn, "plumbline-01", store=store, rep="Nadia Ferreira")
    conn.commit()
    html = admin.get(f"/calls/{call.id}").text
    page = text_of(html)
    assert "4 objections, 1 competitor mention and 2 feature requests." in page
    assert "Camille Duquesne Buyer" in page
    assert "Objection: Integration" in page
    assert "Competitor: Attrivo criticised" in page
    marks = re.findall(r'<mark class="(\w+)">(.*?)</mark><a class="tag \w+" href="#insight-', html)
    assert len(marks) == 7
    assert (
        "competitor",
        "we had Attrivo in here for a year and it told us with a straight face"
        " that everything was Facebook.",
    ) in marks
    assert f'<audio id="sound" controls preload="metadata" src="/v1/calls/{call.id}/audio">' in html


@pytest.mark.parametrize(
    ("state", "columns", "says"),
    [
        (CallState.WAITING, {}, "Queued: it is heard after those brought before it."),
        (
            CallState.WAITING,
            {"waiting_reason": DISK_FULL},
            f"Waiting. {DISK_FULL} Earshot tries again by itself.",
        ),
        (
            CallState.HEARD,
            {"waiting_reason": DISK_FULL},
            f"Waiting. {DISK_FULL} Earshot tries again by itself. Every word is here; only",
        ),
        (CallState.HEARING, {"heard_seconds": 83.0}, "Heard up to 1:23 of 3:2"),
        (CallState.FAILED, {"failure": "It is broken."}, "Failed. It is broken. The recording is"),
    ],
)
def test_a_call_on_its_way_says_where_it_is(
    admin: TestClient, conn: Connection, state: CallState, columns: dict[str, object], says: str
) -> None:
    call = seed.in_state(conn, seed.bring(conn, "plumbline-07"), state, **columns)
    conn.commit()
    assert says in read(admin, f"/calls/{call.id}")
    assert says in read(admin, f"/calls/{call.id}/live")


def test_the_list_says_why_a_call_waits(admin: TestClient, conn: Connection) -> None:
    call = seed.bring(conn, "plumbline-07")
    seed.in_state(conn, call, CallState.WAITING, waiting_reason=DISK_FULL)
    conn.commit()
    for path in ("/calls", "/calls/live"):
        page = read(admin, path)
        assert f"Waiting. {DISK_FULL}" in page
        assert "Queued" not in page


def test_a_failed_call_is_tried_again_from_the_step_that_failed(
    admin: TestClient, conn: Connection
) -> None:
    heard = seed.done(conn, "plumbline-01")
    seed.in_state(conn, heard, CallState.FAILED, failure="The detectors are away.")
    unheard = seed.bring(conn, "plumbline-07")
    seed.in_state(conn, unheard, CallState.FAILED, failure="The model is away.")
    conn.commit()
    for call, says in ((heard, "Every word is here"), (unheard, "Queued")):
        answer = admin.post(f"/calls/{call.id}/retry")
        assert answer.headers["location"] == f"/calls/{call.id}"
        assert says in read(admin, f"/calls/{call.id}")


def test_silence_and_missing_sound_are_said(admin: TestClient, conn: Connection) -> None:
    quiet = Transcript((), 207.0, missing_seconds=3.21)
    call = seed.done(conn, "plumbline-07", transcript=quiet, found=())
    conn.commit()
    page = read(admin, f"/calls/{call.id}")
    assert "No speech was heard in this recording." in page
    assert "3.2 s of the sound could not be decoded" in page
    assert "No objection, competitor or feature request was found." in page


def test_an_hour_of_talk_stays_a_small_page(admin: TestClient, conn: Connection) -> None:
    one = seed.timed("plumbline-01")
    words = sum(len(turn.words) for turn in one.turns)
    hour = replace(one, turns=one.turns * (9000 // words + 1), seconds=3600.0)
    call = seed.done(conn, "plumbline-01", transcript=hour)
    conn.commit()
    assert 9000 * 5 < len(admin.get(f"/calls/{call.id}").content) < LARGEST_PAGE


HOSTILE = "\"><img src=x onerror=alert(1)><script>alert(2)</script>'&{{7*7}}"


def hostile_call(conn: Connection, store: Store | None = None) -> int:
    """A call in which every word that a person can choose is an attack."""
    quote = Quote(HOSTILE, 0, len(HOSTILE), 1.0, 2.0)
    turns = (Turn(Speaker.BUYER, HOSTILE, 1.0, 2.0, name=HOSTILE),)
    found = (
        Insight(0, Kind.FEATURE_REQUEST, HOSTILE, quote, 0.9, "d", "1"),
        Insight(0, Kind.COMPETITOR, HOSTILE, quote, 0.9, "d", "1", Stance.USING, unlisted=True),
        Insight(0, Kind.OBJECTION, "price", quote, 0.9, "d", "1"),
    )
    names = dict.fromkeys(("title", "account", "rep", "company"), HOSTILE)
    call = seed.done(
        conn,
        "quillstep-01",
        store=store,
        transcript=Transcript(turns, 10.0),
        found=found,
        held_at=datetime(2026, 4, 21, tzinfo=UTC),
        **names,
    )
    conn.execute("update call set filename = %s where id = %s", (HOSTILE, call.id))
    other = seed.bring(conn, "haulwright-02", title=HOSTILE)
    seed.in_state(conn, other, CallState.FAILED, failure=HOSTILE)
    third = seed.bring(conn, "brackenwatch-01")
    seed.in_state(conn, third, CallState.WAITING, waiting_reason=HOSTILE)
    conn.commit()
    return call.id


def test_what_people_say_and_name_cannot_become_markup(admin: TestClient, conn: Connection) -> None:
    call_id = hostile_call(conn)
    week = "2026-W17"
    for path in (
        "/",
        "/calls",
        "/calls/live",
        f"/calls?text={HOSTILE}&account={HOSTILE}",
        f"/calls/{call_id}",
        f"/calls/{call_id}/live",
        f"/digest?week={week}",
        f"/digest.html?week={week}",
        "/competitors",
        f"/competitors?removed={HOSTILE}&aliases={HOSTILE}&company={HOSTILE}",
        f"/login?next={HOSTILE}",
        f"/nowhere/{HOSTILE}",
    ):
        html = admin.get(path).text
        assert "<img" not in html, path
        assert "<script>" not in html, path
        assert "49" not in text_of(html) or "{{7*7}}" in text_of(html), path


def test_no_page_holds_script_or_style_of_its_own(admin: TestClient, conn: Connection) -> None:
    call = seed.done(conn, "plumbline-01")
    conn.commit()
    for path in (
        "/",
        "/calls",
        f"/calls/{call.id}",
        "/digest",
        "/competitors",
        "/login",
        "/nowhere",
    ):
        answer = admin.get(path)
        assert not re.search(r"<script(?![^>]* src=\"/static/)|<style|\son\w+=|style=", answer.text)
        assert "default-src 'self'" in answer.headers["content-security-policy"]
        assert not re.search(r"(src|href)=\"(https?:)?//", answer.text)


def test_errors_are_pages_in_the_look(admin: TestClient, log_in: LogIn) -> None:
    assert "There is nothing here There is no call 999." in read(admin, "/calls/999", 404)
    assert "There is nothing here" in read(admin, "/calls/abc", 404)
    assert "No page has the address /nowhere." in read(admin, "/nowhere", 404)
    sales = log_in(Role.SALES)
    refused = sales.post("/competitors", data={"name": "Attrivo"})
    assert refused.status_code == 403
    assert "Your role may not do this" in text_of(refused.text)


def test_the_digest_tells_the_week_and_opens_its_quotes(
    admin: TestClient, conn: Connection
) -> None:
    held = datetime(2026, 2, 10, 9, tzinfo=UTC)
    call = seed.done(conn, "plumbline-01", held_at=held)
    seed.done(conn, "haulwright-05", held_at=held - timedelta(days=7))
    conn.commit()
    html = admin.get("/digest").text  # the latest week with calls
    page = text_of(html)
    assert "came up in 1 of 1 call, " in page
    assert "Week 7, 9 to 15 Feb 2026 1 call, 1 the week before" in page
    assert "Not enough calls yet" in page
    assert re.search(rf'href="/calls/{call.id}\?t=[\d.]+#insight-\d+"', html)
    assert "No calls were heard in this week." in read(admin, "/digest?week=2026-W09")
    assert "write it like 2026-W07" in read(admin, "/digest?week=next", 422)


def test_the_digest_is_also_a_file(admin: TestClient, conn: Connection) -> None:
    seed.done(conn, "plumbline-01", held_at=datetime(2026, 2, 10, 9, tzinfo=UTC))
    conn.commit()
    markdown = admin.get("/digest.md?week=2026-W07")
    assert markdown.headers["content-type"] == "text/markdown; charset=utf-8"
    assert "](http://127.0.0.1:8321/calls/" in markdown.text
    file = admin.get("/digest.html?week=2026-W07")
    assert 'filename="earshot-2026-W07.html"' in file.headers["content-disposition"]
    assert 'href="http://127.0.0.1:8321/calls/' in file.text
    assert not re.search(r"<link|<script|src=", file.text)


def test_a_call_says_when_the_llm_could_not_be_used(admin: TestClient, conn: Connection) -> None:
    call = seed.done(conn, "plumbline-01")
    conn.commit()
    path = f"/calls/{call.id}"
    assert "LLM" not in read(admin, path)
    note_mining(conn, call.id, MiningNote("Not by the LLM: <b>busy</b>.", {"wrong turn": 1}))
    conn.commit()
    for address in (path, f"{path}/live"):
        assert "Not by the LLM: <b>busy</b>." in read(admin, address)
        assert "could not be verified: wrong turn (1)." in read(admin, address)


def test_how_a_call_was_talked(admin: TestClient, conn: Connection) -> None:
    call = seed.done(conn, "plumbline-01")
    conn.commit()
    html = admin.get(f"/calls/{call.id}").text
    page = text_of(html)
    assert re.search(r"Talking time seller \d\d %, buyer \d\d %", page)
    assert re.search(r"Longest monologue (seller|buyer), \d+ (s|min) \d:\d\d", page)
    assert re.search(r"Wait before the seller replies \d\.\d s, the median of \d+", page)
    assert re.search(r"\d+ asked .*\? \d+:\d\d in the transcript", page)
    for insight in insights_of(conn, call.id):
        assert f'<a href="?t={insight.start:.1f}#insight-{insight.id}" data-t=' in html
