"""Tags of answers, over real HTTP: what an asker has is not sent twice."""

import pytest

from api.users import Role
from tests.api.running import Api
from tests.api.test_insights import heard  # noqa: F401 - a fixture

LISTS = ("insights", "insights?format=csv", "calls", "companies", "detectors", "openapi.json")


@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize("path", LISTS)
def test_what_is_known_is_not_sent_again(api: Api, path: str) -> None:
    client = api.as_(Role.MARKETING)
    first = client.get(f"/v1/{path}")
    tag = first.headers["etag"]
    for known in (tag, f'"other", W/{tag}', "*"):
        again = client.get(f"/v1/{path}", headers={"if-none-match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert "content-length" not in again.headers
    other = client.get(f"/v1/{path}", headers={"if-none-match": '"other", nonsense"'})
    assert (other.status_code, other.content) == (200, first.content)


def test_a_change_changes_the_tag(api: Api, heard: list[int]) -> None:  # noqa: F811
    client = api.as_(Role.MARKETING)
    known = {"if-none-match": client.get("/v1/insights").headers["etag"]}
    insight = client.get("/v1/insights").json()["items"][0]["id"]
    assert client.get("/v1/insights", headers=known).status_code == 304
    client.post(f"/v1/insights/{insight}/review", json={"verdict": "confirmed"})
    assert client.get("/v1/insights", headers=known).status_code == 200


def test_what_is_no_answer_has_no_tag(api: Api) -> None:
    client = api.as_(Role.MARKETING)
    missing = client.get("/v1/calls/99", headers={"if-none-match": "*"})
    assert (missing.status_code, "etag" in missing.headers) == (404, False)
    assert "etag" not in client.get("/login").headers
    assert "etag" not in client.post("/v1/webhooks", json={}).headers
