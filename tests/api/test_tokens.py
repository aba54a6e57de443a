"""Tokens over real HTTP."""

from api.users import Role
from tests.api.running import Api, assert_problem


def test_a_token_is_shown_once_and_works_until_revoked(api: Api) -> None:
    admin = api.as_(Role.ADMIN)
    answer = admin.post("/v1/tokens", json={"name": "CRM export", "role": "product"})
    assert answer.status_code == 201
    made = answer.json()
    assert (made["user"], made["role"], made["last_used_at"]) == ("CRM export", "product", None)
    assert answer.headers["cache-control"] == "private, no-store"
    bearer = {"Authorization": f"Bearer {made['token']}"}
    assert api.as_(None).get("/v1/me", headers=bearer).json()["role"] == "product"

    listed = {token["id"]: token for token in admin.get("/v1/tokens").json()["items"]}
    assert "token" not in listed[made["id"]]
    assert listed[made["id"]]["last_used_at"] is not None
    assert made["token"] not in admin.get("/v1/tokens").text

    assert admin.delete(f"/v1/tokens/{made['id']}").status_code == 204
    assert_problem(api.as_(None).get("/v1/me", headers=bearer), 401, "not-logged-in")
    assert_problem(admin.delete(f"/v1/tokens/{made['id']}"), 404, "not-found")


def test_a_token_never_changes_somebodys_role(api: Api) -> None:
    admin = api.as_(Role.ADMIN)
    body = {"name": "second", "role": "sales", "user": "A ADMIN USER"}
    assert_problem(admin.post("/v1/tokens", json=body), 409, "role-differs")
    assert admin.get("/v1/me").json()["role"] == "admin"
    assert admin.post("/v1/tokens", json=body | {"role": "admin"}).status_code == 201


def test_what_a_token_needs(api: Api) -> None:
    admin = api.as_(Role.ADMIN)
    for body in ({}, {"name": "", "role": "sales"}, {"name": "x", "role": "king"}, {"name": "x"}):
        assert_problem(admin.post("/v1/tokens", json=body), 422, "invalid-request")
