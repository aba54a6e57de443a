"""SQL for insights: kept and found again. Roll-ups move along in the same transaction."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from psycopg.rows import class_row, kwargs_row
from psycopg.types.json import Jsonb

from ingest.base.db import Connection
from ingest.base.errors import NotFound
from ingest.calls import Call
from insights.insight import Insight, Kind, MiningNote, Review, Stance
from insights.merge import Kept, Renewal, once_each, renew
from insights.rollups.queries import count_call, moving_rollups, uncount_call
from insights.stored import CatalogueEntry, InsightFilter, Position, StoredInsight
from insights.themes.queries import placed
from insights.themes.rules import held
from transcribe.transcript import Speaker

# Keeping ----------------------------------------------------------------------------------


def save_insights(
    conn: Connection, call: Call, insights: Iterable[Insight], kind: Kind | None = None
) -> Renewal:
    """Make these the call's insights, or those of one kind, and count the call as mined. Returns
    what was done.

    One that was there before (same turn, kind, label, overlapping quote) keeps its id. One that a
    person has reviewed stays as it is, and nothing is put beside it. Rivals get the catalogue's
    name, requests the name of the theme that they are placed in; one found again stays in its
    theme. Saving the same again changes nothing.
    Raises NotFound where the call is gone.
    """
    with moving_rollups(conn, call.id):
        kept = _kept(conn, call.id, kind)
        found = named(conn, call.id, _of_kind(insights, kind), kept)
        count_call(conn, call.id)
        renewal = renew(kept, list(found))
        _write(conn, call.id, renewal, found)
    return renewal


def leave_unmined(conn: Connection, call: Call) -> None:
    """Have the call count as not mined, and forget what an earlier mining found but for what a
    person has reviewed. Raises NotFound where the call is gone."""
    with moving_rollups(conn, call.id):
        company_of(conn, call.id)
        _write(conn, call.id, renew(_kept(conn, call.id), []), {})
        uncount_call(conn, call.id)


def compare_insights(
    conn: Connection, call: Call, insights: Iterable[Insight], kind: Kind | None = None
) -> Renewal:
    """What `save_insights` would do now, with nothing written."""
    kept = _kept(conn, call.id, kind)
    found = named(conn, call.id, _of_kind(insights, kind), kept, write=False)
    return renew(kept, list(found))


def note_mining(conn: Connection, call_id: int, how: MiningNote) -> None:
    """Note how the call's last mining went, after `save_insights`, which forgets it."""
    conn.execute(
        "update mined_call set note = %s, dropped = %s where call_id = %s",
        (how.note, Jsonb(dict(how.dropped)), call_id),
    )


def mining_note(conn: Connection, call_id: int) -> MiningNote | None:
    """How the call's last mining went; None while it was never mined."""
    with conn.cursor(row_factory=class_row(MiningNote)) as cursor:
        query = "select note, dropped from mined_call where call_id = %s"
        return cursor.execute(query, (call_id,)).fetchone()


@dataclass(frozen=True, slots=True)
class Named:
    """An insight under the name that its rival or theme has here."""

    insight: Insight
    competitor_id: int | None = None
    theme_id: int | None = None
    mined_label: str | None = None  # a request's theme in the words of who found it


def call_of(conn: Connection, insight_id: int) -> int:
    """The id of an insight's call; NotFound where there is no such insight."""
    row = conn.execute("select call_id from insight where id = %s", (insight_id,)).fetchone()
    if row is None:
        raise NotFound(f"There is no insight {insight_id}.")
    call_id: int = row[0]
    return call_id


def company_of(conn: Connection, call_id: int) -> int:
    """The id of a call's company; NotFound where the call is gone."""
    row = conn.execute("select company_id from call where id = %s", (call_id,)).fetchone()
    if row is None:
        raise NotFound(f"There is no call {call_id}: it was deleted.")
    company_id: int = row[0]
    return company_id


def _of_kind(insights: Iterable[Insight], kind: Kind | None) -> list[Insight]:
    return [insight for insight in insights if kind in (None, insight.kind)]


