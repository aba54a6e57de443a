"""How fast search is over HTTP: `python -m tests.bench.search 200000`.

Fills a database of its own with so many turns, thirty a call, in words as frequent as those of a
language (Zipf's law), and prints the percentiles of searches for rare and common words.
"""

import random
import statistics
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from api.auth import create_token, create_user
from api.users import Role
from ingest.base import db
from ingest.base.services import embedded
from ingest.base.settings import Settings
from ingest.parties import company_named
from tests.api.running import Api, serve

TURNS_A_CALL = 30
WORDS_A_TURN = 16
VOCABULARY = 40_000
SEARCHES = 200
START = datetime(2024, 1, 1, tzinfo=UTC)


def fill(conn: db.Connection, turns: int) -> None:
    """Calls an hour apart by COPY, their words drawn by their rank."""
    dice = random.Random(1)
    company = company_named(conn, "Bench")
    calls = range(1, turns // TURNS_A_CALL + 1)
    copied(
        conn,
        "call (company_id, title, filename, held_at, state)",
        ((company, f"Call {n}", "", START + timedelta(hours=n), "done") for n in calls),
    )
    first = conn.execute("select min(id) from call").fetchone()
    assert first
    ids = [first[0] + n for n in range(len(calls))]
    copied(
        conn,
        "transcript (call_id, engine, model, seconds)",
        ((each, "bench", "bench", 300.0) for each in ids),
    )
    names = [f"word{n}" for n in range(VOCABULARY)]
    weights = [1 / (n + 2) for n in range(VOCABULARY)]
    columns = "turn (call_id, position, speaker, start_s, end_s, text, words, word_starts,"
    columns += " word_ends, word_probabilities)"

    def said() -> Iterator[tuple[object, ...]]:
        for call in ids:
            drawn = dice.choices(names, weights, k=TURNS_A_CALL * WORDS_A_TURN)
            for n in range(TURNS_A_CALL):
                words = drawn[n * WORDS_A_TURN : (n + 1) * WORDS_A_TURN]
                times = [float(10 * n + at / 2) for at in range(WORDS_A_TURN)]
                sure = [1.0] * WORDS_A_TURN
                place = (call, n, ("buyer", "seller")[n % 2], times[0], times[-1])
                yield (*place, " ".join(words), words, times, times, sure)

    copied(conn, columns, said())
    conn.commit()
    conn.autocommit = True
    conn.execute("vacuum analyze")


def copied(conn: db.Connection, into: str, rows: Iterator[tuple[object, ...]]) -> None:
    """Rows into a table and its columns."""
    with conn.cursor() as cursor, cursor.copy(f"copy {into} from stdin".encode()) as copy:
        for row in rows:
            copy.write_row(row)


def measure(api: Api, name: str, asked: list[str]) -> None:
    """Print the percentiles of these searches, each asked once, after a few to warm up."""
    client = api.as_(Role.MARKETING)
    took, calls = [], 0
    for number, words in enumerate(asked[:5] + asked):
        began = time.perf_counter()
        answer = client.get("/v1/search", params={"q": words})
        seconds = time.perf_counter() - began
        assert answer.status_code == 200, answer.text
        if number >= 5:
            took.append(1000 * seconds)
            calls += len(answer.json()["items"])
    p = statistics.quantiles(took, n=100)
    print(f"{name:<34} p50 {p[49]:7.1f} ms   p95 {p[94]:7.1f} ms   {calls / len(asked):.1f} calls")  # noqa: T201


def main(turns: int) -> None:
    dice = random.Random(2)
    with TemporaryDirectory() as home, embedded(Settings(home=Path(home))) as settings:
        with db.connect(settings.database_url) as conn:
            db.migrate(conn)
            conn.commit()
            began = time.perf_counter()
            fill(conn, turns)
            print(f"{turns:,} turns in {time.perf_counter() - began:.0f} s")  # noqa: T201
            secrets = {
                Role.MARKETING: create_token(conn, create_user(conn, "b", Role.MARKETING), "b")[0]
            }
        rare, middle, common = range(20_000, VOCABULARY), range(200, 2000), range(20)
        with serve(settings, secrets) as api:
            for name, ranks in [("rare", rare), ("middling", middle), ("common", common)]:
                measure(api, f"{name} word", [f"word{dice.choice(ranks)}" for _ in range(SEARCHES)])
            measure(
                api,
                "two common words",
                [f"word{dice.choice(common)} word{dice.choice(common)}" for _ in range(SEARCHES)],
            )
            measure(
                api,
                "phrase of common words",
                [f'"word{dice.choice(common)} word{dice.choice(common)}"' for _ in range(SEARCHES)],
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)
