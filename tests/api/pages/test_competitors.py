"""The rivals' page: read by all, edited by some, and nothing removed for good by a slip."""

import re

from fastapi.testclient import TestClient

from api.users import Role
from ingest.base.db import Connection
from insights.catalogue.queries import full_catalogue
from tests.api.pages import seed
from tests.api.pages.conftest import LogIn
from tests.api.pages.test_pages import read, text_of


def names(conn: Connection) -> dict[str, tuple[str, ...]]:
    conn.rollback()  # see what the app has committed
    return {entry.name: entry.aliases for entry in full_catalogue(conn)}


def test_the_first_rival_needs_no_call_before_it(log_in: LogIn, conn: Connection) -> None:
    browser = log_in(Role.MARKETING)
    assert "No rivals are listened for yet" in read(browser, "/competitors")
    rival = {"company": "Plumbline", "name": "Attrivo", "aliases": "Attrivo One\r\n\r\n Trivo "}
    answer = browser.post("/competitors", data=rival)
    assert re.fullmatch(r"/competitors#rival-\d+", answer.headers["location"])
    assert names(conn) == {"Attrivo": ("Attrivo One", "Trivo")}
    assert "1 rival of Plumbline" in read(browser, "/competitors")


def test_a_rival_is_renamed(admin: TestClient, conn: Connection) -> None:
    seed.rivals(conn, "plumbline-01")
    conn.commit()
    entry = next(entry for entry in full_catalogue(conn) if entry.name == "Mosaiq")
    admin.post(f"/competitors/{entry.id}", data={"name": "Mosaiq One", "aliases": "Mosaiq"})
    assert names(conn)["Mosaiq One"] == ("Mosaiq",)


def test_a_name_that_is_taken_is_refused_with_the_reason(
    admin: TestClient, conn: Connection
) -> None:
    seed.rivals(conn, "plumbline-01")
    conn.commit()
    answer = admin.post("/competitors", data={"company": "Plumbline", "name": "trivo"})
    assert answer.status_code == 422
    assert "“trivo” already means Attrivo" in text_of(answer.text)


def test_a_removal_can_be_undone(admin: TestClient, conn: Connection) -> None:
    seed.rivals(conn, "plumbline-01")
    conn.commit()
    before = names(conn)
    entry = next(entry for entry in full_catalogue(conn) if entry.name == "Attrivo")
    answer = admin.post(f"/competitors/{entry.id}/remove")
    assert "Attrivo" not in names(conn)
    page = admin.get(answer.headers["location"]).text
    assert "Removed Attrivo." in text_of(page)
    undo = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page)[:3])
    admin.post("/competitors", data=undo)
    assert names(conn) == before


def test_who_may_not_edit_reads(log_in: LogIn, conn: Connection) -> None:
    seed.rivals(conn, "plumbline-01")
    conn.commit()
    sales = log_in(Role.SALES)
    page = sales.get("/competitors").text
    assert "Attrivo One" in page
    assert '<form method="post" action="/competitors' not in page
    assert sales.post("/competitors", data={"name": "x"}).status_code == 403
