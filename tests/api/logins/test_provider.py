"""Log-ins through a real OpenID provider (Canaille), over HTTP, and how they break."""

import base64
import json
import logging
import subprocess
import sys
import time
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import httpx
import pytest

from api import auth
from api.logins import queries
from api.logins.by_provider import user_of
from api.logins.provider import Provider, asked
from api.logins.vouched import NotVouched, Vouched
from api.pages.provider import COOKIE
from api.users import Role
from ingest.base.db import Connection
from ingest.base.settings import Settings
from tests.api.logins.conftest import (
    Browser,
    Client,
    NewBrowser,
    register,
    running_provider,
    with_provider,
)
from tests.api.running import Api, serve


def changed(address: str, **parts: str) -> str:
    """An address with other values in it."""
    split = urlsplit(address)
    asked_for = {name: values[0] for name, values in parse_qs(split.query).items()} | parts
    return urlunsplit(split._replace(query=urlencode(asked_for)))


def part(address: str, name: str) -> str:
    return parse_qs(urlsplit(address).query)[name][0]


def assert_refused(answer: httpx.Response, status: int, why: str) -> None:
    """The log-in page says why, and nobody is logged in."""
    assert answer.status_code == status, answer.text
    assert why in answer.text.replace("&#39;", "'")
    assert auth.COOKIE not in answer.cookies
    assert "Log in with Example ID" in answer.text, "the way to try once more"


def test_a_person_logs_in_and_is_led_back(browser: Browser, conn: Connection) -> None:
    assert "Log in with Example ID" in browser.earshot.get("/login").text
    answer = browser.log_in("ana", "/digest?week=2026-W17")
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"] == "/digest?week=2026-W17"
    cookie = next(c for c in answer.headers.get_list("set-cookie") if auth.COOKIE in c).lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "max-age=43200" in cookie, "who leaves the company is out within half a day"
    assert browser.earshot.get("/v1/me").json()["role"] == "marketing"
    (ana,) = [person for person in queries.people(conn) if person.issuer]
    assert (ana.name, ana.has_password) == ("Ana Ruiz", False)
    kept = conn.execute("select expires_at - created_at < '12h1m' from web_session").fetchone()
    assert kept == (True,)


def test_who_comes_again_is_the_same_user_by_whatever_name(
    new_browser: NewBrowser, conn: Connection
) -> None:
    for _ in range(2):
        assert new_browser().log_in("ana").status_code == 303
        conn.execute("update app_user set name = 'somebody else', role = 'sales'")
        conn.commit()
    (ana,) = queries.people(conn)
    assert ana.name == "somebody else"


def test_a_local_user_is_never_taken_over_by_name(browser: Browser, conn: Connection) -> None:
    local = queries.add_person(conn, "ANA RUIZ", Role.ADMIN)
    conn.commit()
    assert browser.log_in("ana").status_code == 303
    me = browser.earshot.get("/v1/me").json()
    assert (me["name"], me["role"]) == ("Ana Ruiz 2", "marketing")
    assert me["id"] != local.id


def test_the_provider_says_the_role_at_each_log_in(
    new_browser: NewBrowser, conn: Connection
) -> None:
    browser = new_browser()
    browser.log_in("ben")
    assert browser.earshot.get("/v1/me").json()["role"] == "admin"
    conn.execute("update app_user set role = 'sales'")
    conn.commit()
    assert browser.earshot.get("/v1/me").json()["role"] == "sales"
    again = new_browser()
    again.log_in("ben")
    assert again.earshot.get("/v1/me").json()["role"] == "admin"


def test_who_has_no_role_is_told(browser: Browser, conn: Connection) -> None:
    assert_refused(browser.log_in("cyd"), 403, "gives you no role in Earshot")
    assert queries.people(conn) == []


def test_who_lost_the_role_is_logged_out_everywhere(
    browser: Browser, client: Client, settings: Settings, conn: Connection, earshot: Api
) -> None:
    browser.log_in("ana")
    assert browser.earshot.get("/v1/me").status_code == 200
    (ana,) = queries.people(conn)
    subject = conn.execute("select subject from app_user").fetchone()
    assert subject is not None
    with pytest.raises(NotVouched):
        user_of(conn, Vouched(client.issuer, subject[0], "ana", None), "Example ID")
    assert browser.earshot.get("/v1/me").status_code == 401
    assert queries.person(conn, ana.id).role is Role.MARKETING


