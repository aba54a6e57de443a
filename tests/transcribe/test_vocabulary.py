"""Names chosen for the prompt."""

from hypothesis import given
from hypothesis import strategies as st

from transcribe.vocabulary import fit, prompt, relevant

RIVALS = ["Roadlark", "KiloTrack"]
ALIASES = ["the Lark", "Road Lark", "Kilo", "KT"]


def test_the_likeliest_come_first_and_nothing_twice() -> None:
    chosen = relevant("Haulwright", "Haulwright Drive", "Kowal  Transport", RIVALS, ALIASES)
    assert chosen == (
        "Haulwright",
        "Haulwright Drive",
        "Kowal Transport",
        "Roadlark",
        "KiloTrack",
        "the Lark",
        "Road Lark",
    )
    assert relevant("Acme", None, None, [], []) == ("Acme",)


@given(st.lists(st.text(min_size=1, max_size=30)), st.integers(0, 100))
def test_what_is_kept_fits_and_no_more_would(names: list[str], limit: int) -> None:
    kept = fit(names, len, limit)
    assert kept == tuple(names[: len(kept)])
    if kept:
        assert len(prompt(kept)) <= limit
    if len(kept) < len(names):
        assert len(prompt(names[: len(kept) + 1])) > limit
