"""Commands for who sees the calls of one rep alone."""

import click

from api.commands.admin import database
from api.commands.common import json_option, print_json, print_table


@click.group()
def rep() -> None:
    """Bind users to a rep, whose calls they see alone.

    \b
    Example:
      earshot rep bind --user Tamsin "Tamsin Rourke"
    """


@rep.command("bind")
@click.option("--user", required=True, help="Who is bound.")
@click.argument("name", metavar="REP")
def bind(user: str, name: str) -> None:
    """Have a user see a rep's calls and no others.

    It counts at once, also where the user is logged in.

    \b
    Example:
      earshot rep bind --user Tamsin "Tamsin Rourke"
    """
    from api.auth import bind_user

    with database() as conn:
        bound = bind_user(conn, user, name)
    click.echo(f"{bound.name} sees the calls of {bound.rep} alone.")


@rep.command("unbind")
@click.option("--user", required=True, help="Who is bound no more.")
def unbind(user: str) -> None:
    """Have a user see all calls again.

    \b
    Example:
      earshot rep unbind --user Tamsin
    """
    from api.auth import bind_user

    with database() as conn:
        free = bind_user(conn, user, None)
    click.echo(f"{free.name} sees all calls.")


@rep.command("list")
@json_option
def list_users(as_json: bool) -> None:
    """List the users with their roles, and whose calls they see.

    \b
    Example:
      earshot rep list
    """
    from dataclasses import asdict

    from api import queries

    with database() as conn:
        users = queries.list_users(conn)
    if as_json:
        print_json([asdict(user) for user in users])
        return
    rows = [(user.name, user.role, user.rep or "all") for user in users]
    print_table(("user", "role", "sees the calls of"), rows)


COMMANDS = (rep,)
