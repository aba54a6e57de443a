"""`earshot user`: who may log in, from the command line."""

import json

import pytest

from api import auth
from api.cli import run
from api.logins import queries
from api.serving import login_link
from api.users import Role
from ingest.base.db import Connection
from ingest.base.errors import BadSetup
from ingest.base.settings import Settings


def said(capsys: pytest.CaptureFixture[str], *command: str, code: int = 0) -> str:
    assert run(["user", *command]) == code
    written = capsys.readouterr()
    return written.err if code else written.out


def test_somebody_is_let_in_changed_and_shut_out(
    settings: Settings, conn: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    link = said(capsys, "add", "Ana Ruiz", "--role", "marketing").strip()
    owner = auth.link_owner(conn, link.removeprefix("/login/"))
    assert owner
    assert (owner.name, owner.role) == ("Ana Ruiz", Role.MARKETING)
    assert "There is a user ana ruiz already" in said(
        capsys, "add", "ana ruiz", "--role", "sales", code=1
    )
    assert "Give a name" in said(capsys, "add", " ", "--role", "sales", code=1)
    assert "Ana Ruiz is admin now" in said(capsys, "role", "Ana Ruiz", "admin").replace(
        "ana", "Ana"
    )
    assert "only admin who may log in" in said(capsys, "disable", "ana ruiz", code=1)
    said(capsys, "add", "Ben", "--role", "admin")
    said(capsys, "disable", "ana ruiz")
    conn.rollback()
    assert auth.link_owner(conn, link.removeprefix("/login/")) is None
    listed = said(capsys, "list").splitlines()
    assert [line.split() for line in listed[1:]] == [
        ["Ana", "Ruiz", "admin", "disabled"],
        ["Ben", "admin", "link"],
    ]
    assert [user["name"] for user in json.loads(said(capsys, "list", "--json"))] == [
        "Ana Ruiz",
        "Ben",
    ]
    said(capsys, "enable", "Ana Ruiz")
    conn.rollback()
    assert all(person.disabled_at is None for person in queries.people(conn))
    assert "There is no user Cyd" in said(capsys, "enable", "Cyd", code=1)


def test_no_link_is_printed_that_would_not_serve(settings: Settings, conn: Connection) -> None:
    assert login_link(settings, "http://x", "Ana").startswith("http://x/login/")
    conn.execute("update app_user set disabled_at = now()")
    conn.commit()
    with pytest.raises(BadSetup, match="Ana may not log in: run `earshot user enable`"):
        login_link(settings, "http://x", "Ana")
