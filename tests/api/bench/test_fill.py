"""What is copied into the benchmark's database is what the rooms would have written."""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

import pytest

from api.bench import invented
from api.bench.queries import PREFIX, REVIEWER, own_database
from api.bench.run import bench
from ingest import queries as calls
from ingest.base import db
from ingest.base.settings import Settings
from ingest.calls import Audio, CallDetails, CallState
from insights.catalogue.queries import add_competitor
from insights.insight import Competitor, Insight, Quote, Review
from insights.queries import insights_of, save_insights
from insights.reviews.queries import review
from insights.reviews.rules import Judgement
from insights.rollups.queries import rollup_differences
from insights.themes.queries import list_themes
from insights.themes.tallies.queries import retally, stale
from tests.api.bench.conftest import CALLS, TODAY
from tests.ingest.base.test_db import CATALOGUE
from transcribe import queries as transcripts
from transcribe.transcript import Speaker, Transcript, Turn, Voice, Word

FIRST = 80
"""Calls written both ways."""


def _written(conn: db.Connection, known: invented.World) -> None:
    """The first calls, by the rooms."""
    for company, name in known.rivals:
        seller = calls.company_named(conn, known.companies[company - 1])
        add_competitor(conn, seller, Competitor(name))
    row = conn.execute(
        "insert into app_user (name, role) values (%s, 'product') returning id", [REVIEWER]
    ).fetchone()
    assert row is not None
    for call in invented.calls(known, CALLS, TODAY):
        if call.id > FIRST:
            break
        _write(conn, known, call, row[0])


def _write(conn: db.Connection, known: invented.World, call: invented.Call, user: int) -> None:
    account = call.account
    details = CallDetails(
        title=call.title,
        account=account.name,
        account_value_usd=None if account.value_usd is None else Decimal(account.value_usd),
        segment=account.segment,
        rep=known.reps[call.rep - 1],
        company=known.companies[call.company - 1],
        held_at=call.held_at,
        deal_value_usd=None if call.deal_value_usd is None else Decimal(call.deal_value_usd),
        stage=call.stage,
        outcome=call.outcome,
        lead_source=account.source,
        campaign=account.campaign,
        lead_created_at=call.lead_created_at,
    )
    size = 16000 * int(call.seconds)
    audio = Audio(f"{call.id:064x}", size, call.seconds, 2, 8000, "wav", "pcm_s16le")
    name = f"{call.id}.{'wav' if call.sound else 'json'}"
    kept = calls.add_call(conn, audio if call.sound else None, name, details, call.held_at)
    if call.state == "waiting":
        return
    if call.sound:
        assert calls.claim(conn, kept.id, CallState.HEARING, "test", 60)
    if call.state == "failed":
        calls.give_up(conn, kept.id, "test", "The recording is damaged.", permanent=True)
        return
    transcripts.save(conn, kept.id, _transcript(call))
    if call.sound:
        calls.finish(conn, kept.id, "test", CallState.HEARD)
    assert calls.claim(conn, kept.id, CallState.MINING, "test", 60)
    calls.finish(conn, kept.id, "test", CallState.DONE)
    save_insights(conn, calls.get_call(conn, kept.id), map(_insight, call.found))
    found = {(each.turn, each.kind): each for each in call.found}
    for stored in insights_of(conn, kept.id):
        said = found[stored.turn, stored.kind].review
        if said is not Review.UNREVIEWED:
            review(conn, stored.id, Judgement(said), user)


def _transcript(call: invented.Call) -> Transcript:
    turns = tuple(
        Turn(
            Speaker(turn.speaker),
            turn.text,
            turn.times[0][0],
            turn.times[1][-1],
            tuple(Word(*word, 0.9) for word in zip(turn.words, *turn.times, strict=True)),
            channel=turn.position % 2,
            voice=turn.position % 2,
        )
        for turn in call.turns
    )
    voices = (Voice(0, Speaker.SELLER), Voice(1, Speaker.BUYER))
    return Transcript(turns, call.seconds, "bench", "bench", "en", voices=voices)


def _insight(found: invented.Found) -> Insight:
    end = found.char_start + len(found.quote)
    return Insight(
        found.turn,
        found.kind,
        found.label,
        Quote(found.quote, found.char_start, end, found.start, found.end),
        found.confidence,
        found.kind.value,
        found.version,
        found.stance,
        meaning=found.theme.meaning if found.theme else None,
    )


