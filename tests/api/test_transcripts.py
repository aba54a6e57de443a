"""Transcripts brought over real HTTP and by the command line: kept once, refused with the
reason."""

import json
import shutil
import socket
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.users import Role
from insights.tasks import mine
from tests.api.running import Api, assert_problem, rows, until
from tests.api.test_cli import run

HISTORY = Path(__file__).parents[1] / "fixtures" / "history"
COBBLER = HISTORY / "plumbline-h-cobbler-1.json"
CALL: dict[str, Any] = {
    "company": {"name": "Acme", "competitors": [{"name": "Zebrix"}]},
    "title": "First call",
    "turns": [{"speaker": "customer", "text": "It is too dear."}],
}


def post(api: Api, call: Any, name: str = "acme.json", role: Role = Role.ADMIN) -> httpx.Response:
    body = call if isinstance(call, bytes) else json.dumps(call).encode()
    return api.as_(role).post("/v1/transcripts", params={"filename": name}, content=body)


def kept(api: Api) -> tuple[int, ...]:
    """Calls, transcripts and messages kept."""
    return rows(api, "call", "transcript", "outbox")


# By HTTP -----------------------------------------------------------------------------------


def test_a_transcript_becomes_a_call_with_its_insights(api: Api) -> None:
    answer = post(api, COBBLER.read_bytes(), COBBLER.name)
    assert answer.status_code == 201
    call = answer.json()
    assert answer.headers["location"] == f"/v1/calls/{call['id']}"
    assert (call["state"], call["audio_sha256"], call["duplicate"]) == ("heard", None, False)
    assert (call["account"], call["deal_value_usd"]) == ("Cobb & Awl Shoe Repair", 9600)
    assert (call["held_at"], call["filename"]) == ("2026-09-09T18:30:00Z", COBBLER.name)
    assert (call["rivals_added"], call["rivals_left_out"]) == (6, [])
    assert kept(api) == (1, 1, 1)
    mine.run(call["id"])
    reader = api.as_(Role.MARKETING)
    whole = reader.get(f"/v1/calls/{call['id']}").json()
    assert (whole["state"], whole["transcript"]["engine"]) == ("done", "imported")
    assert {i["kind"] for i in whole["insights"]} == {"objection", "competitor", "feature_request"}
    assert {i["start"] for i in whole["insights"]} == {None}
    found = reader.get("/v1/insights", params={"kind": "objection", "label": "price"}).json()
    assert [i["call_id"] for i in found["items"]] == [call["id"]]


def test_labels_in_the_file_change_nothing(api: Api) -> None:
    label = {"turn": 0, "kind": "objection", "category": "trust", "quote": "It is too dear."}
    call = post(api, CALL | {"insights": [label], "known": []}).json()
    mine.run(call["id"])
    found = api.as_(Role.SALES).get(f"/v1/calls/{call['id']}").json()["insights"]
    assert "trust" not in {i["label"] for i in found}
    again = post(api, CALL)
    assert (again.status_code, again.json()["id"]) == (200, call["id"])


def test_the_same_words_are_one_call_and_what_is_there_stays(api: Api) -> None:
    first = post(api, CALL)
    again = post(api, CALL | {"title": "Other", "rep": "Kim", "id": "b"}, "b.json", Role.SALES)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["duplicate"] is True
    assert (again.json()["title"], again.json()["rep"]) == ("First call", "Kim")
    assert again.json()["filename"] == "acme.json"
    elsewhere = post(api, CALL | {"company": {"name": "Other"}})
    assert elsewhere.json()["id"] != first.json()["id"]
    assert kept(api) == (2, 2, 2)


