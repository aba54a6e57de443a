"""The command line from outside: help, exit codes, errors in one plain line."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
import numpy as np
import pytest

from api.cli import earshot
from api.users import Role
from ingest.audio import blocks
from ingest.base import db
from insights.insight import MiningNote
from insights.queries import note_mining
from tests.api.running import Api
from tests.api.test_calls import hear
from tests.sounds import wav

SAMPLES = Path(__file__).parents[2] / "samples"
CALLS = SAMPLES / "calls"
HEAVY = ("faster_whisper", "ctranslate2", "spacy", "onnxruntime", "fastapi", "celery", "psycopg")


def run(
    *arguments: str | Path, environment: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-P", "-m", "api.cli", *map(str, arguments)],
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        yield (*path, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


@pytest.mark.parametrize("command", list(commands(earshot)), ids=" ".join)
def test_every_command_shows_an_example_of_itself(command: tuple[str, ...]) -> None:
    found: click.Command = earshot
    for name in command:
        assert isinstance(found, click.Group)
        found = found.commands[name]
    said = found.get_help(click.Context(found))
    assert "Example:" in said
    assert f"earshot {' '.join(command)}" in said.split("Example:")[1]


def test_help_is_fast_and_imports_no_model() -> None:
    code = (
        "import sys; sys.argv = ['earshot', '-h']; import api.cli\n"
        "try: api.cli.main()\n"
        f"finally: print([m for m in {HEAVY} if m in sys.modules])"
    )
    times = []
    for _ in range(3):  # the best of three: the machine may be busy
        started = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        )
        times.append(time.monotonic() - started)
    assert done.stdout.endswith("[]\n")
    assert min(times) < 1


@pytest.mark.parametrize(
    "arguments", [["no-such"], ["show"], ["show", "x"], ["up", "--port", "-1"]]
)
def test_misuse_exits_2_and_says_how_to_use_it(arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert "Usage: earshot" in done.stderr


@pytest.mark.parametrize("when", ["2026-11-03", "2026-11-03T10:30", "2026-11-03 10:30:15"])
def test_a_time_is_taken_as_people_write_it(tmp_path: Path, when: str) -> None:
    """The README's example among them."""
    done = run("upload", "call.mp3", "--held-at", when, environment={"EARSHOT_HOME": str(tmp_path)})
    assert "No server is known" in done.stderr


def test_a_bad_setting_is_one_plain_line(tmp_path: Path) -> None:
    done = run("calls", environment={"EARSHOT_PORT": "many", "EARSHOT_HOME": str(tmp_path)})
    assert done.returncode == 1
    assert done.stderr.startswith("earshot: EARSHOT_PORT is not right")
    assert done.stderr.count("\n") == 1


def test_without_a_server_it_says_how_to_start_one(tmp_path: Path) -> None:
    done = run("calls", environment={"EARSHOT_HOME": str(tmp_path)})
    assert (done.returncode, done.stdout) == (1, "")
    assert "earshot up" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_server_that_does_not_answer_is_named(tmp_path: Path) -> None:
    nowhere = {"EARSHOT_HOME": str(tmp_path), "EARSHOT_URL": "http://127.0.0.1:9"}
    done = run("calls", environment=nowhere)
    assert done.returncode == 1
    assert "No server answers at http://127.0.0.1:9" in done.stderr


