"""`earshot demo`: the sample calls through everything, with what was heard as a table."""

import contextlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from api.commands import imports
from api.commands.calls import FINISHED, LOOK_EVERY, insight_row, wait_for
from api.commands.common import SAMPLES, clock, count, load_settings, print_table
from api.commands.progress import display
from api.commands.server import mind_signals, until_stopped, wait_for_ever
from ingest.base.errors import BadMetadata, NotFound

if TYPE_CHECKING:
    from api.client import Client
    from api.local import Server
    from ingest.base.settings import Settings

SPEAKERS = {"seller": "seller", "buyer": "buyer", "unknown": "–"}


@click.command()
@click.option("--once", is_flag=True, help="End after the table; 0 only if every call was heard.")
@click.option(
    "--samples",
    "folder",
    type=click.Path(path_type=Path),
    default=SAMPLES,
    help="A folder made like samples/, with your own recordings.",
)
def demo(once: bool, folder: Path) -> int:
    """Put the sample calls through everything.

    Shows what was heard, then brings the transcripts of the samples' folder `history`, if there is
    one. Starts what `up` starts, unless that runs already, and serves until Ctrl-C. A second run
    brings nothing twice.

    \b
    Example:
      earshot demo --once
    """
    from api.serving import login_link

    started = time.monotonic()
    samples = read_samples(folder)
    settings = load_settings()
    mind_signals()
    with contextlib.nullcontext() if once else until_stopped(), _server(settings) as server:
        went_well = _play(samples, server, started)
        if once:
            return 0 if went_well else 1
        click.echo(f"Pages: {server.url}, until Ctrl-C")
        click.echo(f"Log in: {login_link(settings, server.url)}")
        wait_for_ever()
    return 0


@contextlib.contextmanager
def _server(settings: "Settings") -> Iterator["Server"]:
    """The server that runs here already, or one of our own for as long as the block lasts."""
    from api.local import is_running, known_server
    from api.serving import running

    known = known_server(settings.home) if is_running(settings.home) else None
    if known is not None:
        click.echo(f"Using the Earshot that runs at {known.url}.")
        yield known
        return
    click.echo("Starting Earshot …")
    with running(settings, other_port=True) as server:
        yield server


@dataclass(frozen=True, slots=True)
class Samples:
    """A folder of recordings with what is known of them."""

    companies: list[dict[str, Any]]  # with their rivals, as the label format has them
    calls: list[tuple[Path, dict[str, Any]]]  # in the order in which they are brought
    history: list[Path]  # transcripts of earlier calls


def read_samples(folder: Path) -> Samples:
    """Read `samples.json`. Raises NotFound or BadMetadata naming what is wrong."""
    file = folder / "samples.json"
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
        calls = [(folder / call["file"], _without(call, "file")) for call in said["calls"]]
        companies = list(said.get("companies", ()))
    except FileNotFoundError:
        raise NotFound(f"{file}: no such file; samples/README.md says what it holds.") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadMetadata(f"{file}: is not as samples/README.md says ({error}).") from None
    for recording, _ in calls:
        if not recording.is_file():
            raise NotFound(f"{recording}: no such file, though {file} names it.")
    return Samples(companies, calls, imports.in_folder(folder / "history"))


def _without(call: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in call.items() if name != key}


def _play(samples: Samples, server: "Server", started: float) -> bool:
    """Bring the calls, watch them, tell what was heard; whether all of them are done.

    The history comes when the recordings are heard: its mining would take from their hearing,
    which is what is shown and timed.
    """
    from api.client import Client
    from api.commands.competitors import put_catalogue

    client = Client(server.url, server.token)
    for company in samples.companies:
        put_catalogue(client, company)
    calls = [client.upload(file, details) for file, details in samples.calls]
    known = sum(call["duplicate"] for call in calls)
    click.echo(
        f"{count(len(calls), 'call')} brought"
        + (f", {known} of them known from before." if known else ".")
    )
    finished = _watch(client, [call["id"] for call in calls], known, started)
    _tell(finished)
    click.echo(f"\n{_summary(finished, started)}")
    brought = _bring_history(client, samples.history, started)
    return brought and all(call["state"] == "done" for call in finished)


def _bring_history(client: "Client", files: list[Path], started: float) -> bool:
    """Bring the transcripts and wait until they are mined; whether all of them are."""
    if not files:
        return True
    click.echo(f"Bringing {count(len(files), 'earlier call')} as transcripts …")
    calls = [wait_for(client, call, True) for call in imports.bring(client, files, quiet=True)]
    known = sum(call["duplicate"] for call in calls)
    done: int = sum(call["state"] == "done" for call in calls)
    click.echo(
        f"And {done} of {count(len(files), 'call')} brought as transcripts"
        + (f", {known} of them known from before" if known else "")
        + f", mined {time.monotonic() - started:.0f} seconds after the start."
    )
    return done == len(files)


def _summary(calls: list[dict[str, Any]], started: float) -> str:
    heard = [call for call in calls if call["state"] == "done"]
    sound = clock(sum(call["seconds"] for call in heard))
    return (
        f"{len(heard)} of {count(len(calls), 'call')} heard, {sound} of sound, "
        f"{time.monotonic() - started:.0f} seconds after the start."
    )


def _watch(client: "Client", ids: list[int], known: int, started: float) -> list[dict[str, Any]]:
    """Show the calls' progress until all are finished; return them in the order of `ids`."""
    calls: dict[int, dict[str, Any]] = {}
    first_told = known == len(ids)  # found in an earlier run: no news
    with display() as shown:
        while True:
            for number in ids:
                if calls.get(number, {}).get("state") not in FINISHED:
                    calls[number] = client.get(f"calls/{number}")
                    shown.show(calls[number])
            done = [call for call in calls.values() if call["state"] == "done"]
            if not first_told and any(call["insights"] for call in done):
                first_told = True
                shown.say(f"First insights {time.monotonic() - started:.0f} s after the start.")
            if all(call["state"] in FINISHED for call in calls.values()):
                return [calls[number] for number in ids]
            time.sleep(LOOK_EVERY)


def _tell(calls: list[dict[str, Any]]) -> None:
    """Print what was heard, each call's insights in the order in which they were said."""
    rows = []
    for call in calls:
        if call["state"] == "failed":
            click.echo(f"earshot: {call['filename']}: {call['failure']}", err=True)
        for insight in call["insights"]:
            time_, kind, label, quote = insight_row(insight)
            rows.append((call["title"], time_, SPEAKERS[insight["speaker"]], kind, label, quote))
    if not rows:
        return
    click.echo()
    print_table(("call", "time", "speaker", "kind", "label", "quote"), rows)


COMMANDS = (demo,)
