"""What is known of rivals in words: pure."""

from insights.digest import ENOUGH_CALLS, count_words, label_words
from insights.evaluate import Share
from insights.insight import Kind, Stance
from insights.rivals.rival import Companion, Rival
from insights.trends.contrast import Contrast
from insights.trends.trend import Verdict

STANCES: dict[Stance, str] = {
    Stance.USING: "using it",
    Stance.EVALUATING: "looking at it",
    Stance.PRAISED: "praising it",
    Stance.NEUTRAL: "naming it",
    Stance.CRITICISED: "criticising it",
    Stance.LEFT: "having left it",
}
"""From what speaks for a rival to what speaks against it."""


def beside(rival: Rival, companion: Companion) -> str:
    """ "Where Tidewall is named, price comes up in 9 of 14 calls, more often than elsewhere (8 of
    46)." """
    contrast = companion.contrast
    more = "more" if contrast.verdict is Verdict.MORE else "less"
    return (
        f"Where {rival.label} is named, {label_words(Kind.OBJECTION, companion.label).lower()}"
        f" comes up in {contrast.here.hits} of {count_words(contrast.here.total, 'call')},"
        f" {more} often than elsewhere"
        f" ({contrast.elsewhere.hits} of {contrast.elsewhere.total:,})."
    )


def deals_words(won: Contrast) -> str:
    """ "3 of 8 deals won, less often than without it (12 of 13)": what became of the deals in which
    a rival was named, and no more than they tell."""
    if not won.here.total:
        return "no deal decided"
    found = won_words(won.here)
    match won.verdict:
        case Verdict.MORE | Verdict.LESS:
            more = "more" if won.verdict is Verdict.MORE else "less"
            without = f"{won.elsewhere.hits} of {won.elsewhere.total:,}"
            return f"{found}, {more} often than without it ({without})"
        case _:
            return found


def won_words(won: Share) -> str:
    """ "3 of 8 deals won, 14 to 69 %"; of too few deals, that they are."""
    found = f"{won.hits} of {count_words(won.total, 'deal')} won"
    if won.total < ENOUGH_CALLS:
        return f"{found}, not enough deals to tell"
    low, high = won.interval
    return f"{found}, {100 * low:.0f} to {100 * high:.0f}\N{NO-BREAK SPACE}%"