def test_four_at_once_make_one_call(api: Api) -> None:
    api.as_(Role.ADMIN)  # the one client, before there are threads that would each make one
    calls: list[dict[str, Any]] = []
    threads = [
        threading.Thread(target=lambda: calls.append(post(api, CALL).json())) for _ in "1234"
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({call["id"] for call in calls}) == 1
    assert sorted(call["duplicate"] for call in calls) == [False, True, True, True]
    assert kept(api) == (1, 1, 1)


def test_sending_again_after_a_lost_answer_is_safe(api: Api) -> None:
    body = json.dumps(CALL).encode()
    with socket.create_connection(("127.0.0.1", api.port)) as wire:
        wire.sendall(
            f"POST /v1/transcripts?filename=acme.json HTTP/1.1\r\nHost: 127.0.0.1:{api.port}\r\n"
            f"Authorization: Bearer {api.secrets[Role.SALES]}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        until(lambda: kept(api)[0])
    again = post(api, CALL, role=Role.SALES)
    assert (again.status_code, again.json()["duplicate"]) == (200, True)
    assert kept(api) == (1, 1, 1)


def test_sales_bring_calls_and_leave_the_catalogue_to_marketing(api: Api) -> None:
    brought = post(api, CALL, role=Role.SALES).json()
    assert (brought["rivals_added"], brought["rivals_left_out"]) == (0, ["Zebrix"])
    assert api.as_(Role.SALES).get("/v1/competitors").json()["items"] == []
    for role in (Role.MARKETING, Role.PRODUCT):
        assert_problem(post(api, CALL, role=role), 403, "not-allowed")


def test_what_cannot_be_taken_is_refused_and_nothing_is_kept(api: Api) -> None:
    turn = CALL["turns"][0]
    for call, status, code, says in [
        (b"WEBVTT", 422, "bad-transcript", "acme.json: is not JSON"),
        (b"[" * 100_000, 422, "bad-transcript", "nested too deeply"),
        (b'{"turns": [{"text": "\\ud800"}]}', 422, "bad-transcript", "turns[0].text holds half"),
        (b'{"turns": [{"text": "\\u0000"}]}', 422, "bad-transcript", "turns[0].text holds a con"),
        (b'{"turns": [{"text": "a", "speaker": "\\ud800"}]}', 422, "bad-transcript", "speaker"),
        (b'{"\\ud800": 1}', 422, "bad-transcript", "has a field"),
        ({"turns": []}, 422, "bad-transcript", "turns is empty"),
        ({"turns": [turn] * 10_001}, 422, "bad-transcript", "has 10,001 turns"),
        (CALL | {"held_at": "2026-03-31T10:00"}, 422, "bad-transcript", "without its zone"),
        (CALL | {"held_at": "2126-03-31"}, 422, "bad-metadata", "is yet to come"),
        (CALL | {"colour": "blue"}, 422, "bad-transcript", 'a field "colour"'),
        (
            CALL | {"company": {"name": "Acme", "competitors": [{"name": "Acme"}]}},
            *(422, "bad-transcript", "company.competitors: “Acme” is Acme's own name"),
        ),
        (b"a" * (4 << 20) + b"a", 413, "too-large", "Send at most 4 MiB"),
    ]:
        said = assert_problem(post(api, call), status, code)
        assert says in said["detail"]
        assert kept(api) == (0, 0, 0)
    assert post(api, CALL).status_code == 201


def test_a_transcript_of_some_megabytes_is_taken(api: Api) -> None:
    turns = [{"speaker": "rep", "text": f"Number {n}. {'So it goes. ' * 16}"} for n in range(9000)]
    call = CALL | {"turns": turns}
    assert 1.9e6 < len(json.dumps(call)) < 4 << 20
    brought = post(api, call)
    assert brought.status_code == 201
    whole = api.as_(Role.SALES).get(f"/v1/calls/{brought.json()['id']}").json()
    assert len(whole["transcript"]["turns"]) == 9000


def test_its_words_are_there_to_download_subtitles_where_it_has_times(api: Api) -> None:
    call = post(api, CALL).json()["id"]
    words = f"/v1/calls/{call}/transcript"
    client = api.as_(Role.SALES)
    assert client.get(words).text == "Customer: It is too dear.\n".replace("Customer", "Buyer")
    assert_problem(client.get(words, params={"format": "vtt"}), 422, "bad-metadata")
    timed = [{"speaker": "customer", "text": "It is dear.", "start": 1, "end": 2.5}]
    call = post(api, CALL | {"turns": timed}).json()["id"]
    subtitles = client.get(f"/v1/calls/{call}/transcript", params={"format": "vtt"}).text
    assert "00:00:01.000 --> 00:00:02.500" in subtitles


def test_deleting_and_bringing_it_again(api: Api) -> None:
    call = post(api, CALL).json()["id"]
    mine.run(call)
    assert api.as_(Role.ADMIN).delete(f"/v1/calls/{call}").status_code == 204
    assert post(api, CALL).json()["duplicate"] is False


def test_it_is_described_with_an_example(api: Api) -> None:
    described = api.as_(None).get("/v1/openapi.json").json()["paths"]["/v1/transcripts"]["post"]
    content = described["requestBody"]["content"]["application/json"]
    assert {"held_at", "turns", "deal_value_usd"} <= content["schema"]["properties"].keys()
    assert post(api, content["example"]).status_code == 201


# By the command line -----------------------------------------------------------------------


@pytest.fixture
def here(api: Api) -> dict[str, str]:
    """The environment in which the command line talks to this API."""
    return {"EARSHOT_URL": api.url, "EARSHOT_TOKEN": api.secrets[Role.ADMIN]}


def test_a_folder_is_brought_and_its_progress_told(
    api: Api, here: dict[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "history"
    shutil.copytree(HISTORY, folder)
    (folder / "notes.txt").write_text("no call")
    (folder / "x.truth.json").write_text("{}")
    (folder / "dir.json").mkdir()
    done = run("import", folder, environment=here)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == f"1 of 3: {folder / 'plumbline-h-cobbler-1.json'} is call 1"
    assert len(lines) == 4
    assert lines[3] == "Plumbline had no rivals in its catalogue: 6 of the files are there."
    again = run("import", folder, "--json", environment=here)
    assert [call["duplicate"] for call in json.loads(again.stdout)] == [True] * 3
    assert "is call 2 (was here before)" in run("import", folder, environment=here).stdout
    assert kept(api)[0] == 3


def test_a_bad_file_does_not_stop_the_others(
    api: Api, here: dict[str, str], tmp_path: Path
) -> None:
    empty, large = tmp_path / "empty.json", tmp_path / "large.json"
    empty.touch()
    large.write_bytes(b" " * 5_000_000)
    (tmp_path / "turn.json").write_text('{"turns": [{"text": "Hi"}, {"text": ""}]}')
    done = run(
        "import", empty, large, COBBLER, tmp_path / "turn.json", tmp_path / "none.json",
        environment=here,
    )  # fmt: skip
    assert done.returncode == 1
    errors = done.stderr.splitlines()
    assert [line.split(": ")[0] for line in errors] == ["earshot"] * 4
    for line, says in zip(
        errors,
        [
            "empty.json: is not JSON",
            "large.json: has 5.0 MB where 4 MiB",
            "turn.json: turns[1].text is empty",
            "none.json: no such file",
        ],
        strict=True,
    ):
        assert says in line
    assert "3 of 5: " in done.stdout
    assert kept(api)[0] == 1


def test_rivals_that_are_not_looked_for_are_named(
    api: Api, here: dict[str, str], tmp_path: Path
) -> None:
    post(api, CALL)
    file = tmp_path / "b.json"
    more = {"name": "Acme", "competitors": [{"name": "Zebrix"}, {"name": "Quorum"}]}
    file.write_text(json.dumps(CALL | {"company": more, "turns": [{"text": "Hello."}]}))
    said = run("import", file, environment=here).stdout
    assert "Not in Acme's catalogue, and not looked for: Quorum. `earshot competitors add`" in said


def test_a_folder_without_calls_and_a_server_that_is_away(
    here: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "x.truth.json").write_text("{}")
    nothing = run("import", tmp_path, environment=here)
    assert (nothing.returncode, nothing.stderr.count("\n")) == (1, 1)
    assert "no *.json file is in this folder" in nothing.stderr
    away = run("import", HISTORY, environment=here | {"EARSHOT_URL": "http://127.0.0.1:9"})
    assert (away.returncode, away.stderr.count("\n")) == (1, 1)
    assert "0 of 3 transcripts came through: run this again for the rest" in away.stderr


def test_a_list_and_a_call_tell_that_there_is_no_sound(api: Api, here: dict[str, str]) -> None:
    call = post(api, CALL).json()["id"]
    listed = run("calls", environment=here).stdout.splitlines()
    assert "transcript" in listed[1]
    assert "0:00" not in listed[1]
    shown = run("show", str(call), environment=here).stdout
    assert "· transcript\n" in shown
    assert "\nbuyer: It is too dear.\n" in shown
    assert "0:00" not in shown
