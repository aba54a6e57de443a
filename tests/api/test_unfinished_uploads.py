"""How many uploads in pieces one user may leave unfinished."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from api.users import Role
from ingest.base import db
from ingest.uploads.upload import (
    MOST_OPEN,
    MOST_OPEN_LARGEST,
    TooManyUploads,
    Unfinished,
)
from tests.api.running import SOUND, Api, assert_problem, rows
from tests.api.uploading import TUS, begin, bring

LARGEST = 1000


@pytest.mark.parametrize(
    ("count", "size", "fits"),
    [
        (0, LARGEST, True),
        (MOST_OPEN - 1, 0, True),
        (MOST_OPEN, 0, False),
        (1, MOST_OPEN_LARGEST * LARGEST - 1, True),
        (1, MOST_OPEN_LARGEST * LARGEST, False),
    ],
)
def test_the_limits(count: int, size: int, fits: bool) -> None:
    open_ones = Unfinished(count, size, "ab")
    if fits:
        open_ones.check_room(1, LARGEST)
    else:
        with pytest.raises(TooManyUploads, match="the oldest is /v1/uploads/ab"):
            open_ones.check_room(1, LARGEST)


def asked(api: Api, role: Role = Role.SALES, size: int = len(SOUND)) -> httpx.Response:
    headers = TUS | {"Upload-Length": str(size)}
    return api.as_(role).post("/v1/uploads", headers=headers)


def fill(api: Api, number: int) -> None:
    """Have the user of `begin` leave so many unfinished."""
    with db.connect(api.settings.database_url) as conn:
        conn.execute(
            """insert into upload (user_id, bytes, metadata, expires_at)
               select id, 9, '', now() + interval '1 day' from app_user, generate_series(1, %s)
                where name = 'a sales user'""",
            [number],
        )
        conn.commit()


def test_one_too_many_is_refused_until_one_is_finished_or_removed(api: Api) -> None:
    first = begin(api)
    fill(api, MOST_OPEN - 1)
    said = assert_problem(asked(api), 409, "too-many-uploads")
    assert f"Finish or remove one: the oldest is {first}" in said["detail"]
    assert asked(api, Role.ADMIN).status_code == 201  # each has their own
    assert bring(api, first, 0, SOUND).status_code == 204
    second = asked(api)
    assert second.status_code == 201
    assert asked(api).status_code == 409
    api.as_(Role.SALES).delete(second.headers["location"], headers=TUS)
    assert asked(api).status_code == 201


def test_what_has_expired_or_was_refused_does_not_count(api: Api) -> None:
    fill(api, MOST_OPEN)
    with db.connect(api.settings.database_url) as conn:
        conn.execute(
            """update upload set expires_at = now() - interval '1 second'
                where id = (select min(id) from upload)"""
        )
        conn.commit()
    assert asked(api, size=3).status_code == 201
    assert asked(api).status_code == 409
    with db.connect(api.settings.database_url) as conn:
        conn.execute(
            """update upload set refusal = '{"code": "not-audio", "status": 415, "detail": "No."}'
                where bytes = 3"""
        )
        conn.commit()
    assert asked(api).status_code == 201


def test_together_they_may_not_fill_the_disk(api: Api) -> None:
    largest = api.settings.max_upload_mb * 1_000_000
    for _ in range(MOST_OPEN_LARGEST):
        assert asked(api, size=largest).status_code == 201
    assert_problem(asked(api, size=largest), 409, "too-many-uploads")


def test_two_at_once_do_not_both_get_the_last_place(api: Api) -> None:
    fill(api, MOST_OPEN - 1)
    api.as_(Role.SALES)
    with ThreadPoolExecutor(6) as threads:
        codes = sorted(threads.map(lambda _: asked(api).status_code, range(6)))
    assert codes == [201, 409, 409, 409, 409, 409]
    assert rows(api, "upload") == (MOST_OPEN,)
