"""Rivals: a name meant as such against the same word in its ordinary sense."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from insights.insight import Competitor, Insight, Kind
from insights.miner import Miner
from tests.insights.saying import buyer, seller, transcript
from transcribe.transcript import Turn

RIVALS = (
    Competitor("Harvest Analytics", ("Harvest",)),
    Competitor("Summit Desk", ("Summit",)),
    Competitor("Vantiro", ("the Vans",)),
    Competitor("Brightloom", ()),
)


@pytest.fixture(scope="module")
def miner() -> Miner:
    return Miner.load()


def rivals_in(miner: Miner, *turns: Turn, own: tuple[str, ...] = ()) -> list[Insight]:
    found = miner.mine(transcript(*turns), RIVALS, own)
    return [insight for insight in found if insight.kind is Kind.COMPETITOR]


@pytest.mark.parametrize(
    ("text", "rival"),
    [
        ("We've been with Harvest for three years now.", "Harvest Analytics"),
        ("Summit quoted us last week.", "Summit Desk"),
        ("We're talking to Brightloom as well.", "Brightloom"),
        ("Before that it was Vantiro, and we dropped them.", "Vantiro"),
        ("we were with brightloom until march", "Brightloom"),
        ("we were with bright loom until march", "Brightloom"),
        ("Honestly, Summit's support was poor.", "Summit Desk"),
    ],
)
def test_a_rival_named_as_such(miner: Miner, text: str, rival: str) -> None:
    found = rivals_in(miner, seller("What do you use today?"), buyer(text))
    assert [(i.turn, i.label, i.unlisted) for i in found] == [(1, rival, False)]
    assert found[0].stance is not None
    assert found[0].quote.text in text


@pytest.mark.parametrize(
    "text",
    [
        "We're in the middle of harvest, so it's a busy week.",
        "I'm driving up to the summit with the kids on Saturday.",
        "Every harvest we take on forty people.",
        "It's the vans that cost us, not the drivers.",
        "There was a summit on energy prices in the town hall.",
    ],
)
def test_the_same_word_in_its_ordinary_sense(miner: Miner, text: str) -> None:
    assert not rivals_in(miner, seller("How are things?"), buyer(text))


def test_one_mention_a_rival_and_turn_and_again_in_a_later_turn(miner: Miner) -> None:
    found = rivals_in(
        miner,
        buyer("We use Brightloom. Brightloom is fine, but Vantiro quoted us too."),
        buyer("Brightloom runs out in May."),
    )
    assert [(i.turn, i.label) for i in found] == [
        (0, "Brightloom"),
        (0, "Vantiro"),
        (1, "Brightloom"),
    ]


def test_a_pronoun_is_no_mention(miner: Miner) -> None:
    found = rivals_in(
        miner, buyer("We're with Brightloom."), buyer("They put their prices up, the other lot.")
    )
    assert [i.turn for i in found] == [0]


def test_the_own_product_is_no_rival_though_its_name_holds_one(miner: Miner) -> None:
    turns = (seller("What do you use?"), buyer("We use Harvest Reach from your side already."))
    assert not rivals_in(miner, *turns, own=("Harvest Reach",))


def test_an_empty_catalogue_and_an_empty_call(miner: Miner) -> None:
    assert miner.mine(transcript(buyer("")), ()) == []
    assert miner.mine(transcript(), RIVALS) == []


NAMES = st.sampled_from(["Quellbridge", "Tornavik", "Ostrello", "Mirrowell"])


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(NAMES)
def test_renaming_a_rival_in_text_and_catalogue_renames_the_insight(
    miner: Miner, name: str
) -> None:
    def mined(rival: str) -> list[tuple[int, str, str]]:
        said = (seller("Who has it now?"), buyer(f"We've been with {rival} since the spring."))
        found = miner.mine(transcript(*said), [Competitor(rival)])
        return [(i.turn, i.label, str(i.stance)) for i in found if i.kind is Kind.COMPETITOR]

    assert mined(name) == [(turn, name, s) for turn, _, s in mined("Brightloom")]
    assert mined(name)
