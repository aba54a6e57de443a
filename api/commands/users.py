"""`earshot user`: who may log in, for whoever runs Earshot."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from api.commands.admin import ROLES, database
from api.commands.common import json_option, print_json, print_table
from ingest.base.errors import NotFound

if TYPE_CHECKING:
    from ingest.base.db import Connection


@click.group()
def user() -> None:
    """People who may log in.

    \b
    Example:
      earshot user add "Ana Ruiz" --role marketing
    """


@user.command("add")
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), required=True)
def user_add(name: str, role: str) -> None:
    """Let somebody in; print the path of a link by which they choose a password.

    It serves once, within three days, behind the address at which people reach Earshot.

    \b
    Example:
      earshot user add "Ana Ruiz" --role marketing
    """
    from api.auth import INVITATION, login_link
    from api.commands.common import load_settings
    from api.local import known_server
    from api.logins.queries import add_person
    from api.people import clean_name
    from api.users import Role, User

    settings = load_settings()
    known = known_server(settings.home)
    address = (settings.url or (known.url if known else "")).rstrip("/")
    with database() as conn:
        made = add_person(conn, clean_name(name), Role(role))
        secret = login_link(conn, User(made.id, made.name, made.role), INVITATION)
    click.echo(f"{address}/login/{secret}")


@user.command("list")
@json_option
def user_list(as_json: bool) -> None:
    """List everybody.

    \b
    Example:
      earshot user list
    """
    from dataclasses import asdict

    from api.logins.queries import people

    with database() as conn:
        found = people(conn)
    if as_json:
        print_json([asdict(person) for person in found])
        return
    rows = [
        (
            person.name,
            person.role.value,
            "disabled" if person.disabled_at else person.provider or _password(person.has_password),
        )
        for person in found
    ]
    print_table(("name", "role", "logs in by"), rows)


def _password(has_one: bool) -> str:
    return "password" if has_one else "link"


@user.command("role")
@click.argument("name")
@click.argument("role", type=click.Choice(ROLES))
def user_role(name: str, role: str) -> None:
    """Give somebody another role.

    \b
    Example:
      earshot user role "Ana Ruiz" admin
    """
    from api.logins.queries import set_role
    from api.users import Role

    with database() as conn:
        set_role(conn, _id(conn, name), Role(role))
    click.echo(f"{name} is {role} now.")


@user.command("disable")
@click.argument("name")
def user_disable(name: str) -> None:
    """Let somebody in no more: their sessions end, and their tokens serve no longer.

    \b
    Example:
      earshot user disable "Ana Ruiz"
    """
    from api.logins.queries import disable

    with database() as conn:
        disable(conn, _id(conn, name), datetime.now(UTC))
    click.echo(f"{name} may not log in any more.")


@user.command("enable")
@click.argument("name")
def user_enable(name: str) -> None:
    """Let somebody in again; tokens that were not revoked serve again.

    \b
    Example:
      earshot user enable "Ana Ruiz"
    """
    from api.logins.queries import enable

    with database() as conn:
        enable(conn, _id(conn, name))
    click.echo(f"{name} may log in.")


def _id(conn: "Connection", name: str) -> int:
    from api.queries import user_named

    found = user_named(conn, name)
    if found is None:
        raise NotFound(f"There is no user {name}: `earshot user list` shows who there is.")
    return found.id


COMMANDS = (user,)
"""For `api.cli`."""
