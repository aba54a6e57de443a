"""The benchmark itself: fill, serve, ask, and say how long it took."""

import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx

from api.auth import create_token, create_user
from api.bench import invented, queries
from api.bench.asking import Asker, Question
from api.bench.meanings import queries as meanings
from api.serving import api_alone
from api.users import Role
from ingest.base import db
from ingest.base.errors import EarshotError
from ingest.base.services import embedded
from ingest.base.settings import Settings
from insights.rollups.queries import rollup_differences

SMALL = 10_000
"""Calls that the full number is held against."""

REQUESTS = 60
"""Of each question: the three slowest are beyond p95."""

WARM_UP = 8
"""Requests before those: a connection has its statements prepared after five."""

UNLIMITED = 1_000_000
"""Requests a minute."""

Tell = Callable[[str], None]


class NotAnswered(EarshotError):
    """The API did not answer well."""


@dataclass(frozen=True, slots=True)
class Timed:
    """How long the answers to one question took, in milliseconds."""

    question: Question
    p50: float
    p95: float

    @property
    def in_time(self) -> bool:
        """Whether its target is met; also where it has none."""
        return self.question.target is None or self.p95 < self.question.target


@dataclass(frozen=True, slots=True)
class Filled:
    """A database as it was measured."""

    calls: int
    turns: int
    insights: int
    seconds: float  # to fill it, indexes and roll-ups included
    megabytes: float
    differences: int  # of the roll-ups to what is counted afresh
    meanings: int  # turns with a vector


@dataclass(frozen=True, slots=True)
class Run:
    """One size."""

    filled: Filled
    timed: tuple[Timed, ...]


def bench(settings: Settings, sizes: Sequence[int], requests: int, tell: Tell) -> Iterator[Run]:
    """Fill a database of its own with each number of calls, and measure."""
    today = datetime.now(UTC)
    with embedded(settings) as servers, TemporaryDirectory(prefix="earshot-bench-") as home:
        for calls in sizes:
            with queries.own_database(servers.database_url) as url:
                known = invented.world(calls)
                filled = fill(url, known, calls, today)
                tell(_told(filled))
                # A home of its own: the API tidies up there what its database does not know.
                own = servers.model_copy(
                    update={
                        "home": Path(home),
                        "database_url": url,
                        "audio_url": "",
                        "requests_a_minute": UNLIMITED,
                    }
                )
                with _client(own) as client:
                    yield Run(filled, tuple(_ask(url, known, client, requests, today, tell)))


def fill(url: str, known: invented.World, calls: int, today: datetime) -> Filled:
    """Fill the database at `url`, and check what was derived."""
    began = time.perf_counter()
    with db.connect(url) as conn:
        queries.fill(conn, known, invented.calls(known, calls, today))
        conn.commit()
        seconds = time.perf_counter() - began
        meant = meanings.fill(conn)
        conn.commit()
        began = time.perf_counter()
        queries.settle(conn)
        seconds += time.perf_counter() - began
        turns, insights = queries.counts(conn)
        return Filled(
            calls,
            turns,
            insights,
            seconds,
            queries.size(conn) / 1e6,
            len(rollup_differences(conn)),
            meant,
        )


@contextmanager
def _client(settings: Settings) -> Iterator[httpx.Client]:
    """A client with an admin's token, of an API in a process of its own."""
    with db.connect(settings.database_url) as conn:
        secret, _ = create_token(conn, create_user(conn, "Asker", Role.ADMIN), "bench")
    headers = {"Authorization": f"Bearer {secret}"}
    with (
        api_alone(settings) as url,
        httpx.Client(base_url=url, headers=headers, timeout=120, trust_env=False) as client,
    ):
        yield client


def _ask(
    url: str,
    known: invented.World,
    client: httpx.Client,
    requests: int,
    today: datetime,
    tell: Tell,
) -> Iterator[Timed]:
    with db.connect(url) as conn:
        sampled = queries.sample(conn)
        by_meaning = not db.without_vectors(conn)
    dice = random.Random(invented.SEED)  # noqa: S311 - no secret
    asker = Asker(known, sampled, dice, today.date(), by_meaning)
    for question in asker.questions():
        timed = time_answers(client, question, requests)
        tell(f"{question.name}: p50 {timed.p50:.0f} ms, p95 {timed.p95:.0f} ms")
        yield timed


def time_answers(client: httpx.Client, question: Question, requests: int) -> Timed:
    """Ask so often, after a warm-up. Raises NotAnswered."""
    took = []
    for _ in range(WARM_UP + requests):
        path = question.path()
        began = time.perf_counter()
        answer = client.get(path)
        took.append(1000 * (time.perf_counter() - began))
        if answer.status_code != httpx.codes.OK:
            raise NotAnswered(f"{path} was answered {answer.status_code}: {answer.text[:300]}")
    percentiles = statistics.quantiles(took[WARM_UP:], n=100, method="inclusive")
    return Timed(question, percentiles[49], percentiles[94])


def _told(filled: Filled) -> str:
    return (
        f"{filled.calls:,} calls, {filled.insights:,} insights and {filled.turns:,} turns in"
        f" {filled.seconds:.0f} s ({filled.calls / filled.seconds:,.0f} calls a second),"
        f" {filled.megabytes:,.0f} MB; the roll-ups differ in {filled.differences} rows;"
        f" {filled.meanings:,} turns have a vector of their meaning."
    )