def test_mine_prints_one_object_a_line_and_goes_on_after_a_broken_file(tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text('{"turns": 3}')
    first, second = CALLS / "plumbline-07.json", CALLS / "quillstep-01.json"
    done = run("mine", first, broken, tmp_path / "missing.json", second)
    assert done.returncode == 1
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == ["earshot", "earshot"]
    assert "broken.json" in done.stderr
    assert "missing.json" in done.stderr
    objects = [json.loads(line) for line in done.stdout.splitlines()]
    assert [found["id"] for found in objects] == ["plumbline-07", "quillstep-01"]
    for found, file in zip(objects, (first, second), strict=True):
        turns = json.loads(file.read_text())["turns"]
        assert found["insights"]
        for insight in found["insights"]:
            assert insight["quote"] in turns[insight["turn"]]["text"]
            named = {
                "objection": {"category"},
                "competitor": {"name", "stance"},
                "feature_request": {"theme"},
            }[insight["kind"]]
            assert named < insight.keys()


def test_mine_does_not_look_at_the_labels(tmp_path: Path) -> None:
    call = json.loads((CALLS / "plumbline-07.json").read_text())
    labelled = run("mine", CALLS / "plumbline-07.json").stdout
    (tmp_path / "plumbline-07.json").write_text(json.dumps({**call, "insights": "nonsense"}))
    assert '"quote"' in labelled
    assert run("mine", tmp_path / "plumbline-07.json").stdout == labelled


def test_evaluate_insights_gives_each_kind_with_its_interval() -> None:
    done = run("evaluate", "insights", CALLS, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert report["calls"] == 6
    assert set(report["kinds"]) == {"objection", "competitor", "feature_request"}
    for figures in report["kinds"].values():
        assert figures["f1"]["low"] <= figures["f1"]["value"] <= figures["f1"]["high"]
        assert figures["hits"] <= figures["true"]


def test_bench_mine_says_how_long_a_thousand_hours_take() -> None:
    done = run("bench", "mine")
    assert (done.returncode, done.stderr) == (0, "")
    speed, forecast = done.stdout.splitlines()
    assert re.fullmatch(
        r"\d+ turns a second a core: \d+ turns of 6 calls in [\d.]+ s of CPU time"
        r" \([\d.]+ s by the clock\)\.",
        speed,
    )
    assert re.fullmatch(
        r"A thousand hours of calls take one core [\d.]+ (minutes|hours),"
        r" at \d+ turns an hour as in the samples\.",
        forecast,
    )
    figures = json.loads(run("bench", "mine", CALLS, "--json").stdout)
    assert figures["turns_a_second_a_core"] == figures["turns"] / figures["cpu_seconds"]
    nothing = run("bench", "mine", CALLS / "none")
    assert (nothing.returncode, nothing.stderr.count("\n")) == (1, 1)


def test_a_reader_that_leaves_early_is_no_error(tmp_path: Path) -> None:
    command = f'"{sys.executable}" -P -m api.cli evaluate insights "{CALLS}" | true'
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, check=False)
    assert done.stderr == ""


@pytest.mark.slow
def test_transcribe_refuses_what_is_no_recording(tmp_path: Path) -> None:
    text = tmp_path / "notes.mp3"
    text.write_text("not a recording")
    done = run("transcribe", text)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("earshot: ")
    assert "notes.mp3" in done.stderr
    assert done.stderr.count("\n") == 1
    missing = run("transcribe", tmp_path / "none.mp3")
    assert missing.returncode == 1
    assert "none.mp3" in missing.stderr


@pytest.mark.slow
def test_transcribe_hears_the_names_it_is_told(tmp_path: Path) -> None:
    call = np.concatenate([b.samples for b in blocks(SAMPLES / "plumbline-07.mp3")], axis=1)
    said = tmp_path / "mosaiq.wav"
    said.write_bytes(wav(call[:, 156 * 16000 : 165 * 16000]))
    plain, told = run("transcribe", said), run("transcribe", said, "--name", "Mosaiq")
    assert (plain.returncode, told.returncode) == (0, 0)
    assert "Mosaiq" not in plain.stdout
    assert "We came over to you from Mosaiq" in told.stdout


def test_an_llm_is_measured_offline(tmp_path: Path) -> None:
    asked, answers = tmp_path / "asked.jsonl", tmp_path / "answers.jsonl"
    done = run("mine", CALLS / "plumbline-07.json", "--llm-requests-out", asked)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    (request,) = [json.loads(line) for line in asked.read_text().splitlines()]
    assert request["request"]["messages"]
    call = json.loads((CALLS / "plumbline-07.json").read_text())
    said = json.dumps({"insights": [*call["insights"], {"kind": "objection", "turn": 999}]})
    answers.write_text(json.dumps({"id": request["id"], "content": said}))
    done = run("mine", CALLS / "plumbline-07.json", "--llm-answers", answers)
    assert done.returncode == 0
    assert len(json.loads(done.stdout)["insights"]) == len(call["insights"])
    assert "could not be verified: wrong turn (1)." in done.stderr
    (tmp_path / "calls").mkdir()
    (tmp_path / "calls" / "plumbline-07.json").write_text(json.dumps(call))
    done = run("evaluate", "insights", tmp_path / "calls", "--llm-answers", answers, "--json")
    report = json.loads(done.stdout)
    assert {kind["f1"]["value"] for kind in report["kinds"].values()} <= {1.0, 0.0}
    assert report["kinds"]["objection"]["f1"]["value"] == 1.0
    assert (report["fallen_back"], report["dropped"]) == (0, {"wrong turn": 1})
    done = run("evaluate", "insights", CALLS, "--llm-answers", answers)
    assert done.returncode == 1
    assert "there is no answer brackenwatch-01/0" in done.stderr


def test_asking_and_reading_at_once_is_misuse() -> None:
    done = run("mine", "x.json", "--llm-requests-out", "a", "--llm-answers", "b")
    assert done.returncode == 2
    assert "choose one" in done.stderr


def test_an_llm_without_an_address_is_one_plain_line(tmp_path: Path) -> None:
    done = run("calls", environment={"EARSHOT_MINER": "llm", "EARSHOT_HOME": str(tmp_path)})
    assert done.returncode == 1
    assert done.stderr.startswith("earshot: EARSHOT_LLM_URL is not right")
    assert "EARSHOT_MINER=llm needs it" in done.stderr
    assert done.stderr.count("\n") == 1


def test_show_says_when_the_llm_could_not_be_used(api: Api) -> None:
    call = api.bring()["id"]
    hear(api, call)
    with db.connect(api.settings.database_url) as conn:
        note_mining(conn, call, MiningNote("Not by the LLM: it was busy."))
        conn.commit()
    here = {"EARSHOT_URL": api.url, "EARSHOT_TOKEN": api.secrets[Role.SALES]}
    assert "\nNot by the LLM: it was busy.\n" in run("show", str(call), environment=here).stdout