def named(
    conn: Connection,
    call_id: int,
    insights: Iterable[Insight],
    kept: Sequence[Kept] = (),
    *,
    write: bool = True,
) -> dict[Insight, Named]:
    """The insights, each once, under the names that rivals and themes have at the call's company.
    Requests that are `kept` ones found again keep their themes; `write` makes new themes."""
    insights = list(insights)
    company_id = company_of(conn, call_id)
    requests = [insight for insight in insights if insight.kind is Kind.FEATURE_REQUEST]
    themes = placed(conn, company_id, call_id, requests, held(kept, requests), write=write)
    rivals = {
        name.casefold(): entry
        for entry in catalogue(conn, company_id)
        for name in (entry.name, *entry.aliases)
    }
    known_as: dict[Insight, Named] = {}
    for insight in insights:
        if insight.kind is Kind.FEATURE_REQUEST:
            theme = themes[insight]
            in_theme = replace(insight, label=theme.name)
            known = Named(in_theme, theme_id=theme.id, mined_label=insight.label)
        elif insight.kind is Kind.COMPETITOR and (rival := rivals.get(insight.label.casefold())):
            listed = replace(insight, label=rival.name, unlisted=False)
            known = Named(listed, competitor_id=rival.id)
        else:
            known = Named(insight)
        known_as[known.insight] = known
    return {insight: known_as[insight] for insight in once_each(known_as)}


def _kept(conn: Connection, call_id: int, kind: Kind | None = None) -> list[Kept]:
    with conn.cursor(row_factory=class_row(Kept)) as cursor:
        return cursor.execute(
            """select i.id, i.turn, i.kind, i.label, i.found_label, i.char_start as start_char,
                      i.char_end as end_char, i.quote, i.review <> 'unreviewed' as reviewed,
                      i.mined_label, part.id as theme_id,
                      coalesce(part.settled or whole.settled, false) as settled
               from insight i join call c on c.id = i.call_id
               left join theme part on part.id = i.theme_id and part.company_id = c.company_id
               left join theme whole on whole.id = coalesce(part.merged_into, part.id)
               where i.call_id = %s and i.kind = coalesce(%s, i.kind) order by i.id""",
            (call_id, kind),
        ).fetchall()


def _write(
    conn: Connection, call_id: int, renewal: Renewal, known: Mapping[Insight, Named]
) -> None:
    gone = [old.id for old in renewal.disappears]
    conn.execute("delete from insight where id = any(%s)", (gone,))
    stays = [_row(call_id, known[new]) | {"id": kept_id} for kept_id, new in renewal.stays]
    with conn.cursor() as cursor:
        cursor.executemany(_UPDATE, stays)
        cursor.executemany(_INSERT, [_row(call_id, known[new]) for new in renewal.appears])


def insert_insight(conn: Connection, call_id: int, new: Named) -> int:
    """Keep one more insight of a call; its id. Within `moving_rollups`."""
    row = conn.execute(f"{_INSERT} returning id", _row(call_id, new)).fetchone()
    assert row is not None, "an insert returns its row"
    insight_id: int = row[0]
    return insight_id


def _row(call_id: int, known: Named) -> dict[str, Any]:
    insight, quote = known.insight, known.insight.quote
    return {
        "call_id": call_id,
        "turn": insight.turn,
        "kind": insight.kind,
        "label": insight.label,
        "stance": insight.stance,
        "competitor_id": known.competitor_id,
        "theme_id": known.theme_id,
        "mined_label": known.mined_label,
        "meaning": None if insight.meaning is None else list(insight.meaning),
        "unlisted": insight.unlisted,
        "quote": quote.text,
        "char_start": quote.start_char,
        "char_end": quote.end_char,
        "start_s": quote.start,
        "end_s": quote.end,
        "confidence": insight.confidence,
        "detector": insight.detector,
        "version": insight.version,
    }


_FIELDS = (
    *("call_id", "turn", "kind", "label", "stance", "competitor_id", "theme_id", "unlisted"),
    *("mined_label", "meaning", "quote", "char_start", "char_end", "start_s", "end_s"),
    *("confidence", "detector", "version"),
)

