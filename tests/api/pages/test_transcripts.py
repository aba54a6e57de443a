"""What the pages show of a call brought as a transcript: its words, and nothing to play."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from ingest.base.db import Connection
from ingest.calls import Call, CallState
from ingest.soundless import take
from insights.imports.transcript import read_transcript
from insights.insight import Insight, Kind, Quote, Stance
from insights.queries import save_insights
from tests.api.pages import seed
from tests.api.pages.test_pages import read, text_of
from transcribe import queries as transcripts

HISTORY = Path(__file__).parents[2] / "fixtures" / "history"
TIMED, TIMELESS = "plumbline-h-lantern-1", "plumbline-h-lantern-2"
NO_SOUND = "Brought as a transcript: there is no recording to play."


def brought(conn: Connection, name: str) -> Call:
    """A call of the fixtures as an import leaves it."""
    file = HISTORY / f"{name}.json"
    told = read_transcript(file.read_bytes(), file.name)
    now = datetime(2026, 11, 2, tzinfo=UTC)
    call = take(conn, told.sha256, told.filename, told.details, now).call
    transcripts.save(conn, call.id, told.transcript)
    return call


@pytest.fixture(params=[TIMED, TIMELESS])
def call(request: pytest.FixtureRequest, conn: Connection) -> Call:
    """A call brought as a transcript and mined, once with times and once without."""
    return mined(conn, request.param)


def mined(conn: Connection, name: str) -> Call:
    """The same, with the insights that a careful reader wrote down."""
    made = brought(conn, name)
    turns = transcripts.load(conn, made.id).turns
    found = []
    for label in json.loads((HISTORY / f"{name}.json").read_text())["insights"]:
        turn, quote = turns[label["turn"]], label["quote"]
        at = turn.text.index(quote)
        kind = Kind(label["kind"])
        found.append(
            Insight(
                label["turn"],
                kind,
                label.get("category") or label.get("name") or label["theme"],
                Quote(quote, at, at + len(quote), turn.start, turn.end),
                0.9,
                kind.value,
                "1",
                Stance(label["stance"]) if kind is Kind.COMPETITOR else None,
            )
        )
    save_insights(conn, made, found)
    done = seed.in_state(conn, made, CallState.DONE)
    conn.commit()
    return done


def test_a_call_shows_its_words_and_insights_and_no_player(admin: TestClient, call: Call) -> None:
    html = admin.get(f"/calls/{call.id}").text
    page = text_of(html)
    assert NO_SOUND in page
    assert "1 objection, 1 competitor mention and 1 feature request." in page
    assert "Ines Marchetti Buyer" in page
    assert len(re.findall("<mark ", html)) == 3
    for dead in ("<audio", 'id="player"', 'class="play"', "data-t=", "?t=", ">0 s<", ">0:00<"):
        assert dead not in html, dead


def test_turns_show_the_times_that_they_have(admin: TestClient, call: Call) -> None:
    html = admin.get(f"/calls/{call.id}").text
    times = [time for time in re.findall(r'<span class="at">(.*?)</span>', html) if time]
    if call.filename.startswith(TIMED):
        assert times[:3] == ["0:01", "0:06", "0:09"]
        assert "<span>0:43</span>" in html, "beside its quote"
        assert "format=vtt" in html
        assert "format=srt" in html
    else:
        assert times == []
        assert not re.search("format=(vtt|srt)", html), "there are no subtitles without times"
    for form in ("text", "markdown", "json"):
        assert f"format={form}" in html


@pytest.mark.parametrize(
    "path", ["/calls", "/digest?week={week}", "/digest.html?week={week}", "/themes", "/themes/1"]
)
def test_no_quote_elsewhere_offers_to_play_it(admin: TestClient, call: Call, path: str) -> None:
    year, week, _ = call.held_at.isocalendar()
    html = admin.get(path.format(week=f"{year}-W{week:02}")).text
    assert "<blockquote>" in html
    assert 'class="play"' not in html
    assert "?t=" not in html
    assert f"/calls/{call.id}" in html


def test_the_digest_as_text_links_to_the_quote_and_no_second(admin: TestClient, call: Call) -> None:
    year, week, _ = call.held_at.isocalendar()
    text = admin.get(f"/digest.md?week={year}-W{week:02}").text
    assert f"/calls/{call.id}#insight-" in text
    assert "?t=" not in text


def test_a_name_proposed_as_a_rival_offers_no_play(
    admin: TestClient, conn: Connection, call: Call
) -> None:
    conn.execute(
        """with made as (insert into proposal (company_id, key, name)
                         values (%s, 'newco', 'Newco') returning id)
           insert into proposal_mention (proposal_id, call_id, turn, quote, start_s, score)
           select id, %s, 1, 'we use Newco', 6.0, 0.9 from made""",
        [call.company_id, call.id],
    )
    conn.commit()
    html = admin.get("/competitors").text
    assert "we use Newco" in html
    assert f'href="/calls/{call.id}#turn-1"' in html
    assert 'class="play"' not in html


def test_the_list_tells_them_apart(admin: TestClient, conn: Connection, call: Call) -> None:
    assert "1 call brought as a transcript" in read(admin, "/calls")
    seed.done(conn, "plumbline-01")
    conn.commit()
    page = read(admin, "/calls")
    assert "1 call heard, 1 brought as a transcript" in page
    assert "Gus Hallam transcript 1 objection" in page
    assert " 0 s " not in page


@pytest.mark.parametrize(
    ("state", "columns", "says"),
    [
        (CallState.HEARD, {}, "Every word is here; looking for insights now."),
        (CallState.FAILED, {"failure": "It broke."}, "Failed. It broke. The transcript is kept"),
    ],
)
def test_on_its_way_it_says_where_it_is(
    admin: TestClient, conn: Connection, state: CallState, columns: dict[str, str], says: str
) -> None:
    made = seed.in_state(conn, brought(conn, TIMELESS), state, **columns)
    conn.commit()
    page = read(admin, f"/calls/{made.id}")
    assert says in page
    assert NO_SOUND in page
    assert "Heard, waiting" not in read(admin, "/calls")


def test_a_failed_one_is_mined_again_and_never_heard(admin: TestClient, conn: Connection) -> None:
    made = seed.in_state(conn, brought(conn, TIMELESS), CallState.FAILED, failure="It broke.")
    conn.commit()
    assert admin.post(f"/calls/{made.id}/retry").status_code == 303
    assert "Every word is here" in read(admin, f"/calls/{made.id}")


def test_a_recording_keeps_its_play_links(admin: TestClient, conn: Connection) -> None:
    made = seed.done(conn, "plumbline-01")
    conn.commit()
    for path in ("/calls", f"/calls/{made.id}", "/themes", "/digest"):
        assert 'class="play"' in admin.get(path).text, path
    assert NO_SOUND not in admin.get(f"/calls/{made.id}").text
