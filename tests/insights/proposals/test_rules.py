"""Which words are printed like a name, which names are one, and what may be decided."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights.insight import Quote, Unlisted
from insights.proposals.names import MOST_LETTERS, MOST_WORDS, capitalised
from insights.proposals.proposal import Decision, Proposal, State
from insights.proposals.rules import BadDecision, Known, changes, key, strangers


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("there's a local outfit, Dunlevy Imaging, who always show up", ["Dunlevy Imaging"]),
        ("Summit came through with a slide deck.", []),
        ("Tidewall quoted us. When Mosaiq went under, we left.", ["Tidewall", "Mosaiq"]),
        ("I said I'd ask Dale's Diesel, I think", ["Dale's Diesel"]),
        ("Honestly, Tidewall's support was poor", ["Tidewall"]),
        ("it goes by Pickering & Sons here", ["Pickering & Sons"]),
        ("our CRM and the HR people, by MQTT", []),
        ("we were with tidewall until march", []),
        ("Nobody'd ask. Yes.", []),
        ("A <b>Hexa</b> one", ["Hexa"]),
        ("ONE TWO THREE FOUR FIVE SIX SEVEN", []),
        ("", []),
    ],
)
def test_what_is_printed_like_a_name(text: str, names: list[str]) -> None:
    assert [text[start:end] for start, end in capitalised(text)] == names


WORDS = st.sampled_from(
    [
        "Tidewall",
        "the",
        "Dale's",
        "I",
        "CRM",
        "24",
        "&",
        "-",
        ".",
        "<b>",
        "É\x00",
        "日本",
        "?",
        "We",
    ]
)
TEXTS = st.one_of(st.text(max_size=200), st.lists(WORDS, max_size=20).map(" ".join))


@given(TEXTS)
def test_names_are_words_in_order_without_marks(text: str) -> None:
    at = 0
    for start, end in capitalised(text):
        name = text[start:end]
        assert at <= start < end
        assert name[0].isupper()
        assert name.isprintable()
        assert not set(name) & set('<>"\x00')
        assert len(name.split()) <= MOST_WORDS
        assert sum(letter.isalnum() for letter in name) <= MOST_LETTERS
        assert key(name)
        at = end


def test_a_very_long_turn_is_read_quickly() -> None:
    assert capitalised("Yes Tidewall. " * 20_000)
    assert capitalised("A" * 500_000) == []


@given(st.text(max_size=40))
def test_one_key_however_it_is_written(name: str) -> None:
    assert key(f"  {name}\t") == key(name)
    assert not any(letter.isspace() for letter in key(name))


def test_spellings_of_one_name() -> None:
    assert {key(name) for name in ("Tide Wall", "tidewall", "Tide-Wall", "Tidewall's")} == {
        "tidewall"
    }
    assert key("…") == ""


def said(name: str, score: float = 0.6, turn: int = 0) -> Unlisted:
    return Unlisted(name, turn, Quote(name, 0, len(name)), score)


def test_who_is_known_is_not_proposed() -> None:
    known = Known(("Attrivo", "Trivo", "Plumbline"), ("Hartsoe Home", "Dana Whitlock"))
    names = [said(n) for n in ("attrivo", "TRIVO", "Plumbline's", "Hartsoe", "Dana", "!", "Hexa")]
    assert list(strangers(names, known)) == ["hexa"]


def test_of_one_name_the_surest_mention_of_a_turn_counts() -> None:
    found = strangers(
        [said("Hexa", 0.5), said("HEXA", 0.8), said("Hexa", 0.4, turn=3)], Known((), ())
    )
    assert [(m.turn, m.score) for m in found["hexa"]] == [(0, 0.8), (3, 0.4)]


OPEN = Proposal(
    id=1,
    company_id=1,
    company="Plumbline",
    name="Hexa",
    state=State.OPEN,
    competitor_id=None,
    competitor=None,
    alias=False,
    decided_by=None,
    decided_at=None,
    mentions=1,
    calls=1,
    accounts=1,
    strength=0.5,
)
ACCEPTED = replace(OPEN, state=State.ACCEPTED, competitor_id=7, decided_by="Ana")
ALIAS = replace(ACCEPTED, alias=True)
REFUSED = replace(OPEN, state=State.REFUSED, decided_by="Ana")


@pytest.mark.parametrize("before", [OPEN, ACCEPTED, ALIAS, REFUSED])
def test_the_same_again_changes_nothing_and_all_can_be_taken_back(before: Proposal) -> None:
    rival = before.competitor_id if before.alias else None
    assert not changes(before, Decision(before.state, rival))
    assert changes(before, Decision(State.OPEN)) == (before.state is not State.OPEN)


@pytest.mark.parametrize(
    ("before", "wanted"),
    [
        (ACCEPTED, Decision(State.REFUSED)),
        (ACCEPTED, Decision(State.ACCEPTED, 7)),
        (ALIAS, Decision(State.ACCEPTED, 8)),
        (REFUSED, Decision(State.ACCEPTED)),
        (OPEN, Decision(State.REFUSED, 7)),
    ],
)
def test_a_stale_page_does_not_undo_what_another_decided(
    before: Proposal, wanted: Decision
) -> None:
    with pytest.raises(BadDecision):
        changes(before, wanted)
