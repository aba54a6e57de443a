"""Users over real HTTP."""

import contextlib
import threading
from datetime import UTC, datetime

import httpx
import pytest

from api import auth
from api.logins import queries
from api.people import LONGEST_NAME, LastAdmin, Session, clean_name
from api.users import Role, User
from ingest.base import db
from tests.api.running import Api, assert_problem

ADMIN = "a admin user"


def ids(api: Api) -> dict[str, int]:
    items = api.as_(Role.ADMIN).get("/v1/users").json()["items"]
    return {item["name"]: item["id"] for item in items}


def test_somebody_is_let_in_by_a_link_shown_once(api: Api) -> None:
    admin = api.as_(Role.ADMIN)
    answer = admin.post("/v1/users", json={"name": "  Ana Ruiz ", "role": "marketing"})
    assert answer.status_code == 201
    made = answer.json()
    assert (made["name"], made["role"], made["has_password"]) == ("Ana Ruiz", "marketing", False)
    assert (made["disabled_at"], made["provider"]) == (None, None)
    assert answer.headers["location"] == f"/v1/users/{made['id']}"
    assert made["link"].startswith(f"{api.url}/login/")
    assert made["link"] not in admin.get("/v1/users").text
    with httpx.Client(headers={"sec-fetch-site": "same-origin"}) as browser:
        assert browser.post(made["link"]).status_code == 303
        assert browser.get(f"{api.url}/v1/me").json()["name"] == "Ana Ruiz"


def test_a_link_waits_for_days_and_a_new_one_can_be_made(api: Api) -> None:
    admin = api.as_(Role.ADMIN)
    made = admin.post("/v1/users", json={"name": "Ana", "role": "sales"}).json()
    again = admin.post(f"/v1/users/{made['id']}/link")
    assert again.status_code == 201
    assert again.json()["link"] != made["link"]
    with db.connect(api.settings.database_url) as conn:
        lasting = "select bool_and(expires_at between now() + '71 h' and now() + '73 h')"
        assert conn.execute(f"{lasting} from login_link").fetchone() == (True,)
    assert_problem(admin.post("/v1/users/999/link"), 404, "not-found")


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("x" * (LONGEST_NAME + 1), "bad-user-name"),
        ("Ana\u202eRuiz", "bad-user-name"),
        ("Ana\nRuiz", "bad-user-name"),
        ("\u3000", "invalid-request"),
        ("", "invalid-request"),
        ("Ana\x00", "invalid-request"),
    ],
)
def test_a_name_that_is_not_taken(api: Api, name: str, code: str) -> None:
    answer = api.as_(Role.ADMIN).post("/v1/users", json={"name": name, "role": "sales"})
    assert_problem(answer, 422, code)


def test_a_name_is_taken_once_case_aside(api: Api) -> None:
    body = {"name": "x" * LONGEST_NAME, "role": "sales"}
    assert api.as_(Role.ADMIN).post("/v1/users", json=body).status_code == 201
    again = api.as_(Role.ADMIN).post("/v1/users", json=body | {"name": "X" * LONGEST_NAME})
    assert_problem(again, 409, "user-exists")
    assert clean_name("Ａna") == "Ana"


def test_a_role_is_changed_at_once(api: Api) -> None:
    number = ids(api)["a sales user"]
    answer = api.as_(Role.ADMIN).patch(f"/v1/users/{number}", json={"role": "product"})
    assert answer.json()["role"] == "product"
    assert api.as_(Role.SALES).get("/v1/me").json()["role"] == "product"


@pytest.mark.parametrize("body", [{"role": None}, {"disabled": None}, {"name": "x"}, {"role": ""}])
def test_a_change_that_is_none(api: Api, body: dict[str, object]) -> None:
    answer = api.as_(Role.ADMIN).patch(f"/v1/users/{ids(api)[ADMIN]}", json=body)
    assert_problem(answer, 422, "invalid-request")


