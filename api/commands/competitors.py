"""Commands for the catalogue of rivals, through the running server."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from api.commands.common import count, json_option, load_settings, print_json, print_table
from ingest.base.errors import BadMetadata, NotFound

if TYPE_CHECKING:
    from api.client import Client

OLD_CALLS = "Calls to come are mined with it; `earshot remine` applies it to old ones."


@click.group()
def competitors() -> None:
    """Your rivals: names and aliases to listen for.

    \b
    Example:
      earshot competitors list
    """


@competitors.command("list")
@json_option
def list_competitors(as_json: bool) -> None:
    """List every company's rivals.

    \b
    Example:
      earshot competitors list
    """
    from api.client import connected

    found = list(connected(load_settings()).pages("competitors"))
    if as_json:
        print_json(found)
        return
    rows = [(r["company"], r["name"], ", ".join(r["aliases"]) or "–") for r in found]
    print_table(("company", "rival", "aliases"), rows)


@competitors.command("add")
@click.argument("name")
@click.option("--company", required=True, help="Your own company; a new one is made.")
@click.option("--alias", "aliases", multiple=True, help="Another name for it; may be repeated.")
def add_competitor(name: str, company: str, aliases: tuple[str, ...]) -> None:
    """Add a rival to a company's catalogue, or give one that is there these aliases.

    \b
    Example:
      earshot competitors add "Crestline CRM" --company Quillstep --alias Crestline
    """
    from api.client import connected

    rival = {"name": name, "aliases": list(aliases)}
    written = put_catalogue(connected(load_settings()), {"name": company, "competitors": [rival]})
    click.echo(f"{name} is a rival of {company}.")
    if written:
        click.echo(OLD_CALLS)


@competitors.command("import")
@click.argument("file", type=click.Path(path_type=Path))
def import_competitors(file: Path) -> None:
    """Put the rivals of a JSON file into the catalogue; others that are there stay.

    FILE holds {"name": "Quillstep", "product": "…", "competitors": [{"name": "…", "aliases":
    ["…"]}]}, or a list of these. The company's own names are never taken for a rival's.

    \b
    Example:
      earshot competitors import quillstep.json
    """
    from api.client import connected

    try:
        said = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotFound(f"{file}: no such file.") from None
    except ValueError as error:
        raise BadMetadata(f"{file}: is not JSON ({error}).") from None
    client = connected(load_settings())
    companies = said if isinstance(said, list) else [said]
    try:
        written = sum(put_catalogue(client, company) for company in companies)
    except (KeyError, TypeError):
        raise BadMetadata(
            f"{file}: is not a catalogue; `earshot competitors import -h` shows one."
        ) from None
    click.echo(f"{count(written, 'rival')} written, the others were there already.")
    if written:
        click.echo(OLD_CALLS)


def put_catalogue(client: "Client", company: dict[str, Any]) -> int:
    """See to it that a company has these rivals with these aliases, and is described where it
    says what it sells; how many rivals were written."""
    if company.get("product") or company.get("pitch"):
        said = {key: company.get(key) for key in ("name", "product", "pitch")}
        client.ask("POST", "companies", json=said)
    there = {
        rival["name"].casefold(): rival
        for rival in client.pages("competitors", company=company["name"])
    }
    written = 0
    for rival in company["competitors"]:
        names = {"name": rival["name"], "aliases": list(rival.get("aliases", ()))}
        known = there.get(rival["name"].casefold())
        if known is None:
            client.ask("POST", "competitors", json={**names, "company": company["name"]})
        elif set(known["aliases"]) != set(names["aliases"]):
            client.ask("PUT", f"competitors/{known['id']}", json=names)
        else:
            continue
        written += 1
    return written


COMMANDS = (competitors,)
