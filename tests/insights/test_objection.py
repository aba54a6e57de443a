"""Objections: the guidelines' border cases, on examples that no labelled call holds."""

import pytest

from insights.insight import Category, Insight, Kind
from insights.miner import Miner
from tests.insights.saying import buyer, seller, transcript
from transcribe.transcript import Turn


@pytest.fixture(scope="module")
def miner() -> Miner:
    return Miner.load()


def objections(miner: Miner, *turns: Turn) -> list[Insight]:
    return [i for i in miner.mine(transcript(*turns), ()) if i.kind is Kind.OBJECTION]


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("It's too expensive for us, there's no budget for that this year.", Category.PRICE),
        ("Not before the autumn, we're in the middle of moving the office.", Category.TIMING),
        ("Our contract with the present supplier runs another two years.", Category.INCUMBENT),
        ("It doesn't talk to our accounting system, so that's a problem.", Category.INTEGRATION),
        ("Nobody here has the time to train sixty people on a new tool.", Category.EFFORT),
        ("Our security officer won't accept data outside the country.", Category.SECURITY),
        ("Three years is too long a commitment, we'd never sign that.", Category.TERMS),
    ],
)
def test_a_plain_objection_gets_its_category_and_its_words(
    miner: Miner, text: str, category: Category
) -> None:
    found = objections(miner, seller("What would stop you from starting?"), buyer(text))
    assert [(i.turn, i.label) for i in found] == [(1, category)]
    assert found[0].quote.text in text


@pytest.mark.parametrize(
    "turns",
    [
        (buyer("Morning."), seller("Most people tell me at first that it's too expensive.")),
        (seller("Any questions?"), buyer("What does it cost?")),
        (seller("How was the weekend?"), buyer("Lovely, thanks, we were at the seaside.")),
        (seller("Shall I send the slides?"), buyer("Yes please, that'd be great.")),
    ],
)
def test_what_is_no_objection(miner: Miner, turns: tuple[Turn, ...]) -> None:
    assert not objections(miner, *turns)