def test_who_is_disabled_is_out_by_every_way(api: Api) -> None:
    number = ids(api)["a sales user"]
    with db.connect(api.settings.database_url) as conn:
        user = User(number, "a sales user", Role.SALES)
        session, link = auth.open_session(conn, user), auth.login_link(conn, user)
    admin = api.as_(Role.ADMIN)
    answer = admin.patch(f"/v1/users/{number}", json={"disabled": True})
    assert answer.json()["disabled_at"]
    again = admin.patch(f"/v1/users/{number}", json={"disabled": True})
    assert again.json()["disabled_at"] == answer.json()["disabled_at"]
    with httpx.Client(base_url=api.url, headers={"sec-fetch-site": "same-origin"}) as browser:
        assert_problem(api.as_(Role.SALES).get("/v1/me"), 401, "not-logged-in")
        browser.cookies.set(auth.COOKIE, session)
        assert_problem(browser.get("/v1/me"), 401, "not-logged-in")
        assert browser.get(f"/login/{link}").status_code == 401
        assert browser.post(f"/login/{link}").status_code == 401
        form = {"token": api.secrets[Role.SALES]}
        assert browser.post("/login", data=form).status_code == 401
        assert_problem(admin.post(f"/v1/users/{number}/link"), 409, "user-disabled")

        assert admin.patch(f"/v1/users/{number}", json={"disabled": False}).status_code == 200
        assert api.as_(Role.SALES).get("/v1/me").status_code == 200, "the token serves again"
        assert_problem(browser.get("/v1/me"), 401, "not-logged-in")


@pytest.mark.parametrize("body", [{"role": "sales"}, {"disabled": True}])
def test_the_last_admin_stays(api: Api, body: dict[str, object]) -> None:
    admin = api.as_(Role.ADMIN)
    me, other = ids(api)[ADMIN], ids(api)["a product user"]
    assert_problem(admin.patch(f"/v1/users/{me}", json=body), 409, "last-admin")
    assert admin.patch(f"/v1/users/{me}", json={"role": "admin"}).status_code == 200
    admin.patch(f"/v1/users/{other}", json={"role": "admin", "disabled": True})
    said = assert_problem(admin.patch(f"/v1/users/{me}", json=body), 409, "last-admin")
    assert "only admin who may log in" in said["detail"]
    admin.patch(f"/v1/users/{other}", json={"disabled": False})
    assert admin.patch(f"/v1/users/{me}", json=body).status_code == 200


def test_of_two_admins_who_demote_each_other_one_stays(api: Api) -> None:
    url = api.settings.database_url
    with db.connect(url) as conn:
        first = ids(api)[ADMIN]
        second = queries.add_person(conn, "Ben", Role.ADMIN).id
    for _ in range(5):
        ready = threading.Barrier(2)

        def demote(number: int, ready: threading.Barrier = ready) -> None:
            with db.connect(url) as conn:
                ready.wait()
                with contextlib.suppress(LastAdmin):
                    queries.set_role(conn, number, Role.SALES)

        threads = [threading.Thread(target=demote, args=(n,)) for n in (first, second)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with db.connect(url) as conn:
            admins = "select count(*) from app_user where role = 'admin'"
            assert conn.execute(admins).fetchone() == (1,)
            conn.execute("update app_user set role = 'admin' where id in (%s, %s)", (first, second))


def test_a_role_that_the_provider_says_is_changed_there(api: Api) -> None:
    with db.connect(api.settings.database_url) as conn:
        queries.add_known(conn, "https://id.example.com", "7", "Ana", Role.SALES)
    answer = api.as_(Role.ADMIN).patch(f"/v1/users/{ids(api)['Ana']}", json={"role": "admin"})
    said = assert_problem(answer, 409, "role-from-provider")
    assert "id.example.com" in said["detail"]


def test_a_revoked_token_ends_what_it_opened(api: Api) -> None:
    with httpx.Client(base_url=api.url, headers={"sec-fetch-site": "same-origin"}) as browser:
        browser.post("/login", data={"token": api.secrets[Role.SALES]})
        assert browser.get("/v1/me").status_code == 200
        tokens = api.as_(Role.ADMIN).get("/v1/tokens").json()["items"]
        (number,) = [token["id"] for token in tokens if token["role"] == "sales"]
        api.as_(Role.ADMIN).delete(f"/v1/tokens/{number}")
        assert browser.get("/v1/me").status_code == 401


@pytest.mark.parametrize(
    ("agent", "named"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/140.0", "Firefox on Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0 Safari/537.36", "Chrome on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140 Safari/537 Edg/140", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; like Mac OS X) Version/18 Safari/604", "Safari on iPhone"),
        ("Mozilla/5.0 (Linux; Android 15) Chrome/140 Mobile Safari", "Chrome on Android"),
        ("curl/8", "A browser"),
        ("", "A browser"),
    ],
)
def test_a_browser_is_called_as_people_do(agent: str, named: str) -> None:
    assert Session(datetime.now(UTC), agent, False).named == named
