"""Transcripts in PostgreSQL: the tables `transcript`, `turn` and `voice`."""

from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg.rows import class_row, dict_row
from psycopg.types.json import Jsonb

from ingest.base.db import Connection
from ingest.base.errors import NotFound
from ingest.calls import CallState
from ingest.parties import DEFAULT_COMPANY
from transcribe.hearing import HeardWeek
from transcribe.pii.passages import private_in
from transcribe.pii.queries import mask_anew, save_masks
from transcribe.transcript import Speaker, Transcript, Turn, Voice, Word
from transcribe.vocabulary import Expected, Rival, relevant


def save(conn: Connection, call_id: int, transcript: Transcript) -> None:
    """Keep the call's transcript in place of an earlier one, and what is private in it; the caller
    commits.

    Raises NotFound where there is no such call.
    """
    conn.execute("delete from transcript where call_id = %s", [call_id])
    try:
        conn.execute(
            """
            insert into transcript (call_id, engine, model, language, seconds, missing_seconds,
                                    vocabulary, parameters)
            values (%s, %s, %s, %s, %s, %s, %s, %s)
            """,
            [
                call_id,
                transcript.engine,
                transcript.model,
                transcript.language,
                transcript.seconds,
                transcript.missing_seconds,
                list(transcript.vocabulary),
                Jsonb(transcript.parameters),
            ],
        )
    except psycopg.errors.ForeignKeyViolation as error:
        raise NotFound(f"There is no call {call_id}.") from error
    with conn.cursor() as cursor:
        cursor.executemany(
            """
            insert into turn (call_id, position, speaker, name, channel, start_s, end_s, text,
                              words, word_starts, word_ends, word_probabilities, voice)
            values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
            """,
            [
                [
                    call_id,
                    position,
                    turn.speaker,
                    turn.name,
                    turn.channel,
                    turn.start,
                    turn.end,
                    turn.text,
                    [word.text for word in turn.words],
                    [word.start for word in turn.words],
                    [word.end for word in turn.words],
                    [word.probability for word in turn.words],
                    turn.voice,
                ]
                for position, turn in enumerate(transcript.turns)
            ],
        )
        cursor.executemany(
            """
            insert into voice (call_id, number, speaker, confidence, by_person)
            values (%s, %s, %s, %s, %s)
            """,
            [
                [call_id, voice.number, voice.speaker, voice.confidence, voice.by_person]
                for voice in transcript.voices
            ],
        )
    save_masks(conn, call_id, private_in(transcript.turns))


def hold_call(conn: Connection, call_id: int) -> CallState:
    """Let nobody begin or end a step of the call until the transaction ends; return its state.
    Raises NotFound."""
    row = conn.execute("select state from call where id = %s for update", [call_id]).fetchone()
    if row is None:
        raise NotFound(f"There is no call {call_id}.")
    return CallState(row[0])


def set_speakers(conn: Connection, call_id: int, speakers: Mapping[int, Speaker]) -> None:
    """Note whose the voices of those numbers are, as a person said; the caller commits.

    Raises NotFound where the call has no such voice, with nothing written.
    """
    known = {voice.number for voice in _voices(conn, call_id)}
    if strange := set(speakers) - known:
        raise NotFound(f"Call {call_id} has no voice {min(strange)}.")
    with conn.cursor() as cursor:
        cursor.executemany(
            """
            with set_by_person as (
                update voice set speaker = %(speaker)s, by_person = true
                 where call_id = %(call)s and number = %(voice)s
            )
            update turn set speaker = %(speaker)s where call_id = %(call)s and voice = %(voice)s
            """,
            [
                {"call": call_id, "voice": number, "speaker": speaker}
                for number, speaker in speakers.items()
            ],
        )
    mask_anew(conn, call_id)


def names_of(conn: Connection, call_id: int) -> tuple[str, ...]:
    """Names that may be said on the call, the likeliest first; none where there is no call.

    The catalogue of rivals is the insights room's, which builds on this one: it is only read.
    """
    with conn.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(
            """
            select nullif(company.name, %s) as company, company.product, account.name as account,
                   rep.name as rep, call.title, call.company_id, call.account_id
            from call join company on company.id = call.company_id
                 left join account on account.id = call.account_id
                 left join rep on rep.id = call.rep_id
            where call.id = %s
            """,
            [DEFAULT_COMPANY, call_id],
        ).fetchone()
    if found is None:
        return ()
    ids = {"call": call_id, "company": found.pop("company_id"), "account": found.pop("account_id")}
    return relevant(Expected(**found, rivals=_rivals(conn, ids)))


