"""How calls were heard, week by week, over real HTTP and by the command line."""

from dataclasses import replace

import pytest

from api.users import Role
from ingest.base import db
from tests.api.pages import seed
from tests.api.running import Api, assert_problem
from tests.api.test_cli import run
from transcribe.hearing import Hearing


@pytest.fixture
def heard(api: Api) -> None:
    made = Hearing(10, 1, 0, 100.0, {"loop": 3}).parameters
    with db.connect(api.settings.database_url) as conn:
        for name in ("plumbline-01", "plumbline-07"):
            spoken = seed.timed(name)
            seed.done(
                conn,
                name,
                transcript=replace(spoken, model="base int8", parameters=made),
            )
        conn.commit()


def test_the_weeks_of_hearing(api: Api, heard: None) -> None:
    answer = api.as_(Role.MARKETING).get("/v1/hearing")
    assert answer.status_code == 200, answer.text
    weeks = answer.json()["weeks"]
    assert sum(week["calls"] for week in weeks) == 2
    assert {week["model"] for week in weeks} == {"base int8"}
    assert all(week["redecoded_share"] == 0.1 for week in weeks)
    assert sum(week["dropped"]["loop"] for week in weeks) == 6
    assert sum(week["words"] for week in weeks) > 1000


def test_the_command_prints_them(api: Api, heard: None) -> None:
    here = {"EARSHOT_URL": api.url, "EARSHOT_TOKEN": api.secrets[Role.MARKETING]}
    done = run("hearing", environment=here)
    assert done.returncode == 0, done.stderr
    header, *rows = done.stdout.splitlines()
    assert header.split()[:3] == ["week", "model", "calls"]
    assert all("3 loop" in row or "6 loop" in row for row in rows)
    assert rows


@pytest.mark.parametrize("weeks", ["0", "521", "all"])
def test_no_such_number_of_weeks(api: Api, weeks: str) -> None:
    assert_problem(
        api.as_(Role.MARKETING).get(f"/v1/hearing?weeks={weeks}"), 422, "invalid-request"
    )


def test_a_stranger_is_told_nothing(api: Api) -> None:
    assert_problem(api.as_(None).get("/v1/hearing"), 401, "not-logged-in")
