"""A way in from the command line: whose role stays, and whose may change."""

import pytest

from api.cli import run
from api.local import Server, keep
from api.logins import queries
from api.logins.entry import NoRole, named
from api.people import LastAdmin, RoleIsTheProviders
from api.serving import login_link
from api.users import Role
from ingest.base.db import Connection
from ingest.base.settings import Settings


def roles(conn: Connection) -> dict[str, Role]:
    conn.rollback()
    return {person.name: person.role for person in queries.people(conn)}


def test_the_very_first_user_is_an_admin(conn: Connection) -> None:
    assert named(conn, "Ana").role is Role.ADMIN
    with pytest.raises(NoRole, match="There is no user Ben yet: say with --role"):
        named(conn, "Ben")
    assert named(conn, "Ben", Role.SALES).role is Role.SALES


def test_somebody_known_keeps_their_role_unless_another_is_said(conn: Connection) -> None:
    named(conn, "Ana")
    named(conn, "Ben", Role.SALES)
    assert named(conn, "ben").role is Role.SALES
    assert named(conn, "Ben", Role.PRODUCT).role is Role.PRODUCT
    assert named(conn, "Ben").role is Role.PRODUCT


def test_the_last_admin_stays_one(conn: Connection) -> None:
    named(conn, "Ana")
    with pytest.raises(LastAdmin, match="Ana is the only admin"):
        named(conn, "ana", Role.SALES)
    assert named(conn, "Ana", Role.ADMIN).role is Role.ADMIN
    named(conn, "Ben", Role.ADMIN)
    assert named(conn, "Ana", Role.SALES).role is Role.SALES


def test_a_role_that_the_provider_says_is_changed_there(conn: Connection) -> None:
    named(conn, "Ana")
    queries.add_known(conn, "https://id.example.com", "7", "Ben", Role.SALES)
    assert named(conn, "Ben").role is Role.SALES
    with pytest.raises(RoleIsTheProviders):
        named(conn, "Ben", Role.ADMIN)


def test_a_rep_is_bound_in_the_role_that_they_have(conn: Connection) -> None:
    named(conn, "Ana")
    named(conn, "Tamsin", Role.SALES)
    assert named(conn, "Tamsin", rep="Tamsin Rourke").rep == "Tamsin Rourke"


def test_a_link_for_the_owner_changes_nobodys_role(settings: Settings, conn: Connection) -> None:
    """What `up` and `demo` print."""
    assert login_link(settings, "http://x").startswith("http://x/login/")
    assert roles(conn) == {"owner": Role.ADMIN}
    named(conn, "Ana", Role.ADMIN)
    named(conn, "owner", Role.MARKETING)
    conn.commit()
    login_link(settings, "http://x")
    assert roles(conn) == {"Ana": Role.ADMIN, "owner": Role.MARKETING}


def test_the_commands_say_what_is_wrong(
    settings: Settings, conn: Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.home.mkdir(parents=True, exist_ok=True)
    keep(Server("http://x", "esk_x"), settings.home)
    assert run(["login"]) == 0
    assert run(["login", "--name", "Ben"]) == 1
    assert "say with --role" in capsys.readouterr().err
    assert run(["token", "create", "--name", "export"]) == 1
    assert run(["token", "create", "--name", "export", "--role", "product"]) == 0
    assert run(["token", "create", "--name", "again", "--user", "export"]) == 0
    assert run(["login", "--role", "sales"]) == 1
    assert "owner is the only admin" in capsys.readouterr().err
    assert roles(conn) == {"export": Role.PRODUCT, "owner": Role.ADMIN}
