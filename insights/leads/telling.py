"""Lead quality in words: what stands out, in sentences. Pure."""

from insights.digest import ENOUGH_CALLS, count_words, label_words
from insights.insight import Kind
from insights.leads.lead import Leads, Objected, Origin
from insights.trends.telling import group_words
from insights.trends.trend import Dimension, Verdict

ORIGIN = {Dimension.LEAD_SOURCE: "lead source", Dimension.CAMPAIGN: "campaign"}


def headline(leads: Leads) -> str:
    """The answer in one sentence."""
    if not leads.calls:
        return f"No calls were heard in these {len(leads.question.periods)} weeks."
    told = outstanding(leads)
    if told:
        return sentence(leads, *told[0])
    known = [origin for origin in leads.origins if origin.group is not None]
    if len(known) < 2:
        number = "only one" if known else "no"
        return f"Nothing to compare yet: {number} {ORIGIN[leads.by]} is noted."
    if not _any_tested(known):
        return (
            f"Not enough calls yet to compare {ORIGIN[leads.by]}s: {ENOUGH_CALLS} of one are"
            f" needed, and as many others."
        )
    return (
        f"No {ORIGIN[leads.by]} stands out: in {count_words(leads.calls, 'call')}, what buyers"
        " object does not differ by more than chance."
    )


def _any_tested(origins: list[Origin]) -> bool:
    found = [each.contrast for origin in origins for each in origin.objections if each.contrast]
    return any(contrast.verdict is not Verdict.TOO_FEW_CALLS for contrast in found)


def outstanding(leads: Leads) -> list[tuple[Origin, Objected]]:
    """What stands out: more before less, the surest first."""
    found = [
        (objected.contrast, origin, objected)
        for origin in leads.origins
        for objected in origin.objections
        if objected.contrast and objected.contrast.told
    ]
    found.sort(key=lambda each: (each[0].verdict is Verdict.LESS, each[0].chance or 0.0))
    return [(origin, objected) for _, origin, objected in found]


def sentence(leads: Leads, origin: Origin, objected: Objected) -> str:
    """ "From lead source “webinar”, need comes up in 6 of 11 calls (with 3 accounts), more often
    than in the others (4 of 49)." """
    contrast = objected.contrast
    assert contrast is not None, "only what is compared is told"
    more = "more" if contrast.verdict is Verdict.MORE else "less"
    return (
        f"{group_words(leads.by, origin.group)},"
        f" {label_words(Kind.OBJECTION, objected.label).lower()} comes up in"
        f" {contrast.here.hits} of {count_words(contrast.here.total, 'call')}"
        f" (with {count_words(origin.accounts, 'account')}), {more} often than in the others"
        f" ({contrast.elsewhere.hits} of {contrast.elsewhere.total:,})."
    )
