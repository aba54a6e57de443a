"""Commands for who runs Earshot: log-ins, tokens, rivals, the database."""

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from api.commands.common import (
    count,
    day_and_time,
    json_option,
    load_settings,
    print_json,
    print_table,
)
from ingest.base.errors import BadSetup

if TYPE_CHECKING:
    from ingest.base.db import Connection

ROLES = ("sales", "marketing", "product", "admin")
rep_option = click.option("--rep", help="A rep's name: this user sees that rep's calls alone.")
role_option = click.option(
    "--role",
    type=click.Choice(ROLES),
    help="The role they have otherwise; who is new needs one, but for the first user of all.",
)


@contextlib.contextmanager
def database() -> Iterator["Connection"]:
    """A connection to the database in the settings, or to our own, started if need be."""
    from ingest.base import db
    from ingest.base.services import embedded

    with embedded(load_settings()) as settings, db.connect(settings.database_url) as conn:
        yield conn


@click.command()
def migrate() -> None:
    """Bring the database's schema up to date.

    \b
    Example:
      EARSHOT_DATABASE_URL=postgresql://db/earshot earshot migrate
    """
    from ingest.base import db

    with database() as conn:
        applied = db.migrate(conn)
        without = db.without_vectors(conn)
    numbers = ", ".join(f"{number:04}" for number in applied)
    click.echo(f"Applied {numbers}." if applied else "The schema is up to date.")
    if without:
        click.echo(f"{without} All else works.")


@click.command("check-rollups")
def check_rollups() -> int:
    """Count the daily figures afresh and compare.

    \b
    Example:
      earshot check-rollups
    """
    from insights.rollups.queries import rollup_differences

    with database() as conn:
        wrong = rollup_differences(conn)
    for difference in wrong:
        click.echo(difference)
    click.echo(f"{count(len(wrong), 'difference')}." if wrong else "The daily figures agree.")
    return 1 if wrong else 0


@click.command()
@click.option("--name", default="owner", show_default=True, help="Who logs in.")
@role_option
@rep_option
def login(name: str, role: str | None, rep: str | None) -> None:
    """Print a link that logs a browser in.

    It serves once, within a quarter of an hour.

    \b
    Example:
      earshot login --name "Ana Ruiz" --role marketing
      earshot login --name Tamsin --role sales --rep "Tamsin Rourke"
    """
    from api.local import known_server
    from api.serving import login_link
    from api.users import Role

    settings = load_settings()
    known = known_server(settings.home)
    url = settings.url or (known.url if known else "")
    if not url:
        raise BadSetup("No server is known here: start one with `earshot up`, or set EARSHOT_URL.")
    given = Role(role) if role else None
    click.echo(login_link(settings, url.rstrip("/"), name, given, rep))


@click.group()
def token() -> None:
    """Tokens for programs that use the API.

    \b
    Example:
      earshot token create --name "CRM export" --role product
    """


@token.command("create")
@click.option("--name", required=True, help="What the token is for.")
@click.option("--user", help="Whose it is; the token's name otherwise.")
@role_option
@rep_option
def token_create(name: str, user: str | None, role: str | None, rep: str | None) -> None:
    """Make a token and print it: it is shown this once only.

    \b
    Example:
      earshot token create --name "CRM export" --role product
    """
    from api.auth import create_token
    from api.logins.entry import named
    from api.users import Role

    given = Role(role) if role else None
    with database() as conn:
        secret, _ = create_token(conn, named(conn, user or name, given, rep), name)
    click.echo(secret)


@token.command("list")
@json_option
def token_list(as_json: bool) -> None:
    """List the tokens that work.

    \b
    Example:
      earshot token list
    """
    from dataclasses import asdict

    from api.queries import list_tokens

    with database() as conn:
        tokens = [asdict(token) for token in list_tokens(conn)]
    if as_json:
        print_json(tokens)
        return
    rows = [
        (
            str(t["id"]),
            t["name"],
            t["user"],
            t["role"],
            _when(t["created_at"]),
            _when(t["last_used_at"]),
        )
        for t in tokens
    ]
    print_table(("token", "name", "user", "role", "made", "last used"), rows)


def _when(time: datetime | None) -> str:
    return day_and_time(time.isoformat()) if time else "never"


@token.command("revoke")
@click.argument("number", metavar="TOKEN", type=int)
def token_revoke(number: int) -> None:
    """End a token, by its number in the list.

    \b
    Example:
      earshot token revoke 2
    """
    from api.queries import revoke_token

    with database() as conn:
        revoke_token(conn, number, datetime.now(UTC))
    click.echo(f"Token {number} no longer works.")


COMMANDS = (migrate, check_rollups, login, token)
