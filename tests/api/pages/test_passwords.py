"""Passwords: which are taken, how they are kept, what a wrong one costs, and who gets in."""

import time
import unicodedata

import pytest
from argon2 import PasswordHasher
from fastapi.testclient import TestClient
from starlette.requests import Request

from api import auth, passwords
from api.app import create_app
from api.attempts import OF_A_NAME, OF_AN_ADDRESS, Attempts, TooManyAttempts
from api.logins import queries
from api.logins.by_password import WRONG
from api.passwords import BadPassword, fits, make_hash, outdated
from api.users import Role, User
from ingest.base.db import Connection
from ingest.base.settings import Settings
from tests.api.pages.conftest import BASE, HTML

GOOD = "a horse, correct"
WEAK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""Quick, for users whose password is not what is tested."""


def add(conn: Connection, name: str = "Ana Ruiz", role: Role = Role.SALES) -> User:
    """A user with the password GOOD."""
    made = queries.add_person(conn, name, role)
    queries.set_password(conn, made.id, WEAK.hash(GOOD))
    conn.commit()
    return User(made.id, made.name, made.role)


def try_(visitor: TestClient, password: str, name: str = "Ana Ruiz", next: str = "/") -> int:
    form = {"name": name, "password": password, "next": next}
    return visitor.post("/login", data=form).status_code


@pytest.mark.parametrize("length", [passwords.SHORTEST, passwords.LONGEST])
def test_a_password_of_a_length_that_is_taken(length: int) -> None:
    assert make_hash("x" * length, "Ana").startswith("$argon2id$")


@pytest.mark.parametrize("wrong", ["", "x" * 9, "x" * 201, "ﬀ" * 101])
def test_a_password_too_short_or_too_long(wrong: str) -> None:
    with pytest.raises(BadPassword, match="10 to 200 characters"):
        make_hash(wrong, "Ana")


@pytest.mark.parametrize("name", ["Anastasia Ruiz", "ANASTASIA RUIZ", "Ａnastasia Ruiz"])
def test_the_name_is_no_password(name: str) -> None:
    with pytest.raises(BadPassword, match="not your name"):
        make_hash("anastasia ruiz", name)


def test_what_looks_the_same_is_the_same_password() -> None:
    """Keyboards send é as one character or as two."""
    kept = make_hash(unicodedata.normalize("NFD", "café au lait"), "Ana")
    assert fits(kept, unicodedata.normalize("NFC", "café au lait"))
    assert not fits(kept, "cafe au lait")
    assert GOOD not in kept


def test_only_the_password_fits() -> None:
    kept = WEAK.hash(GOOD)
    assert fits(kept, GOOD)
    for wrong in ("", GOOD + " ", GOOD.upper(), "\x00", "\ud800", "x" * 100_000):
        assert not fits(kept, wrong)
    assert not fits("no hash at all", GOOD)
    assert not fits(None, GOOD)


def test_a_name_that_nobody_has_takes_as_long_as_a_wrong_password() -> None:
    """Counted in work, which a busy machine does not change."""
    kept = make_hash(GOOD, "Ana")
    fits(None, GOOD)

    def work(against: str | None) -> float:
        before = time.process_time()
        assert not fits(against, "another password")
        return time.process_time() - before

    known, unknown = work(kept), work(None)
    assert 0.4 < unknown / known < 2.5


def test_who_knows_it_gets_in_by_a_name_in_any_case(visitor: TestClient, conn: Connection) -> None:
    add(conn)
    form = {"name": " ana ruiz ", "password": GOOD, "next": "/digest"}
    answer = visitor.post("/login", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/digest")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "secure" not in cookie
    assert visitor.get("/v1/me").json()["name"] == "Ana Ruiz"


def test_a_wrong_name_and_a_wrong_password_read_the_same(
    visitor: TestClient, conn: Connection
) -> None:
    user = add(conn)
    no_password = queries.add_person(conn, "Ben", Role.SALES)
    gone = add(conn, "Cyd")
    queries.disable(conn, gone.id, no_password.created_at)
    conn.commit()
    tries = [(user.name, "a guess!"), ("Nobody", GOOD), ("Ben", GOOD), ("Cyd", GOOD), ("", GOOD)]
    for name, password in tries:
        answer = visitor.post("/login", data={"name": name, "password": password})
        assert answer.status_code == 401
        assert WRONG in answer.text
        assert password not in answer.text
        assert auth.COOKIE not in visitor.cookies


@pytest.mark.parametrize(
    ("origin", "status", "secure"),
    [
        ("http://127.0.0.1:8321", 303, False),
        ("https://127.0.0.1:8321", 303, True),
        ("https://evil.example", 403, False),
        ("null", 403, False),
    ],
)
def test_another_site_cannot_log_a_browser_in_as_its_own_user(
    visitor: TestClient, conn: Connection, origin: str, status: int, secure: bool
) -> None:
    """Login CSRF: what the reader then did would be in the attacker's account."""
    add(conn)
    form = {"name": "Ana Ruiz", "password": GOOD}
    del visitor.headers["sec-fetch-site"]
    answer = visitor.post("/login", data=form, headers={"origin": origin})
    assert answer.status_code == status
    assert ("secure" in answer.headers.get("set-cookie", "").lower()) is secure


