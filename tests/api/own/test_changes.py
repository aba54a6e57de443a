"""What a bound rep changes: their own calls, brought, edited and reviewed, with the real figures
right; and nothing of another's, not even by what they send."""

import base64
import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from api import queries
from api.auth import BadRep, bind_user, create_user
from api.users import BOUND, Right, Role
from ingest.base import db
from ingest.base.errors import NotFound
from ingest.base.settings import Settings
from insights.rollups.queries import rollup_differences
from tests import sounds
from tests.api.own.telling import CANARY, REP, Told
from tests.api.running import SOUND, Api, assert_problem
from tests.api.test_cli import run

THEIRS = sounds.wav(sounds.beeps(4, 8000, 2), 8000)
OURS = sounds.wav(sounds.beeps(3, 8000, 2), 8000)
OTHER = sounds.wav(sounds.beeps(5, 8000, 2), 8000)


def call(api: Api, call_id: int) -> dict[str, Any]:
    """A call as an admin reads it."""
    found: dict[str, Any] = api.as_(Role.ADMIN).get(f"/v1/calls/{call_id}").json()
    return found


def calls(client: httpx.Client) -> list[int]:
    return [item["id"] for item in client.get("/v1/calls").json()["items"]]


def bring(client: httpx.Client, sound: bytes, **details: str) -> httpx.Response:
    return client.post("/v1/calls", files={"file": ("a.wav", sound)}, data=details)


def in_pieces(client: httpx.Client, sound: bytes, **details: str) -> httpx.Response:
    """An upload by tus, whole at once."""
    pairs = (f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in details.items())
    headers = {
        "Upload-Length": str(len(sound)),
        "Upload-Metadata": ",".join(pairs),
        "Content-Type": "application/offset+octet-stream",
    }
    return client.post("/v1/uploads", headers=headers, content=sound)


def told_in_text(client: httpx.Client, **details: str) -> httpx.Response:
    turns = [{"speaker": "customer", "text": "That's twice what we pay today."}]
    return client.post("/v1/transcripts", json=details | {"turns": turns})


@pytest.mark.parametrize("named", [{}, {"rep": " TAMSIN rourke"}], ids=["unsaid", "said"])
def test_what_they_bring_is_theirs(api: Api, rep: httpx.Client, named: Mapping[str, str]) -> None:
    brought = bring(rep, OTHER, **named)
    assert (brought.status_code, brought.json()["rep"]) == (201, REP)
    text = told_in_text(rep, title="Renewal", **named)
    assert (text.status_code, text.json()["rep"]) == (201, REP)
    whole = in_pieces(rep, OURS, filename="b.wav", **named)
    assert whole.status_code == 201, whole.text
    number = int(whole.headers["earshot-call"])
    assert call(api, number)["rep"] == REP
    assert set(calls(rep)) == {brought.json()["id"], text.json()["id"], number}


def test_what_they_bring_is_no_other_reps(api: Api, rep: httpx.Client) -> None:
    for answer in (
        bring(rep, OTHER, rep="Lee"),
        told_in_text(rep, rep="Lee"),
        in_pieces(rep, OTHER, rep="Lee"),
    ):
        said = assert_problem(answer, 422, "another-reps-call")
        assert said["detail"] == (
            "You see the calls of Tamsin Rourke alone: leave out rep, or say Tamsin Rourke."
        )
    assert calls(api.as_(Role.ADMIN)) == []


def test_a_recording_that_is_anothers_call_tells_nothing(
    api: Api, rep: httpx.Client, ours: Told, theirs: Told
) -> None:
    before = call(api, theirs.call_id)
    for answer in (bring(rep, THEIRS, title="mine"), in_pieces(rep, THEIRS, filename="c.wav")):
        assert_problem(answer, 422, "another-reps-call")
        assert CANARY not in (answer.text + str(answer.headers)).lower()
    assert call(api, theirs.call_id) == before
    words = told_in_text(api.as_(Role.SALES), rep="Lee", title=CANARY).json()["id"]
    answer = told_in_text(rep)
    assert_problem(answer, 422, "another-reps-call")
    assert CANARY not in answer.text
    again = bring(rep, OURS)
    assert (again.status_code, again.json()["id"]) == (200, ours.call_id)
    assert calls(rep) == [ours.call_id]
    assert call(api, words)["rep"] == "Lee"


def test_a_recording_without_a_rep_is_not_claimed(api: Api, rep: httpx.Client) -> None:
    number = api.bring(title=CANARY)["id"]
    answer = bring(rep, SOUND)
    assert_problem(answer, 422, "another-reps-call")
    assert call(api, number)["rep"] is None


def test_a_call_is_given_to_nobody_else(api: Api, rep: httpx.Client, ours: Told) -> None:
    for name in ("Lee", None):
        answer = rep.patch(f"/v1/calls/{ours.call_id}", json={"rep": name})
        assert_problem(answer, 422, "another-reps-call")
    answer = rep.patch(f"/v1/calls/{ours.call_id}", json={"rep": REP.upper(), "stage": "closing"})
    assert (answer.status_code, answer.json()["stage"], answer.json()["rep"]) == (
        *(200, "closing", REP),
    )


