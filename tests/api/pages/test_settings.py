"""The page of settings, as a browser asks for it, and in a real Chromium."""

import re

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import expect

from api import auth
from api.logins import queries
from api.queries import list_tokens, user_by_token
from api.users import Role, User
from ingest.base.db import Connection
from tests.api.pages.browsing import PHONE, Site, check_for_everyone, needs_chromium
from tests.api.pages.conftest import LogIn


def id_of(conn: Connection, name: str) -> int:
    return next(person.id for person in queries.people(conn) if person.name == name)


def secret_in(page: str) -> str:
    found = re.search(r'class="secret"><code>([^<]+)</code>', page)
    assert found, page
    return found[1]


def test_everybody_has_their_own_password_and_browsers_there(log_in: LogIn) -> None:
    page = log_in(Role.SALES).get("/settings").text
    assert "You are logged in as Ana of sales, sales." in page
    assert "You have none yet" in page
    assert "this one" in page
    for not_theirs in ("Let somebody in", "API tokens", "Log the others out"):
        assert not_theirs not in page
    assert '<a href="/settings" aria-current="page">Settings</a>' in page


def test_an_admin_sees_who_may_log_in(admin: TestClient, conn: Connection) -> None:
    queries.add_known(conn, "https://id.example.com/x", "7", "Ben", Role.SALES)
    conn.commit()
    page = admin.get("/settings").text
    assert "2 users may log in, and 1 API token works." in page
    assert "logs in through id.example.com" in page
    assert 'href="/webhooks"' in page
    assert 'href="/competitors"' in page


def test_somebody_is_let_in_by_a_link_shown_this_once(admin: TestClient, conn: Connection) -> None:
    answer = admin.post("/settings/users", data={"name": "Ben Ode", "role": "sales"})
    link = secret_in(answer.text)
    assert "Hand this link to Ben Ode" in answer.text
    assert link not in admin.get("/settings").text
    admin.cookies.clear()
    assert "Log in as Ben Ode" in admin.get(link).text
    assert admin.post(link, data={"password": "ten letters"}).status_code == 303
    assert queries.person(conn, id_of(conn, "Ben Ode")).has_password


@pytest.mark.parametrize(
    ("name", "status", "why"),
    [
        ("", 422, "Give a name"),
        ("<b>" * 34, 422, "102 characters: 100 are the most"),
        ("ana of ADMIN", 409, "There is a user ana of ADMIN already"),
    ],
)
def test_who_cannot_be_added_is_said_and_kept_in_the_form(
    admin: TestClient, name: str, status: int, why: str
) -> None:
    answer = admin.post("/settings/users", data={"name": name, "role": "sales"})
    assert answer.status_code == status
    assert why in answer.text
    assert "<b>" not in answer.text
    assert 'role="alert"' in answer.text


def test_roles_links_and_states_are_changed(admin: TestClient, conn: Connection) -> None:
    ben = queries.add_person(conn, "Ben", Role.SALES).id
    conn.commit()
    done = admin.post(f"/settings/users/{ben}/role", data={"role": "product"})
    assert (done.status_code, done.headers["location"]) == (303, f"/settings#user-{ben}")
    assert "/login/" in secret_in(admin.post(f"/settings/users/{ben}/link").text)
    admin.post(f"/settings/users/{ben}/state", data={"disabled": "true"})
    known = queries.person(conn, ben)
    assert known.role is Role.PRODUCT
    assert known.disabled_at
    assert "disabled" in admin.get("/settings").text
    assert admin.post(f"/settings/users/{ben}/link").status_code == 409
    admin.post(f"/settings/users/{ben}/state", data={"disabled": "false"})
    conn.rollback()
    assert queries.person(conn, ben).disabled_at is None


@pytest.mark.parametrize(
    ("what", "form"), [("role", {"role": "sales"}), ("state", {"disabled": "true"})]
)
def test_the_last_admin_is_told_to_stay(
    admin: TestClient, conn: Connection, what: str, form: dict[str, str]
) -> None:
    me = id_of(conn, "Ana of admin")
    answer = admin.post(f"/settings/users/{me}/{what}", data=form)
    assert answer.status_code == 409
    assert "Ana of admin is the only admin who may log in" in answer.text
    assert admin.get("/settings").status_code == 200


