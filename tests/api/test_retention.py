"""Retention over HTTP and from the command line: the rule, what it would do, what is gone."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.cli import run
from api.upkeep import forget_gone_copies
from api.users import Role
from ingest.base import db
from ingest.base.settings import settings as read_settings
from ingest.leftovers.removing import remove_due
from ingest.retention import queries
from ingest.store import open_store
from insights.retention import go_on
from tests import sounds
from tests.api.running import SOUND, Api, assert_problem
from tests.api.test_calls import PRICE, hear
from tests.api.test_pii import hear as hear_private

DAY = timedelta(days=1)


def ago(days: float) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).isoformat()


def put(api: Api, recordings: int | None, calls: int | None, **more: Any) -> Any:
    body = {"recording_days": recordings, "call_days": calls} | more
    return api.as_(Role.ADMIN).put("/v1/retention", json=body)


def bring(api: Api, days: float) -> int:
    """A call held so many days ago, heard and mined."""
    sound = sounds.wav(sounds.beeps(2 + int(days) % 7, 8000, 1), 8000)
    number: int = api.bring(sound, f"{days}.wav", held_at=ago(days))["id"]
    hear(api, number, PRICE)
    return number


def night(api: Api) -> None:
    """Have a day pass, and its run."""
    with db.connect(api.settings.database_url) as conn:
        conn.execute("update retention set changed_at = changed_at - interval '1 day'")
        conn.execute("update retention_run set started_at = started_at - interval '1 day'")
        conn.commit()
        go_on(api.settings)
        remove_due(conn, open_store(api.settings))


def test_everything_is_kept_for_ever_until_somebody_says_otherwise(api: Api) -> None:
    answer = api.as_(Role.SALES).get("/v1/retention")
    said = answer.json()
    assert (said["recording_days"], said["call_days"], said["changed_by"]) == (None, None, None)
    assert answer.headers["etag"] == '"1"'
    call = api.as_(Role.SALES).get(f"/v1/calls/{bring(api, 400)}").json()
    assert (call["recording_until"], call["kept_until"], call["hold_since"]) == (None, None, None)


def test_a_rule_is_set_and_its_history_kept(api: Api) -> None:
    answer = put(api, 90, 365)
    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    assert answer.json()["changed_by"] == "a admin user"
    put(api, None, None)
    changes = api.as_(Role.ADMIN).get("/v1/retention/changes").json()["items"]
    assert [(c["version"], c["recording_days"], c["call_days"]) for c in changes] == [
        (3, None, None),
        (2, 90, 365),
    ]


@pytest.mark.parametrize(
    ("recordings", "calls"), [(0, None), (None, 36_501), (-3, -1), (91, 90), (10**30, None)]
)
def test_a_rule_that_cannot_be_is_refused(
    api: Api, recordings: int | None, calls: int | None
) -> None:
    assert_problem(put(api, recordings, calls), 422, "bad-retention")
    asked = {"recording_days": recordings, "call_days": calls}
    asked = {name: days for name, days in asked.items() if days is not None}
    answer = api.as_(Role.ADMIN).get("/v1/retention/preview", params=asked)
    assert_problem(answer, 422, "bad-retention")
    assert api.as_(Role.ADMIN).get("/v1/retention").json()["version"] == 1


@pytest.mark.parametrize("body", [{}, {"recording_days": 90}, {"recording_days": "x"}, {"days": 1}])
def test_a_body_that_is_no_rule_is_refused(api: Api, body: dict[str, Any]) -> None:
    assert_problem(api.as_(Role.ADMIN).put("/v1/retention", json=body), 422, "invalid-request")


def test_who_saw_another_rule_looks_again(api: Api) -> None:
    admin, body = api.as_(Role.ADMIN), {"recording_days": 90, "call_days": None}
    first = admin.put("/v1/retention", json=body, headers={"If-Match": '"1"'})
    assert first.status_code == 200
    for tag in ('"1"', '"x"', "W/oops", '"' + "9" * 40 + '"'):
        answer = admin.put("/v1/retention", json=body, headers={"If-Match": tag})
        assert_problem(answer, 412, "retention-changed")
    assert admin.put("/v1/retention", json=body, headers={"If-Match": "*"}).is_success


def test_nothing_goes_that_nobody_confirmed(api: Api) -> None:
    bring(api, 100)
    said = assert_problem(put(api, 90, None), 409, "retention-unconfirmed")
    assert "1 recording and 0 calls would go" in said["detail"]
    assert api.as_(Role.ADMIN).get("/v1/retention").json()["recording_days"] is None
    assert put(api, 90, None, confirm=True).status_code == 200
    assert put(api, 100_0, None).status_code == 200  # longer than before asks nothing


def test_a_preview_lets_nothing_go(api: Api) -> None:
    old, middle = bring(api, 100), bring(api, 80)
    asked = {"recording_days": 60, "call_days": 90}
    said = api.as_(Role.ADMIN).get("/v1/retention/preview", params=asked).json()
    assert said["now"] == {"recordings": 1, "calls": 1}
    assert said["soon"] == {"recordings": 0, "calls": 2}
    assert said["of"] == {"recordings": 2, "calls": 2}
    assert [(past["id"], past["whole"]) for past in said["oldest"]] == [
        (old, True),
        (middle, False),
    ]
    assert api.as_(Role.ADMIN).get("/v1/retention/preview").json()["now"] == {
        "recordings": 0,
        "calls": 0,
    }


def test_what_is_gone_says_so_wherever_it_is_asked_for(api: Api) -> None:
    call = bring(api, 100)
    url = f"/v1/calls/{call}"
    sales, admin = api.as_(Role.SALES), api.as_(Role.ADMIN)
    held_at = datetime.fromisoformat(sales.get(url).json()["held_at"])
    put(api, 90, 365, confirm=True)
    said = sales.get(url).json()
    assert datetime.fromisoformat(said["recording_until"]) == held_at + 90 * DAY
    assert datetime.fromisoformat(said["kept_until"]) == held_at + 365 * DAY
    night(api)
    said = sales.get(url).json()
    assert said["audio_sha256"] is None
    assert said["recording_gone_at"]
    assert said["recording_until"] is None
    assert said["transcript"]["turns"][1]["text"] == "Too dear."
    assert [insight["label"] for insight in said["insights"]] == ["price"]
    for path in ("audio", "waveform"):
        for client in (sales, admin):
            told = assert_problem(client.get(f"{url}/{path}"), 410, "recording-gone")
            assert f"The recording of call {call} went on" in told["detail"]
    assert admin.head(f"{url}/audio").status_code == 410
    told = assert_problem(
        sales.post(f"{url}/rehear", json={"language": "de"}), 410, "recording-gone"
    )
    assert "by the retention rule" in told["detail"]


def test_the_same_recording_brought_again_is_the_same_call(api: Api) -> None:
    call = api.bring(SOUND, held_at=ago(100))
    hear(api, call["id"])
    put(api, 90, None, confirm=True)
    night(api)
    again = api.bring(SOUND)
    assert (again["duplicate"], again["id"], again["audio_sha256"]) == (True, call["id"], None)
    assert not open_store(api.settings).has(call["audio_sha256"])


def test_a_whole_call_leaves_nothing(api: Api) -> None:
    call = bring(api, 100)
    put(api, None, 90, confirm=True)
    night(api)
    assert_problem(api.as_(Role.ADMIN).get(f"/v1/calls/{call}"), 404, "not-found")
    assert [path for path in (api.settings.home / "audio").rglob("*") if path.is_file()] == []
    assert api.as_(Role.ADMIN).get("/v1/insights").json()["items"] == []


def test_a_hold_is_set_and_lifted(api: Api) -> None:
    call, admin = bring(api, 100), api.as_(Role.ADMIN)
    said = admin.put(f"/v1/calls/{call}/hold").json()
    assert (said["id"], said["hold_by"]) == (call, "a admin user")
    put(api, 30, 60, confirm=True)
    night(api)
    assert admin.get(f"/v1/calls/{call}/audio").status_code == 200
    assert admin.get(f"/v1/calls/{call}").json()["recording_until"] is None
    assert_problem(admin.delete(f"/v1/calls/{call}"), 409, "call-on-hold")
    assert [hold["id"] for hold in admin.get("/v1/retention/holds").json()["items"]] == [call]
    assert admin.delete(f"/v1/calls/{call}/hold").json()["hold_since"] is None
    night(api)
    assert admin.get(f"/v1/calls/{call}").status_code == 404


def test_a_run_that_stopped_goes_on_when_somebody_says_so(api: Api) -> None:
    put(api, None, 90)
    with db.connect(api.settings.database_url) as conn:
        conn.execute(
            """with made as (insert into company (name) values ('Acme') returning id)
               insert into call (company_id, title, filename, held_at, state)
               select id, 'Old', 'a.json', now() - interval '91 days', 'done'
                 from made, generate_series(1, 23)"""
        )
        # All of them come to be past after the rule was set: as when a clock jumps.
        conn.execute("update retention set calls_agreed = now() - interval '1 year'")
        conn.commit()
    night(api)
    admin = api.as_(Role.ADMIN)
    (stopped,) = admin.get("/v1/retention/runs").json()["items"]
    assert "23 of 23 calls would have gone at once" in stopped["stopped"]
    asked = admin.post("/v1/retention/runs", json={"confirm": True})
    assert (asked.status_code, asked.json()["waiting"]) == (202, True)
    go_on(api.settings)
    latest = admin.get("/v1/retention/runs").json()["items"][0]
    assert (latest["calls"], latest["stopped"], latest["asked_by"]) == (23, None, "a admin user")


def test_a_run_without_a_rule_is_refused(api: Api) -> None:
    answer = api.as_(Role.ADMIN).post("/v1/retention/runs", json={})
    assert "set a period first" in assert_problem(answer, 422, "refused")["detail"]


def test_silenced_copies_go_with_the_recording(api: Api) -> None:
    call = api.bring(SOUND, held_at=ago(100))["id"]
    hear_private(api, call)
    spool = api.settings.home / "spool"
    assert api.as_(Role.SALES).get(f"/v1/calls/{call}/audio").status_code == 200
    assert list(spool.glob("silenced-*"))
    put(api, 90, None, confirm=True)
    night(api)

    class Here:
        settings = api.settings

    with db.pool(api.settings.database_url) as pool:
        here: Any = Here()
        here.pool = pool
        forget_gone_copies(here)
    assert not list(spool.glob("silenced-*"))


def test_the_command_line_shows_sets_and_runs(
    api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("EARSHOT_URL", api.url)
    monkeypatch.setenv("EARSHOT_TOKEN", api.secrets[Role.ADMIN])
    read_settings.cache_clear()
    call = bring(api, 100)
    assert run(["retention", "set", "--recordings", "90", "--calls", "forever"]) == 2
    assert run(["retention", "set", "--recordings", "90", "--calls", "forever", "--yes"]) == 0
    said = capsys.readouterr().out
    assert "Now would go 1 recording and 0 calls" in said
    assert "Recordings are kept for 90 days, calls for ever." in said
    assert run(["retention", "run", "--dry-run"]) == 0
    assert f"  {call}  " in capsys.readouterr().out
    night(api)
    assert run(["retention", "show"]) == 0
    assert "1 recording and 0 calls went." in capsys.readouterr().out
    assert run(["retention", "show", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["runs"]["items"][0]["recordings"] == 1
    with db.connect(api.settings.database_url) as conn:
        assert queries.kept(conn).changed_by == "a admin user"
    assert run(["retention", "set", "--recordings", "90", "--calls", "30", "--yes"]) == 1
    assert "A recording goes with its call" in capsys.readouterr().err
