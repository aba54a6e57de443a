"""Names chosen for the prompt."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transcribe.vocabulary import Expected, Rival, fit, in_title, prompt, relevant

RIVALS = (
    Rival("Roadlark", ("the Lark", "Road Lark")),
    Rival("KiloTrack", ("Kilo", "KT"), lately=9),
    Rival("Fleetmoss", ("Moss",), by_account=1, lately=1),
)
KNOWN = Expected("Haulwright", "Haulwright Drive", "Kowal  Transport", "Kendra Voss", "", RIVALS)


def test_the_likeliest_come_first_and_nothing_twice() -> None:
    assert relevant(KNOWN) == (
        "Haulwright",
        "Haulwright Drive",
        "Kowal Transport",
        "Kendra Voss",
        "Fleetmoss",  # the account spoke of it
        "KiloTrack",  # much in talk
        "Roadlark",
        "the Lark",
        "Road Lark",
    )
    assert relevant(Expected("Acme")) == ("Acme",)
    assert relevant(Expected()) == ()


@pytest.mark.parametrize(
    ("title", "names"),
    [
        ("Discovery, Hartsoe Home", ["Hartsoe Home"]),
        ("Discovery call with Marlowe & Finch Packaging", ["Marlowe & Finch Packaging"]),
        ("Demo: Ada Lund / Zoë O'Neill-Ash", ["Ada Lund", "Zoë O'Neill-Ash"]),
        ("Cold Call Brizzolara", ["Brizzolara"]),
        ("Élan, second call", ["Élan"]),
        ("Friday Check-In", []),
        ("QBR 2026", []),
        ("GMT20260304_1015 Recording", []),
        ("haulwright-05", []),
        ("", []),
    ],
)
def test_the_names_in_a_title(title: str, names: list[str]) -> None:
    assert list(in_title(title)) == names


some_names = st.text("abcdeABC '-&", min_size=1, max_size=12)
some_rivals = st.builds(
    Rival,
    some_names,
    st.lists(some_names, max_size=2).map(tuple),
    st.integers(0, 3),
    st.integers(0, 3),
)


@given(st.text(max_size=60))
def test_a_title_gives_only_what_stands_in_it(title: str) -> None:
    for name in in_title(title):
        assert name in " ".join(title.split())
        assert not name[0].islower()


@given(st.lists(some_rivals, max_size=6).map(tuple), some_names)
def test_a_rival_heard_more_is_never_behind_one_heard_less(
    rivals: tuple[Rival, ...], account: str
) -> None:
    names = relevant(Expected(account=account, rivals=rivals))
    assert len({name.casefold() for name in names}) == len(names)
    tidy = [" ".join(rival.name.split()) for rival in rivals]
    place = {
        rival: names.index(name)
        for rival, name in zip(rivals, tidy, strict=True)
        if name in names and tidy.count(name) == 1
    }
    heard = {rival: (rival.by_account, rival.lately) for rival in place}
    own = " ".join(account.split())
    for one in place:
        for other in place:
            if heard[one] > heard[other] and own not in (one.name, other.name):
                aliased = any(" ".join(a.split()) == one.name for r in rivals for a in r.aliases)
                assert aliased or place[one] < place[other]


@given(st.lists(st.text(min_size=1, max_size=30)), st.integers(0, 100))
def test_what_is_kept_fits_and_no_more_would(names: list[str], limit: int) -> None:
    kept = fit(names, len, limit)
    assert kept == tuple(names[: len(kept)])
    if kept:
        assert len(prompt(kept)) <= limit
    if len(kept) < len(names):
        assert len(prompt(names[: len(kept) + 1])) > limit
