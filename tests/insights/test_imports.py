"""A transcript as a person brings it: what is read, and what is refused, where and with what
remedy."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.imports import transcript as rules
from insights.imports.transcript import BadTranscript, Brought, read_transcript
from insights.insight import Competitor
from transcribe.transcript import Speaker

HISTORY = Path(__file__).parents[1] / "fixtures" / "history"
SAMPLES = Path(__file__).parents[2] / "samples" / "calls"

TURN: dict[str, Any] = {"speaker": "customer", "text": "It is too dear."}


def read(turns: Any = (TURN,), name: str = "acme.json", **fields: Any) -> Brought:
    turns = list(turns) if isinstance(turns, tuple) else turns
    return read_transcript(json.dumps({"turns": turns, **fields}).encode(), name)


def refusal(body: bytes) -> str:
    with pytest.raises(BadTranscript) as refused:
        read_transcript(body, "acme.json")
    said = str(refused.value)
    assert said.startswith("acme.json: ")
    assert said.endswith(".")
    assert said.count("\n") == 0
    said.encode()  # every letter of it can be sent and printed
    return said


def refused(turns: Any = (TURN,), **fields: Any) -> str:
    turns = list(turns) if isinstance(turns, tuple) else turns
    return refusal(json.dumps({"turns": turns, **fields}).encode())


# What is read ------------------------------------------------------------------------------


def test_a_call_with_all_its_details() -> None:
    brought = read_transcript((HISTORY / "plumbline-h-lantern-1.json").read_bytes(), "lantern.json")
    details = brought.details
    assert (details.company, brought.product) == ("Plumbline", "Plumbline Compass")
    assert brought.pitch
    assert brought.pitch.startswith("Marketing analytics")
    assert brought.rivals[0] == Competitor("Attrivo", ("Attrivo One", "Trivo"))
    assert (details.title, details.account) == ("Demo, Lantern Bay Hotels", "Lantern Bay Hotels")
    assert details.held_at == datetime(2026, 10, 1, 14, 0, tzinfo=UTC)
    assert (details.segment, details.stage, details.language) == ("mid-market", "demo", "en")
    assert (details.account_value_usd, details.deal_value_usd) == (Decimal(210000), Decimal(62000))
    assert details.lead_created_at == datetime(2026, 9, 15, tzinfo=UTC)
    spoken = brought.transcript
    assert (spoken.engine, spoken.language, len(spoken.turns)) == ("imported", "en", 13)
    first = spoken.turns[0]
    assert (first.speaker, first.name, first.start, first.words) == (
        *(Speaker.SELLER, "Gus Hallam"),
        *(1.2, ()),
    )
    assert spoken.seconds == max(turn.end or 0 for turn in spoken.turns)


@pytest.mark.parametrize("file", sorted(SAMPLES.glob("*.json")), ids=lambda file: file.stem)
def test_the_samples_as_they_are(file: Path) -> None:
    brought = read_transcript(file.read_bytes(), file.name)
    assert brought.details.held_at
    assert {turn.start for turn in brought.transcript.turns} == {None}
    assert brought.transcript.seconds == 0.0


def test_the_example_in_the_readme() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    (example,) = [block for block in readme.split("```json\n")[1:] if '"turns"' in block]
    brought = read_transcript(example.split("```")[0].encode(), "example.json")
    assert (brought.details.company, len(brought.transcript.turns)) == ("Brackenwatch", 2)


def test_the_least_that_is_a_call() -> None:
    brought = read_transcript(b'\xef\xbb\xbf{"turns": [{"text": " Hi\\n there. "}]}')
    (turn,) = brought.transcript.turns
    assert (turn.speaker, turn.text, turn.name) == (Speaker.UNKNOWN, "Hi there.", None)
    assert (brought.filename, brought.details.title) == ("the transcript.json", None)
    assert read_transcript(b'{"id": "a-7", "turns": [{"text": "Hi"}]}').filename == "a-7.json"


def test_a_day_is_enough_and_a_time_goes_before_it() -> None:
    assert read(date="2026-03-31").details.held_at == datetime(2026, 3, 31, tzinfo=UTC)
    both = read(date="2026-03-30", held_at="2026-03-31T10:00:00-04:00")
    assert both.details.held_at == datetime(2026, 3, 31, 14, 0, tzinfo=UTC)
    assert read(held_at="2026-03-31").details.held_at == datetime(2026, 3, 31, tzinfo=UTC)


def test_sums_are_numbers_or_words() -> None:
    details = read(deal_value_usd="48,000", account_value_usd=125000.5).details
    assert (details.deal_value_usd, details.account_value_usd) == (
        Decimal(48000),
        Decimal("125000.5"),
    )


def test_what_the_file_says_of_insights_is_never_read() -> None:
    for nonsense in ("nonsense", [{"turn": 99}], {"a": 1}, float("nan")):
        assert read(insights=nonsense, known=nonsense) == read()


# The same words ----------------------------------------------------------------------------


def test_the_same_words_of_the_same_company_are_known_again() -> None:
    first = read(company={"name": "Acme"}, title="One", held_at="2026-01-01")
    spaced = {"speaker": "unknown", "name": "Bo", "text": "It  is\ntoo dear. ", "start": 3}
    again = read((spaced,), name="b.json", company={"name": " acme "}, title="Two")
    assert first.sha256 == again.sha256
    assert first.sha256 != read(company={"name": "Other"}).sha256
    assert first.sha256 != read(({"text": "It is too dear"},), company={"name": "Acme"}).sha256
    assert read().sha256 == read(company={"name": "My company"}).sha256


words = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=12)
spoken = st.lists(st.lists(words, min_size=1, max_size=5).map(" ".join), min_size=1, max_size=5)


@given(spoken, spoken)
def test_other_words_have_another_hash(one: list[str], other: list[str]) -> None:
    hashes = {read(tuple({"text": text} for text in said)).sha256 for said in (one, other)}
    assert len(hashes) == (1 if one == other else 2)


@given(spoken, st.sampled_from([" ", "\n", "\t ", "\u2003"]))
def test_what_is_read_is_what_was_said(said: list[str], blank: str) -> None:
    turns = tuple({"text": f"{blank}{text.replace(' ', blank)}{blank}"} for text in said)
    assert [turn.text for turn in read(turns).transcript.turns] == said


# What is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "is not JSON"),
        (b"WEBVTT\n\n00:01.000 --> 00:02.000\nHi", "is not JSON"),
        (b'{"turns": [', "is not JSON"),
        (b"\xff\xfe\x00", "is not UTF-8 text"),
        (b"[" * 200_000, "is nested too deeply"),
        (b'{"turns":' * 200_000, "is nested too deeply"),
        (b'{"turns": [{"text": "x"}], "deal_value_usd": ' + b"9" * 5000 + b"}", "is not JSON"),
        (b"[]", "must be an object, not []"),
        (b'"hi"', "must be an object"),
        (b"{}", 'has no "turns"'),
        (b'{"turns": NaN}', "turns must be a list, not NaN"),
        (b'{"turns": [{"text": "x", "start": NaN}]}', "turns[0].start is NaN: give the seconds"),
        (b'{"turns": [{"text": "x", "start": 1e999}]}', "turns[0].start is Infinity"),
        (b'{"turns": [{"text": "x", "start": 1' + b"0" * 400 + b"}]}", "turns[0].start is 1000"),
        (b'{"turns": [{"text": "x"}], "deal_value_usd": NaN}', "deal_value_usd is 'nan'"),
        (b'{"turns": [{"text": "a\\u0000b"}]}', "turns[0].text holds a control character (U+0000)"),
        (b'{"turns": [{"text": "a\\u001bb"}]}', "a control character (U+001B): take it out"),
        (b'{"turns": [{"text": "\\ud800"}]}', "turns[0].text holds half a character (U+D800)"),
        (b'{"turns": [{"text": "x", "name": "\\u0007"}]}', "turns[0].name holds a control"),
        (b'{"turns": [{"text": "x", "speaker": "\\ud800"}]}', 'turns[0].speaker must be "rep"'),
        (b'{"turns": [{"text": "x"}], "\\ud800": 1}', 'has a field "\\ud800": use account,'),
        (b'{"turns": [{"text": "x"}], "title": "\\ud800"}', "title holds a control character"),
        (b'{"turns": [{"text": "x"}], "held_at": "\\ud800"}', "held_at is"),
        (b'{"turns": [{"text": "x"}], "id": "\\ud800", "title": 7}', "title must be text, not 7"),
    ],
)
def test_what_is_no_transcript(body: bytes, says: str) -> None:
    assert says in refusal(body)


@pytest.mark.parametrize(
    ("turns", "says"),
    [
        ([], "turns is empty: a call has at least one turn"),
        ({}, "turns must be a list"),
        (["hi"], "turns[0] must be an object"),
        ([{}], 'turns[0] has no "text"'),
        ([TURN, {"text": " \n"}], "turns[1].text is empty: write what was said, or leave the turn"),
        ([{"text": 7}], "turns[0].text must be text, not 7"),
        ([{"text": "x", "begin": 3}], 'turns[0] has a field "begin": use end, name, speaker,'),
        ([{"text": "x", "speaker": "dog"}], "turns[0].speaker must be"),
        ([{"text": "x", "start": -1}], "turns[0].start is -1: give the seconds"),
        ([{"text": "x", "start": True}], "turns[0].start is true"),
        ([{"text": "x", "start": "0:12"}], 'turns[0].start is "0:12"'),
        ([{"text": "x", "start": 1.76e9}], "turns[0].start is 1760000000.0"),
        ([{"text": "x", "start": 5, "end": 4.5}], "turns[0].end is 4.5, before its start at 5"),
        ([{"text": "x", "end": 4}], "turns[0] has an end and no start: give both, or neither"),
        ([{"text": "x" * 20_001}], "turns[0].text has 20,001 characters where at most 20,000"),
        ([{"text": "x", "name": "N" * 301}], "turns[0].name has 301 characters: use at most 300"),
        ([TURN] * 100_000, "has 100,000 turns where at most 10,000 are taken: is it one call?"),
    ],
)
def test_turns_that_are_none(turns: Any, says: str) -> None:
    assert says in refused(turns)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"company": "Acme"}, "company must be an object"),
        ({"company": {"rivals": []}}, 'company has a field "rivals"'),
        ({"company": {"name": "A" * 301}}, "company has 301 characters"),
        ({"company": {"pitch": 7}}, "company.pitch must be text"),
        ({"company": {"competitors": [{}]}}, "company.competitors[0].name must be text"),
        ({"company": {"competitors": [{"name": "A\0"}]}}, "company.competitors[0].name holds"),
        (
            {"company": {"competitors": [{"name": "A", "aliases": ["b"] * 51}]}},
            "company.competitors[0].aliases has 51 names: use at most 50",
        ),
        ({"company": {"competitors": [{"name": "A"}] * 201}}, "company.competitors names 201"),
        ({"deal_valu_usd": 5}, 'has a field "deal_valu_usd": use account,'),
        ({"title": 5}, "title must be text, not 5"),
        ({"title": "T" * 301}, "title has 301 characters: use at most 300"),
        ({"deal_value_usd": True}, "deal_value_usd must be text, not true"),
        ({"deal_value_usd": -5}, "deal_value_usd is '-5': write a sum"),
        ({"deal_value_usd": "a lot"}, "deal_value_usd is 'a lot'"),
        ({"held_at": "yesterday"}, "held_at is 'yesterday': write a date"),
        ({"held_at": "2026-03-31T10:00"}, 'held_at is "2026-03-31T10:00", without its zone'),
        ({"held_at": "2026-03-31\ud80010:00"}, "without its zone"),
        ({"lead_created_at": "2026-03-31 10:00"}, "lead_created_at is"),
        ({"held_at": "1969-01-01"}, "before 1970"),
        ({"date": "2026-02-31"}, 'date is "2026-02-31": write a day'),
        ({"date": "2026-03-31T10:00:00Z"}, "date is"),
        ({"language": "English"}, "language is 'English': write two letters"),
        ({"seller_channel": 1}, 'has a field "seller_channel"'),
    ],
)
def test_details_that_cannot_be_taken(fields: dict[str, Any], says: str) -> None:
    assert says in refused(**fields)


def test_the_limits_themselves_are_taken() -> None:
    assert len(read([TURN] * rules.MOST_TURNS).transcript.turns) == rules.MOST_TURNS
    assert read([{"text": "x" * rules.LONGEST_TURN, "start": 0, "end": rules.LONGEST_CALL}])


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(sorted(rules.FIELDS | rules.OF_TURN | rules.OF_COMPANY)) | st.text(),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(anything, st.sampled_from(["", *sorted(rules.FIELDS)]))
def test_anything_is_read_or_refused_in_a_plain_line(value: Any, field: str) -> None:
    whole = {"turns": [TURN], field: value} if field else value
    body = json.dumps(whole).encode()
    try:
        brought = read_transcript(body, "acme.json")
    except BadTranscript:
        refusal(body)
    else:
        assert all(turn.text.strip() for turn in brought.transcript.turns)
        assert len(brought.sha256) == 64


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with pytest.raises(BadTranscript):
        read_transcript(body)
