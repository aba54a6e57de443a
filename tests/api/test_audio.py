"""A recording played over real HTTP: whole, in ranges, from a browser's cache."""

from hypothesis import given
from hypothesis import strategies as st

from api.rest.audio import wanted_range
from api.users import Role
from ingest import queries
from ingest.base import db
from ingest.calls import CallDetails
from ingest.store import open_store
from tests.api.running import SOUND, Api, assert_problem
from tests.conftest import NOON

SIZE = len(SOUND)


def test_the_whole_recording(api: Api) -> None:
    call = api.bring(name='Ü "quote".wav')
    answer = api.as_(Role.ADMIN).get(f"/v1/calls/{call['id']}/audio")
    assert answer.status_code == 200
    assert answer.content == SOUND
    assert answer.headers["content-type"] == "audio/wav"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["etag"] == f'"{call["audio_sha256"]}"'
    assert answer.headers["cache-control"] == "private, no-cache"
    assert (
        answer.headers["content-disposition"] == "inline; filename*=UTF-8''%C3%9C%20%22quote%22.wav"
    )


def test_a_range(api: Api) -> None:
    url = f"/v1/calls/{api.bring()['id']}/audio"
    for asked, first, stop in RANGES:
        answer = api.as_(Role.ADMIN).get(url, headers={"Range": asked})
        assert answer.status_code == 206
        assert answer.content == SOUND[first:stop]
        assert answer.headers["content-range"] == f"bytes {first}-{stop - 1}/{SIZE}"
        assert answer.headers["content-length"] == str(stop - first)


RANGES = [
    ("bytes=0-0", 0, 1),
    ("bytes=0-", 0, SIZE),
    ("bytes=10-19", 10, 20),
    ("bytes=100-", 100, SIZE),
    ("bytes=-7", SIZE - 7, SIZE),
    (f"bytes={SIZE - 1}-999999999", SIZE - 1, SIZE),
]


def test_a_range_beyond_the_end(api: Api) -> None:
    url = f"/v1/calls/{api.bring()['id']}/audio"
    for asked in (f"bytes={SIZE}-", "bytes=-0", f"bytes={SIZE + 5}-{SIZE + 9}"):
        answer = api.as_(Role.ADMIN).get(url, headers={"Range": asked})
        assert_problem(answer, 416, "range-not-satisfiable")
        assert answer.headers["content-range"] == f"bytes */{SIZE}"


def test_a_range_that_is_none_is_answered_whole(api: Api) -> None:
    url = f"/v1/calls/{api.bring()['id']}/audio"
    for asked in ("bytes=0-1,5-6", "bytes=9-5", "seconds=0-1", "bytes=a-b", "bytes=", "bytes=-"):
        answer = api.as_(Role.ADMIN).get(url, headers={"Range": asked})
        assert (answer.status_code, answer.content) == (200, SOUND), asked


def test_a_range_of_another_file_is_answered_whole(api: Api) -> None:
    call = api.bring()
    url, client = f"/v1/calls/{call['id']}/audio", api.as_(Role.ADMIN)
    same = client.get(url, headers={"Range": "bytes=0-9", "If-Range": f'"{call["audio_sha256"]}"'})
    other = client.get(url, headers={"Range": "bytes=0-9", "If-Range": '"other"'})
    assert (same.status_code, len(same.content)) == (206, 10)
    assert (other.status_code, other.content) == (200, SOUND)


def test_the_head_alone(api: Api) -> None:
    call = api.bring()
    url, client = f"/v1/calls/{call['id']}/audio", api.as_(Role.ADMIN)
    whole = client.head(url)
    part = client.head(url, headers={"Range": "bytes=0-9"})
    assert (whole.status_code, whole.headers["content-length"], whole.content) == (
        200,
        str(SIZE),
        b"",
    )
    assert (part.status_code, part.headers["content-length"]) == (206, "10")
    assert client.get(url).content == SOUND, "the connection is still in step"


def test_a_copy_in_the_cache_is_still_good(api: Api) -> None:
    call = api.bring()
    url = f"/v1/calls/{call['id']}/audio"
    kept = {"If-None-Match": f'"{call["audio_sha256"]}"'}
    answer = api.as_(Role.ADMIN).get(url, headers=kept)
    assert (answer.status_code, answer.content) == (304, b"")


def test_a_call_without_sound_and_sound_that_is_lost(api: Api) -> None:
    with db.connect(api.settings.database_url) as conn:
        silent = queries.add_call(conn, None, "notes.json", CallDetails(), NOON)
        conn.commit()
    client = api.as_(Role.ADMIN)
    said = assert_problem(client.get(f"/v1/calls/{silent.id}/audio"), 404, "not-found")
    assert "was brought as a transcript: it has no recording" in said["detail"]

    lost = api.bring()
    open_store(api.settings).delete(lost["audio_sha256"])
    assert_problem(client.get(f"/v1/calls/{lost['id']}/audio"), 404, "not-found")


@given(st.integers(0, 99), st.integers(0, 200), st.integers(1, 99))
def test_a_range_never_leaves_the_file(first: int, last: int, size: int) -> None:
    found = wanted_range(f"bytes={first}-{last}", size)
    if last < first:
        assert found == range(size)
    elif first >= size:
        assert found is None
    else:
        assert found == range(first, min(last + 1, size))