_INSERT = f"""insert into insight ({", ".join(_FIELDS)})
              values ({", ".join(f"%({name})s" for name in _FIELDS)})"""  # noqa: S608 - constants

_UPDATE = f"""update insight set {", ".join(f"{name} = %({name})s" for name in _FIELDS)}
              where id = %(id)s"""  # noqa: S608 - constants


# Finding ----------------------------------------------------------------------------------

_SELECT = """
select i.id, i.call_id, i.turn, i.kind, i.label, i.stance, i.unlisted, i.quote, i.char_start,
       i.char_end, i.start_s as start, i.end_s as end, i.confidence, i.detector, i.version,
       i.review, i.found_label, i.found_stance, i.competitor_id,
       coalesce(th.merged_into, i.theme_id) as theme_id, i.mined_label,
       c.audio_sha256 is not null as sound,
       c.title as call_title, c.held_at, c.company_id, c.account_id, a.name as account, a.segment,
       r.name as rep,
       coalesce(t.speaker, 'unknown') as speaker, t.name as speaker_name
from insight i
join call c on c.id = i.call_id
join company co on co.id = c.company_id
left join account a on a.id = c.account_id
left join rep r on r.id = c.rep_id
left join turn t on t.call_id = i.call_id and t.position = i.turn
left join theme th on th.id = i.theme_id
"""

_CONDITIONS = {
    "call_id": "i.call_id = %(call_id)s",
    "company": "lower(co.name) = lower(%(company)s)",
    "kind": "i.kind = %(kind)s",
    "label": "lower(i.label) = lower(%(label)s)",
    "stance": "i.stance = %(stance)s",
    "account": "lower(a.name) = lower(%(account)s)",
    "segment": "lower(a.segment) = lower(%(segment)s)",
    "rep": "lower(r.name) = lower(%(rep)s)",
    "since": "c.held_at >= %(since)s",
    "until": "c.held_at < %(until)s",
    "review": "i.review = %(review)s",
    "min_confidence": "i.confidence >= %(min_confidence)s",
    "stage": "lower(c.stage) = lower(%(stage)s)",
    "lead_source": "lower(c.lead_source) = lower(%(lead_source)s)",
    "campaign": "lower(c.campaign) = lower(%(campaign)s)",
    "rival": """exists (select from insight n where n.call_id = c.id and n.kind = 'competitor'
                        and lower(n.label) = lower(%(rival)s) and n.review <> 'rejected')""",
    "rejected": "(i.review = 'rejected') = %(rejected)s",
}


ANY = InsightFilter()


def insights_of(conn: Connection, call_id: int) -> Sequence[StoredInsight]:
    """A call's insights in the order they were said."""
    order = "where i.call_id = %(call_id)s order by i.turn, i.char_start, i.id"
    return _select(conn, f"{_SELECT} {order}", {"call_id": call_id})


def insights_of_themes(
    conn: Connection, themes: Iterable[int], among: InsightFilter = ANY
) -> Sequence[StoredInsight]:
    """Some themes' mentions that nobody rejected, `among` those, of the latest calls first."""
    where, values = _where(among)
    query = f"""{_SELECT} where i.theme_id in (
                    select id from theme where id = any(%(themes)s)
                    union all select id from theme where merged_into = any(%(themes)s))
                and c.company_id = th.company_id and i.review <> 'rejected' and {where}
                order by c.held_at desc, i.call_id desc, i.turn, i.id"""  # noqa: S608 - constants
    return _select(conn, query, values | {"themes": list(themes)})


SUREST = 12
"""Of a theme: enough for three quotes of three calls."""