def test_a_cookie_is_for_https_only_where_the_settings_say_so(
    settings: Settings, conn: Connection
) -> None:
    """A browser that comes back from a provider sends no Origin, and a proxy may hide the rest."""
    add(conn)
    public = settings.model_copy(update={"url": "https://127.0.0.1"})
    with TestClient(create_app(public), BASE, headers=HTML, follow_redirects=False) as visitor:
        form = {"name": "Ana Ruiz", "password": GOOD}
        assert "secure" in visitor.post("/login", data=form).headers["set-cookie"].lower()


def test_a_log_in_ends_the_session_that_the_browser_had(
    visitor: TestClient, conn: Connection
) -> None:
    """Nor can anybody make a browser use a session that they know."""
    add(conn)
    visitor.cookies.set(auth.COOKIE, "planted", domain="127.0.0.1", path="/")
    assert try_(visitor, GOOD) == 303
    first = next(c.value for c in visitor.cookies.jar if c.value != "planted")
    visitor.cookies.clear()
    visitor.cookies.set(auth.COOKIE, first or "", domain="127.0.0.1", path="/")
    assert try_(visitor, GOOD) == 303
    visitor.cookies.clear()
    visitor.cookies.set(auth.COOKIE, first or "", domain="127.0.0.1", path="/")
    assert visitor.get("/v1/me").status_code == 401


def test_a_name_is_locked_after_too_many_tries(visitor: TestClient, conn: Connection) -> None:
    add(conn)
    add(conn, "Ben")
    for _ in range(OF_A_NAME.amount):
        assert try_(visitor, "wrong password") == 401
    answer = visitor.post("/login", data={"name": "ANA RUIZ", "password": GOOD})
    assert answer.status_code == 429
    assert "Try again in 15 minutes" in answer.text
    assert 800 < int(answer.headers["retry-after"]) <= 900
    assert try_(visitor, GOOD, "Ben") == 303, "another name is not locked"


def test_who_knows_the_password_starts_anew(visitor: TestClient, conn: Connection) -> None:
    add(conn)
    for _ in range(2):
        for _ in range(OF_A_NAME.amount - 1):
            assert try_(visitor, "wrong password") == 401
        assert try_(visitor, GOOD) == 303


def test_an_address_is_locked_however_many_names_it_tries() -> None:
    def asked(address: str) -> Request:
        return Request({"type": "http", "headers": [], "client": (address, 1), "state": {}})

    attempts = Attempts()
    for number in range(OF_AN_ADDRESS.amount):
        attempts.count(asked("192.0.2.1"), f"name {number}")
    with pytest.raises(TooManyAttempts, match="minutes"):
        attempts.count(asked("192.0.2.1"), "one more")
    attempts.count(asked("192.0.2.2"), "one more")


