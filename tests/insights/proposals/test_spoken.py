"""Which strangers' names a call proposes, on the real model and pipeline."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from insights.insight import Competitor, Unlisted
from insights.miner import Miner
from insights.proposals import spoken
from tests.insights.saying import buyer, seller, transcript
from transcribe.transcript import Speaker, Transcript, Turn

RIVALS = (Competitor("Brightloom"),)
CALL = transcript(
    seller("And what are you using today?"),
    buyer("We've had Tidewall on the servers since the middle of April."),
    seller("Plumbline Compass can do that. How is it going with them?"),
    Turn(
        Speaker.BUYER, "I'm Dana, by the way. Dana Whitlock. We pay in Euros.", name="Dana Whitlock"
    ),
    buyer("We were with Brightloom before. On Tuesday Mr. Hartsoe from Denver asks for Becky."),
    buyer("We came over to you from Mosaiq in twenty-four, they were too dear."),
)


@pytest.fixture(scope="module")
def miner() -> Miner:
    return Miner.load()


def names(miner: Miner, call: Transcript) -> list[Unlisted]:
    return list(miner.mine_with_names(call, RIVALS, ("Plumbline", "Plumbline Compass")).names)


def test_who_is_known_or_is_no_name_is_left_out(
    miner: Miner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spoken, "LEAST_SCORE", 0.0)
    found = {name.name: name for name in names(miner, CALL)}
    assert {"Tidewall", "Becky", "Mosaiq"} <= found.keys()
    assert not found.keys() & {"Brightloom", "Plumbline Compass", "Plumbline", "Tuesday", "April"}
    assert not found.keys() & {"Dana", "Dana Whitlock", "Hartsoe", "Mr"}
    assert found["Mosaiq"].score > found["Becky"].score
    assert "from Mosaiq" in found["Mosaiq"].quote.text


def test_most_names_are_not_proposed(miner: Miner) -> None:
    assert {name.name for name in names(miner, CALL)} <= {"Tidewall", "Mosaiq"}
    assert names(miner, transcript()) == []


ODD = "we had Tidewall Mosaiq Becky from Brightloom & - . ? <b> \x00 日本 Ünal's I'm 24 CRM \n"
WORDS = st.lists(st.sampled_from(ODD.split(" ")), max_size=15).map(" ".join)
TURNS = st.lists(
    st.builds(Turn, st.sampled_from(Speaker), st.text(max_size=30) | WORDS), max_size=3
)


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(TURNS)
def test_any_words_at_all_give_exact_quotes(miner: Miner, turns: list[Turn]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spoken, "LEAST_SCORE", 0.0)
        for found in names(miner, Transcript(tuple(turns), 0.0)):
            text, quote = turns[found.turn].text, found.quote
            assert quote.text == text[quote.start_char : quote.end_char]
            assert found.name in quote.text
            assert found.name.isprintable()
            assert 0 <= found.score <= 1
