"""`earshot up`, and how a command that serves comes to its end."""

import contextlib
import signal
import time
from collections.abc import Iterator
from types import FrameType

import click

from api.commands.common import load_settings
from ingest.base.errors import BadSetup


@contextlib.contextmanager
def until_stopped() -> Iterator[None]:
    """Leave the block quietly at Ctrl-C or SIGTERM."""
    mind_signals()
    with contextlib.suppress(KeyboardInterrupt):
        yield


def mind_signals() -> None:
    """Have SIGTERM end this process as Ctrl-C does; while it ends, another one changes nothing."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def wait_for_ever() -> None:
    """Wait until a signal raises KeyboardInterrupt."""
    while True:
        time.sleep(3600)


@click.command()
@click.option("--host", help="Address to listen on; EARSHOT_HOST otherwise.")
@click.option("--port", type=click.IntRange(0, 65535), help="0 takes a free one.")
def up(host: str | None, port: int | None) -> None:
    """Start everything; Ctrl-C ends it all.

    Where EARSHOT_DATABASE_URL, EARSHOT_BROKER_URL or EARSHOT_AUDIO_URL is set, that server is
    used, else one of our own under EARSHOT_HOME.

    \b
    Example:
      earshot up --port 9000
    """
    from api.serving import login_link, running

    settings = load_settings(host=host, port=port)
    with until_stopped(), running(settings) as server:
        click.echo(f"Earshot runs at {server.url} · data and logs in {settings.home}")
        try:
            click.echo(f"Log in: {login_link(settings, server.url)}")
        except BadSetup:  # the owner is disabled, and others log in
            click.echo(f"Log in: {server.url}/login")
        click.echo("Ctrl-C ends it.")
        wait_for_ever()
    click.echo("Earshot has ended.")


COMMANDS = (up,)
