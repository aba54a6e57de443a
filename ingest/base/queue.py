"""The bell: Celery over RabbitMQ, Redis or Valkey. Only a call's id travels on it, if anything.

PostgreSQL is the truth. A message lost, doubled or late changes nothing: the sweep rings again.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Protocol

from celery import Celery
from celery.signals import after_task_publish, heartbeat_sent
from kombu.entity import Exchange, Queue
from kombu.exceptions import KombuError

from ingest.base.errors import BadSetup, Unavailable
from ingest.base.settings import Settings, settings

HEAR = "transcribe.hear"
MINE = "insights.mine"
REMINE = "insights.remine"
MEAN = "insights.mean"
SWEEP = "ingest.sweep"
SEND = "webhooks.send"
DIGESTS = "api.digests"
RETAIN = "insights.retain"

HEARING, MINING, UPKEEP, SENDING = "hearing", "mining", "upkeep", "sending"
QUEUE_OF = {
    HEAR: HEARING,
    MINE: MINING,
    REMINE: MINING,
    MEAN: MINING,
    SWEEP: UPKEEP,
    DIGESTS: UPKEEP,
    RETAIN: UPKEEP,
    SEND: SENDING,
}

SCHEMES = ("amqp", "amqps", "redis", "rediss", "redis+socket")

ALIVE = "alive"

EXCHANGE = Exchange("earshot", type="direct")  # type: ignore[no-untyped-call]

RING_SECONDS = 2.0
"""Longest wait for the broker: a caller must not hang on a bell that is rung again anyway."""

SOFT_SHUTDOWN_SECONDS = 20.0
"""How long a worker told to end may go on with its call; a call not done by then is done again."""

LONGEST_TASK_SECONDS = 12 * 3600
"""After this long without an acknowledgement a broker gives a message to another worker (its own
default is half an hour on RabbitMQ, one hour on Redis). Longer than any hearing; a dead worker is
found by its lease, within a minute."""

_RING_OPTIONS = {  # by the transport's type
    "redis": {"socket_timeout": RING_SECONDS, "socket_connect_timeout": RING_SECONDS},
    "amqp": {
        "confirm_publish": True,  # a ring counts once RabbitMQ has it
        "read_timeout": RING_SECONDS,
        "write_timeout": RING_SECONDS,
    },
}


class Bell(Protocol):
    """Rings a task, for a call's id where it is about one."""

    def __call__(self, task: str, *call_ids: int) -> None: ...


def configuration(settings: Settings) -> dict[str, Any]:
    """Celery's configuration: late acknowledgement, nothing fetched ahead, no results kept."""
    if settings.broker_url.partition("://")[0] not in SCHEMES:
        raise BadSetup(
            "EARSHOT_BROKER_URL has to name RabbitMQ (amqp://user:password@host) or Redis or "
            "Valkey (redis://host)."
        )
    limit = {"x-consumer-timeout": LONGEST_TASK_SECONDS * 1000}  # RabbitMQ's; others ignore it
    return {
        "broker_url": settings.broker_url,
        "broker_connection_timeout": RING_SECONDS,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,  # a worker waits for its broker for ever
        "broker_transport_options": {"visibility_timeout": LONGEST_TASK_SECONDS},
        "task_acks_late": True,
        "task_reject_on_worker_lost": True,
        "task_ignore_result": True,
        "task_serializer": "json",
        "accept_content": ["json"],
        "task_queues": [
            Queue(name, EXCHANGE, routing_key=name, queue_arguments=limit)  # type: ignore[no-untyped-call]
            for name in QUEUE_OF.values()
        ],
        "task_routes": {task: {"queue": queue} for task, queue in QUEUE_OF.items()},
        "task_default_queue": UPKEEP,
        "task_default_exchange": EXCHANGE.name,
        "task_default_routing_key": UPKEEP,
        "task_create_missing_queues": False,
        "worker_prefetch_multiplier": 1,
        "worker_soft_shutdown_timeout": SOFT_SHUTDOWN_SECONDS,
        "worker_cancel_long_running_tasks_on_connection_loss": False,  # the lease is what counts
        "worker_enable_remote_control": False,  # nobody steers a worker through the broker
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
        "beat_schedule": {
            task: {
                "task": task,
                "schedule": settings.sweep_seconds,
                "options": {"expires": settings.sweep_seconds},  # late ones must not pile up
            }
            for task in (SWEEP, REMINE, MEAN, SEND, DIGESTS, RETAIN)
        },
        "beat_scheduler": "celery.beat:Scheduler",  # in memory: the sweep needs no past, no file
    }


class _Earshot(Celery):  # type: ignore[misc]  # celery has no types
    """Reads the settings at first use, so that importing a task needs none."""

    settings: Settings | None = None

    def on_configure(self) -> None:
        self.loader.config_from_object(configuration(self.settings or settings()))


app = _Earshot("earshot")


def use(settings: Settings) -> None:
    """Ring through the broker of `settings`, where they are not the environment's."""
    app.settings = settings
    if app.configured:
        app.conf.update(configuration(settings))


@heartbeat_sent.connect  # type: ignore[untyped-decorator]
@after_task_publish.connect  # type: ignore[untyped-decorator]
def _sign_of_life(**_: Any) -> None:
    """Touch `<home>/alive`: a worker does with each heartbeat, the clock with each ring, both only
    while the broker answers. A container's health check looks how old the file is."""
    with suppress(OSError):
        ((app.settings or settings()).home / ALIVE).touch()


@contextmanager
def bell() -> Iterator[Bell]:
    """Yield what rings tasks over one connection; a ring returns when the broker has taken it.

    Raises Unavailable, within seconds, where the broker is away.
    """
    connection = app.connection_for_write()
    connection.transport_options = {
        **connection.transport_options,
        **_RING_OPTIONS.get(connection.transport.driver_type, {}),
    }

    def ring_one(task: str, *call_ids: int) -> None:
        app.send_task(task, args=call_ids, connection=connection, retry=False)

    try:
        with connection:
            connection.ensure_connection(max_retries=1, timeout=RING_SECONDS)
            yield ring_one
    except (
        KombuError,
        OSError,
        *connection.connection_errors,
        *connection.channel_errors,
    ) as error:
        raise Unavailable(
            "The broker is away: what is queued is kept, and rung again when it is back."
        ) from error


def ring(task: str, *call_ids: int) -> None:
    """Send one message. Raises Unavailable, within seconds, where the broker is away."""
    with bell() as ring_one:
        ring_one(task, *call_ids)
