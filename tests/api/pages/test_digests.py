"""The pages of digests: to subscribe, to read what was told, and the way out."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import expect

from api.subscriptions import queries, signing
from api.users import Role
from ingest.base.db import Connection
from insights.digest import Week
from insights.digests import make
from insights.digests.edition import Audience
from insights.insight import Kind
from tests.api.pages.browsing import Site, check_for_everyone, needs_chromium
from tests.api.pages.conftest import LogIn
from tests.api.pages.test_pages import HOSTILE, read, text_of
from tests.insights.test_editions import WEEK, call, risen, spoken
from tests.insights.trending import said

SLACK = "https://hooks.slack.com/services/T0/B0/sesame"
FORM = {"audience": "product", "channel": "slack", "zone": "Asia/Tokyo", "hour": "7"}
MONDAY = datetime(2026, 4, 27, 8, tzinfo=UTC)

Told = Callable[[], None]


@pytest.fixture
def told(conn: Connection) -> Told:
    """Two weeks' digests of all roles are in the archive."""

    def tell() -> None:
        risen(conn)
        spoken(conn, call(conn, 0, 9, said("Tidewall", Kind.COMPETITOR), title=HOSTILE))
        for week in (WEEK.before, WEEK):
            for audience in Audience:
                make.kept(conn, week, audience, MONDAY)
        conn.commit()

    return tell


def subscribe(client: TestClient, **changes: str) -> int:
    status: int = client.post("/digests", data=FORM | {"address": SLACK} | changes).status_code
    return status


def test_a_reader_subscribes_and_unsubscribes(admin: TestClient) -> None:
    page = read(admin, "/digests")
    assert "No digest comes to you yet" in page
    assert "Mail is not set up here" in page
    assert subscribe(admin) == 303
    page = read(admin, "/digests")
    assert "1 digest comes to you on Mondays" in page
    assert "Product, by Slack To hooks.slack.com, on Mondays at 7:00 in Asia/Tokyo" in page
    assert "sesame" not in page, "whoever has it can post there"
    assert subscribe(admin, hour="9") == 303
    assert "at 9:00 in Asia/Tokyo" in read(admin, "/digests")
    ending = re.search(r'action="(/digests/\d+/end)"', admin.get("/digests").text)
    assert ending
    assert admin.post(ending[1]).status_code == 303
    assert "No digest comes to you yet" in read(admin, "/digests")
    assert admin.post(ending[1]).status_code == 404


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"address": "https://evil.example/x"}, "evil.example is not among the hosts"),
        ({"address": ""}, "Say where the digest should go"),
        ({"channel": "mail", "address": HOSTILE}, "is no mail address"),
        ({"zone": HOSTILE}, "is no time zone"),
        ({"hour": "24"}, "24 is no hour"),
    ],
)
def test_what_cannot_be_is_told_and_kept_to_be_mended(
    admin: TestClient, changes: dict[str, str], why: str
) -> None:
    answer = admin.post("/digests", data=FORM | {"address": SLACK} | changes)
    assert answer.status_code == 422
    assert why in answer.text
    assert "<img" not in answer.text
    assert "<script>" not in answer.text
    assert subscribe(admin, audience="nobody") == 422


def test_nobody_ends_or_repeats_anothers(log_in: LogIn, conn: Connection) -> None:
    subscribe(log_in(Role.SALES))
    (theirs,) = queries.subscriptions(conn)
    other = log_in(Role.ADMIN)
    for act in ("end", "again"):
        assert other.post(f"/digests/{theirs.id}/{act}").status_code == 404
    assert queries.subscription(conn, theirs.id) == theirs


def test_what_became_of_the_last_one_is_told(admin: TestClient, conn: Connection) -> None:
    subscribe(admin)
    (reader,) = queries.subscriptions(conn)
    for state, words, again in [
        ("sent", "Week 17 was sent on", False),
        ("failed", "Week 17 did not arrive. 550 no such user", True),
        ("unsure", "Week 17 may not have arrived. 550 no such user", True),
        ("missed", "Week 17 was not sent", False),
        ("waiting", "Week 17 is tried again soon. 550 no such user", False),
    ]:
        conn.execute("delete from delivery")
        conn.execute(
            """insert into delivery (subscription_id, week, state, owner, note, until, sent_at)
               values (%(id)s, '2026-W17', %(state)s, 'x', '550 no such user',
                       case when %(state)s = 'waiting' then now() end,
                       case when %(state)s = 'sent' then now() end)""",
            {"id": reader.id, "state": state},
        )
        conn.commit()
        page = read(admin, "/digests")
        assert words in page
        assert ("Send it again" in page) == again
    conn.execute("update delivery set state = 'unsure', until = null")
    conn.commit()
    assert admin.post(f"/digests/{reader.id}/again").status_code == 303
    assert "Week 17 is being sent" in read(admin, "/digests")
    assert admin.post(f"/digests/{reader.id}/again").status_code == 404


