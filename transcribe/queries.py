"""Transcripts in PostgreSQL: the tables `transcript` and `turn`."""

from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from ingest.base.db import Connection
from ingest.base.errors import NotFound
from ingest.parties import DEFAULT_COMPANY
from transcribe.transcript import Speaker, Transcript, Turn, Word
from transcribe.vocabulary import relevant


def save(conn: Connection, call_id: int, transcript: Transcript) -> None:
    """Keep the call's transcript in place of an earlier one; the caller commits.

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
                              words, word_starts, word_ends, word_probabilities)
            values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
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
                ]
                for position, turn in enumerate(transcript.turns)
            ],
        )


def names_of(conn: Connection, call_id: int) -> tuple[str, ...]:
    """Names that may be said on the call, the likeliest first; none where there is no call.

    The catalogue of rivals is the insights room's, which builds on this one: it is only read.
    """
    with conn.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(
            """
            select company.name as company, company.product, account.name as account,
                   array(select name from competitor where company_id = company.id
                         order by id) as rivals,
                   array(select alias from competitor, unnest(aliases) as alias
                         where company_id = company.id order by id, alias) as aliases
            from call join company on company.id = call.company_id
                 left join account on account.id = call.account_id
            where call.id = %s
            """,
            [call_id],
        ).fetchone()
    if found is None:
        return ()
    company = None if found["company"] == DEFAULT_COMPANY else found["company"]
    return relevant(company, found["product"], found["account"], found["rivals"], found["aliases"])


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
            "select * from turn where call_id = %s order by position", [call_id]
        ).fetchall()
    found["vocabulary"] = tuple(found["vocabulary"])
    return Transcript(turns=tuple(_turn(row) for row in turns), **found)


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
    )