def surest_of_themes(
    conn: Connection, themes: Iterable[int], among: InsightFilter = ANY
) -> Sequence[StoredInsight]:
    """Of each theme, and of each part of one, the SUREST mentions that nobody rejected, `among`
    those: a popular one has thousands."""
    where, values = _where(among)
    values["themes"] = list(themes)
    # Looked up first: in one statement with all that is shown, PostgreSQL would join that first.
    rows = conn.execute(
        f"""select surest.id from theme part cross join lateral (
                select i.id from insight i
                join call c on c.id = i.call_id and c.company_id = part.company_id
                join company co on co.id = c.company_id
                left join account a on a.id = c.account_id
                left join rep r on r.id = c.rep_id
                where i.theme_id = part.id and i.review <> 'rejected' and {where}
                order by i.confidence desc, i.id limit {SUREST}) surest
            where part.id = any(%(themes)s) or part.merged_into = any(%(themes)s)""",  # noqa: S608
        values,
    )
    ids = [number for (number,) in rows]
    return _select(conn, f"{_SELECT} where i.id = any(%(ids)s)", {"ids": ids})


def insight(conn: Connection, insight_id: int) -> StoredInsight:
    """One insight; NotFound where there is none."""
    found = _select(conn, f"{_SELECT} where i.id = %(id)s", {"id": insight_id})
    if not found:
        raise NotFound(f"There is no insight {insight_id}.")
    return found[0]


def find_insights(
    conn: Connection, wanted: InsightFilter, after: Position | None, limit: int
) -> Sequence[StoredInsight]:
    """At most `limit` insights that match, those of the latest calls first, going on `after` a
    position, which stays right while others are added."""
    where, values = _where(wanted)
    if after:
        # The first of these is for the index call_by_time: no index has both columns of the other.
        where += " and c.held_at <= %(held_at)s and (c.held_at, i.id) < (%(held_at)s, %(id)s)"
        values |= asdict(after)
    order = "order by c.held_at desc, i.id desc"
    # Looked up first: in one statement with all that is shown, PostgreSQL would join that first.
    # Not prepared: planned for these names, as some are in most calls and some in hardly any.
    rows = conn.execute(
        f"""select i.id from insight i join call c on c.id = i.call_id
            left join company co on co.id = c.company_id
            left join account a on a.id = c.account_id
            left join rep r on r.id = c.rep_id
            where {where} {order} limit %(limit)s""",  # noqa: S608 - constants
        values | {"limit": limit},
        prepare=False,
    )
    ids = [number for (number,) in rows]
    return _select(conn, f"{_SELECT} where i.id = any(%(ids)s) {order}", {"ids": ids})


def _where(wanted: InsightFilter) -> tuple[str, dict[str, Any]]:
    values = asdict(wanted)
    asked = [sql for name, sql in _CONDITIONS.items() if values[name] is not None]
    return " and ".join(["true", *asked]), values


def _select(conn: Connection, query: str, values: dict[str, Any]) -> Sequence[StoredInsight]:
    with conn.cursor(row_factory=kwargs_row(_stored)) as cursor:
        return cursor.execute(query, values).fetchall()


def _stored(
    *,
    kind: str,
    stance: str | None,
    found_stance: str | None,
    review: str,
    speaker: str,
    **row: Any,
) -> StoredInsight:
    return StoredInsight(
        kind=Kind(kind),
        stance=Stance(stance) if stance else None,
        found_stance=Stance(found_stance) if found_stance else None,
        review=Review(review),
        speaker=Speaker(speaker),
        **row,
    )


def catalogue(conn: Connection, company_id: int) -> Sequence[CatalogueEntry]:
    """A company's rivals by name."""
    with conn.cursor(row_factory=kwargs_row(catalogue_entry)) as cursor:
        query = f"{SELECT_CATALOGUE} where r.company_id = %s order by lower(r.name)"
        return cursor.execute(query, (company_id,)).fetchall()


def own_names(conn: Connection, company_id: int) -> tuple[str, ...]:
    """The company's name and its product's, which are no rival's."""
    row = conn.execute("select name, product from company where id = %s", (company_id,)).fetchone()
    return tuple(name for name in row or () if name)


SELECT_CATALOGUE = """select r.id, r.company_id, c.name as company, r.name, r.aliases
                      from competitor r join company c on c.id = r.company_id"""


def catalogue_entry(*, aliases: list[str], **row: Any) -> CatalogueEntry:
    """A catalogue row as a value."""
    return CatalogueEntry(aliases=tuple(aliases), **row)
