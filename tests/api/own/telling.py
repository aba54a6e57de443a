"""A call with all that a call can have, a word of its own in every part of it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx

from api.auth import create_token, create_user
from api.queries import save_view
from api.users import Role
from ingest import queries as calls
from ingest.base import db
from insights.digest import Week
from insights.digests import make
from insights.digests.edition import Audience
from insights.edits.queries import edit_turn
from insights.insight import Insight, Kind, Quote, Review, Stance, Unlisted
from insights.proposals.queries import save_names
from insights.queries import insights_of, save_insights
from insights.reviews.queries import review
from insights.reviews.rules import Judgement
from insights.search.meaning import work as meanings
from insights.themes.changes.queries import set_status
from insights.themes.theme import Status
from tests import sounds
from tests.api.running import Api
from tests.insights.saying import heard
from transcribe import queries as transcripts
from transcribe.transcript import Speaker, Transcript

REP = "Tamsin Rourke"
CANARY = "zanzibarquux"
"""Said in everything of the call that is another rep's, and nowhere else."""

WORD = "marzipan"
"""The same for the rep's own call."""


@dataclass(frozen=True, slots=True)
class Told:
    """What the addresses of routes name of a call."""

    call_id: int
    insight_id: int
    theme_id: int
    proposal_id: int
    change_id: int
    view_id: int
    upload_id: str
    week: Week
    turn: int = 0


def told(api: Api, conn: db.Connection, word: str, rep: str, tones: int) -> Told:
    """A rep's call of last week, heard, mined, edited, reviewed, and what was made of it."""
    admin = create_user(conn, "Ada", Role.ADMIN)
    held = datetime.now(UTC) - timedelta(days=8)
    call_id = brought(api, word, rep, tones, held)
    turns = (
        heard(f"Your price is far too high for us at the pineapple {word} stores"),
        heard(f"We did look at {word}rival for the pineapple season", 20, Speaker.BUYER),
        heard(f"Could you send the {word} as a spreadsheet every single week", 40),
    )
    transcripts.save(conn, call_id, Transcript(turns, seconds=60.0, engine="imported"))
    call = calls.get_call(conn, call_id)
    quotes = [Quote(t.text, 0, len(t.text), t.start, t.end) for t in turns]
    save_insights(conn, call, _insights(word, quotes))
    save_names(conn, call, [Unlisted(f"{word}corp", 1, quotes[1], 0.9)])
    _done(conn, call_id)
    found = insights_of(conn, call_id)
    review(conn, found[0].id, Judgement(Review.CONFIRMED), admin.id)
    edit_turn(conn, call_id, 1, f"{turns[1].text} {word}", admin.id)
    _done(conn, call_id)
    save_view(conn, admin.id, f"{word} view", f"account={word}")
    theme_id = found[2].theme_id
    assert theme_id is not None
    change_id = set_status(conn, theme_id, Status.PLANNED, f"{word} asked", admin.id)
    conn.execute("delete from edition")
    for audience in Audience:
        make.kept(conn, Week.of(held), audience, datetime.now(UTC))
    conn.commit()
    meanings.go_on(api.settings)
    return Told(
        call_id,
        found[1].id,
        theme_id,
        _number(conn, "select max(id) from proposal"),
        change_id,
        _number(conn, "select max(id) from saved_view"),
        _uploaded(conn, call_id, admin.id),
        Week.of(held),
    )


def brought(api: Api, word: str, rep: str, tones: int, held: datetime) -> int:
    """A recording of so many seconds of tones; its call."""
    details = {name: f"{word} {name}" for name in ("title", "segment", "stage", "outcome")}
    details |= {name: f"{word} {name}" for name in ("lead_source", "campaign", "consent")}
    details |= {"rep": rep, "account": f"{word} Stores", "company": "Acme"}
    details |= {"held_at": held.isoformat(), "deal_value_usd": "4711"}
    details["lead_created_at"] = (held - timedelta(days=2)).isoformat()
    sound = sounds.wav(sounds.beeps(tones, 8000, 2), 8000)
    answer = api.as_(Role.ADMIN).post(
        "/v1/calls", files={"file": (f"{word}.wav", sound)}, data=details
    )
    assert answer.status_code == 201, answer.text
    number: int = answer.json()["id"]
    return number


def bound(api: Api, rep: str = REP) -> httpx.Client:
    """The client of a sales user who is bound to a rep."""
    with db.connect(api.settings.database_url) as conn:
        user = create_user(conn, f"Bound to {rep}", Role.SALES, rep)
        secret, _ = create_token(conn, user, "test")
        conn.commit()
    return httpx.Client(
        base_url=api.url,
        headers={"Authorization": f"Bearer {secret}", "Tus-Resumable": "1.0.0"},
        timeout=30,
        verify=False,
    )


def _insights(word: str, quotes: list[Quote]) -> list[Insight]:
    def found(turn: int, kind: Kind, label: str, stance: Stance | None = None) -> Insight:
        return Insight(turn, kind, label, quotes[turn], 0.7, kind.value, "1", stance)

    return [
        found(0, Kind.OBJECTION, "price"),
        found(1, Kind.COMPETITOR, f"{word}rival", Stance.USING),
        found(2, Kind.FEATURE_REQUEST, f"{word} spreadsheet"),
    ]


def _done(conn: db.Connection, call_id: int) -> None:
    conn.execute("update call set state = 'done', heard_seconds = 60 where id = %s", [call_id])


def _uploaded(conn: db.Connection, call_id: int, user_id: int) -> str:
    row = conn.execute(
        """insert into upload (user_id, bytes, metadata, expires_at, call_id)
           values (%s, 9, '', now() + interval '1 day', %s) returning id""",
        [user_id, call_id],
    ).fetchone()
    assert row is not None
    conn.commit()
    number: str = row[0]
    return number


def _number(conn: db.Connection, sql: str) -> int:
    row = conn.execute(sql.encode()).fetchone()
    assert row is not None
    number: int = row[0]
    return number
