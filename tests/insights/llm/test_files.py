"""Requests written down, answers read back."""

import json
from pathlib import Path

import pytest

from ingest.base.errors import NotFound, Refused
from insights.insight import Kind
from insights.labels import LabelledCall, read_call
from insights.llm.files import mine_answers, read_answers, requests
from tests.insights.llm import server
from tests.insights.llm.server import serving
from tests.insights.llm.test_miner import DEAR, INVENTED, miner

CALL: LabelledCall = read_call(
    {
        "id": "acme-01",
        "company": {"name": "Acme", "competitors": [{"name": "Brightloom"}]},
        "turns": [
            {"speaker": "rep", "text": "Well?"},
            {"speaker": "customer", "text": "It is far too dear."},
        ],
    }
)


def written(folder: Path, *lines: object) -> Path:
    file = folder / "answers.jsonl"
    file.write_text("\n".join(x if isinstance(x, str) else json.dumps(x) for x in lines))
    return file


def answer(*found: object, key: str = "acme-01/0") -> dict[str, str]:
    return {"id": key, "content": json.dumps({"insights": found})}


def test_what_is_written_is_what_would_be_sent() -> None:
    lines = [json.loads(line) for line in requests(CALL, "gemma")]
    with serving(server.insights()) as llm:
        miner(llm).mine(CALL.transcript, CALL.competitors, CALL.own_names)
    assert lines == [{"id": "acme-01/0", "request": llm.asked[0]}]


def test_answers_are_checked_as_the_llms_own_are(tmp_path: Path) -> None:
    answers = read_answers(written(tmp_path, answer(DEAR, INVENTED), "", answer(key="x/0")))
    mined = mine_answers(CALL, answers, "gemma")
    assert [(i.kind, i.label) for i in mined.insights] == [(Kind.OBJECTION, "price")]
    assert mined.how.dropped == {"quote not found": 1}


def test_an_answer_that_cannot_be_read_finds_nothing_and_is_counted(tmp_path: Path) -> None:
    answers = read_answers(written(tmp_path, {"id": "acme-01/0", "content": "Sorry, no."}))
    mined = mine_answers(CALL, answers, "gemma")
    assert (mined.insights, mined.how.dropped) == ((), {"unreadable answer": 1})


def test_a_missing_answer_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no answer acme-01/0"):
        mine_answers(CALL, read_answers(written(tmp_path, answer(key="other/0"))), "gemma")


@pytest.mark.parametrize(
    "line", ["{", "[]", "3", "{}", '{"id": 1, "content": ""}', '{"id": "a", "content": {}}']
)
def test_a_line_that_is_no_answer_is_named(tmp_path: Path, line: str) -> None:
    with pytest.raises(Refused, match="line 2 is no answer"):
        read_answers(written(tmp_path, answer(), line))


def test_two_answers_to_one_request_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="line 2 answers acme-01/0 a second time"):
        read_answers(written(tmp_path, answer(), answer()))


def test_a_file_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="cannot be read"):
        read_answers(tmp_path / "none.jsonl")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    with pytest.raises(Refused, match="not UTF-8"):
        read_answers(tmp_path / "bytes")