def test_a_link_unsubscribes_without_a_log_in(
    admin: TestClient, visitor: TestClient, conn: Connection
) -> None:
    subscribe(admin)
    (reader,) = queries.subscriptions(conn)
    link = f"/unsubscribe/{signing.token(queries.signing_key(conn), reader.id)}"
    conn.commit()
    visitor.cookies.clear()
    for _ in range(2):
        assert "No more digest for Product?" in read(visitor, link)
    assert queries.subscription(conn, reader.id) is not None, "a preview changes nothing"
    conn.commit()
    one_click = {"List-Unsubscribe": "One-Click"}
    for _ in range(2):  # as a mail program sends it: from elsewhere, without any cookie
        answer = visitor.post(link, data=one_click, headers={"sec-fetch-site": "cross-site"})
        assert answer.status_code == 200
        assert "You have unsubscribed" in answer.text
    assert queries.subscription(conn, reader.id) is None
    assert "You have unsubscribed" in read(visitor, link)
    for wrong in (link[:-1], "/unsubscribe/1", "/unsubscribe/%00", f"/unsubscribe/{HOSTILE}"):
        assert visitor.post(wrong).status_code in (400, 404, 405)


def test_a_digest_keeps_its_place(admin: TestClient, conn: Connection, told: Told) -> None:
    assert "A digest is kept here from the first Monday" in read(admin, "/digests")
    told()
    page = read(admin, "/digests")
    assert "Week 17, 20 to 26 Apr 2026 Sales : Price came up in 16 of 25 calls" in page
    html = admin.get("/digests/2026-W17/product").text
    assert "Price came up in 16 of 25 calls in the last four weeks, more often" in html
    assert "Chance alone makes so large a difference" in html
    assert "Tidewall, in 1 call (Acme)." in html
    assert "Price, more often last week: 4 of 7 calls this week, still more often" in html
    assert "told on Mon 27 Apr, 08:00 UTC" in text_of(html)
    assert "<img" not in html
    for address in re.findall(r'href="(/(?:trends|calls|digest|digests)[^"#]*)', html):
        assert admin.get(address.replace("&amp;", "&")).status_code == 200, address


def test_of_a_week_of_which_none_was_told_it_says_so(admin: TestClient, conn: Connection) -> None:
    risen(conn)
    conn.commit()
    assert "not sent to anybody; as it is now" in read(admin, "/digests/2026-W16/sales")
    assert conn.execute("select count(*) from edition").fetchone() == (0,)
    this = Week.of(datetime.now(UTC))
    assert "is not over" in read(admin, f"/digests/{this}/sales", 404)
    assert "is not a week" in read(admin, "/digests/now/sales", 422)
    assert admin.get("/digests/2026-W16/nobody").status_code == 404


def test_older_digests_are_a_page_away(admin: TestClient, conn: Connection) -> None:
    week, seen = WEEK, 0
    for _ in range(25):
        for audience in Audience:
            make.kept(conn, week, audience, MONDAY - timedelta(days=7))
        week = week.before
    conn.commit()
    address: str | None = "/digests"
    while address:
        html = admin.get(address).text
        seen += len(re.findall(r"<h3>Week", html))
        older = re.search(r'rel="next" href="([^"]+)"', html)
        address = older[1] if older else None
    assert seen == 25


class TestInABrowser:
    """On a desk and on a phone, in light and dark."""

    pytestmark = needs_chromium

    def test_a_reader_subscribes_in_a_browser(self, site: Site) -> None:
        page = site.open("/digest")
        page.get_by_role("link", name="By mail, Slack or Teams").click()
        expect(page.get_by_label("Time zone")).to_have_value("Europe/London")
        page.get_by_label("Address of an incoming webhook").fill(SLACK)
        page.get_by_role("button", name="Subscribe", exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_have_text(
            "1 digest comes to you on Mondays"
        )
        page.get_by_role("button", name="Unsubscribe").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("No digest comes to you yet")

    def test_on_a_phone_and_for_everyone(self, site: Site, conn: Connection, told: Told) -> None:
        told()
        check_for_everyone(site, "/digests", "/digests/2026-W17/sales")
