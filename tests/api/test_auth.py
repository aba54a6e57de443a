"""Who may do what: every route × role, and the ways to prove who one is."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from api import auth, queries
from api.app import create_app
from api.users import PERMISSIONS, Right, Role
from ingest.base import db
from ingest.base.db import Connection
from ingest.base.errors import NotFound
from ingest.base.settings import Settings
from tests.api.running import Api, assert_problem

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)

PUBLIC = {
    "/v1/health",
    "/v1/openapi.json",
    "/static",
    "/login",
    "/login/{secret}",
    "/login/provider",
    "/login/provider/callback",
    "/logout",
    "/unsubscribe/{token}",
}
"""Where nobody has to be logged in."""

EXPECTED = {
    "POST /v1/calls": {Role.SALES, Role.ADMIN},
    "OPTIONS /v1/uploads": {Role.SALES, Role.ADMIN},
    "POST /v1/uploads": {Role.SALES, Role.ADMIN},
    "HEAD /v1/uploads/{upload_id}": {Role.SALES, Role.ADMIN},
    "PATCH /v1/uploads/{upload_id}": {Role.SALES, Role.ADMIN},
    "POST /v1/uploads/{upload_id}": {Role.SALES, Role.ADMIN},
    "DELETE /v1/uploads/{upload_id}": {Role.SALES, Role.ADMIN},
    "POST /v1/audio/transcriptions": {Role.SALES, Role.ADMIN},
    "POST /v1/transcripts": {Role.SALES, Role.ADMIN},
    "PATCH /v1/calls/{call_id}": {Role.SALES, Role.ADMIN},
    "PATCH /v1/calls/{call_id}/voices": {Role.SALES, Role.ADMIN},
    "POST /calls/{call_id}/voices": {Role.SALES, Role.ADMIN},
    "PATCH /v1/calls/{call_id}/turns/{turn}": {Role.SALES, Role.ADMIN},
    "POST /v1/calls/{call_id}/turns/{turn}/undo": {Role.SALES, Role.ADMIN},
    "POST /calls/{call_id}/turns/{turn}": {Role.SALES, Role.ADMIN},
    "POST /calls/{call_id}/turns/{turn}/undo": {Role.SALES, Role.ADMIN},
    "POST /v1/calls/{call_id}/rehear": {Role.SALES, Role.ADMIN},
    "POST /calls/{call_id}/rehear": {Role.SALES, Role.ADMIN},
    "POST /v1/calls/{call_id}/retry": {Role.SALES, Role.ADMIN},
    "DELETE /v1/calls/{call_id}": {Role.ADMIN},
    "POST /v1/competitors": {Role.MARKETING, Role.PRODUCT, Role.ADMIN},
    "PUT /v1/competitors/{competitor_id}": {Role.MARKETING, Role.PRODUCT, Role.ADMIN},
    "DELETE /v1/competitors/{competitor_id}": {Role.MARKETING, Role.PRODUCT, Role.ADMIN},
    "POST /v1/proposals/{proposal_id}/decision": {Role.MARKETING, Role.PRODUCT, Role.ADMIN},
    "POST /v1/companies": {Role.MARKETING, Role.PRODUCT, Role.ADMIN},
    "POST /v1/remines": {Role.ADMIN},
    "GET /v1/remines/{remine_id}": {Role.ADMIN},
    "POST /v1/remines/{remine_id}/apply": {Role.ADMIN},
    "GET /v1/tokens": {Role.ADMIN},
    "POST /v1/tokens": {Role.ADMIN},
    "DELETE /v1/tokens/{token_id}": {Role.ADMIN},
    "GET /v1/users": {Role.ADMIN},
    "POST /v1/users": {Role.ADMIN},
    "PATCH /v1/users/{user_id}": {Role.ADMIN},
    "POST /v1/users/{user_id}/link": {Role.ADMIN},
    "POST /settings/users": {Role.ADMIN},
    "POST /settings/users/{user_id}/link": {Role.ADMIN},
    "POST /settings/users/{user_id}/role": {Role.ADMIN},
    "POST /settings/users/{user_id}/state": {Role.ADMIN},
    "POST /settings/tokens": {Role.ADMIN},
    "POST /settings/tokens/{token_id}/revoke": {Role.ADMIN},
    "PUT /v1/retention": {Role.ADMIN},
    "GET /v1/retention/preview": {Role.ADMIN},
    "GET /v1/retention/changes": {Role.ADMIN},
    "GET /v1/retention/runs": {Role.ADMIN},
    "POST /v1/retention/runs": {Role.ADMIN},
    "GET /v1/retention/holds": {Role.ADMIN},
    "PUT /v1/calls/{call_id}/hold": {Role.ADMIN},
    "DELETE /v1/calls/{call_id}/hold": {Role.ADMIN},
    "GET /settings/retention": {Role.ADMIN},
    "POST /settings/retention": {Role.ADMIN},
    "GET /settings/retention/run": {Role.ADMIN},
    "POST /settings/retention/run": {Role.ADMIN},
    "POST /calls/{call_id}/hold": {Role.ADMIN},
    "GET /v1/webhooks": {Role.ADMIN},
    "POST /v1/webhooks": {Role.ADMIN},
    "GET /v1/webhooks/{webhook_id}": {Role.ADMIN},
    "PATCH /v1/webhooks/{webhook_id}": {Role.ADMIN},
    "DELETE /v1/webhooks/{webhook_id}": {Role.ADMIN},
    "POST /v1/webhooks/{webhook_id}/secret": {Role.ADMIN},
    "POST /v1/webhooks/{webhook_id}/test": {Role.ADMIN},
    "POST /v1/webhooks/{webhook_id}/replay": {Role.ADMIN},
    "GET /v1/webhooks/{webhook_id}/deliveries": {Role.ADMIN},
    "GET /v1/webhooks/{webhook_id}/deliveries/{delivery_id}": {Role.ADMIN},
    "POST /v1/webhooks/{webhook_id}/deliveries/{delivery_id}/replay": {Role.ADMIN},
    "GET /webhooks": {Role.ADMIN},
    "POST /webhooks": {Role.ADMIN},
    "GET /webhooks/{webhook_id}": {Role.ADMIN},
    "POST /webhooks/{webhook_id}/secret": {Role.ADMIN},
    "POST /webhooks/{webhook_id}/state": {Role.ADMIN},
    "POST /webhooks/{webhook_id}/test": {Role.ADMIN},
    "POST /webhooks/{webhook_id}/replay": {Role.ADMIN},
    "POST /webhooks/{webhook_id}/deliveries/{delivery_id}/replay": {Role.ADMIN},
    "POST /webhooks/{webhook_id}/remove": {Role.ADMIN},
    "POST /calls/{call_id}/retry": {Role.SALES, Role.ADMIN},
    "POST /competitors": {Role.MARKETING, Role.PRODUCT, Role.ADMIN},
    "POST /competitors/{competitor_id}": {Role.MARKETING, Role.PRODUCT, Role.ADMIN},
    "POST /proposals/{proposal_id}": {Role.MARKETING, Role.PRODUCT, Role.ADMIN},
    "POST /competitors/{competitor_id}/remove": {Role.MARKETING, Role.PRODUCT, Role.ADMIN},
}
"""Who may, where it is not everybody who is logged in."""

OPEN_TO_ALL = {
    "POST /v1/insights/{insight_id}/review",
    "POST /v1/calls/{call_id}/insights",
    "POST /insights/{insight_id}/review",
    "POST /calls/{call_id}/insights",
    "POST /v1/themes/{theme_id}/name",
    "POST /v1/themes/{theme_id}/merge",
    "POST /v1/themes/{theme_id}/split",
    "POST /v1/theme-suggestions/{suggestion_id}/review",
    "POST /v1/theme-changes/{change_id}/undo",
    "POST /digests",
    "POST /digests/{subscription_id}/end",
    "POST /digests/{subscription_id}/again",
    "POST /themes/{theme_id}/name",
    "POST /themes/{theme_id}/merge",
    "POST /themes/{theme_id}/split",
    "POST /theme-suggestions/{suggestion_id}/review",
    "POST /theme-changes/{change_id}/undo",
    "POST /v1/themes/{theme_id}/link",
    "POST /v1/themes/{theme_id}/status",
    "POST /themes/{theme_id}/link",
    "POST /themes/{theme_id}/status",
    "POST /review/{insight_id}",
    "POST /settings/password",
    "POST /settings/sessions",
    "POST /views",
    "POST /views/{view_id}/remove",
}
"""What changes something and is everybody's: each role reviews what was heard, keeps views, and has
digests of their own."""


def routes() -> Iterator[tuple[str, str]]:
    """Method and path of every route that is not public."""
    for route in iter_route_contexts(create_app(Settings()).routes):
        assert route.path is not None
        if route.path not in PUBLIC:
            yield from ((method, route.path) for method in sorted(route.methods or ()))


def test_every_route_asks_every_role_for_its_right(api: Api) -> None:
    """Each with an id that nothing has, so that who may is told "not found" or "invalid"."""
    wrong: list[tuple[str, str, Role | None, int]] = []
    for method, path in routes():
        url = re.sub(r"{\w+}", "999", path)
        rule = EXPECTED.get(f"{method} {path}", set(Role))
        for role in Role:
            status = api.as_(role).request(method, url).status_code
            if (status == 403) != (role not in rule) or status in (401, 405) or status >= 500:
                wrong.append((method, path, role, status))
        if (status := api.as_(None).request(method, url).status_code) != 401:
            wrong.append((method, path, None, status))
    assert wrong == []


def test_every_route_that_changes_something_has_a_rule() -> None:
    """A new one does not become everybody's by being forgotten."""
    changing = {f"{method} {path}" for method, path in routes() if method not in ("GET", "HEAD")}
    assert changing <= EXPECTED.keys() | OPEN_TO_ALL