def test_who_is_disabled_here_is_not_let_in(browser: Browser, conn: Connection) -> None:
    browser.log_in("ana")
    conn.execute("update app_user set disabled_at = now()")
    conn.commit()
    assert browser.earshot.get("/v1/me").status_code == 401
    assert_refused(browser.log_in("ana"), 403, "may not log in any more")


def test_another_state_is_refused(browser: Browser) -> None:
    back = browser.log_in_there(browser.set_out(), "ana")
    answer = browser.come_back(changed(back, state="0" * 64))
    assert_refused(answer, 403, "not begun here")
    assert_refused(browser.come_back(back), 403, "not begun here")  # each begins anew


def test_a_way_back_does_not_log_in_another_browser(new_browser: NewBrowser) -> None:
    """A link that holds an attacker's code logs nobody in as the attacker."""
    attacker, victim = new_browser(), new_browser()
    back = attacker.log_in_there(attacker.set_out(), "ben")
    assert_refused(victim.come_back(back), 403, "not begun here")
    victim.set_out()
    assert_refused(victim.come_back(back), 403, "not begun here")
    assert attacker.come_back(back).status_code == 303


def test_a_code_serves_once_and_only_who_asked_for_it(new_browser: NewBrowser) -> None:
    first, second = new_browser(), new_browser()
    back = first.log_in_there(first.set_out(), "ana")
    code = part(back, "code")
    state = part(second.set_out(), "state")
    stolen = changed(back, state=state)
    assert_refused(second.come_back(stolen), 403, "took this log-in back")  # PKCE: not its verifier
    first.come_back(back)
    state = part(first.set_out(), "state")
    again = first.come_back(changed(back, code=code, state=state))
    assert_refused(again, 403, "took this log-in back")


def test_a_token_for_another_log_in_is_refused(browser: Browser) -> None:
    address = changed(browser.set_out(), nonce="another")
    answer = browser.come_back(browser.log_in_there(address, "ana"))
    assert_refused(answer, 403, "could not be verified")


def test_a_refusal_there_is_told_without_its_words(browser: Browser) -> None:
    state = part(browser.set_out(), "state")
    words = {"error": "access_denied", "error_description": "Call +1 555 0100"}
    query = urlencode({"state": state} | words)
    answer = browser.come_back(f"/login/provider/callback?{query}")
    assert_refused(answer, 403, "did not let you in")
    assert "555" not in answer.text


@pytest.mark.parametrize("elsewhere", ["https://evil.example", "//evil.example", "/\\evil.example"])
def test_a_log_in_leads_nowhere_else(browser: Browser, elsewhere: str) -> None:
    assert browser.log_in("ana", elsewhere).headers["location"] == "/"


def test_an_address_too_long_for_a_cookie_is_forgotten(browser: Browser) -> None:
    assert browser.log_in("ana", "/calls?q=" + "é" * 2000).headers["location"] == "/"


