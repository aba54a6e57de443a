"""Retention on the pages: looked at before it is set, and told wherever something went."""

from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import expect

from api.users import Role
from ingest.base.db import Connection
from ingest.base.settings import Settings
from ingest.calls import Call
from ingest.retention import queries
from ingest.retention.rule import Rule, day
from ingest.store import Store
from insights.retention import go_on
from tests.api.pages.browsing import PHONE, Site, check_for_everyone, needs_chromium
from tests.api.pages.conftest import LogIn
from tests.api.pages.seed import done

NOW = datetime.now(UTC)
WANTED = "/settings/retention?recording_days=30&call_days=60"


@pytest.fixture
def call(conn: Connection, store: Store) -> Call:
    """One held 40 days ago."""
    call = done(conn, "brackenwatch-01", store=store, held_at=NOW - timedelta(days=40))
    conn.commit()
    return call


def keep_to(conn: Connection, recordings: int | None, calls: int | None = None) -> None:
    """Have this rule since yesterday."""
    queries.set_rule(conn, Rule(recordings, calls), "Ana Ruiz")
    conn.execute("update retention set changed_at = now() - interval '1 day'")
    conn.commit()


def test_settings_lead_to_all_their_parts(log_in: LogIn) -> None:
    page = log_in(Role.ADMIN).get("/settings").text
    for part in ("#users", "#tokens", "#retention", "/webhooks", "/competitors", "#you"):
        assert f'<a href="{part}">' in page
    assert "Calls and their recordings are kept for ever." in page


def test_who_is_no_admin_finds_what_is_theirs(log_in: LogIn) -> None:
    page = log_in(Role.MARKETING).get("/settings").text
    assert '<a href="/competitors">' in page
    assert "#retention" not in page


def test_a_rule_is_looked_at_and_then_kept_to(
    admin: TestClient, conn: Connection, call: Call
) -> None:
    page = admin.get(WANTED).text
    assert "1 recording would go tonight; within 30 days, with those, 1 whole call." in page
    assert f'<a href="/calls/{call.id}">' in page
    assert queries.kept(conn).rule == Rule()
    conn.rollback()
    form = {"recording_days": "30", "call_days": "60", "version": "1"}
    answer = admin.post("/settings/retention", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/settings#retention")
    assert queries.kept(conn).rule == Rule(30, 60)
    page = admin.get("/settings").text
    assert "Recordings are kept for 30 days after the call was held, all else for 60 days." in page
    again = admin.post("/settings/retention", data=form)
    assert again.status_code == 412
    assert "has changed the rule meanwhile" in again.text


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ("recording_days=90&call_days=30", "keep calls for 90 days or longer"),
        ("recording_days=0", "1 to 36,500 days"),
        ("recording_days=-4", "“-4” is no number of days"),
        ("call_days=%3Cb%3Enine", "“&lt;b&gt;nine” is no number of days"),
        ("call_days=99999999999999999999", "is no number of days"),
    ],
)
def test_what_is_no_rule_is_said(admin: TestClient, asked: str, why: str) -> None:
    answer = admin.get(f"/settings/retention?{asked}")
    assert answer.status_code == 422
    assert why in answer.text


def test_nothing_goes_by_a_rule_without_end(admin: TestClient, call: Call) -> None:
    assert "Nothing goes." in admin.get("/settings/retention?recording_days=&call_days=").text


def test_a_call_says_until_when_it_is_kept(
    admin: TestClient, conn: Connection, settings: Settings, call: Call
) -> None:
    assert "is kept until" not in admin.get(f"/calls/{call.id}").text
    keep_to(conn, 50, 70)
    ends = [day(call.held_at + timedelta(days=days)) for days in (50, 70)]
    page = admin.get(f"/calls/{call.id}").text
    assert f"The recording is kept until {ends[0]}, the call until {ends[1]}." in page
    keep_to(conn, None, 70)
    assert f"The call is kept until {ends[1]}." in admin.get(f"/calls/{call.id}").text
    keep_to(conn, 30)
    page = admin.get(f"/calls/{call.id}").text
    assert f"The recording is kept until {day(datetime.now(UTC))}." in page  # it goes tonight


def test_a_call_says_that_its_recording_went(
    admin: TestClient, conn: Connection, settings: Settings, call: Call
) -> None:
    keep_to(conn, 30)
    go_on(settings)
    page = admin.get(f"/calls/{call.id}?from=1&to=9").text
    today = day(datetime.now(UTC))
    assert f"The recording went on {today} by the retention rule; the transcript stays." in page
    assert "It can be read, not heard any more." in page
    for broken in ('id="sound"', 'class="play"', "Brought as a transcript", 'id="hear-clip"'):
        assert broken not in page
    assert "1 call heard" in admin.get("/").text
    assert "brought as" not in admin.get("/").text
    assert ">transcript<" not in admin.get("/calls").text
    page = admin.get("/settings").text
    assert "1 recording went." in page


