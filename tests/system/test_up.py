"""The main job from outside: a recording goes in over HTTP, its insights come out everywhere."""

import json
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.system.house import House, alive, cut

HISTORY = Path(__file__).parents[1] / "fixtures" / "history"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(420)]


@pytest.fixture(scope="module")
def heard(shared_house: House, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Forty seconds of the telephone call, in which a rival is named, through everything."""
    shared_house.add_rival()
    call = shared_house.upload(
        cut(tmp_path_factory.mktemp("sound") / "pricing.wav", 40, start=44),
        title="Pricing call",
        account="Kowal Transport",
        company="Haulwright",
        held_at="2026-08-19T10:30:00Z",
    )
    assert not call["duplicate"]
    return shared_house.wait_for(call["id"], "done", "failed")


def test_an_upload_comes_out_as_insights_with_quote_and_second(heard: dict[str, Any]) -> None:
    assert (heard["state"], heard["failure"]) == ("done", None)
    assert heard["insights"]
    turns = heard["transcript"]["turns"]
    for insight in heard["insights"]:
        assert insight["quote"] in turns[insight["turn"]]["text"]
        assert 0 <= insight["start"] < insight["end"] <= 40.5
    rivals = [i for i in heard["insights"] if i["kind"] == "competitor"]
    assert [i["label"] for i in rivals] == ["Corwen Brokers"]
    assert "policy" in rivals[0]["quote"]


def test_the_insights_are_found_through_the_api(shared_house: House, heard: dict[str, Any]) -> None:
    found = shared_house.http.get("insights", params={"account": "Kowal Transport"}).json()
    assert {i["id"] for i in found["items"]} == {i["id"] for i in heard["insights"]}


def test_the_command_line_shows_the_call(shared_house: House, heard: dict[str, Any]) -> None:
    shown = shared_house.run("show", str(heard["id"]))
    assert shown.returncode == 0, shown.stderr
    assert heard["insights"][0]["quote"] in shown.stdout
    listed = json.loads(shared_house.run("calls", "--json").stdout)
    assert heard["id"] in [call["id"] for call in listed]


def test_bad_files_leave_the_rest_of_a_batch_untouched(shared_house: House, tmp_path: Path) -> None:
    empty, text = tmp_path / "empty.wav", tmp_path / "text.mp3"
    empty.touch()
    text.write_text("#EXTM3U\nhttp://127.0.0.1/elsewhere.mp3\n")
    good = cut(tmp_path / "good.wav", 12, start=100)
    done = shared_house.run("upload", empty, good, text, tmp_path / "missing.ogg", "--wait")
    assert done.returncode == 1
    errors = done.stderr.splitlines()
    assert len(errors) == 3
    for name, line in zip(("empty.wav", "text.mp3", "missing.ogg"), errors, strict=True):
        assert line.startswith("earshot: ")
        assert name in line
    assert done.stdout.splitlines()[-1].endswith(": done")


def test_a_transcript_comes_out_as_insights_with_its_quotes(
    shared_house: House, heard: dict[str, Any]
) -> None:
    assert heard["state"] == "done"
    brought = shared_house.run("import", HISTORY, "--wait", "--json")
    assert (brought.returncode, brought.stderr) == (0, "")
    calls = json.loads(brought.stdout)
    assert {(call["state"], call["audio_sha256"]) for call in calls} == {("done", None)}
    found = {insight["kind"] for call in calls for insight in call["insights"]}
    assert found == {"objection", "competitor", "feature_request"}
    for call in calls:
        assert call["insights"]
        turns = call["transcript"]["turns"]
        assert all(i["quote"] in turns[i["turn"]]["text"] for i in call["insights"])
    weeks = [shared_house.run("digest", "--week", week).stdout for week in ("2026-W37", "2026-W40")]
    assert "that's too expensive for a shop our size" in weeks[0]
    assert "Attrivo" in weeks[1]
    assert "?t=" not in "".join(weeks)
    again = shared_house.run("import", HISTORY)
    assert again.stdout.count("(was here before)") == 3


def test_the_same_recording_again_is_the_same_call(
    shared_house: House, heard: dict[str, Any], tmp_path: Path
) -> None:
    again = shared_house.upload(cut(tmp_path / "other-name.wav", 40, start=44))
    assert (again["id"], again["duplicate"]) == (heard["id"], True)


def test_a_second_up_says_where_the_first_one_runs(shared_house: House) -> None:
    second = shared_house.run("up")
    assert second.returncode == 1
    assert shared_house.url in second.stderr
    assert second.stderr.count("\n") == 1


def test_a_port_in_use_is_named(shared_house: House, house: House) -> None:
    port = shared_house.url.rsplit(":", 1)[1]
    refused = house.run("up", "--port", port)
    assert refused.returncode == 1
    assert port in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert not house.processes()


def test_the_log_in_link_serves_once(shared_house: House) -> None:
    link = shared_house.run("login").stdout.strip()
    assert link.startswith(f"{shared_house.url}/login/")


def test_secrets_are_for_the_owner_only(shared_house: House) -> None:
    assert (shared_house.home / "server.json").stat().st_mode & 0o077 == 0


def test_ctrl_c_ends_everything(shared_house: House, heard: dict[str, Any]) -> None:
    assert heard["state"] == "done"
    family = shared_house.family()
    assert shared_house.stop(signal.SIGINT) == 0
    assert not alive(family)
    assert not shared_house.processes()


def test_demo_hears_nothing_twice(house: House, tmp_path: Path) -> None:
    samples = tmp_path / "two samples"
    samples.mkdir()
    cut(samples / "a.wav", 30)
    calls = [{"file": "a.wav", "title": "A first call", "company": "Haulwright"}]
    rivals = [{"name": "Corwen Brokers", "aliases": ["Corwen"]}]
    companies = [{"name": "Haulwright", "product": "Haulwright Ledger", "competitors": rivals}]
    text = json.dumps({"companies": companies, "calls": calls})
    (samples / "samples.json").write_text(text)
    shutil.copytree(HISTORY, samples / "history")
    first = house.run("demo", "--once", "--samples", samples)
    assert first.returncode == 0, first.stderr
    assert "1 of 1 call heard" in first.stdout
    assert "And 3 of 3 calls brought as transcripts, mined " in first.stdout
    assert not house.processes()
    second = house.run("demo", "--once", "--samples", samples)
    assert second.returncode == 0, second.stderr
    assert "known from before" in second.stdout
    assert "hearing" not in second.stdout
    assert "3 of 3 calls brought as transcripts, 3 of them known from before" in second.stdout
    shutil.rmtree(samples)
    assert house.run("demo", "--once", "--samples", samples).returncode == 1