def test_no_secret_comes_into_the_log(
    browser: Browser, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    state = part(browser.set_out(), "state")
    secret = browser.earshot.cookies[COOKIE].strip('"').partition(":")[0]
    browser.come_back(f"/login/provider/callback?code=wrong&state={state}")
    browser.log_in("ana")
    # httpcore writes what the test's own browser got; Earshot keeps it quiet (`ingest.base.log`).
    ours = "\n".join(r.getMessage() for r in caplog.records if not r.name.startswith("httpcore"))
    assert "The provider gave no token: 400 invalid_grant" in ours
    for hidden in (client.secret, secret, asked(secret).verifier):
        assert hidden not in ours
    for hidden in (client.secret, asked(secret).verifier):
        assert hidden not in caplog.text


def test_a_provider_that_is_away_gives_a_page(
    settings: Settings, client: Client, port: int, conn: Connection
) -> None:
    with running_provider() as issuer:
        gone = register(issuer, f"http://127.0.0.1:{port}/login/provider/callback")
    with serve(with_provider(settings, gone), {}, port) as running:
        answer = running.as_(None).get("/login/provider")
        assert_refused(answer, 503, "does not answer just now")


def test_a_provider_that_goes_away_midway_gives_a_page(settings: Settings, port: int) -> None:
    back = f"http://127.0.0.1:{port}/login/provider/callback"
    with httpx.Client(timeout=60) as there, httpx.Client(timeout=60) as here:
        with running_provider() as issuer:
            mine = with_provider(settings, register(issuer, back))
            with serve(mine, {}, port) as running:
                here.base_url = httpx.URL(running.url)
                browser = Browser(here, there)
                address = browser.log_in_there(browser.set_out(), "ana")
        with serve(mine, {}, port):
            assert_refused(browser.come_back(address), 503, "does not answer just now")


def test_a_provider_by_another_name_is_told(settings: Settings, client: Client) -> None:
    other = Client(f"{client.issuer}/", client.id, client.secret)
    with serve(with_provider(settings, other), {}) as running:
        answer = running.as_(None).get("/login/provider")
        assert answer.status_code == 503
        assert f"calls itself {client.issuer}" in answer.text


@pytest.fixture
def id_token(settings: Settings, client: Client, browser: Browser) -> str:
    """A real one, for the nonce "once"."""
    provider = Provider(with_provider(settings, client))
    back = f"{browser.earshot.base_url}".rstrip("/") + "/login/provider/callback"
    kept = asked("a secret")
    address = changed(provider.begin("a secret", back), nonce="once")
    code = part(browser.log_in_there(address, "ana"), "code")
    return str(provider._exchange(code, kept.verifier, back)["id_token"])


def test_an_id_token_is_verified(settings: Settings, client: Client, id_token: str) -> None:
    """Signature, issuer, audience, time and nonce: each alone is enough to refuse it."""
    mine = with_provider(settings, client)
    provider, now = Provider(mine), time.time()
    good = provider.claims(id_token, "once", now)
    assert good["iss"] == client.issuer
    head, body, signature = id_token.split(".")

    def refused(token: str, nonce: str = "once", at: float = now, by: Provider = provider) -> bool:
        with pytest.raises(NotVouched, match="could not be verified"):
            by.claims(token, nonce, at)
        return True

    told = json.loads(base64.urlsafe_b64decode(body + "=="))
    other_body = _b64({**told, "sub": "ben"})
    unsigned = f"{_b64({'alg': 'none'})}.{body}."
    assert refused(f"{head}.{other_body}.{signature}")
    assert refused(f"{head}.{body}.{signature[:-8]}AAAAAAAA")
    assert refused(unsigned)
    assert refused(f"{_b64({'alg': 'HS256'})}.{body}.{signature}")
    assert refused("")
    assert refused("not.a.token")
    assert refused(id_token, nonce="twice")
    assert refused(id_token, at=told["exp"] + 61)
    assert provider.claims(id_token, "once", told["exp"] - 1)
    other = mine.model_copy(update={"oidc_client_id": "another program"})
    assert refused(id_token, by=Provider(other))
    strange = Provider(mine)
    strange._now_known()
    strange.issuer = "https://id.example.com"
    assert refused(id_token, by=strange)


def _b64(value: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_a_key_not_known_is_asked_for(settings: Settings, client: Client, id_token: str) -> None:
    """The provider may have a new one since its keys were read."""
    provider = Provider(with_provider(settings, client))
    with running_provider() as other:
        stranger = Provider(with_provider(settings, Client(other, client.id, client.secret)))
        known = stranger._now_known()
    mine = provider._now_known()
    provider._known = type(mine)(mine.told, known.keys, mine.at)
    assert provider.claims(id_token, "once", time.time())["iss"] == client.issuer


def test_nothing_of_it_is_there_where_none_is_set(api: Api) -> None:
    visitor = api.as_(None)
    assert "provider" not in visitor.get("/login").text
    for path in ("/login/provider", "/login/provider/callback?code=1&state=2"):
        assert visitor.get(path).status_code == 404


def test_nothing_of_it_is_loaded_where_none_is_set() -> None:
    look = (
        "import sys; from api.app import create_app; from api.logins.setup import provider_of;"
        " from ingest.base.settings import Settings; create_app(Settings());"
        " assert provider_of(Settings()) is None;"
        " sys.exit(any(name.startswith(('authlib', 'joserfc')) for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", look], check=False).returncode == 0
