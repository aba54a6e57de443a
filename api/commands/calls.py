"""Commands that talk to a running server about its calls."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from api.commands.common import (
    clock,
    day_and_time,
    json_option,
    load_settings,
    print_json,
    print_table,
)
from api.commands.progress import state_words
from ingest.base.errors import EarshotError

if TYPE_CHECKING:
    from api.client import Client
    from api.pieces import Sent

FINISHED = frozenset({"done", "failed"})
LOOK_EVERY = 0.5  # seconds between two looks at a call's progress
KIND_WORDS = {
    "objection": "objection",
    "competitor": "competitor",
    "feature_request": "feature request",
}

TIMES = ("%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S")

DETAILS = (
    click.option("--account", help="The buyer's company."),
    click.option(
        "--account-value", "account_value_usd", type=float, help="Its worth in US dollars."
    ),
    click.option("--segment", help="The account's segment, such as mid-market."),
    click.option("--rep", help="The seller."),
    click.option("--title", help="The call's title; the file's name otherwise."),
    click.option("--company", help="Your own company: chooses the catalogue of rivals."),
    click.option("--held-at", type=click.DateTime(TIMES), help="When it was held; now otherwise."),
    click.option("--deal-value", "deal_value_usd", type=float, help="In US dollars."),
    click.option("--stage", help="Of the deal, such as discovery."),
    click.option("--outcome", help="won or lost; nothing while it is open."),
    click.option("--lead-source", help="Where the lead came from."),
    click.option("--campaign", help="The campaign that brought the lead."),
    click.option("--lead-created-at", type=click.DateTime(TIMES), help="When the lead came in."),
    click.option("--consent", help="How the recording was agreed to."),
    click.option("--language", help="ISO 639-1, such as en."),
    click.option("--seller-channel", type=click.IntRange(0), help="0 is left, 1 is right."),
)


def _with_details(command: Callable[..., int]) -> Callable[..., int]:
    for option in reversed(DETAILS):
        command = option(command)
    return command


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@_with_details
@click.option("--wait", is_flag=True, help="Wait until every call is heard and mined.")
@json_option
def upload(files: tuple[Path, ...], wait: bool, as_json: bool, **details: Any) -> int:
    """Bring recordings to the server. One that is refused does not stop the others.

    Times without a zone are of this machine's zone. The same recording twice is one call.

    \b
    Example:
      earshot upload call.mp3 --account "Acme Foods" --rep "Dana Okafor" --stage discovery
    """
    from api.client import connected

    client = connected(load_settings())
    sent = {key: _in_zone(value) for key, value in details.items()}
    calls = [call for file in files if (call := _upload_one(client, file, sent, as_json))]
    return conclude(client, calls, len(files), wait, as_json)


def conclude(
    client: "Client", calls: list[dict[str, Any]], meant: int, wait: bool, as_json: bool
) -> int:
    """Wait for the calls and print them as JSON, each where it is wished. Returns the exit status:
    0 where as many came as were meant, and none has failed."""
    if wait:
        calls = [wait_for(client, call, as_json) for call in calls]
    if as_json:
        print_json(calls)
    went_well = len(calls) == meant and all(call["state"] != "failed" for call in calls)
    return 0 if went_well else 1


def _in_zone(value: Any) -> Any:
    return value.astimezone().isoformat() if isinstance(value, datetime) else value


def _upload_one(
    client: "Client", file: Path, details: dict[str, Any], quiet: bool
) -> dict[str, Any] | None:
    try:
        with _bar(file, quiet) as sent:
            call = client.upload(file, details, sent)
    except (EarshotError, OSError) as error:
        tell_refused(file, error)
        return None
    if not quiet:
        known = " (was here before)" if call["duplicate"] else ""
        click.echo(f"{file} is call {call['id']}, {clock(call['seconds'])} long{known}")
    return call


@contextmanager
def _bar(file: Path, quiet: bool) -> "Iterator[Sent]":
    """Shows how far a large file is, where somebody looks."""
    from api.pieces import untold

    if quiet or not sys.stderr.isatty() or not file.exists():
        yield untold
        return
    with click.progressbar(length=file.stat().st_size, label=file.name, file=sys.stderr) as bar:
        yield lambda at: bar.update(at - bar.pos)


def tell_refused(file: Path, error: EarshotError | OSError) -> None:
    """Say in a line why a file was not taken, and which."""
    said = str(error) if isinstance(error, EarshotError) else f"{file}: {error.strerror}"
    click.echo(f"earshot: {said if file.name in said else f'{file}: {said}'}", err=True)


def wait_for(client: "Client", call: dict[str, Any], quiet: bool) -> dict[str, Any]:
    """Wait until a call is done or has failed; the call as it is then."""
    while (call := {**call, **client.get(f"calls/{call['id']}")})["state"] not in FINISHED:
        time.sleep(LOOK_EVERY)
    if not quiet:
        click.echo(f"call {call['id']}: {_standing(call)}")
    return call


def _standing(call: dict[str, Any]) -> str:
    return f"failed: {call['failure']}" if call["failure"] else state_words(call)


@click.command()
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True)
@json_option
def calls(limit: int, as_json: bool) -> None:
    """List the calls, the latest first.

    \b
    Example:
      earshot calls --limit 10
    """
    from api.client import connected

    found = list(connected(load_settings()).pages("calls", limit))
    if as_json:
        print_json(found)
        return
    if not found:
        click.echo("No calls yet: bring one with `earshot upload FILE`.")
        return
    rows = [
        (
            str(call["id"]),
            day_and_time(call["held_at"]),
            _length(call),
            call["account"] or "–",
            _standing(call),
            call["title"],
        )
        for call in found
    ]
    print_table(("call", "held", "length", "account", "state", "title"), rows)


@click.command()
@click.argument("call", type=int)
@json_option
def show(call: int, as_json: bool) -> None:
    """Show one call, its insights and transcript.

    \b
    Example:
      earshot show 3
    """
    from api.client import connected

    found = connected(load_settings()).get(f"calls/{call}")
    if as_json:
        print_json(found)
    else:
        _print_call(found)


def _print_call(call: dict[str, Any]) -> None:
    click.echo(f"{call['title']} · {day_and_time(call['held_at'])} · {_length(call)}")
    known = (call["account"], call["rep"], call["stage"], call["company"], _standing(call))
    click.echo(" · ".join(str(fact) for fact in known if fact))
    if call["missing_seconds"] >= 1:
        click.echo(f"{call['missing_seconds']:.0f} seconds could not be decoded.")
    for sentence in (call.get("mining") or {}).get("sentences", ()):
        click.echo(sentence)
    insights = [i for i in call.get("insights") or [] if i["review"] != "rejected"]
    if insights:
        click.echo()
        print_table(("time", "kind", "label", "quote"), [insight_row(i) for i in insights])
    elif call["state"] == "done":
        click.echo("No insights were found.")
    for turn in (call.get("transcript") or {}).get("turns", ()):
        at = "" if turn["start"] is None else f"[{clock(turn['start'])}] "
        click.echo(f"\n{at}{turn['name'] or turn['speaker']}: {turn['text']}")


def _length(call: dict[str, Any]) -> str:
    heard = call["audio_sha256"] or call["recording_gone_at"]
    return clock(call["seconds"]) if heard else "transcript"


def insight_row(insight: dict[str, Any]) -> tuple[str, str, str, str]:
    """An insight as a table's row: time, kind, label, quote."""
    stance = f" ({insight['stance']})" if insight.get("stance") else ""
    label = insight["label"].replace("_", " ") + stance
    return clock(insight["start"]), KIND_WORDS[insight["kind"]], label, f"“{insight['quote']}”"


@click.command()
@click.argument("call", type=int)
def retry(call: int) -> None:
    """Have a failed call tried again.

    \b
    Example:
      earshot retry 3
    """
    from api.client import connected

    again = connected(load_settings()).ask("POST", f"calls/{call}/retry")
    click.echo(f"call {call}: {_standing(again)}")


@click.command()
@click.option("--week", help="An ISO week such as 2026-W07; the latest with calls otherwise.")
@click.option("--html", is_flag=True, help="One HTML file instead of Markdown.")
def digest(week: str | None, html: bool) -> None:
    """Tell what a week of calls brought.

    \b
    Example:
      earshot digest --week 2026-W07 --html > digest.html
    """
    from api.client import connected

    style = "html" if html else "md"
    click.echo(connected(load_settings()).page(f"digest.{style}", week=week).rstrip("\n"))


COMMANDS = (upload, calls, show, retry, digest)