ROWS = {
    "call": """select co.name, a.name, a.value_usd, a.segment, r.name, encode(audio_sha256, 'hex'),
                      words_sha256, title, filename, uploaded_at, held_at, deal_value_usd, stage,
                      outcome, lead_source, campaign, lead_created_at, consent, language,
                      seller_channel, seconds, heard_seconds, missing_seconds, channels, state,
                      attempts, failure, lease_owner, waiting_reason
               from call c join company co on co.id = company_id join account a on a.id = account_id
               join rep r on r.id = rep_id where {first}""",
    "audio": """select encode(sha256, 'hex'), size_bytes, audio.seconds, audio.channels,
                       sample_rate, container, codec
                from audio join call c on audio_sha256 = sha256 where {first}""",
    "transcript": """select filename, engine, model, t.language, t.seconds, t.missing_seconds,
                            vocabulary, parameters, masked_by
                     from transcript t join call c on c.id = call_id where {first}""",
    "turn": """select filename, position, speaker, name, channel, voice, start_s, end_s, text,
                      words, word_starts, word_ends, word_probabilities, search::text
               from turn join call c on c.id = call_id where {first}""",
    "voice": """select filename, number, speaker, confidence, by_person
                from voice join call c on c.id = call_id where {first}""",
    "mask": "select call_id from mask",
    "insight": """select filename, turn, kind, label, stance, r.name, t.name, unlisted, quote,
                         char_start, char_end, start_s, end_s, confidence, detector, version,
                         review, found_label, found_stance, mined_label, meaning
                  from insight join call c on c.id = call_id
                  left join competitor r on r.id = competitor_id
                  left join theme t on t.id = theme_id where {first}""",
    "reviews": """select filename, user_id, before_review, before_label, before_stance, r.review,
                         r.label, r.stance, i.quote
                  from reviews r join call c on c.id = call_id join insight i on i.id = insight_id
                  where {first}""",
    "mined_call": """select filename, day, co.name, a.name, note, dropped
                     from mined_call m join call c on c.id = call_id
                     join company co on co.id = m.company_id
                     join account a on a.id = m.account_id where {first}""",
    "theme": """select co.name, t.name, aliases, merged_into, settled, status, issue_url
                from theme t join company co on co.id = company_id
                where exists (select from insight i join call c on c.id = i.call_id
                              where theme_id = t.id and {first})""",
    "theme_suggestion": "select id from theme_suggestion",
    "competitor": """select co.name, r.name, aliases
                     from competitor r join company co on co.id = company_id""",
}


def _rows(conn: db.Connection, query: str) -> Counter[str]:
    first = f"split_part(filename, '.', 1)::int <= {FIRST}"
    return Counter(map(str, conn.execute(query.format(first=first))))


@pytest.fixture(scope="module")
def written_url(servers: Settings, known: invented.World) -> Iterator[str]:
    with own_database(servers.database_url) as url:
        with db.connect(url) as conn:
            _written(conn, known)
        yield url


@pytest.mark.parametrize("table", ROWS)
def test_what_is_copied_is_what_the_rooms_write(
    written_url: str, filled: db.Connection, table: str
) -> None:
    with db.connect(written_url) as conn:
        assert _rows(filled, ROWS[table]) == _rows(conn, ROWS[table])


def test_both_have_rows_to_compare(filled: db.Connection) -> None:
    empty = {table for table, query in ROWS.items() if not _rows(filled, query)}
    assert empty == {"mask", "theme_suggestion"}
    states = filled.execute("select distinct state from call order by 1").fetchall()
    assert states == [("done",), ("failed",), ("waiting",)]
    reviews = filled.execute("select distinct review from insight").fetchall()
    assert len(reviews) == len(Review)


def test_what_is_derived_is_what_counting_afresh_gives(filled: db.Connection) -> None:
    assert rollup_differences(filled) == []
    assert stale(filled) == []
    tallied = list_themes(filled)
    filled.execute("insert into theme_stale select id from theme")
    assert list_themes(filled) == tallied != []
    assert retally(filled) == len(filled.execute("select from theme").fetchall())
    assert list_themes(filled) == tallied


def test_indexes_and_references_are_there_again(
    filled: db.Connection, empty_database_url: str
) -> None:
    with db.connect(empty_database_url) as fresh:
        db.migrate(fresh)
        assert filled.execute(CATALOGUE).fetchall() == fresh.execute(CATALOGUE).fetchall()


def test_new_rows_are_numbered_from_behind(filled: db.Connection) -> None:
    calls.company_named(filled, "Another")
    assert calls.add_call(filled, None, "new.json", CallDetails(), TODAY).id == CALLS + 1


def test_the_same_again(known: invented.World) -> None:
    one, other = (list(invented.calls(known, 50, TODAY)) for _ in range(2))
    assert one == other
    assert invented.world(CALLS) == known


def _databases(settings: Settings) -> set[str]:
    with db.connect(settings.database_url) as conn:
        rows = conn.execute(
            "select datname from pg_database where starts_with(datname, %s)", [PREFIX]
        )
        return {name for (name,) in rows}


@pytest.mark.parametrize("how", [KeyboardInterrupt, ValueError])
def test_the_database_is_dropped_however_it_ends(
    servers: Settings, how: type[BaseException]
) -> None:
    before = _databases(servers)

    def used() -> None:
        with own_database(servers.database_url) as url, db.connect(url) as conn:
            assert len(_databases(servers) - before) == 1
            assert conn.execute("select count(*) from call").fetchone() == (0,)
            raise how

    with pytest.raises(how):
        used()
    assert _databases(servers) == before


def test_what_a_killed_one_left_is_dropped_and_what_is_in_use_is_not(servers: Settings) -> None:
    left = f"{PREFIX}left"
    with db.connect(servers.database_url) as conn:
        conn.autocommit = True
        conn.execute(f"create database {left}".encode())
    with own_database(servers.database_url):
        in_use = _databases(servers)
        assert left not in in_use
        with own_database(servers.database_url):
            assert in_use < _databases(servers)


@pytest.mark.slow
def test_the_whole_of_it(servers: Settings) -> None:
    told: list[str] = []
    before = _databases(servers)
    (run,) = bench(servers, [60], 2, told.append)
    assert run.filled.calls == 60
    assert run.filled.differences == 0
    assert run.filled.turns > 20 * 60
    assert all(timed.p95 >= timed.p50 > 0 for timed in run.timed)
    assert len(told) == 1 + len(run.timed)
    assert _databases(servers) == before
