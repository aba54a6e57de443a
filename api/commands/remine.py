"""`earshot remine`: the present catalogue and model over calls mined before."""

import sys
import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from api.commands.common import (
    count,
    day_and_time,
    json_option,
    load_settings,
    print_json,
    print_table,
)

if TYPE_CHECKING:
    from api.client import Client

LOOK_EVERY = 1.0  # seconds between two looks at the progress
MOST_CALLS = 20  # named one by one; --json names more
KINDS = {
    "objection": "objection",
    "competitor": "competitor",
    "feature_request": "feature request",
}


@click.command()
@click.option(
    "--since", type=click.DateTime(("%Y-%m-%d",)), help="Calls held on this day or later."
)
@click.option("--company", help="Only calls of this one of your companies.")
@click.option("--detector", type=click.Choice(list(KINDS)), help="Only insights of this kind.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.option("--yes", is_flag=True, help="Apply it without asking, for scripts.")
@json_option
def remine(
    since: datetime | None,
    company: str | None,
    detector: str | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Mine old calls again with the present catalogue and model; nothing is heard again.

    Shows which insights would appear and disappear, asks, and then applies it. What a person has
    confirmed or rejected stays as it is. The work is the server's: it goes on also when this
    command is stopped.

    \b
    Example:
      earshot remine --since 2026-09-01 --detector competitor
    """
    from api.client import connected

    if not (dry_run or yes) and (as_json or not sys.stdin.isatty()):
        raise click.UsageError("Nobody is here to be asked: add --yes, or --dry-run.")
    client = connected(load_settings())
    begun = client.ask(
        "POST",
        "remines",
        json={
            "since": since.astimezone().isoformat() if since else None,
            "company": company,
            "kind": detector,
            "dry_run": dry_run,
        },
    )
    looked = _followed(client, begun["id"], "Looking", "looked")
    if not as_json:
        _print_difference(looked)
    if not dry_run and looked["looked"] and (yes or click.confirm("Apply this?", err=True)):
        client.ask("POST", f"remines/{begun['id']}/apply")
        looked = _followed(client, begun["id"], "Applying", "applied")
        if not as_json:
            click.echo(_applied(looked))
    if as_json:
        print_json(looked)
    return 1 if looked["failed"] else 0


def _followed(client: "Client", number: int, doing: str, until: str) -> dict[str, Any]:
    """Show how far the server is until the remine is in this state; the remine then."""
    found: dict[str, Any] = client.get(f"remines/{number}")
    with click.progressbar(length=found["calls"], label=doing, file=sys.stderr) as bar:
        while found["state"] != until:
            bar.update(_finished(found, until) - bar.pos)
            time.sleep(LOOK_EVERY)
            found = client.get(f"remines/{number}")
        bar.update(found["calls"] - bar.pos)
    return found


def _finished(remine: dict[str, Any], step: str) -> int:
    left: int = remine["waiting"] + (remine["looked"] if step == "applied" else 0)
    return int(remine["calls"]) - left


def _print_difference(remine: dict[str, Any]) -> None:
    if remine["changes"]:
        rows = [
            (
                KINDS[c["kind"]],
                c["label"],
                _signed("+", c["appears"]),
                _signed("−", c["disappears"]),
            )
            for c in remine["changes"]
        ]
        print_table(("kind", "label", "appears", "disappears"), rows)
        for change in remine["changes"]:
            _print_examples(change)
        _print_calls(remine)
    click.echo(
        f"{count(remine['appears'], 'insight')} more, {remine['disappears']} fewer,"
        f" {remine['stays']} as before, in {count(remine['calls'], 'call')}."
    )
    if remine["skipped"]:
        click.echo(f"{count(remine['skipped'], 'call')} will be mined anyway.")
    for failed in remine["failures"]:
        click.echo(f"Call {failed['call_id']} failed: {failed['failure']}", err=True)


def _signed(sign: str, number: int) -> str:
    return f"{sign}{number}" if number else ""


def _print_examples(change: dict[str, Any]) -> None:
    click.echo(f"\n{KINDS[change['kind']]} · {change['label']}")
    for example in change["examples"]:
        sign = "+" if example["appears"] else "−"
        click.echo(f"  {sign} “{example['quote']}” (call {example['call_id']})")


def _print_calls(remine: dict[str, Any]) -> None:
    click.echo(f"\nIn {count(remine['calls_changed'], 'call')}:")
    for call in remine["changed_calls"][:MOST_CALLS]:
        signs = (_signed("+", call["appears"]), _signed("−", call["disappears"]))
        changed = " ".join(sign for sign in signs if sign)
        click.echo(f"  {call['id']}  {call['title']}, {day_and_time(call['held_at'])}: {changed}")
    if (more := remine["calls_changed"] - MOST_CALLS) > 0:
        click.echo(f"  and {more} more")
    click.echo()


def _applied(remine: dict[str, Any]) -> str:
    return (
        f"Applied to {count(remine['applied'], 'call')}: {remine['appears']} appeared,"
        f" {remine['disappears']} disappeared, {remine['stays']} stayed."
    )


COMMANDS = (remine,)