def test_a_token_is_made_shown_once_and_revoked(admin: TestClient, conn: Connection) -> None:
    made = admin.post("/settings/tokens", data={"name": "CRM export", "role": "product"})
    secret = secret_in(made.text)
    assert secret.startswith("esk_")
    (token, _) = list_tokens(conn)
    owner = user_by_token(conn, auth.digest(secret), token.created_at)
    assert owner
    assert (owner.name, owner.role) == ("CRM export", Role.PRODUCT)
    conn.commit()
    assert secret not in admin.get("/settings").text
    differs = admin.post("/settings/tokens", data={"name": "crm EXPORT", "role": "admin"})
    assert differs.status_code == 409
    assert "has the role product" in differs.text
    done = admin.post(f"/settings/tokens/{token.id}/revoke")
    assert done.headers["location"] == "/settings#tokens"
    assert user_by_token(conn, auth.digest(secret), token.created_at) is None
    assert admin.post(f"/settings/tokens/{token.id}/revoke").status_code == 404


def test_the_other_browsers_are_logged_out(admin: TestClient, conn: Connection) -> None:
    user = next(p for p in queries.people(conn) if p.role is Role.ADMIN)
    auth.open_session(conn, User(user.id, user.name, user.role), "Mozilla (Windows) Firefox/140.0")
    conn.commit()
    page = admin.get("/settings").text
    assert "Firefox on Windows" in page
    assert "Log the others out" in page
    assert admin.post("/settings/sessions").headers["location"] == "/settings#browsers"
    page = admin.get("/settings").text
    assert "Firefox on Windows" not in page
    assert "this one" in page


@pytest.mark.parametrize("path", ["users", "tokens", "password"])
def test_a_page_that_answered_a_form_can_be_loaded_again(admin: TestClient, path: str) -> None:
    assert admin.get(f"/settings/{path}").headers["location"] == "/settings"


@pytest.mark.parametrize(
    "path", ["password", "sessions", "users", "users/1/role", "users/1/link", "tokens"]
)
def test_another_sites_page_changes_nothing(admin: TestClient, path: str) -> None:
    form = {"name": "Eve", "role": "admin", "wanted": "ten letters"}
    other = {"sec-fetch-site": "cross-site"}
    assert admin.post(f"/settings/{path}", data=form, headers=other).status_code == 403


@needs_chromium[0]
@needs_chromium[1]
def test_somebody_comes_in_for_the_first_time(site: Site, conn: Connection) -> None:
    """The admin's side, and the new reader's: by keyboard, on a phone."""
    page = site.open("/")
    page.get_by_role("link", name="Settings").click()
    expect(page.locator("h1")).to_contain_text("1 user may log in")
    page.get_by_label("Name").fill("Ben Ode")
    page.get_by_label("Name").press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    link = page.locator(".secret").inner_text()
    page.set_viewport_size(PHONE)
    page.get_by_role("button", name="Log out").click()
    page.goto(link)
    page.get_by_label("Choose a password").fill("sesame sesame")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Ben Ode, sales")).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    page.get_by_label("Name").fill("ben ode")
    page.get_by_label("Password").fill("sesame sesame")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Ben Ode, sales")).to_be_visible()


@needs_chromium[0]
@needs_chromium[1]
def test_the_pages_shut_nobody_out(site: Site, conn: Connection) -> None:
    ben = queries.add_person(
        conn, "Ben with a rather long name, of the Lakeshore office", Role.SALES
    )
    gone = queries.add_person(conn, "Cyd", Role.MARKETING)
    queries.disable(conn, gone.id, gone.created_at)
    queries.add_known(conn, "https://login.example.com", "7", "Dana", Role.PRODUCT)
    user = User(ben.id, ben.name, ben.role)
    auth.create_token(conn, user, "CRM export")
    link = auth.login_link(conn, user)
    conn.commit()
    check_for_everyone(site, "/settings", "/login", f"/login/{link}")
