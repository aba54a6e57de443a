"""Feature requests and their themes."""

import pytest

from insights.detectors.base import Doc
from insights.detectors.theme import theme
from insights.insight import Insight, Kind
from insights.miner import Miner, load_pipeline
from tests.insights.saying import buyer, seller, transcript
from transcribe.transcript import Turn


@pytest.fixture(scope="module")
def miner() -> Miner:
    return Miner.load()


@pytest.fixture(scope="module")
def parse() -> Doc:
    return load_pipeline()


def requests(miner: Miner, *turns: Turn) -> list[Insight]:
    return [i for i in miner.mine(transcript(*turns), ()) if i.kind is Kind.FEATURE_REQUEST]


@pytest.mark.parametrize(
    "text",
    [
        "It'd be a great help if it could export the reports to Excel on its own.",
        "Is there anything on the roadmap for a mobile app?",
        "What we'd need is for it to send the customer a text when the driver leaves.",
    ],
)
def test_a_plain_wish_is_a_request_with_a_theme(miner: Miner, text: str) -> None:
    found = requests(miner, seller("It doesn't do that today, no."), buyer(text))
    assert [i.turn for i in found] == [1]
    assert 2 <= len(found[0].label.split()) <= 6
    assert found[0].quote.text in text


@pytest.mark.parametrize(
    "turns",
    [
        (buyer("Morning."), seller("It would be great if it could export to Excel, people say.")),
        (seller("And it exports to Excel as well."), buyer("Oh, nice.")),
        (seller("How many sites have you got?"), buyer("Eleven, and one in Leeds.")),
    ],
)
def test_what_is_no_request(miner: Miner, turns: tuple[Turn, ...]) -> None:
    assert not requests(miner, *turns)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("Could it maybe export the transcripts to CSV?", "export transcripts to CSV"),
        ("Is there a way to merge duplicate contacts?", "merge duplicate contacts"),
        ("We'd want a mobile app.", "mobile app"),
        ("it'd have to print delivery labels", "print delivery labels"),
        ("I'd love it if you could split the invoice by site", "split invoice by site"),
    ],
)
def test_a_theme_names_the_capability(parse: Doc, said: str, words: str) -> None:
    assert theme(parse(said), 0, len(said)) == words


@pytest.mark.parametrize("said", ["", "?", "that", "Could it?", "it it it it it it it it it"])
def test_where_nothing_is_named_the_theme_is_the_buyers_own_words(parse: Doc, said: str) -> None:
    named = theme(parse(said), 0, len(said)).split()
    assert len(named) <= 6
    assert all(word.strip("?") in said.lower() for word in named)
