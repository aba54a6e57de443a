"""What reviews make known, and what they do not."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from insights.insight import Competitor, Kind, Review, Stance
from insights.retrain.reviewed import held_out, known
from insights.stored import StoredInsight
from tests.insights.saying import buyer, seller
from transcribe.transcript import Speaker

PRICE = "it costs too much and we run Attrivo"
TURNS = (seller("How are you?"), buyer(PRICE), buyer("We run Attrivo or Bolt"))
RIVALS = (Competitor("Attrivo"), Competitor("Bolt"))
YES, NO, OPEN = Review.CONFIRMED, Review.REJECTED, Review.UNREVIEWED
OBJECTION, RIVAL, REQUEST = Kind.OBJECTION, Kind.COMPETITOR, Kind.FEATURE_REQUEST


def found(
    review: Review,
    kind: Kind = OBJECTION,
    label: str = "price",
    quote: str = "costs too much",
    turn: int = 1,
) -> StoredInsight:
    start = max(TURNS[turn].text.find(quote), 0)
    return StoredInsight(
        id=1,
        call_id=1,
        turn=turn,
        kind=kind,
        label=label,
        stance=Stance.USING if kind is RIVAL else None,
        unlisted=False,
        quote=quote,
        char_start=start,
        char_end=start + len(quote),
        start=None,
        end=None,
        confidence=0.9,
        detector=kind.value,
        version="1",
        review=review,
        found_label=None,
        found_stance=None,
        competitor_id=None,
        theme_id=None,
        call_title="",
        held_at=datetime(2026, 3, 2, tzinfo=UTC),
        company_id=1,
        account_id=None,
        account=None,
        segment=None,
        rep=None,
        speaker=Speaker.BUYER,
        speaker_name=None,
    )


def told(*insights: StoredInsight) -> dict[tuple[int, Kind], list[str]]:
    pairs = known(TURNS, RIVALS, insights)
    return {pair: [i.label for i in true] for pair, true in pairs.items()}


def test_what_was_confirmed_is_there_and_what_was_rejected_is_not() -> None:
    assert told(found(YES)) == {(1, OBJECTION): ["price"]}
    assert told(found(NO)) == {(1, OBJECTION): []}
    assert told(found(YES), found(NO, REQUEST, "CSV", "run")) == {
        (1, OBJECTION): ["price"],
        (1, REQUEST): [],
    }


def test_what_nobody_reviewed_is_unknown() -> None:
    assert told() == told(found(OPEN)) == {}
    assert told(found(NO), found(OPEN, quote="too much")) == {}, "one may still be there"
    assert told(found(YES), found(OPEN, quote="run")) == {(1, OBJECTION): ["price"]}


def test_a_relabelled_one_is_there_under_its_new_label() -> None:
    relabelled = replace(found(YES, label="need"), found_label="price")
    assert told(relabelled) == {(1, OBJECTION): ["need"]}


def test_each_rival_of_a_turn_is_known_or_none() -> None:
    attrivo = found(YES, RIVAL, "Attrivo", "Attrivo", 2)
    bolt = found(NO, RIVAL, "Bolt", "Bolt", 2)
    assert told(attrivo) == {}, "nobody said what Bolt is"
    assert told(attrivo, bolt) == {(2, RIVAL): ["Attrivo"]}
    assert told(found(NO, RIVAL, "Attrivo", "Attrivo", 1)) == {(1, RIVAL): []}


@pytest.mark.parametrize(
    "gone",
    [
        found(YES, quote="costs the earth"),  # heard again, otherwise
        replace(found(YES), turn=7),
        found(YES, label="colour"),  # a category of another time
        found(YES, quote="How are you", turn=0),  # of the seller, where nobody looks
    ],
)
def test_what_cannot_be_learnt_is_left_out(gone: StoredInsight) -> None:
    assert told(gone) == {}


def test_a_third_is_held_out_for_good() -> None:
    assert 900 < sum(map(held_out, range(3000))) < 1100
    first = [n for n in range(30) if held_out(n)]
    assert first == [7, 10, 15, 16, 18, 24, 26, 27], "else what was held out would be learnt from"
