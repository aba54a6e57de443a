"""`earshot retrain` and `distil` from outside, as far as they come without training."""

import json
from pathlib import Path

import pytest

from api.commands.detectors import _in_use
from ingest.base.db import Connection
from ingest.base.settings import Settings
from insights.insight import Review
from insights.model.reader import HERE, Reader
from insights.queries import insights_of
from insights.retrain.reviewed import held_out
from insights.reviews.queries import review
from insights.reviews.rules import Judgement
from tests.api.test_cli import run
from tests.insights.remining import AddMined
from tests.insights.retrain.test_promote import FIRST, promote_one


@pytest.fixture
def environment(settings: Settings) -> dict[str, str]:
    return {
        "EARSHOT_HOME": str(settings.home),
        "EARSHOT_DATABASE_URL": settings.database_url,
        "EARSHOT_BROKER_URL": settings.broker_url,
    }


def test_with_nothing_reviewed_it_says_what_to_do(environment: dict[str, str]) -> None:
    done = run("retrain", environment=environment)
    assert done.returncode == 1
    assert done.stderr == (
        "earshot: There is nothing to learn from yet: confirm, reject or add insights on your "
        "calls' pages.\n"
    )
    back = run("retrain", "--back-to-shipped", environment=environment)
    assert (back.returncode, back.stdout) == (0, "Earshot's own reader is in use already.\n")


def test_with_too_few_reviews_it_says_how_many(
    conn: Connection, mined: AddMined, reviewer: int, environment: dict[str, str]
) -> None:
    calls = [mined() for _ in range(12)]
    for call in calls:
        review(conn, insights_of(conn, call.id)[0].id, Judgement(Review.CONFIRMED), reviewer)
    conn.commit()
    held = sum(held_out(call.id) for call in calls)
    done = run("retrain", environment=environment)
    assert done.returncode == 1
    assert f"{12 - held} calls to learn from, {held} call" in done.stderr
    assert f"earshot: Too few reviews to judge a new reader by (objection {held}," in done.stderr


def test_what_an_llm_would_be_asked_is_written_down(
    mined: AddMined, environment: dict[str, str], tmp_path: Path
) -> None:
    ids = [mined().id for _ in range(8)]
    out = tmp_path / "asked.jsonl"
    done = run("distil", "--limit", "3", "--llm-requests-out", out, environment=environment)
    assert done.returncode == 0, done.stderr
    asked = [json.loads(line)["id"] for line in out.read_text().splitlines()]
    free = [n for n in sorted(ids, reverse=True) if not held_out(n)]
    assert asked == [f"call-{n}/0" for n in free[:3]]


def test_without_calls_or_an_llm_it_says_so(mined: AddMined, environment: dict[str, str]) -> None:
    assert "no mined calls" in run("distil", environment=environment).stderr
    mined()
    done = run("distil", "--company", "Acme", environment=environment)
    assert "set EARSHOT_LLM_URL and EARSHOT_LLM_MODEL" in done.stderr
    both = run("distil", "--llm-requests-out", "a", "--llm-answers", "b", environment=environment)
    assert both.returncode == 2


def test_the_reader_in_use_is_named(settings: Settings) -> None:
    shipped = Reader.load(HERE).version
    assert _in_use(settings.home) == f"In use: reader {shipped}, as it came with Earshot."
    promote_one(settings.home, FIRST)
    assert _in_use(settings.home) == f"In use: reader {FIRST}, retrained here."
    (settings.home / "model" / FIRST / "reader.onnx.gz").unlink()
    assert "--back-to-shipped" in _in_use(settings.home)
