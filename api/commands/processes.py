"""Commands that run one of Earshot's processes: `up` starts them, and so may you."""

import gc
import importlib
import os
import socket
from typing import TYPE_CHECKING

import click

from api.commands.common import load_settings
from api.commands.server import until_stopped

if TYPE_CHECKING:
    from fastapi import FastAPI

    from ingest.base.settings import Settings

QUEUES = {  # what each worker serves: modules of tasks, with the queue that they come by
    "hearing": {"transcribe.tasks": "hearing"},
    "mining": {"insights.tasks": "mining", "ingest.tasks": "upkeep", "api.tasks": "upkeep"},
    "sending": {"ingest.webhooks.tasks": "sending"},  # apart: a receiver may take its time
}


@click.command()
@click.option("--host", help="Address to listen on; EARSHOT_HOST otherwise.")
@click.option("--port", type=click.IntRange(1, 65535), help="EARSHOT_PORT otherwise.")
@click.option("--fd", type=int, help="Listen on a socket that `up` has opened already.")
def api(host: str | None, port: int | None, fd: int | None) -> None:
    """Serve the pages and the API only.

    \b
    Example:
      EARSHOT_DATABASE_URL=postgresql://db/earshot EARSHOT_BROKER_URL=amqp://mq earshot api
    """
    from api.app import create_app
    from api.supervisor import die_with_parent
    from ingest.base.services import embedded

    die_with_parent(politely=True)
    _log_in_place()
    # uvicorn ends with the signal that ended it, which here must still put the servers away.
    with until_stopped(), embedded(load_settings(host=host, port=port)) as settings:
        _serve(create_app(settings), settings, fd)


def _serve(app: "FastAPI", settings: "Settings", fd: int | None) -> None:
    import uvicorn

    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
    )
    sockets = None if fd is None else [socket.socket(fileno=fd)]
    # What is loaded by now stays: answers with thousands of parts had all of it looked through for
    # garbage, again and again, which took longer than making them.
    gc.collect()
    gc.freeze()
    uvicorn.Server(config).run(sockets=sockets)


@click.command()
@click.argument("queue", type=click.Choice(list(QUEUES)))
@click.option("--grace", type=click.FloatRange(0), help="Seconds to go on after SIGQUIT.")
def worker(queue: str, grace: float | None) -> None:
    """Run one worker, that hears, that mines or that sends webhooks.

    The mining worker also looks after forgotten calls and sends digests. SIGTERM lets a worker
    finish the call in hand; SIGQUIT makes it give the call back, after some seconds' grace.

    \b
    Example:
      EARSHOT_DATABASE_URL=postgresql://db/earshot EARSHOT_BROKER_URL=amqp://mq \\
        earshot worker hearing
    """
    from api.supervisor import die_with_parent
    from ingest.base.queue import app

    die_with_parent()
    settings = _log_in_place()
    for tasks in QUEUES[queue]:
        importlib.import_module(tasks)
    if grace is not None:
        app.conf.worker_soft_shutdown_timeout = grace
    # One process at a time, forked before any model is loaded: the parent keeps the broker's
    # heartbeat, and outlives a child that dies.
    app.worker_main(
        [
            "worker",
            f"--queues={','.join(dict.fromkeys(QUEUES[queue].values()))}",
            "--pool=prefork",
            "--concurrency=1",
            "--without-gossip",
            "--without-mingle",
            f"--hostname={queue}-{os.getpid()}@{socket.gethostname()}",
            f"--loglevel={settings.log_level}",
        ]
    )


def _log_in_place() -> "Settings":
    """The settings, with this process's log set up as they say."""
    from ingest.base import log

    settings = load_settings()
    log.set_up(settings)
    return settings


@click.command()
def beat() -> None:
    """Run the clock that rings forgotten calls.

    \b
    Example:
      EARSHOT_BROKER_URL=amqp://mq earshot beat
    """
    from api.supervisor import die_with_parent
    from ingest.base.queue import app

    die_with_parent()
    app.start(["beat", "--pidfile=", f"--loglevel={_log_in_place().log_level}"])


COMMANDS = (api, worker, beat)