def test_a_failed_call_whose_recording_went_offers_no_other_try(
    admin: TestClient, conn: Connection, settings: Settings, call: Call
) -> None:
    conn.execute("delete from transcript")
    conn.execute("update call set state = 'failed', failure = 'It broke.'")
    conn.commit()
    assert "Try again" in admin.get(f"/calls/{call.id}").text
    keep_to(conn, 30)
    go_on(settings)
    page = admin.get(f"/calls/{call.id}").text
    assert "Try again" not in page
    assert "The call is kept, and no other call is touched." in page


def test_a_call_is_held_and_let_go_by_one_click(
    admin: TestClient, conn: Connection, call: Call
) -> None:
    keep_to(conn, 30)
    answer = admin.post(f"/calls/{call.id}/hold", data={"held": "true"})
    assert answer.headers["location"] == f"/calls/{call.id}"
    page = admin.get(f"/calls/{call.id}").text
    assert "<strong>On hold</strong>" in page
    assert "is kept until" not in page
    assert f'<a href="/calls/{call.id}">' in admin.get("/settings").text
    lifted = admin.post(f"/calls/{call.id}/hold?to=settings", data={"held": "false"})
    assert lifted.headers["location"] == "/settings#retention"
    assert "On hold" not in admin.get(f"/calls/{call.id}").text
    assert admin.post("/calls/999/hold", data={"held": "true"}).status_code == 404


def test_others_see_the_hold_and_cannot_lift_it(
    log_in: LogIn, conn: Connection, call: Call
) -> None:
    queries.hold(conn, call.id, "Ana Ruiz")
    conn.commit()
    page = log_in(Role.SALES).get(f"/calls/{call.id}").text
    assert "by Ana Ruiz: nothing of it goes" in page
    assert "Lift the hold" not in page


def test_a_run_that_stopped_is_let_go_on(
    admin: TestClient, conn: Connection, settings: Settings, call: Call
) -> None:
    conn.execute(
        """insert into call (company_id, title, filename, held_at, state)
           select company_id, 'Old', 'a.json', held_at, 'done' from call, generate_series(1, 30)"""
    )
    keep_to(conn, None, 30)
    conn.execute("update retention set calls_agreed = now() - interval '1 year'")
    conn.commit()
    go_on(settings)
    page = admin.get("/settings").text
    assert "31 of 31 calls would have gone at once" in page
    assert (
        "A worker begins" in admin.post("/settings/retention/run", data={"confirmed": "true"}).text
    )
    go_on(settings)
    page = admin.get("/settings").text
    assert "31 whole calls went." in page
    assert "would have gone" not in page.split("<details")[0]
    assert admin.get("/settings/retention/run").headers["location"] == "/settings#retention"


def test_a_run_without_a_rule_is_refused(admin: TestClient) -> None:
    answer = admin.post("/settings/retention/run")
    assert answer.status_code == 422
    assert "set a period first" in answer.text


@needs_chromium[0]
@needs_chromium[1]
def test_a_rule_is_set_by_keyboard_on_a_phone(site: Site, conn: Connection, call: Call) -> None:
    site.page.set_viewport_size(PHONE)
    page = site.open("/settings")
    page.get_by_role("link", name="Retention").click()
    page.get_by_label("Recordings, days").fill("30")
    page.keyboard.press("Enter")
    expect(page.locator("#offer")).to_contain_text("1 recording would go tonight")
    page.get_by_role("button", name="Keep to this").press("Enter")
    expect(page.get_by_text("Recordings are kept for 30 days").first).to_be_visible()
    assert queries.kept(conn).rule == Rule(30)


@needs_chromium[0]
@needs_chromium[1]
def test_the_pages_shut_nobody_out(
    site: Site, conn: Connection, settings: Settings, store: Store, call: Call
) -> None:
    held = done(conn, "plumbline-01", store=store, held_at=NOW - timedelta(days=90))
    queries.hold(conn, held.id, "Somebody with a rather long name, of the Lakeshore office")
    keep_to(conn, 30, 60)
    go_on(settings)
    check_for_everyone(
        *(site, "/settings/retention?recording_days=20&call_days=30", f"/calls/{call.id}"),
        f"/calls/{held.id}",
    )
