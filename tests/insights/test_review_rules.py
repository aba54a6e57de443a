"""What a review may say, and which words a missed insight means."""

from dataclasses import replace

import pytest

from insights.insight import PERSON, Kind, Quote, Review, Stance
from insights.reviews.rules import (
    BadReview,
    Judgement,
    Missed,
    Standing,
    check_stance,
    checked_label,
    judged,
    place,
)
from insights.stored import StoredInsight
from tests.conftest import NOON
from tests.insights.saying import buyer, heard, seller
from transcribe.transcript import Speaker

PRICE = StoredInsight(
    id=7,
    call_id=1,
    turn=0,
    kind=Kind.OBJECTION,
    label="price",
    stance=None,
    unlisted=False,
    quote="too dear",
    char_start=0,
    char_end=8,
    start=None,
    end=None,
    confidence=0.8,
    detector="objection",
    version="1",
    review=Review.UNREVIEWED,
    found_label=None,
    found_stance=None,
    competitor_id=None,
    theme_id=None,
    call_title="",
    held_at=NOON,
    company_id=1,
    account_id=None,
    account=None,
    segment=None,
    rep=None,
    speaker=Speaker.BUYER,
    speaker_name=None,
)
RIVAL = replace(PRICE, kind=Kind.COMPETITOR, label="Attrivo", stance=Stance.USING)
RELABELLED = replace(PRICE, label="need", found_label="price", review=Review.CONFIRMED)


@pytest.mark.parametrize(
    ("insight", "said", "becomes"),
    [
        (PRICE, Judgement(Review.CONFIRMED), ("confirmed", "price", None)),
        (PRICE, Judgement(Review.CONFIRMED, "timing"), ("confirmed", "timing", None)),
        (PRICE, Judgement(Review.REJECTED), ("rejected", "price", None)),
        (RIVAL, Judgement(Review.CONFIRMED, "Bolt"), ("confirmed", "Bolt", "using")),
        (
            RIVAL,
            Judgement(Review.CONFIRMED, stance=Stance.LEFT),
            ("confirmed", "Attrivo", "left"),
        ),
        (RELABELLED, Judgement(Review.CONFIRMED), ("confirmed", "need", None)),
        (RELABELLED, Judgement(Review.REJECTED), ("rejected", "price", None)),
        (RELABELLED, Judgement(Review.UNREVIEWED), ("unreviewed", "price", None)),
    ],
)
def test_what_an_insight_becomes(
    insight: StoredInsight, said: Judgement, becomes: tuple[str, str, str | None]
) -> None:
    assert judged(insight, said) == Standing(*becomes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("insight", "said", "why"),
    [
        (PRICE, Judgement(Review.CONFIRMED, "weather"), "is no category"),
        (PRICE, Judgement(Review.CONFIRMED, stance=Stance.LEFT), "Only a competitor"),
        (PRICE, Judgement(Review.REJECTED, "need"), "Only a confirmed"),
        (RIVAL, Judgement(Review.UNREVIEWED, stance=Stance.LEFT), "Only a confirmed"),
        (RIVAL, Judgement(Review.CONFIRMED, " – "), "The rival's name is empty"),
        (replace(PRICE, detector=PERSON), Judgement(Review.UNREVIEWED), "reject it to take it"),
    ],
)
def test_what_cannot_be_said(insight: StoredInsight, said: Judgement, why: str) -> None:
    with pytest.raises(BadReview, match=why):
        judged(insight, said)


def test_a_label_has_single_blanks() -> None:
    assert checked_label(Kind.FEATURE_REQUEST, "  export \n to  CSV ") == "export to CSV"


def test_a_rival_that_was_missed_needs_its_stance() -> None:
    with pytest.raises(BadReview, match="stance to this rival"):
        check_stance(Kind.COMPETITOR, None, needed=True)
    check_stance(Kind.COMPETITOR, Stance.USING, needed=True)
    check_stance(Kind.OBJECTION, None, needed=True)


TURNS = (
    seller("So is it the price?"),
    heard("It is the price and it is the price of moving."),
)


def missed(**where: object) -> Missed:
    return Missed(Kind.OBJECTION, "price", **where)  # type: ignore[arg-type]


def test_words_are_placed_by_their_characters_with_their_seconds() -> None:
    turn, quote = place(TURNS, missed(turn=1, span=(6, 16)))
    assert (turn, quote) == (1, Quote("the price", 6, 15, 1.0, 1.9)), "without the blank behind"


def test_words_are_placed_by_the_exact_quote() -> None:
    assert place(TURNS, missed(quote=" price of moving ")) == (
        1,
        Quote("price of moving", 30, 45, 4.0, 5.4),
    )
    assert place((buyer("dear, dear"), buyer("dear")), missed(turn=1, quote="dear")) == (
        1,
        Quote("dear", 0, 4),
    )


@pytest.mark.parametrize(
    ("where", "why"),
    [
        ({"quote": "the price"}, "were said 3 times"),
        ({"quote": "The price"}, "no such words"),
        ({"quote": "  "}, "Say which words"),
        ({"turn": 2, "quote": "price"}, "There is no turn 2: the call has 0 to 1"),
        ({"turn": 0, "span": (3, 3)}, "are not in this turn, which has 19"),
        ({"turn": 0, "span": (3, 20)}, "are not in this turn"),
        ({"turn": 0, "span": (18, 19)}, "holds no word"),
    ],
)
def test_words_that_are_not_there(where: dict[str, object], why: str) -> None:
    with pytest.raises(BadReview, match=why):
        place(TURNS, missed(**where))
