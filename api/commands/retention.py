"""`earshot retention`: how long recordings and calls are kept."""

import sys
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from api.commands.common import count, day_and_time, json_option, load_settings, print_json
from ingest.base.errors import Unavailable

if TYPE_CHECKING:
    from api.client import Client

LOOK_EVERY = 1.0  # seconds between two looks at a run
PATIENCE_SECONDS = 600.0
FOR_EVER = "forever"


def _days(value: str) -> int | None:
    """A number of days, or None for no end; the server says which are too many."""
    return None if value == FOR_EVER else int(value)


days = partial(click.option, type=_days, metavar=f"DAYS|{FOR_EVER}", required=True)


@click.group()
def retention() -> None:
    """How long recordings and calls are kept.

    \b
    Example:
      earshot retention show
      earshot retention set --recordings 90 --calls 730
    """


@retention.command()
@json_option
def show(as_json: bool) -> None:
    """Show the rule, what would go, and what went.

    \b
    Example:
      earshot retention show
    """
    with _client() as client:
        found = {
            "rule": client.get("retention"),
            "preview": client.get("retention/preview"),
            "runs": client.get("retention/runs"),
            "holds": client.get("retention/holds")["items"],
        }
    if as_json:
        print_json(found)
        return
    click.echo(_rule(found["rule"]))
    _print_preview(found["preview"])
    for run in found["runs"]["items"][:5]:
        click.echo(_told(run))
    if found["runs"]["trouble"]:
        rest = count(found["runs"]["remains"], "recording")
        click.echo(f"{rest} could not be taken out of the store: {found['runs']['trouble']}")
    for hold in found["holds"]:
        click.echo(f"On hold: call {hold['id']}, {hold['title']}, by {hold['hold_by']}")


@retention.command("set")
@days("--recordings", help="The sound alone; without end, as long as the call.")
@days("--calls", help="Whole calls, with all that is in them.")
@click.option("--yes", is_flag=True, help="Set it without asking, for scripts.")
def set_rule(recordings: int | None, calls: int | None, yes: bool) -> None:
    """Set for how many days after a call its recording is kept, and the whole call.

    Shows what would go, and asks. It goes with the first run of the next day, in UTC; till then
    the rule can be set back.

    \b
    Example:
      earshot retention set --recordings 90 --calls forever
    """
    if not (yes or sys.stdin.isatty()):
        raise click.UsageError("Nobody is here to be asked: add --yes.")
    wanted = {"recording_days": recordings, "call_days": calls}
    with _client() as client:
        before = client.get("retention")
        if recordings or calls:
            _print_preview(client.get("retention/preview", **wanted))
        if yes or click.confirm("Keep to this?", err=True):
            version = {"If-Match": f'"{before["version"]}"'}
            body = wanted | {"confirm": True}
            click.echo(_rule(client.ask("PUT", "retention", json=body, headers=version)))


@retention.command()
@click.option("--dry-run", is_flag=True, help="Show what would go, and let nothing go.")
@click.option("--confirm", is_flag=True, help="Also where it is more than half of all there is.")
@json_option
def run(dry_run: bool, confirm: bool, as_json: bool) -> int:
    """Let go of what is past now, without waiting for the night.

    \b
    Example:
      earshot retention run --dry-run
    """
    with _client() as client:
        if dry_run:
            found = client.get("retention/preview")
            print_json(found) if as_json else _print_preview(found)
            return 0
        before = client.get("retention/runs")["items"]
        client.ask("POST", "retention/runs", json={"confirm": confirm})
        done = _followed(client, before[0]["id"] if before else 0)
    print_json(done) if as_json else click.echo(_told(done))
    return 1 if done["stopped"] or done["troubles"] else 0


def _client() -> "Client":
    from api.client import connected

    return connected(load_settings())


def _followed(client: "Client", before: int) -> dict[str, Any]:
    """The first run after that one, once it has ended."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        found = client.get("retention/runs")
        ended = [run for run in found["items"] if run["id"] > before and run["ended_at"]]
        if ended and not found["waiting"]:
            last: dict[str, Any] = ended[0]
            return last
        time.sleep(LOOK_EVERY)
    raise Unavailable("The run has not ended yet: `earshot retention show` tells how far it is.")


def _rule(rule: dict[str, Any]) -> str:
    sound, calls = rule["recording_days"], rule["call_days"]
    whole = f"for {count(calls, 'day')}" if calls else "for ever"
    kept = f"for {count(sound, 'day')}" if sound else "as long as their calls"
    return f"Recordings are kept {kept}, calls {whole}."


def _print_preview(found: dict[str, Any]) -> None:
    now, soon = found["now"], found["soon"]
    click.echo(
        f"Now would go {_counted(now)}, within 30 days {_counted(soon)};"
        f" of {_counted(found['of'])} there are."
    )
    if found["held"] or found["busy"]:
        click.echo(f"Past and kept: {found['held']} on hold, {found['busy']} on their way.")
    for past in found["oldest"]:
        what = "all of it" if past["whole"] else "its recording"
        click.echo(f"  {past['id']}  {past['title']}, {day_and_time(past['held_at'])}: {what}")


def _counted(counts: dict[str, Any]) -> str:
    return f"{count(counts['recordings'], 'recording')} and {count(counts['calls'], 'call')}"


def _told(run: dict[str, Any]) -> str:
    went = f"stopped: {run['stopped']}" if run["stopped"] else f"{_counted(run)} went"
    end = "" if run["ended_at"] else ", and more is going"
    troubles = [f" Call {t['call_id']} could not go: {t['why']}." for t in run["troubles"]]
    return f"Run of {day_and_time(run['started_at'])}: {went}{end}.{''.join(troubles)}"


COMMANDS = (retention,)
