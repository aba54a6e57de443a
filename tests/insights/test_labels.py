"""The label format: read as a person may have written it, refused with the place of the fault."""

import json
from pathlib import Path
from typing import Any

import pytest

from ingest.base.errors import NotFound, Refused
from insights.insight import Category, Competitor, Insight, Kind, Quote, Stance
from insights.labels import as_object, read_call, read_folder
from transcribe.transcript import Speaker

TURNS = [
    {"speaker": "rep", "name": "Ana", "text": "Shall we talk about price?"},
    {"speaker": "customer", "name": "Bo", "text": "It is too dear. Zebrix wants half of it."},
]
CALL: dict[str, Any] = {
    "id": "acme-01",
    "company": {
        "name": "Acme",
        "product": "Acme Box",
        "competitors": [{"name": "Zebrix", "aliases": ["Zeb"]}, {"name": "Quorum"}],
    },
    "turns": TURNS,
    "insights": [
        {"turn": 1, "kind": "objection", "category": "price", "quote": "It is too dear"},
        {
            "turn": 1,
            "kind": "competitor",
            "name": "Zebrix",
            "stance": "evaluating",
            "quote": "Zebrix wants half of it",
        },
    ],
}


def test_a_call_is_read_into_our_values() -> None:
    call = read_call(CALL)
    assert call.id == "acme-01"
    assert call.own_names == ("Acme", "Acme Box")
    assert call.competitors == (Competitor("Zebrix", ("Zeb",)), Competitor("Quorum"))
    assert [turn.speaker for turn in call.transcript.turns] == [Speaker.SELLER, Speaker.BUYER]
    price, rival = call.truth
    assert (price.kind, price.label) == (Kind.OBJECTION, Category.PRICE)
    assert price.quote == Quote("It is too dear", 0, 14)
    assert (rival.label, rival.stance, rival.unlisted) == ("Zebrix", Stance.EVALUATING, False)
    assert rival.quote.start_char == 16


def test_a_bare_call_without_title_names_or_company_is_enough(tmp_path: Path) -> None:
    path = tmp_path / "monday.json"
    path.write_text('{"turns": [{"text": "hello"}, {"speaker": "unknown", "text": "yes"}]}')
    call = read_call(path)
    assert (call.id, call.company, call.competitors, call.truth) == ("monday", "", (), ())
    assert {turn.speaker for turn in call.transcript.turns} == {Speaker.UNKNOWN}


def test_broken_labels_do_not_stop_mining() -> None:
    call = read_call({**CALL, "insights": [{"turn": 99}]})
    assert len(call.transcript.turns) == 2
    with pytest.raises(Refused, match=r"acme-01: insights\[0\]\.turn must be a turn of this call"):
        _ = call.truth


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is not JSON"),
        ("not json", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "must be an object, not \\[\\]"),
        ('{"id": "x"}', 'has no "turns"'),
        ('{"turns": {}}', "turns must be a list"),
        ('{"turns": ["hi"]}', r"turns\[0\] must be an object"),
        ('{"turns": [{"speaker": "rep"}]}', r'turns\[0\] has no "text"'),
        ('{"turns": [{"text": 7}]}', r"turns\[0\]\.text must be text, not 7"),
        ('{"turns": [{"speaker": "dog", "text": ""}]}', r'turns\[0\]\.speaker must be "rep"'),
        ('{"turns": [{"speaker": ["rep"], "text": ""}]}', r"turns\[0\]\.speaker must be"),
        ('{"turns": [], "company": "Acme"}', "company must be an object"),
        ('{"turns": [], "company": {"competitors": [{}]}}', r"competitors\[0\]\.name must be"),
        ('{"turns": [], "company": {"competitors": [{"name": " "}]}}', "name is empty"),
    ],
)
def test_a_broken_file_is_refused_with_its_name_and_place(
    tmp_path: Path, content: str, said: str
) -> None:
    path = tmp_path / "bad.json"
    path.write_text(content)
    with pytest.raises(Refused, match=rf"bad\.json: .*{said}|bad\.json: {said}"):
        read_call(path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kind": "gossip"}, "kind must be one of objection, competitor, feature_request"),
        ({"quote": "never said"}, "quote is not in the words of turn 1"),
        ({"quote": ""}, "quote is not in the words"),
        ({"category": "weather"}, "category must be one of price"),
        ({"turn": True}, "turn must be a turn"),
    ],
)
def test_a_broken_label_is_refused_when_truth_is_asked_for(
    change: dict[str, Any], said: str
) -> None:
    label = {**CALL["insights"][0], **change}
    with pytest.raises(Refused, match=said):
        _ = read_call({**CALL, "insights": [label]}).truth


def test_bytes_that_are_no_text_and_files_that_are_not_there(tmp_path: Path) -> None:
    (tmp_path / "sound.json").write_bytes(b"\xff\xfeRIFF\x80")
    with pytest.raises(Refused, match=r"sound\.json: is not UTF-8"):
        read_call(tmp_path / "sound.json")
    with pytest.raises(NotFound, match="no such file"):
        read_call(tmp_path / "none.json")
    with pytest.raises(NotFound, match="no such folder"):
        list(read_folder(tmp_path / "none"))


def test_a_folder_gives_its_calls_in_order_and_skips_recordings_truth(tmp_path: Path) -> None:
    for name in ("b.json", "a.json"):
        (tmp_path / name).write_text(json.dumps({"turns": []}))
    (tmp_path / "a.truth.json").write_text("[]")
    assert [call.id for call in read_folder(tmp_path)] == ["a", "b"]


def test_what_mine_prints_reads_back_as_the_same_labels() -> None:
    truth = read_call(CALL).truth
    request = Insight(
        1, Kind.FEATURE_REQUEST, "export to CSV", Quote("It is", 0, 5), 0.51234, "x", "1"
    )
    unlisted = Insight(
        1, Kind.COMPETITOR, "Zeb", Quote("Zeb", 16, 19), 1.0, "x", "1", Stance.NEUTRAL, True
    )
    printed = as_object("acme-01", [*truth, request, unlisted])
    again = read_call({**CALL, "insights": printed["insights"]}).truth
    assert again[:2] == truth
    assert (again[2].label, again[3].unlisted) == ("export to CSV", True)
    assert printed["insights"][2]["confidence"] == 0.512
    assert set(printed["insights"][0]) == {"turn", "kind", "category", "quote", "confidence"}