def test_every_right_is_somebodys() -> None:
    assert PERMISSIONS.keys() == set(Right)
    assert all(PERMISSIONS.values())


def test_a_wrong_token_is_not_logged_in(api: Api) -> None:
    for header in ("", "Bearer", "Bearer esk_wrong", "Basic YTpi", "Bearer \xff", "esk_x"):
        sent = {b"Authorization": header.encode("latin-1")}
        answer = api.as_(None).get("/v1/me", headers=sent)
        assert_problem(answer, 401, "not-logged-in")
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_token_is_kept_as_a_hash_only(conn: Connection) -> None:
    user = auth.create_user(conn, "Dana", Role.SALES)
    secret, token = auth.create_token(conn, user, "laptop")
    assert secret.startswith("esk_")
    assert len(secret) > 40
    (kept,) = conn.execute("select hash, name from api_token").fetchall()
    assert (kept[0], kept[1]) == (auth.digest(secret), "laptop")
    assert token.role is Role.SALES


def test_last_use_is_noted_now_and_then(conn: Connection) -> None:
    user = auth.create_user(conn, "Dana", Role.SALES)
    secret, _ = auth.create_token(conn, user, "laptop")

    def used(at: datetime) -> datetime | None:
        assert queries.user_by_token(conn, auth.digest(secret), at) == user
        return queries.list_tokens(conn)[0].last_used_at

    assert used(NOW) == NOW
    assert used(NOW + timedelta(minutes=9)) == NOW
    assert used(NOW + timedelta(minutes=11)) == NOW + timedelta(minutes=11)