RIVALS = """
with latest as (
    (select id, true as of_account from call
     where account_id = %(account)s and company_id = %(company)s and id <> %(call)s
     order by held_at desc limit %(latest)s)
    union all
    (select id, false from call where company_id = %(company)s and id <> %(call)s
     order by held_at desc limit %(latest)s)
)
select name, aliases, count(*) filter (where of_account) as by_account,
       count(*) filter (where not of_account) as lately
from competitor left join (
    latest cross join lateral (
        select distinct competitor_id from insight
        where call_id = latest.id and kind = 'competitor' and review <> 'rejected') named
) on named.competitor_id = competitor.id
where company_id = %(company)s group by competitor.id order by competitor.id
"""
"""A company's rivals, and in how many of the latest calls each was named."""

LATEST = 100
"""Calls that tell who is in talk: some weeks of a team's, years of an account's."""


def _rivals(conn: Connection, ids: Mapping[str, int | None]) -> tuple[Rival, ...]:
    rows = conn.execute(RIVALS, {**ids, "latest": LATEST})
    return tuple(
        Rival(name, tuple(aliases), by_account, lately)
        for name, aliases, by_account, lately in rows
    )


def load(conn: Connection, call_id: int) -> Transcript:
    """The call's transcript. Raises NotFound where there is none (yet)."""
    with conn.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(
            """
            select engine, model, language, seconds, missing_seconds, vocabulary, parameters
            from transcript where call_id = %s
            """,
            [call_id],
        ).fetchone()
        if found is None:
            raise NotFound(f"Call {call_id} has no transcript.")
        turns = cursor.execute(
            """
            select speaker, name, channel, voice, start_s, end_s, text, words, word_starts,
                   word_ends, word_probabilities
            from turn where call_id = %s order by position
            """,
            [call_id],
        ).fetchall()
    found["vocabulary"] = tuple(found["vocabulary"])
    return Transcript(
        turns=tuple(_turn(row) for row in turns), voices=_voices(conn, call_id), **found
    )


def heard_weeks(conn: Connection, weeks: int) -> list[HeardWeek]:
    """What hearing did by week and model, the last so many weeks with calls first to last."""
    with conn.cursor(row_factory=class_row(HeardWeek)) as cursor:
        return cursor.execute(
            """
            with heard as materialized (
                select t.*, date_trunc('week', c.held_at at time zone 'utc')::date as week,
                       coalesce(
                           t.parameters->'words_dropped_by_reason',
                           jsonb_build_object('untold', t.parameters->'words_dropped')
                       ) as dropped
                from transcript t join call c on c.id = t.call_id
                where t.parameters ? 'words_dropped'
            )
            select week, engine, model, count(*) as calls, sum(seconds) as seconds,
                   sum(missing_seconds) as missing_seconds,
                   coalesce(sum((select sum(cardinality(words)) from turn
                                 where turn.call_id = heard.call_id)), 0)::bigint as words,
                   coalesce(sum((parameters->>'windows')::int), 0)::bigint as windows,
                   coalesce(sum((parameters->>'windows_redecoded')::int)
                            filter (where parameters ? 'windows'), 0)::bigint as redecoded,
                   (select coalesce(jsonb_object_agg(reason, words), '{}')
                    from (select reason, sum(words::int) as words
                          from heard as h, jsonb_each_text(h.dropped) as each(reason, words)
                          where (h.week, h.engine, h.model)
                                = (heard.week, heard.engine, heard.model) and words::int > 0
                          group by reason) as reasons) as dropped
            from heard
            where week in (select distinct week from heard order by week desc limit %s)
            group by week, engine, model
            order by week, engine, model
            """,
            [weeks],
        ).fetchall()


def _voices(conn: Connection, call_id: int) -> tuple[Voice, ...]:
    rows = conn.execute(
        """
        select number, speaker, confidence, by_person from voice where call_id = %s order by number
        """,
        [call_id],
    )
    return tuple(
        Voice(number, Speaker(speaker), confidence, by_person)
        for number, speaker, confidence, by_person in rows
    )


def _turn(row: dict[str, Any]) -> Turn:
    words = zip(
        row["words"],
        row["word_starts"],
        row["word_ends"],
        row["word_probabilities"],
        strict=True,
    )
    return Turn(
        speaker=Speaker(row["speaker"]),
        text=row["text"],
        start=row["start_s"],
        end=row["end_s"],
        words=tuple(Word(*word) for word in words),
        channel=row["channel"],
        name=row["name"],
        voice=row["voice"],
    )
