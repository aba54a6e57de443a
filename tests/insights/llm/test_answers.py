"""What an LLM's answer is worth: what can be verified in the call is kept, the rest counted."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.insight import Category, Competitor, Insight, Kind, Stance
from insights.llm.answers import LONGEST_LABEL, Checked, Dropped, Unreadable, check, parse
from insights.llm.prompt import SURENESS, Told
from tests.insights.saying import buyer, heard, seller, transcript
from transcribe.transcript import Speaker, Turn

CALL = Told(
    transcript(
        seller("We hear it is too dear, and that Brightloom is cheaper."),
        heard("Honestly it is far too dear for us and Bright is half of it", 5.0),
        buyer("Could it export\n to  Excel? Tidewall does."),
        Turn(Speaker.UNKNOWN, "The board decides."),
    ),
    (Competitor("Brightloom", ("Bright",)), Competitor("Summit")),
    ("Acme", "Acme Compass"),
)

OBJECTION = {
    "turn": 1,
    "kind": "objection",
    "quote": "far too dear for us",
    "category": "price",
    "sure": "certain",
}
RIVAL = {
    "turn": 1,
    "kind": "competitor",
    "quote": "Bright is half of it",
    "name": "Brightloom",
    "stance": "praised",
    "unlisted": False,
    "sure": "likely",
}
REQUEST = {
    "turn": 2,
    "kind": "feature_request",
    "quote": "export to Excel?",
    "theme": "export to Excel",
    "sure": "possible",
}


def checked(*found: Any, window: range = range(4)) -> Checked:
    into = Checked()
    check(CALL, window, found, "llm:m+1", into)
    return into


def only(found: dict[str, Any]) -> Insight:
    result = checked(found)
    assert result.dropped == {}
    (insight,) = result.insights
    return insight


def test_an_objection_has_its_words_seconds_and_version() -> None:
    insight = only(OBJECTION)
    assert (insight.turn, insight.kind, insight.label) == (1, Kind.OBJECTION, "price")
    assert (insight.detector, insight.version) == ("objection", "llm:m+1")
    assert insight.confidence == SURENESS["certain"]
    assert insight.stance is None
    quote = insight.quote
    text = CALL.turns[1].text
    assert quote.text == text[quote.start_char : quote.end_char] == "far too dear for us"
    assert (quote.start, quote.end) == (5.0 + 3 / 2, 5.0 + 7 / 2 + 0.4)


def test_blanks_in_a_quote_are_the_turns_own() -> None:
    assert only(REQUEST).quote.text == "export\n to  Excel?"
    assert only(OBJECTION | {"quote": " far too\tdear "}).quote.text == "far too dear"


@pytest.mark.parametrize("name", ["Brightloom", "bright", " Bright "])
def test_a_rival_gets_the_catalogues_name(name: str) -> None:
    insight = only(RIVAL | {"name": name, "unlisted": True})
    assert (insight.label, insight.stance, insight.unlisted) == (
        "Brightloom",
        Stance.PRAISED,
        False,
    )


def test_a_rival_outside_the_catalogue_must_be_said() -> None:
    found = RIVAL | {"turn": 2, "quote": "Tidewall does.", "name": "Tidewall", "unlisted": True}
    assert (only(found).label, only(found).unlisted) == ("Tidewall", True)


def test_a_rival_named_by_the_seller_counts() -> None:
    assert only(RIVAL | {"turn": 0, "quote": "Brightloom is cheaper."}).turn == 0


def test_an_unknown_speaker_may_object() -> None:
    found = OBJECTION | {"turn": 3, "quote": "The board decides.", "category": "authority"}
    assert only(found).label == Category.AUTHORITY


@pytest.mark.parametrize(
    ("found", "why"),
    [
        ("far too dear", Dropped.NO_INSIGHT),
        (None, Dropped.NO_INSIGHT),
        ({}, Dropped.NO_INSIGHT),
        (OBJECTION | {"kind": "praise"}, Dropped.NO_INSIGHT),
        (OBJECTION | {"kind": ["objection"]}, Dropped.NO_INSIGHT),
        (OBJECTION | {"turn": 4}, Dropped.WRONG_TURN),
        (OBJECTION | {"turn": -1}, Dropped.WRONG_TURN),
        (OBJECTION | {"turn": True}, Dropped.WRONG_TURN),
        (OBJECTION | {"turn": "1"}, Dropped.WRONG_TURN),
        (OBJECTION | {"turn": 2}, Dropped.WRONG_TURN),
        (OBJECTION | {"quote": "much too dear"}, Dropped.NO_QUOTE),
        (OBJECTION | {"quote": "Far too dear"}, Dropped.NO_QUOTE),
        (OBJECTION | {"quote": "far … dear"}, Dropped.NO_QUOTE),
        (OBJECTION | {"quote": ""}, Dropped.NO_QUOTE),
        (OBJECTION | {"quote": " "}, Dropped.NO_QUOTE),
        (OBJECTION | {"quote": ".*"}, Dropped.NO_QUOTE),
        (OBJECTION | {"quote": None}, Dropped.NO_QUOTE),
        (OBJECTION | {"turn": 0, "quote": "it is too dear"}, Dropped.SELLER),
        (REQUEST | {"turn": 0, "quote": "it is too dear"}, Dropped.SELLER),
        (OBJECTION | {"category": "colour"}, Dropped.CATEGORY),
        (OBJECTION | {"category": None}, Dropped.CATEGORY),
        (RIVAL | {"stance": "hated"}, Dropped.STANCE),
        (RIVAL | {"stance": None}, Dropped.STANCE),
        (RIVAL | {"name": "Excel"}, Dropped.RIVAL),
        (RIVAL | {"name": "Tidewall", "unlisted": True}, Dropped.RIVAL),
        (RIVAL | {"name": "", "unlisted": True}, Dropped.RIVAL),
        (RIVAL | {"turn": 2, "quote": "Tidewall", "name": "Tidewall"}, Dropped.RIVAL),
        (RIVAL | {"name": "acme", "unlisted": True}, Dropped.RIVAL),
        (REQUEST | {"theme": " "}, Dropped.THEME),
        (REQUEST | {"theme": 3}, Dropped.THEME),
        (REQUEST | {"theme": "x" * (LONGEST_LABEL + 1)}, Dropped.THEME),
        (REQUEST | {"theme": "export\x00"}, Dropped.THEME),
        (REQUEST | {"theme": "export\ud800"}, Dropped.THEME),
    ],
)
def test_what_cannot_be_verified_is_dropped_and_counted(found: Any, why: Dropped) -> None:
    result = checked(OBJECTION, found)
    assert [i.label for i in result.insights] == ["price"]
    assert result.dropped == {why: 1}


def test_what_is_told_twice_counts_once() -> None:
    again = RIVAL | {"quote": "Bright", "name": "bright", "stance": "using"}
    result = checked(OBJECTION, RIVAL, OBJECTION, again)
    assert [i.kind for i in result.insights] == [Kind.OBJECTION, Kind.COMPETITOR]
    assert result.dropped == {Dropped.TWICE: 2}


def test_only_the_turns_of_the_window_count() -> None:
    result = checked(OBJECTION, REQUEST, window=range(2, 4))
    assert [i.kind for i in result.insights] == [Kind.FEATURE_REQUEST]
    assert result.dropped == {Dropped.WRONG_TURN: 1}


def test_insights_come_in_the_order_they_were_said() -> None:
    kinds = [i.kind for i in checked(REQUEST, RIVAL, OBJECTION).insights]
    assert kinds == [Kind.OBJECTION, Kind.COMPETITOR, Kind.FEATURE_REQUEST]


@pytest.mark.parametrize(
    "content",
    [
        '{"insights": [1]}',
        '```json\n{"insights": [1]}\n```',
        'Here you are: {"insights": [1]} Anything else?',
        '<think>Hm.</think>\n{"insights": [1]}',
    ],
)
def test_an_answer_may_be_wrapped(content: str) -> None:
    assert parse(content) == [1]


@pytest.mark.parametrize(
    "content",
    [
        *("", "none", "[]", "{}", "null", '{"insights": {}}', '{"insights": null}', "}{"),
        '{"insights": [{"turn": 1, "kind": "obj',
        '{"insights": [{"turn": 1}, {"turn"',
        '{"insights": ' + "[" * 100_000,
    ],
)
def test_an_answer_of_another_form_is_unreadable(content: str) -> None:
    with pytest.raises(Unreadable):
        parse(content)


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
LIKELY = st.sampled_from(
    [
        *(word for turn in CALL.turns for word in turn.text.split()),
        *(*Kind, *Category, *Stance, *SURENESS, "Tidewall", "acme"),
    ]
)
FOUND = st.fixed_dictionaries(
    {},
    optional={
        "turn": st.integers(-1, 4) | ANY,
        **dict.fromkeys(("kind", "category", "stance", "name", "quote", "theme"), LIKELY | ANY),
        "sure": LIKELY | ANY,
        "unlisted": st.booleans() | ANY,
    },
)


@given(st.lists(FOUND | ANY, max_size=8))
def test_any_answer_at_all_gives_sound_insights_and_all_is_counted(answer: list[Any]) -> None:
    result = checked(*answer)
    assert len(result.insights) + result.dropped.total() == len(answer)
    for insight in result.insights:
        turn = CALL.turns[insight.turn]
        quote = insight.quote
        assert quote.text == turn.text[quote.start_char : quote.end_char] != ""
        assert (insight.stance is not None) == (insight.kind is Kind.COMPETITOR)
        assert insight.kind is Kind.COMPETITOR or turn.speaker is not Speaker.SELLER
        assert insight.label
        json.dumps(insight.label).encode()
