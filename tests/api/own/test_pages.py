"""Pages and mail of a bound rep: whose calls they tell of, and what they offer."""

import httpx
import pytest

from api import queries
from api.auth import create_user
from api.subscriptions import queries as subscriptions
from api.subscriptions.deliver import deliver_due
from api.subscriptions.subscription import Channel, Wish
from api.users import Role
from ingest.base import db
from ingest.base.settings import Settings
from insights.digests.edition import Audience
from insights.insight import Kind
from tests.api.own.telling import CANARY, REP, WORD, Told
from tests.api.pages.browsing import Site, check_for_everyone
from tests.api.pages.chromium import executable
from tests.api.pages.conftest import browser as browser
from tests.api.pages.conftest import server as server
from tests.api.pages.conftest import site as site
from tests.api.running import Api
from tests.api.subscriptions.conftest import Post
from tests.api.subscriptions.conftest import mail_server as mail_server
from tests.api.subscriptions.conftest import sending as sending
from tests.api.subscriptions.test_deliver import DUE, SUBSCRIBED
from tests.insights.speaking import quoted, spoken

HEAD = "Your calls, Tamsin Rourke"


def test_every_page_says_whose_calls(api: Api, rep: httpx.Client, ours: Told) -> None:
    for path in ("/", "/calls", "/digest", "/digests", "/trends", "/themes", "/competitors"):
        assert HEAD in rep.get(path).text, path
        assert "Your calls" not in api.as_(Role.SALES).get(path).text, path


def test_an_admin_sees_who_is_bound(api: Api, rep: httpx.Client) -> None:
    bound = {
        user["name"]: user["rep"] for user in api.as_(Role.ADMIN).get("/v1/users").json()["items"]
    }
    assert REP in bound.values()
    assert None in bound.values()
    assert f"sees the calls of {REP}" in api.as_(Role.ADMIN).get("/settings").text


def test_with_others_calls_alone_there_are_none(api: Api, rep: httpx.Client) -> None:
    api.bring(title=CANARY, rep="Lee")
    for path in ("/", "/calls"):
        assert "None of your calls is here yet" in rep.get(path).text
    assert "1 call" not in rep.get("/calls").text
    assert CANARY not in rep.get("/calls").text


def test_they_are_offered_what_they_may_do(api: Api, rep: httpx.Client, ours: Told) -> None:
    theme = f"/themes/{ours.theme_id}"
    for form in ("/name", "/link", "/status"):
        assert f'action="{theme}{form}"' in api.as_(Role.SALES).get(theme).text
        assert f'action="{theme}{form}"' not in rep.get(theme).text
    assert "Status: <b>planned</b>" in rep.get(theme).text
    assert 'name="rep"' in api.as_(Role.SALES).get("/calls").text
    assert 'name="rep"' not in rep.get("/calls").text


def test_words_from_before_there_were_masks_are_masked(
    api: Api, rep: httpx.Client, ours: Told
) -> None:
    """What a reader's first look writes is written through the views."""
    with db.connect(api.settings.database_url) as conn:
        conn.execute("update transcript set masked_by = 0")
        conn.execute(
            "update turn set text = text || ' ' || 'ana.ruiz@example.com' where position = 0"
        )
        conn.commit()
        shown = rep.get(f"/v1/calls/{ours.call_id}").text
        assert WORD in shown
        assert "ana.ruiz@example.com" not in shown
        assert conn.execute("select count(*) from mask").fetchone() == (1,)


@pytest.mark.parametrize("name", [REP, None], ids=["bound", "not bound"])
def test_a_digest_by_mail_tells_of_their_calls(
    conn: db.Connection, sending: Settings, mail_server: Post, name: str | None
) -> None:
    for n, (of, word) in enumerate([(REP, WORD), (REP, WORD), ("Lee", CANARY)]):
        said = f"Your price is far too high for us here at {word}"
        found = [quoted(said, said, "price"), quoted(said, word, f"{word}rival", Kind.COMPETITOR)]
        when = DUE.replace(day=6 + 7 * n) if n < 2 else DUE.replace(day=21)
        spoken(conn, said, found=found, rep=of, held_at=when, account=word)
    user = create_user(conn, "Tamsin", Role.SALES, name)
    wish = Wish(Audience.SALES, Channel.MAIL, "tamsin@example.com", "UTC", 8)
    subscriptions.subscribe(conn, user.id, wish, SUBSCRIBED)
    conn.commit()
    assert deliver_due(sending, lambda: DUE) == 1
    (mail,) = mail_server.mails
    text = str(mail.get_body(("plain",))) + str(mail.get_body(("html",)))
    assert (CANARY in text) == (name is None)
    assert conn.execute("select count(*) from edition").fetchone() == (0 if name else 1,)


@pytest.mark.browser
@pytest.mark.skipif(executable() is None, reason="no Chromium here: apt install chromium")
def test_a_phone_shows_whose_calls(site: Site, conn: db.Connection) -> None:
    said = "Your price is far too high for us"
    spoken(conn, said, found=[quoted(said, said, "price")], rep=REP)
    queries.bind_user(conn, "Ana Ruiz", REP)
    conn.commit()
    check_for_everyone(site, "/", "/calls", "/themes")
    assert site.page.get_by_text(HEAD).is_visible()
