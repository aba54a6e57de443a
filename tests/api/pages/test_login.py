"""Logging in and out, as a browser does."""

import pytest
from fastapi.testclient import TestClient

from api import auth
from api.users import Role
from ingest.base.db import Connection


@pytest.fixture
def link(conn: Connection) -> str:
    secret = auth.login_link(conn, auth.create_user(conn, "Ana Ruiz", Role.MARKETING))
    conn.commit()
    return f"/login/{secret}"


def test_a_link_names_its_owner_and_logs_in_once(visitor: TestClient, link: str) -> None:
    for _ in range(2):  # mail programs open links to preview them: that does not use it up
        assert "Log in as Ana Ruiz" in visitor.get(link).text
    answer = visitor.post(link)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "httponly" in answer.headers["set-cookie"].lower()
    assert "Ana Ruiz, marketing" in visitor.get("/").text
    again = visitor.post(link)
    assert again.status_code == 401
    assert "This link was used or is too old" in again.text
    assert visitor.get(link).status_code == 401


def test_a_token_logs_in_and_leads_back(visitor: TestClient, conn: Connection) -> None:
    secret, _ = auth.create_token(conn, auth.create_user(conn, "Ana", Role.SALES), "laptop")
    conn.commit()
    answer = visitor.post("/login", data={"token": f" {secret}\n", "next": "/digest"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/digest")
    assert visitor.get("/digest").status_code == 200


def test_a_wrong_token_is_told_and_not_shown_again(visitor: TestClient) -> None:
    answer = visitor.post("/login", data={"token": "esk_wrong"})
    assert answer.status_code == 401
    assert "No such token, or it was revoked" in answer.text
    assert "esk_wrong" not in answer.text


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example"]
)
def test_a_log_in_leads_nowhere_else(visitor: TestClient, conn: Connection, elsewhere: str) -> None:
    secret, _ = auth.create_token(conn, auth.create_user(conn, "Ana", Role.SALES), "laptop")
    conn.commit()
    answer = visitor.post("/login", data={"token": secret, "next": elsewhere})
    assert answer.headers["location"] == "/"


def test_logging_out_ends_the_session_on_the_server(admin: TestClient) -> None:
    session = admin.cookies[auth.COOKIE]
    assert admin.post("/logout").headers["location"] == "/login"
    admin.cookies.set(auth.COOKIE, session, domain="127.0.0.1")
    assert admin.get("/").headers["location"] == "/login"


@pytest.mark.parametrize("path", ["/login", "/logout", "/competitors", "/calls/1/retry"])
def test_another_site_cannot_post_in_a_readers_name(admin: TestClient, path: str) -> None:
    answer = admin.post(path, data={"name": "x"}, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403