def test_the_whole_companys_figures_stay_right(
    api: Api, rep: httpx.Client, ours: Told, theirs: Told
) -> None:
    """Their changes meet what they do not see: themes, accounts and roll-ups of others."""
    insight, number = ours.insight_id, ours.call_id
    same_theme = {"kind": "feature_request", "label": f"{CANARY} spreadsheet"}
    quote = {"quote": "as a spreadsheet every single week"}
    steps = [
        ("POST", f"/v1/insights/{insight}/review", {"verdict": "rejected"}),
        ("POST", f"/v1/insights/{insight}/review", {"verdict": "unreviewed"}),
        ("POST", f"/v1/insights/{insight}/review", {"verdict": "confirmed", "label": "Attrivo"}),
        ("POST", f"/v1/calls/{number}/insights", same_theme | quote),
        ("PATCH", f"/v1/calls/{number}", {"account": f"{CANARY} Stores"}),
        ("PATCH", f"/v1/calls/{number}/turns/0", {"text": "It is far too dear at the pineapple"}),
        ("POST", f"/v1/calls/{number}/turns/0/undo", None),
    ]
    for method, path, body in steps:
        answer = rep.request(method, path, json=body)
        assert answer.is_success, (path, answer.text)
        with db.connect(api.settings.database_url) as conn:
            conn.execute("update call set state = 'done' where id = %s", [number])
            conn.commit()
            assert rollup_differences(conn) == [], path
    themes = api.as_(Role.ADMIN).get("/v1/themes").json()["items"]
    assert {theme["name"]: theme["calls"] for theme in themes}[f"{CANARY} spreadsheet"] == 2
    assert [theme["calls"] for theme in rep.get("/v1/themes").json()["items"]] == [1, 1]


def test_pages_change_their_calls_too(api: Api, rep: httpx.Client, ours: Told) -> None:
    for path, form in [
        (f"/review/{ours.insight_id}", {"verdict": "confirmed"}),
        (f"/insights/{ours.insight_id}/review", {"verdict": "rejected"}),
        (f"/calls/{ours.call_id}/turns/0", {"text": "It is far too dear at the pineapple"}),
        ("/views?stage=closing", {"name": "mine"}),
    ]:
        answer = rep.post(path, data=form)
        assert answer.status_code == 303, answer.text


def test_a_refused_form_tells_nothing_of_others(
    rep: httpx.Client, ours: Told, theirs: Told
) -> None:
    """The page comes again with why: read as any page is."""
    for path, form in [
        (f"/review/{ours.insight_id}", {"verdict": "rejected", "label": "Attrivo"}),
        (f"/insights/{ours.insight_id}/review", {"verdict": "rejected", "label": "Attrivo"}),
        (f"/calls/{ours.call_id}/insights", {"kind": "feature_request", "quote": "not said"}),
        (f"/calls/{ours.call_id}/turns/0", {"text": "y", "seen": "not so"}),
        ("/digests", {"audience": "sales", "channel": "slack", "address": "nowhere"}),
    ]:
        answer = rep.post(path, data=form)
        assert 400 <= answer.status_code < 500, (path, answer.status_code)
        assert CANARY not in answer.text.lower(), path


def test_an_answer_from_before_they_were_bound_is_not_given_again(
    api: Api, ours: Told, theirs: Told
) -> None:
    path, said = f"/v1/insights/{theirs.insight_id}/review", {"verdict": "confirmed"}
    client, key = api.as_(Role.SALES), {"Idempotency-Key": "once"}
    assert CANARY in client.post(path, json=said, headers=key).text
    with db.connect(api.settings.database_url) as conn:
        bind_user(conn, "a sales user", REP)
        conn.commit()
    assert_problem(client.post(path, json=said, headers=key), 404, "not-found")
    assert client.get("/v1/me").json()["rep"] == REP
    assert "change themes" not in client.get("/v1/me").json()["may"]
    assert calls(client) == [ours.call_id]
    with db.connect(api.settings.database_url) as conn:
        bind_user(conn, "A Sales User", None)
        conn.commit()
    assert sorted(calls(client)) == [ours.call_id, theirs.call_id]


def test_who_is_bound(conn: db.Connection) -> None:
    user = create_user(conn, "Tamsin", Role.SALES, f" {REP} ")
    assert user.rep == REP
    assert queries.user_named(conn, "tamsin") == user
    assert create_user(conn, "Tamsin", Role.SALES).rep == REP, "until somebody unbinds them"
    for name, rep, error in [("nobody", REP, NotFound), ("Tamsin", " ", BadRep)]:
        with pytest.raises(error):
            bind_user(conn, name, rep)
    with pytest.raises(BadRep, match="Only sales users"):
        create_user(conn, "Ana", Role.PRODUCT, REP)
    promoted = create_user(conn, "Tamsin", Role.ADMIN)
    assert {right for right in Right if promoted.may(right)} == BOUND, "nobody sees more by a role"
    assert bind_user(conn, "Tamsin", None).rep is None


def test_commands_bind_and_unbind(settings: Settings) -> None:
    made = run("token", "create", "--name", "Tamsin", "--role", "sales", "--rep", REP)
    assert made.stdout.startswith("esk_"), made.stderr
    assert REP in run("rep", "list").stdout
    assert run("rep", "unbind", "--user", "tamsin").stdout == "Tamsin sees all calls.\n"
    assert json.loads(run("rep", "list", "--json").stdout)[0]["rep"] is None
    bound = run("rep", "bind", "--user", "Tamsin", "Lee")
    assert bound.stdout == "Tamsin sees the calls of Lee alone.\n"
    refused = run("token", "create", "--name", "Ana", "--role", "product", "--rep", "Lee")
    assert refused.returncode == 1
    assert "Only sales users are bound to a rep" in refused.stderr
