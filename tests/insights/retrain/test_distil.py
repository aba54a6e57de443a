"""One's own calls labelled by an LLM: only what it really said, and only of calls it answered."""

import json
from pathlib import Path

import pytest

from ingest.base.db import Connection
from ingest.base.errors import NotFound, Refused
from ingest.base.settings import Settings
from insights.insight import Kind
from insights.labels import LabelledCall
from insights.llm.files import requests
from insights.retrain.distil import Label, NotLabelled, by_file, by_server, chosen, labelled
from insights.retrain.material import OwnCall
from insights.retrain.reviewed import held_out
from tests.insights.llm import server
from tests.insights.remining import AddMined

PRICE = {
    **{"turn": 0, "kind": "objection", "quote": "the price is high", "category": "price"},
    "sure": "certain",
}
INVENTED = {**PRICE, "quote": "the price is outrageous"}


@pytest.fixture
def calls(conn: Connection, mined: AddMined) -> list[OwnCall]:
    """Three calls that are not held out."""
    ids = [mined().id for _ in range(10)]
    return chosen(conn, ids, 3)


def all_labelled(calls: list[OwnCall], label: Label) -> tuple[list[LabelledCall], list[str]]:
    said: list[str] = []
    return list(labelled(calls, label, said.append)), said


def settings_of(url: str) -> Settings:
    return Settings(llm_url=url, llm_model="gemma")


def test_held_out_calls_are_never_chosen(conn: Connection, mined: AddMined) -> None:
    ids = [mined().id for _ in range(10)]
    taken = [call.id for call in chosen(conn, ids, 99)]
    assert taken == [n for n in ids if not held_out(n)]
    assert len(chosen(conn, ids, 2)) == 2


def test_only_quotes_that_are_there_become_labels(calls: list[OwnCall]) -> None:
    with server.serving(server.insights(PRICE, INVENTED)) as llm:
        found, said = all_labelled(calls, by_server(settings_of(llm.url)))
    assert [[(i.kind, i.quote.text) for i in call.truth] for call in found] == [
        [(Kind.OBJECTION, "the price is high")]
    ] * 3
    assert all(call.known is None for call in found)
    assert said[0].startswith(f"1 of 3: call {calls[0].id}, 1 label")


def test_a_call_that_the_llm_did_not_answer_is_not_learnt_from(calls: list[OwnCall]) -> None:
    replies = server.insights(PRICE), server.body(400, b"too long"), server.insights(PRICE)
    with server.serving(*replies) as llm:
        found, said = all_labelled(calls, by_server(settings_of(llm.url)))
    assert [call.id for call in found] == [f"call-{calls[0].id}", f"call-{calls[2].id}"]
    assert f"call {calls[1].id} is left out (it answered 400: too long)" in said[1]


def test_an_llm_that_answers_nothing_ends_it(calls: list[OwnCall]) -> None:
    with (
        server.serving(server.body(400, b"no model")) as llm,
        pytest.raises(NotLabelled, match=r"none of 3 calls in a row .*no model"),
    ):
        all_labelled(calls, by_server(settings_of(llm.url)))


def test_without_an_llm_it_says_how_to_name_one() -> None:
    with pytest.raises(Refused, match="EARSHOT_LLM_URL"):
        by_server(Settings())


def test_answers_brought_in_a_file(calls: list[OwnCall], tmp_path: Path) -> None:
    asked = [json.loads(line)["id"] for c in calls for line in requests(c.unlabelled, "gemma")]
    assert asked == [f"call-{call.id}/0" for call in calls]
    file = tmp_path / "answers.jsonl"
    good = json.dumps({"insights": [PRICE, INVENTED]})
    answers = zip(asked, (good, "Sorry, I cannot."), strict=False)  # and none to the third
    lines = [json.dumps({"id": key, "content": said}) for key, said in answers]
    file.write_text("\n".join(lines))
    found, said = all_labelled(calls, by_file(file, Settings(llm_model="gemma")))
    assert [(call.id, len(call.truth)) for call in found] == [(f"call-{calls[0].id}", 1)]
    assert [line for line in said if "left out" in line] == said[1:]
    file.write_text("")
    with pytest.raises(NotLabelled, match="nothing to learn from"):
        all_labelled(calls, by_file(file, Settings()))
    with pytest.raises(NotFound):
        by_file(tmp_path / "nowhere", Settings())
