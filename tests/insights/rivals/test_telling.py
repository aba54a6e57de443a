"""How rivals' numbers are said."""

import pytest

from insights.evaluate import Share
from insights.insight import Stance
from insights.rivals.telling import STANCES, deals_words, won_words
from insights.trends.contrast import Contrast, contrasts


def deals(here: Share, elsewhere: Share) -> Contrast:
    (contrast,) = contrasts([(here, elsewhere)])
    return contrast


@pytest.mark.parametrize(
    ("here", "elsewhere", "said"),
    [
        (Share(0, 0), Share(9, 9), "no deal decided"),
        (Share(1, 1), Share(9, 9), "1 of 1 deal won, not enough deals to tell"),
        (Share(0, 4), Share(9, 9), "0 of 4 deals won, not enough deals to tell"),
        (Share(3, 8), Share(4, 9), "3 of 8 deals won, 14 to 69 %"),
        (
            Share(0, 8),
            Share(9, 9),
            "0 of 8 deals won, 0 to 32 %, less often than without it (9 of 9)",
        ),
        (
            Share(8, 8),
            Share(0, 9),
            "8 of 8 deals won, 68 to 100 %, more often than without it (0 of 9)",
        ),
    ],
)
def test_no_more_is_said_of_deals_than_they_tell(here: Share, elsewhere: Share, said: str) -> None:
    assert deals_words(deals(here, elsewhere)).replace("\N{NO-BREAK SPACE}", " ") == said


def test_the_least_number_of_deals_is_five() -> None:
    assert "not enough" in won_words(Share(0, 4))
    assert "not enough" not in won_words(Share(0, 5))


def test_each_stance_has_words() -> None:
    assert set(STANCES) == set(Stance)
