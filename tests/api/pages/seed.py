"""Calls as they stand in the database after hearing and mining: the six samples, with the words
and insights that a careful reader wrote down, so that a page can be tested without a model."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from itertools import accumulate
from pathlib import Path
from typing import Any

import ingest.queries as calls
from ingest.base.db import Connection
from ingest.calls import Audio, Call, CallDetails, CallState
from ingest.parties import company_named
from ingest.store import Store
from insights import queries as insights
from insights.catalogue.queries import add_competitor
from insights.insight import Insight
from insights.labels import LabelledCall, read_call
from transcribe import queries as transcripts
from transcribe.transcript import Transcript, Turn, Word

SAMPLES = Path(__file__).parents[3] / "samples"
NOW = datetime(2026, 2, 12, 9, 30, tzinfo=UTC)


def bring(
    conn: Connection,
    name: str,
    *,
    store: Store | None = None,
    now: datetime = NOW,
    **details: Any,
) -> Call:
    """Keep a sample as an upload does: queued, with its sound where a store is given."""
    known = json.loads((SAMPLES / "calls" / f"{name}.json").read_text())
    sound = next(path for path in SAMPLES.glob(f"{name}.*") if path.suffix != ".json")
    audio = _audio(name, sound)
    if store:
        store.put(audio.sha256, sound)
    given: dict[str, Any] = {
        "title": known["title"],
        "account": known["account"],
        "company": known["company"]["name"],
        "held_at": datetime.fromisoformat(known["date"]).replace(tzinfo=UTC),
    }
    wanted = CallDetails(**(given | details))
    return calls.add_call(conn, audio, sound.name, wanted, now)


def done(
    conn: Connection,
    name: str,
    *,
    found: tuple[Insight, ...] | None = None,
    transcript: Transcript | None = None,
    **bringing: Any,
) -> Call:
    """A sample heard and mined."""
    call = bring(conn, name, **bringing)
    return heard_and_mined(conn, call, name, found=found, transcript=transcript)


def heard_and_mined(
    conn: Connection,
    call: Call,
    name: str,
    *,
    found: tuple[Insight, ...] | None = None,
    transcript: Transcript | None = None,
) -> Call:
    """What the workers make of a sample."""
    spoken = transcript or timed(name)
    transcripts.save(conn, call.id, spoken)
    marked = labelled(name).truth if found is None else found
    insights.save_insights(conn, call, [_said(insight, spoken) for insight in marked])
    return in_state(
        conn, call, CallState.DONE, heard_seconds=call.seconds, lease_owner=None, lease_until=None
    )


def in_state(conn: Connection, call: Call, state: CallState, **columns: Any) -> Call:
    """The call as it looks in a state which only workers bring about."""
    if state in (CallState.HEARING, CallState.MINING):
        columns |= {"lease_owner": "worker", "lease_until": datetime(2999, 1, 1, tzinfo=UTC)}
    columns["state"] = state.value
    names = ", ".join(f"{name} = %s" for name in columns)
    conn.execute(f"update call set {names} where id = %s".encode(), [*columns.values(), call.id])
    return calls.get_call(conn, call.id)


def rivals(conn: Connection, name: str) -> None:
    """The catalogue of the company in a sample."""
    company_id = company_named(conn, labelled(name).company)
    for rival in labelled(name).competitors:
        add_competitor(conn, company_id, rival)


def _audio(name: str, sound: Path) -> Audio:
    content = sound.read_bytes()
    kind = {".ogg": ("ogg", "opus"), ".mp3": ("mp3", "mp3"), ".wav": ("wav", "pcm_s16le")}
    container, codec = kind[sound.suffix]
    return Audio(
        sha256=sha256(content).hexdigest(),
        size_bytes=len(content),
        seconds=_truth(name)["seconds"],
        channels=1 if sound.suffix == ".mp3" else 2,
        sample_rate=16000,
        container=container,
        codec=codec,
    )


def _truth(name: str) -> Any:
    return json.loads((SAMPLES / f"{name}.truth.json").read_text())


def labelled(name: str) -> LabelledCall:
    """What a careful reader wrote down of a sample."""
    return read_call(SAMPLES / "calls" / f"{name}.json")


def timed(name: str) -> Transcript:
    """A sample's words: each turn at its true time, its words spread over it by their length."""
    transcript, truth = labelled(name).transcript, _truth(name)
    turns = [
        _spread(turn, at["start"], at["end"])
        for turn, at in zip(transcript.turns, truth["turns"], strict=True)
    ]
    return replace(transcript, turns=tuple(turns), seconds=truth["seconds"])


def _spread(turn: Turn, start: float, end: float) -> Turn:
    texts = turn.text.split(" ")
    ends = list(accumulate(len(text) + 1 for text in texts))
    step = (end - start) / ends[-1]
    words = tuple(
        Word(text, round(start + step * (to - len(text) - 1), 2), round(start + step * to, 2))
        for text, to in zip(texts, ends, strict=True)
    )
    return replace(turn, start=start, end=end, words=words)


def _said(insight: Insight, transcript: Transcript) -> Insight:
    quote = insight.quote
    start, end = transcript.turns[insight.turn].seconds_of(quote.start_char, quote.end_char)
    timed = replace(quote, start=start, end=end)
    return replace(insight, quote=timed, detector=insight.kind.value, version="1")
