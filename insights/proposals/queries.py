"""SQL for proposals: kept with their evidence, listed, decided.

Deadlocks are ruled out by the order of the roll-ups: call, company, then proposals as sorted.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from psycopg.rows import kwargs_row

from ingest.base.db import Connection
from ingest.base.errors import NotFound
from ingest.calls import Call
from ingest.webhooks.queries import emit
from ingest.webhooks.webhook import EventType
from insights.catalogue.queries import (
    add_competitor,
    competitor,
    delete_competitor,
    full_catalogue,
    set_competitor,
)
from insights.insight import Competitor, Unlisted
from insights.proposals.proposal import Decision, Evidence, Proposal, State
from insights.proposals.rules import Known, changes, check_untouched, key, strangers
from insights.queries import catalogue, company_of, own_names
from insights.rollups.queries import hold_company
from transcribe.transcript import Speaker

# Keeping ----------------------------------------------------------------------------------


def save_names(conn: Connection, call: Call, names: Iterable[Unlisted]) -> None:
    """Make these the evidence that the call gives; after `save_insights` in its transaction, which
    holds the call and its company.

    A name proposed before, also a refused one, stays as it was decided. Saving the same again
    changes nothing. Raises NotFound where the call is gone.
    """
    company_id = company_of(conn, call.id)
    found = strangers(names, _known(conn, call.id, company_id))
    conn.execute("delete from proposal_mention where call_id = %s", (call.id,))
    with conn.cursor() as cursor:
        for name_key, mentions in found.items():
            proposal_id = _proposal_of(conn, call.id, company_id, name_key, mentions[0].name)
            cursor.executemany(
                """insert into proposal_mention (proposal_id, call_id, turn, quote, start_s, score)
                   values (%s, %s, %s, %s, %s, %s)""",
                [
                    (proposal_id, call.id, m.turn, m.quote.text, m.quote.start, m.score)
                    for m in mentions
                ],
            )


def _known(conn: Connection, call_id: int, company_id: int) -> Known:
    row = conn.execute(
        """select a.name, r.name from call c left join account a on a.id = c.account_id
           left join rep r on r.id = c.rep_id where c.id = %s""",
        (call_id,),
    ).fetchone()
    entries = catalogue(conn, company_id)
    return Known(
        listed=(
            *own_names(conn, company_id),
            *(name for entry in entries for name in (entry.name, *entry.aliases)),
        ),
        around=tuple(name for name in row or () if name),
    )


def _proposal_of(conn: Connection, call_id: int, company_id: int, name_key: str, name: str) -> int:
    """The id of the company's proposal under this key, made, and told, where there is none."""
    row = conn.execute(
        """insert into proposal (company_id, key, name) values (%s, %s, %s)
           on conflict (company_id, key) do update set name = proposal.name
           returning id, xmax = 0 as made""",
        (company_id, name_key, name),
    ).fetchone()
    assert row is not None, "an upsert returns its row"
    proposal_id: int = row[0]
    if row[1]:
        told = {"id": proposal_id, "name": name, "path": f"/v1/proposals/{proposal_id}"}
        emit(conn, EventType.PROPOSAL_CREATED, call_id, {"proposal": told})
    return proposal_id


# Listing ----------------------------------------------------------------------------------

MOST_EVIDENCE = 5
"""Quotes told of a proposal, the surest of each call first; the rest are counted."""

_SELECT = """
with per_call as (
    select m.proposal_id, m.call_id, c.account_id, count(*) as mentions, max(m.score) as best
    from proposal_mention m join call c on c.id = m.call_id
    join proposal p on p.id = m.proposal_id and p.company_id = c.company_id
    group by m.proposal_id, m.call_id, c.account_id),
heard as (
    select proposal_id, sum(mentions)::int as mentions, count(*)::int as calls,
           count(distinct account_id)::int as accounts,
           1 - exp(sum(ln(1 - least(best, 0.999)))) as strength  -- at least one is meant
    from per_call group by proposal_id)
select p.id, p.company_id, co.name as company, p.name, p.state, p.competitor_id,
       r.name as competitor, p.alias, u.name as decided_by, p.decided_at,
       coalesce(h.mentions, 0) as mentions, coalesce(h.calls, 0) as calls,
       coalesce(h.accounts, 0) as accounts, coalesce(h.strength, 0) as strength
from proposal p join company co on co.id = p.company_id
left join heard h on h.proposal_id = p.id
left join competitor r on r.id = p.competitor_id
left join app_user u on u.id = p.decided_by
"""


def find_proposals(conn: Connection, company: str | None, state: State) -> Sequence[Proposal]:
    """The proposals in a state, of one company (matched case aside) or of all, the strongest
    first. Open ones only where they are still heard and nobody has listed them by hand."""
    with conn.cursor(row_factory=kwargs_row(_proposal)) as cursor:
        found = cursor.execute(
            f"""{_SELECT}
                where p.state = %(state)s
                  and (%(company)s::text is null or lower(co.name) = lower(%(company)s))
                  and (p.state <> 'open' or h.mentions > 0)
                order by lower(co.name), strength desc, calls desc, p.id""",
            {"state": state, "company": company},
        ).fetchall()
    if state is State.OPEN:
        listed = {
            (entry.company_id, key(name))
            for entry in full_catalogue(conn)
            for name in (entry.name, *entry.aliases)
        }
        found = [p for p in found if (p.company_id, key(p.name)) not in listed]
    evidence = _evidence(conn, [proposal.id for proposal in found])
    return [replace(proposal, evidence=evidence.get(proposal.id, ())) for proposal in found]


