"""A transcript becomes a call: saved with its words and its message, then rung."""

from dataclasses import dataclass
from datetime import datetime

from ingest import parties, soundless
from ingest.base.db import Connection, Pool
from ingest.base.queue import MINE
from ingest.calls import Accepted, Call
from ingest.details import check_times
from ingest.outbox import enqueue
from ingest.tasks import relay
from insights.catalogue.queries import add_competitor, company
from insights.catalogue.rules import BadCompetitor
from insights.imports.transcript import BadTranscript, Brought
from insights.queries import catalogue
from insights.rollups.queries import hold_company
from transcribe import queries as transcripts


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a transcript."""

    accepted: Accepted
    rivals_added: int  # to the company's catalogue, which had none
    rivals_left_out: tuple[str, ...]  # named in the file, and not in the catalogue


def bring(
    pool: Pool, brought: Brought, now: datetime, *, may_catalogue: bool, rep: str | None = None
) -> Taken:
    """Take a transcript as a call to be mined, once: the same words of the same company are the
    same call, and what this one knows more of it is noted.

    Its company's rivals, product and pitch are taken where that company has no rival yet and the
    bringer `may_catalogue`; a catalogue that somebody keeps is never changed by an import, since
    each file of a history may name other rivals, and the person who took one out meant it.
    Who brings it may be bound to a `rep`. Raises BadMetadata, AnotherReps, BadTranscript.
    """
    check_times(brought.details, now)
    with pool.connection() as conn:
        is_new = soundless.call_by_words(conn, brought.sha256) is None
    added = 0
    if is_new and may_catalogue and brought.rivals:
        # A transaction of its own: it holds the company first, where a call holds it last.
        with pool.connection() as conn:
            added = _found_catalogue(conn, brought)
    with pool.connection() as conn:
        accepted = _take(conn, brought, now, rep)
        left_out = _left_out(conn, accepted.call, brought)
    relay(pool)
    return Taken(accepted, added, left_out)


def _take(conn: Connection, brought: Brought, now: datetime, rep: str | None) -> Accepted:
    """Write the call, its words and its message, all or nothing."""
    taken = soundless.take(conn, brought.sha256, brought.filename, brought.details, now, rep)
    if not taken.duplicate:
        transcripts.save(conn, taken.call.id, brought.transcript)
        enqueue(conn, MINE, taken.call.id)
    return taken


def _found_catalogue(conn: Connection, brought: Brought) -> int:
    """Give a company without rivals those of the file; how many were added."""
    company_id = parties.company_named(conn, brought.details.company)
    hold_company(conn, company_id)
    if catalogue(conn, company_id):
        return 0
    if company(conn, company_id).product is None:
        parties.describe_company(conn, company_id, brought.product, brought.pitch)
    try:
        for rival in brought.rivals:
            add_competitor(conn, company_id, rival)
    except BadCompetitor as error:
        raise BadTranscript(f"{brought.filename}: company.competitors: {error}") from error
    return len(brought.rivals)


def _left_out(conn: Connection, call: Call, brought: Brought) -> tuple[str, ...]:
    there = {
        name.casefold()
        for entry in catalogue(conn, call.company_id)
        for name in (entry.name, *entry.aliases)
    }
    names = (" ".join(rival.name.split()) for rival in brought.rivals)
    return tuple(name for name in names if name.casefold() not in there)