def test_a_password_kept_by_old_parameters_is_kept_anew(
    visitor: TestClient, conn: Connection
) -> None:
    add(conn)
    assert try_(visitor, GOOD) == 303
    found = queries.password_of(conn, "Ana Ruiz")
    assert found
    assert found[1]
    assert not outdated(found[1])
    assert fits(found[1], GOOD)


# By a link, and by changing it --------------------------------------------------------------------


@pytest.fixture
def link(conn: Connection) -> str:
    made = queries.add_person(conn, "Ana Ruiz", Role.MARKETING)
    secret = auth.login_link(conn, User(made.id, made.name, made.role))
    conn.commit()
    return f"/login/{secret}"


def test_a_link_lets_choose_a_password(visitor: TestClient, conn: Connection, link: str) -> None:
    assert "Choose a password" in visitor.get(link).text
    refused = visitor.post(link, data={"password": "short"})
    assert refused.status_code == 422
    assert "10 to 200 characters" in refused.text
    assert visitor.post(link, data={"password": GOOD}).status_code == 303
    assert "Ana Ruiz, marketing" in visitor.get("/").text
    assert visitor.post(link, data={"password": "another one"}).status_code == 401
    visitor.post("/logout")
    assert try_(visitor, GOOD) == 303


def test_a_new_password_by_a_link_ends_all_other_sessions(
    visitor: TestClient, conn: Connection
) -> None:
    user = add(conn)
    other = auth.open_session(conn, user)
    secret = auth.login_link(conn, user)
    conn.commit()
    assert "Leave it empty to keep" in visitor.get(f"/login/{secret}").text
    assert visitor.post(f"/login/{secret}", data={"password": "a new password"}).status_code == 303
    assert visitor.get("/v1/me").status_code == 200
    assert conn.execute(
        "select count(*) from web_session where hash = %s", (auth.digest(other),)
    ).fetchone() == (0,)


def test_changing_it_asks_for_the_present_one_and_ends_other_sessions(
    visitor: TestClient, conn: Connection
) -> None:
    user = add(conn)
    assert try_(visitor, GOOD) == 303
    auth.open_session(conn, user, "Mozilla/5.0 (iPhone) Version/18.0 Safari/604.1")
    conn.commit()
    assert "Safari on iPhone" in visitor.get("/settings").text
    wrong = visitor.post("/settings/password", data={"present": "x", "wanted": "another one"})
    assert wrong.status_code == 422
    assert "The present password is another one" in wrong.text
    short = visitor.post("/settings/password", data={"present": GOOD, "wanted": "short"})
    assert short.status_code == 422
    assert "Safari on iPhone" in short.text
    changed = visitor.post("/settings/password", data={"present": GOOD, "wanted": "another one"})
    assert changed.status_code == 200
    assert "Your password is changed" in changed.text
    assert "Safari on iPhone" not in changed.text
    visitor.post("/logout")
    assert try_(visitor, GOOD) == 401
    assert try_(visitor, "another one") == 303


def test_who_logs_in_through_a_provider_has_no_password_here(
    visitor: TestClient, conn: Connection
) -> None:
    queries.add_known(conn, "https://id.example.com", "7", "Ana Ruiz", Role.SALES)
    known = queries.known_by(conn, "https://id.example.com", "7")
    assert known
    user = User(known.id, known.name, known.role)
    secret = auth.login_link(conn, user)
    conn.commit()
    assert 'name="password"' not in visitor.get(f"/login/{secret}").text
    assert visitor.post(f"/login/{secret}", data={"password": GOOD}).status_code == 409
    assert visitor.post(f"/login/{secret}").status_code == 303
    assert "Your password is kept there" in visitor.get("/settings").text.replace("your", "Your")
    assert visitor.post("/settings/password", data={"wanted": GOOD}).status_code == 409
    assert not queries.person(conn, user.id).has_password
