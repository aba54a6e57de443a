"""Numbers that go on over several turns."""

from hypothesis import given
from hypothesis import strategies as st

from tests.insights.saying import buyer, seller
from tests.transcribe.pii.saying import cards, said
from transcribe.pii.mask import Private, hidden
from transcribe.pii.passages import private_in
from transcribe.transcript import Turn


def shown(*turns: Turn) -> list[str]:
    masks = private_in(turns)
    return [hidden(turn.text, masks.get(at, ())) for at, turn in enumerate(turns)]


@given(st.data(), cards(), st.sampled_from(["Mhm.", "Go on.", "Yes, I see.", "four two", "Okay"]))
def test_asides_do_not_part_a_number(data: st.DataObject, number: str, aside: str) -> None:
    words = data.draw(said(number, pauses=(", ",))).split(" ")
    cuts = data.draw(st.sets(st.integers(1, max(1, len(words) - 1)), max_size=4))
    parts = [
        " ".join(words[a:b])
        for a, b in zip([0, *sorted(cuts)], [*sorted(cuts), len(words)], strict=True)
        if a < b
    ]
    turns = [turn for part in parts for turn in (buyer(part), seller(aside))]
    masks = private_in(turns)
    for at, part in enumerate(parts):
        (mask,) = masks[2 * at]
        left = part[: mask.start] + part[mask.end :]
        assert mask.what is Private.CARD
        assert left.strip(",. -") in {"", "uh"}, left


def test_the_other_reads_it_back() -> None:
    turns = [
        *(buyer("My number is four one five"), seller("four one five")),
        *(buyer("five five five, two six"), seller("five five five, two six")),
        *(buyer("seven one."), seller("seven one.")),
    ]
    label = Private.PHONE.label
    assert shown(*turns)[::2] == [f"My number is {label}", label, f"{label}."]
    assert all(label in text for text in shown(*turns)[1::2])


def test_the_question_announces_the_answer() -> None:
    asked = seller("And what's the best number for you?")
    assert shown(asked, buyer("Five five five, oh one four two."))[1] == "[phone number]."
    assert shown(seller("How was it?"), buyer("Five five five, oh one four two."))[1][0] == "F"


def test_a_longer_turn_parts() -> None:
    talk = seller("Let me tell you about our new pricing before that.")
    turns = (buyer("four two four two four two four two"), talk, buyer("4242 4242"))
    assert private_in(turns) == {}


def test_an_address_over_two_turns() -> None:
    turns = (buyer("It goes to invoices"), seller("Uh-huh."), buyer("at acme dot com."))
    assert shown(*turns)[::2] == ["It goes to [e-mail address]", "[e-mail address]."]
