"""Proposed rivals on the rivals' page: their quotes lead to the call, and a person decides."""

import re

from fastapi.testclient import TestClient

from api.users import Role
from ingest.base.db import Connection
from insights.catalogue.queries import full_catalogue
from insights.insight import Quote, Unlisted
from insights.proposals.proposal import State
from insights.proposals.queries import find_proposals, save_names
from tests.api.pages import seed
from tests.api.pages.conftest import LogIn
from tests.api.pages.test_pages import read, text_of

HOSTILE = "<script>alert(1)</script>" + "Hexa" * 60


def said(name: str, turn: int, score: float = 0.7) -> Unlisted:
    quote = f"we had {name} in for a demo"
    return Unlisted(name, turn, Quote(quote, 0, len(quote), 61.5, 62.0), score)


def propose(conn: Connection, *names: str) -> dict[str, int]:
    """Have these names said in a sample; the proposals' ids."""
    seed.rivals(conn, "plumbline-01")
    call = seed.done(conn, "plumbline-01")
    save_names(conn, call, [said(name, turn) for turn, name in enumerate(names)])
    conn.commit()
    return {found.name: found.id for found in find_proposals(conn, None, State.OPEN)}


def rivals(conn: Connection) -> dict[str, tuple[str, ...]]:
    conn.rollback()  # see what the app has committed
    return {entry.name: entry.aliases for entry in full_catalogue(conn)}


def test_a_name_is_shown_with_its_quote_at_the_second(admin: TestClient, conn: Connection) -> None:
    propose(conn, "Tidewall")
    page = admin.get("/competitors").text
    assert "Perhaps rivals of Plumbline" in text_of(page)
    assert "we had Tidewall in for a demo" in text_of(page)
    (path,) = set(re.findall(r'href="(/calls/\d+\?t=61\.5#turn-0)"', page))
    assert 'id="turn-0"' in admin.get(path).text


def test_none_yet(admin: TestClient, conn: Connection) -> None:
    propose(conn)
    assert "No other names of Plumbline" in read(admin, "/competitors")


def test_accepted_then_undone(admin: TestClient, conn: Connection) -> None:
    number = propose(conn, "Tidewall")["Tidewall"]
    answer = admin.post(f"/proposals/{number}", data={"state": "accepted"})
    assert answer.headers["location"] == f"/competitors?decided={number}"
    assert "Tidewall" in rivals(conn)
    page = text_of(admin.get(answer.headers["location"]).text)
    assert "Tidewall is a rival from now on." in page
    assert "earshot remine" in page
    admin.post(f"/proposals/{number}", data={"state": "open"})
    assert "Tidewall" not in rivals(conn)
    assert "is a rival" not in read(admin, f"/competitors?decided={number}")


def test_another_name_of_a_rival(admin: TestClient, conn: Connection) -> None:
    number = propose(conn, "Trivvo")["Trivvo"]
    entry = next(entry for entry in full_catalogue(conn) if entry.name == "Attrivo")
    form = {"state": "accepted", "competitor_id": str(entry.id)}
    answer = admin.post(f"/proposals/{number}", data=form)
    assert "Trivvo" in rivals(conn)["Attrivo"]
    page = text_of(admin.get(answer.headers["location"]).text)
    assert "another name of Attrivo from now on" in page


def test_refused_it_waits_with_a_way_back(admin: TestClient, conn: Connection) -> None:
    number = propose(conn, "Becky")["Becky"]
    answer = admin.post(f"/proposals/{number}", data={"state": "refused"})
    page = text_of(admin.get(answer.headers["location"]).text)
    assert "Becky is no rival" in page
    assert "1 name said to be no rival" in page
    stale = admin.post(f"/proposals/{number}", data={"state": "accepted"})
    assert stale.status_code == 422
    assert "undo that first" in text_of(stale.text)


def test_a_hostile_name_is_only_text(admin: TestClient, conn: Connection) -> None:
    propose(conn, HOSTILE)
    page = admin.get("/competitors").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    assert admin.get("/competitors?decided=999").status_code == 200


def test_who_may_not_decide_reads(log_in: LogIn, conn: Connection) -> None:
    number = propose(conn, "Tidewall")["Tidewall"]
    sales = log_in(Role.SALES)
    page = sales.get("/competitors").text
    assert "we had Tidewall in for a demo" in text_of(page)
    assert 'action="/proposals' not in page
    assert sales.post(f"/proposals/{number}", data={"state": "accepted"}).status_code == 403
