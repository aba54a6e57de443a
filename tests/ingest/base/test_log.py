"""One line an event, JSON where nobody watches."""

import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from ingest.base import log
from ingest.base.settings import Settings


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_an_event_is_a_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    log.set_up(Settings())
    log.get_logger("ingest.test").info("heard", call=17, seconds=301.5)
    logging.getLogger("some.library").warning("odd: %s", "thing")
    ours, theirs = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (ours["event"], ours["call"], ours["level"]) == ("heard", 17, "info")
    assert ours["logger"] == "ingest.test"
    assert ours["timestamp"].endswith("Z")
    assert theirs["event"] == "odd: thing"


def test_an_error_carries_where_it_happened_but_no_local_values(
    capsys: pytest.CaptureFixture[str],
) -> None:
    log.set_up(Settings())
    said = "what the buyer said"
    try:
        int(said[:0])
    except ValueError:
        log.get_logger("ingest.test").exception("failed", call=17)
    [line] = capsys.readouterr().err.splitlines()
    assert "test_an_error" in line
    assert said not in line


def test_the_level_is_the_settings(capsys: pytest.CaptureFixture[str]) -> None:
    log.set_up(Settings(log_level="warning"))
    log.get_logger("ingest.test").info("not worth a word")
    logging.getLogger("some.library").info("nor this")
    assert capsys.readouterr().err == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no disk is always full here")
def test_work_goes_on_where_the_log_is_full() -> None:
    program = (
        "from ingest.base import log; from ingest.base.settings import Settings\n"
        "log.set_up(Settings())\n"
        "log.get_logger('x').warning('heard', call=1)\n"
        "print('went on', flush=True)"
    )
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=full, check=False
        )
    assert done.stdout == b"went on\n"