def proposal(conn: Connection, proposal_id: int) -> Proposal:
    """One proposal; NotFound where there is none."""
    with conn.cursor(row_factory=kwargs_row(_proposal)) as cursor:
        found = cursor.execute(f"{_SELECT} where p.id = %s", (proposal_id,)).fetchone()
    if found is None:
        raise NotFound(f"There is no proposal {proposal_id}.")
    return replace(found, evidence=_evidence(conn, [proposal_id]).get(proposal_id, ()))


def _proposal(*, state: str, **row: Any) -> Proposal:
    return Proposal(state=State(state), **row)


def _evidence(conn: Connection, ids: Sequence[int]) -> Mapping[int, tuple[Evidence, ...]]:
    with conn.cursor(row_factory=kwargs_row(_piece)) as cursor:
        rows = cursor.execute(_EVIDENCE, {"ids": list(ids), "most": MOST_EVIDENCE}).fetchall()
    found: dict[int, tuple[Evidence, ...]] = {}
    for row in rows:
        found[row.proposal_id] = (*found.get(row.proposal_id, ()), row)
    return found


_EVIDENCE = """
select proposal_id, call_id, call_title, held_at, account, turn, speaker, speaker_name, quote,
       start, sound, score
from (
    select *, row_number() over (partition by proposal_id
                                 order by nth_in_call, score desc, held_at desc, turn) as nth
    from (
        select m.proposal_id, m.call_id, c.title as call_title, c.held_at, a.name as account,
               m.turn, coalesce(t.speaker, 'unknown') as speaker, t.name as speaker_name, m.quote,
               m.start_s as start, c.audio_sha256 is not null as sound, m.score,
               row_number() over (partition by m.proposal_id, m.call_id
                                  order by m.score desc, m.turn) as nth_in_call
        from proposal_mention m join call c on c.id = m.call_id
        join proposal p on p.id = m.proposal_id and p.company_id = c.company_id
        left join account a on a.id = c.account_id
        left join turn t on t.call_id = m.call_id and t.position = m.turn
        where m.proposal_id = any(%(ids)s)) each) told
where nth <= %(most)s order by proposal_id, nth
"""


def _piece(*, speaker: str, **row: Any) -> Evidence:
    return Evidence(speaker=Speaker(speaker), **row)


# Deciding ---------------------------------------------------------------------------------


def decide(conn: Connection, proposal_id: int, wanted: Decision, user_id: int) -> None:
    """Note what a person says of a proposed name, and put it into the catalogue or take it out
    again; saying the same again changes nothing. Raises NotFound, BadDecision, BadCompetitor."""
    hold_company(conn, proposal(conn, proposal_id).company_id)
    before = proposal(conn, proposal_id)  # as it is now that nobody else can decide
    if not changes(before, wanted):
        return
    if before.state is State.ACCEPTED:
        _take_out(conn, before)
    rival = _put_in(conn, before, wanted) if wanted.state is State.ACCEPTED else None
    decided = wanted.state is not State.OPEN
    conn.execute(
        """update proposal set state = %(state)s, competitor_id = %(rival)s, alias = %(alias)s,
                  decided_by = %(user)s, decided_at = case when %(decided)s then now() end
           where id = %(id)s""",
        {
            "id": proposal_id,
            "state": wanted.state,
            "rival": rival,
            "alias": wanted.competitor_id is not None,
            "user": user_id if decided else None,
            "decided": decided,
        },
    )


def _put_in(conn: Connection, accepted: Proposal, wanted: Decision) -> int:
    """List the name as a rival, or as another name of one of the same company; the rival's id."""
    if wanted.competitor_id is None:
        return add_competitor(conn, accepted.company_id, Competitor(accepted.name)).id
    entry = competitor(conn, wanted.competitor_id)
    if entry.company_id != accepted.company_id:
        raise NotFound(f"{accepted.company} has no competitor {wanted.competitor_id}.")
    aliases = (*entry.aliases, accepted.name)
    return set_competitor(conn, entry.id, Competitor(entry.name, aliases)).id


def _take_out(conn: Connection, accepted: Proposal) -> None:
    """Take out what accepting put in, unless a person has taken it out already."""
    if accepted.competitor_id is None:
        return
    entry = competitor(conn, accepted.competitor_id)
    if accepted.alias:
        put_in = accepted.name.casefold()
        aliases = tuple(name for name in entry.aliases if name.casefold() != put_in)
        set_competitor(conn, entry.id, Competitor(entry.name, aliases))
    else:
        check_untouched(accepted, entry)
        delete_competitor(conn, entry.id)