def test_a_revoked_token_works_no_more(conn: Connection) -> None:
    user = auth.create_user(conn, "Dana", Role.SALES)
    secret, token = auth.create_token(conn, user, "laptop")
    queries.revoke_token(conn, token.id, NOW)
    assert queries.user_by_token(conn, auth.digest(secret), NOW) is None
    assert queries.list_tokens(conn) == []
    with pytest.raises(NotFound):
        queries.revoke_token(conn, token.id, NOW)


def test_a_user_is_known_by_name_case_aside(conn: Connection) -> None:
    first = auth.create_user(conn, "Dana", Role.SALES)
    again = auth.create_user(conn, "DANA", Role.ADMIN)
    assert (again.id, again.role) == (first.id, Role.ADMIN)


def test_a_link_logs_in_once(conn: Connection) -> None:
    user = auth.create_user(conn, "Dana", Role.SALES)
    link = auth.login_link(conn, user)
    assert auth.link_owner(conn, link) == user, "looking does not use it up"
    session, who = auth.log_in(conn, link)
    assert who == user
    assert queries.user_by_session(conn, auth.digest(session), datetime.now(UTC)) == user
    assert auth.link_owner(conn, link) is None
    with pytest.raises(auth.NotLoggedIn):
        auth.log_in(conn, link)


def test_links_and_sessions_end(conn: Connection) -> None:
    user = auth.create_user(conn, "Dana", Role.SALES)
    now = datetime.now(UTC)
    link = auth.digest(auth.login_link(conn, user))
    assert queries.user_by_login_link(conn, link, now + auth.LINK - timedelta(minutes=1))
    late = now + auth.LINK + timedelta(minutes=1)
    assert queries.user_by_login_link(conn, link, late) is None
    assert queries.use_login_link(conn, link, late) is None

    queries.add_session(conn, user.id, b"s", now + auth.SESSION)
    assert queries.user_by_session(conn, b"s", now + auth.SESSION - timedelta(days=1))
    assert queries.user_by_session(conn, b"s", now + auth.SESSION) is None
    queries.forget_expired(conn, now + auth.SESSION)
    assert conn.execute("select count(*) from web_session").fetchone() == (0,)


@pytest.fixture
def browser(api: Api) -> Iterator[httpx.Client]:
    """An admin's browser: a session cookie and no token."""
    with db.connect(api.settings.database_url) as conn:
        link = auth.login_link(conn, auth.create_user(conn, "Dana", Role.ADMIN))
        session, _ = auth.log_in(conn, link)
        conn.commit()
    with httpx.Client(base_url=api.url, cookies={auth.COOKIE: session}) as client:
        yield client


def test_a_browser_reads_by_its_cookie(browser: httpx.Client) -> None:
    said = browser.get("/v1/me", headers={"Sec-Fetch-Site": "cross-site"}).json()
    assert (said["name"], said["role"]) == ("Dana", "admin")
    assert "delete calls" in said["may"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 404),
        ({"Origin": "{own}"}, 404),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "{own}"}, 404),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "{own}"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Referer": "{own}/"}, 403),
        ({}, 403),
    ],
)
def test_another_sites_page_changes_nothing(
    api: Api, browser: httpx.Client, headers: dict[str, str], status: int
) -> None:
    sent = {name: value.format(own=api.url) for name, value in headers.items()}
    answer = browser.delete("/v1/calls/999", headers=sent)
    assert_problem(answer, status, "not-allowed" if status == 403 else "not-found")


def test_a_wrong_token_is_not_made_good_by_a_cookie(browser: httpx.Client) -> None:
    answer = browser.get("/v1/me", headers={"Authorization": "Bearer esk_wrong"})
    assert_problem(answer, 401, "not-logged-in")
