"""Where what is counted lies, in SQL: pure.

What counts is what the roll-ups count (insights/rollups): calls that were mined, on the day in UTC
on which they were held, and their insights that no person has rejected. A call still on its way to
be mined is not among them; one that is mined again counts as it was until that is done.

The roll-ups `daily_company_calls`, `daily_company_mentions` and `daily_versions` know a call's day
and company: years of them are some thousand rows. `daily_calls` and `daily_mentions` know its
account as well, and so have nearly a row a call. What asks for a stage, rep, lead source or
campaign, a confidence or a review state goes to the calls that count (`mined_call`, index
mined_call_by_day) and what each counts for (`call_mentions`, index call_mentions_by_kind): both
know all that is asked for. What asks for a confidence and a review state at once, or for what was
rejected, counts the insights themselves. All ways give the same numbers; the tests hold them side
by side.
"""

from dataclasses import asdict
from typing import Any

from insights.counting import counting, objections
from insights.insight import Review
from insights.trends.trend import Dimension, Question

_CONDITIONS = {
    "company": "lower(co.name) = lower(%(company)s)",
    "account": "lower(a.name) = lower(%(account)s)",
    "segment": "lower(a.segment) = lower(%(segment)s)",
    "stage": "lower(d.stage) = lower(%(stage)s)",
    "rep": "lower(r.name) = lower(%(rep)s)",
    "lead_source": "lower(d.lead_source) = lower(%(lead_source)s)",
    "campaign": "lower(d.campaign) = lower(%(campaign)s)",
    "rival": """exists (select from insight n where n.call_id = {call} and n.kind = 'competitor'
                        and lower(n.label) = lower(%(rival)s) and n.review <> 'rejected')""",
}

GROUPS = {
    None: "null::text",
    Dimension.SEGMENT: "a.segment",
    Dimension.STAGE: "d.stage",
    Dimension.REP: "r.name",
    Dimension.LEAD_SOURCE: "d.lead_source",
    Dimension.CAMPAIGN: "d.campaign",
    Dimension.COMPANY: "co.name",
}

_BY_COMPANY = {"company"}
_BY_ACCOUNT = {"company", "account", "segment"}
"""What the roll-ups know: those of all accounts together, and the others."""

# Outer joins, also of what each call has: PostgreSQL leaves out those that nothing is asked of.
PARTIES = """left join company co on co.id = d.company_id
left join account a on a.id = d.account_id"""

DAYS = "d.day >= %(since)s and d.day < %(until)s"

_ROLLED_UP = f"d {PARTIES} where {DAYS} and d.calls > 0"

ALL_ROLLED_UP = f"d left join company co on co.id = d.company_id where {DAYS}"

FACTS = f"""d {PARTIES} left join rep r on r.id = d.rep_id where {DAYS}"""
"""Behind `mined_call` or `said`: what counts in the time asked for. Its call is `d.call_id`."""

MINED = f"""from call d join mined_call m on m.call_id = d.id {PARTIES}
left join rep r on r.id = d.rep_id"""

HELD = """d.held_at >= %(since)s::date at time zone 'UTC'
and d.held_at < %(until)s::date at time zone 'UTC'"""

COUNTED = f"""{MINED}
where {HELD} and m.day >= %(since)s and m.day < %(until)s"""
"""The calls of the time asked for that count."""

INSIGHTS = f"""{MINED} join insight i on i.call_id = d.id
where {HELD} and i.kind = %(kind)s"""


def rolled_up(question: Question) -> bool:
    """Whether the roll-ups know enough to answer."""
    return _asked(question) <= _BY_ACCOUNT


def by_company(question: Question) -> bool:
    """Whether the roll-ups of all accounts together do."""
    return _asked(question) <= _BY_COMPANY


def _asked(question: Question) -> set[str]:
    """What of a call it asks for."""
    among = asdict(question.among)
    given = {name for name in _CONDITIONS if among[name] is not None}
    return given | ({question.by.value} if question.by else set())


def mined(question: Question) -> tuple[str, str]:
    """Where the calls asked for are, and how many these rows are."""
    rows, calls = f"mined_call {FACTS}", "count(*)"
    if by_company(question):
        rows, calls = f"daily_company_calls {ALL_ROLLED_UP} and d.calls > 0", "sum(d.calls)"
    elif rolled_up(question):
        rows, calls = f"daily_calls {_ROLLED_UP}", "sum(d.calls)"
    return f"{rows} {conditions(question, 'd.call_id')}", calls


def mentions(question: Question) -> tuple[str, str]:
    """Where the mentions asked for are, and the calls of these rows."""
    rows, calls = f"{_kept(question)} {FACTS}", "count(*)"
    if question.among.whole and by_company(question):
        rows = f"daily_company_mentions {ALL_ROLLED_UP} and d.calls > 0"
        calls = "sum(d.calls)"
    elif question.among.whole and rolled_up(question):
        rows, calls = f"daily_mentions {_ROLLED_UP}", "sum(d.calls)"
    among = conditions(question, "d.call_id")
    if question.label is not None:
        among += " and lower(d.label) = lower(%(label)s)"
    return f"{rows} and d.kind = %(kind)s {among}", calls


def said(question: Question) -> str:
    """What each call counts for: as it is kept; where not all that stands counts, counted anew."""
    if question.among.whole:
        return "call_mentions"
    return f"""(
        select m.*, i.kind, i.label, i.mentions, i.stances, i.objections
        from mined_call m join (
            select m.call_id, i.kind, i.label, count(*)::int as mentions,
                   array_agg(i.stance order by i.stance)
                       filter (where i.stance is not null) as stances,
                   {objections("m.call_id", which_count(question))} as objections
            from insight i join mined_call m on m.call_id = i.call_id
            where m.day >= %(since)s and m.day < %(until)s and {which_count(question)}
            group by 1, 2, 3) i on i.call_id = m.call_id)"""  # noqa: S608 - constants


def _kept(question: Question) -> str:
    """As `said`, of how often alone: what is kept tells it of one confidence or review state."""
    among = question.among
    match (among.min_confidence, among.review):
        case (None, Review.UNREVIEWED):
            mentions, some = "mentions - confirmed", "mentions > confirmed"
        case (None, Review.CONFIRMED):
            mentions, some = "confirmed", "confirmed > 0"
        case (float(), None):
            mentions, some = _SURE, "confidences[1] >= %(min_confidence)s"
        case _:
            return said(question)
    return f"""(
        select call_id, kind, label, day, company_id, account_id, rep_id, stage, lead_source,
               campaign, {mentions} as mentions
        from call_mentions where {some})"""  # noqa: S608 - constants


_SURE = """case when confidences[mentions] >= %(min_confidence)s then mentions
else (select count(*) from unnest(confidences) sure where sure >= %(min_confidence)s) end"""
"""Mostly even the least sure is as sure, so that one look will do."""


def which_count(question: Question) -> str:
    """The condition on an insight `i` that counts."""
    return counting(question.among.min_confidence, question.among.review)


def values_of(question: Question) -> dict[str, Any]:
    """The values of what is said here of a question."""
    return asdict(question.among) | {
        "kind": question.kind,
        "label": question.label,
        "since": question.since,
        "until": question.until,
    }


def conditions(question: Question, call: str = "d.id") -> str:
    """What is asked of calls, or of what knows what they are counted by; `call` is their id."""
    return given(asdict(question.among), call)


def given(among: dict[str, Any], call: str) -> str:
    """What a filter asks of calls."""
    return "".join(
        f" and {condition.format(call=call)}"
        for name, condition in _CONDITIONS.items()
        if among[name] is not None
    )
