"""A link to a stretch of a call: what it says, what it opens, and who may open it."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from api.pages.clip import NOT_HERE, Clip, NoSuchStretch, clip_of, link, shown_in, stretch
from api.users import Role
from ingest.base.db import Connection
from ingest.calls import CallDetails
from ingest.queries import add_call
from insights.queries import insights_of
from tests.api.pages import seed
from tests.api.pages.conftest import LogIn
from transcribe import queries as transcripts
from transcribe.transcript import Speaker, Transcript, Turn

SECONDS = st.floats(0, 21_600)


@pytest.mark.parametrize(
    ("start", "end", "found"),
    [
        (None, None, None),
        ("76.2", "90", Clip(76.2, 90.0)),
        ("0", "0.5", Clip(0.0, 0.5)),
        ("76.2", None, Clip(76.2, None)),
        ("76", "9999", Clip(76.0, 100.0)),
    ],
)
def test_what_a_link_names(start: str | None, end: str | None, found: Clip | None) -> None:
    assert clip_of(start, end, 100.0) == found


@pytest.mark.parametrize(
    ("start", "end"),
    [
        *[("5", "5"), ("9", "5"), ("100", None), ("100", "101"), (None, "5"), ("-1", "5")],
        *[("nan", "5"), ("1", "nan"), ("1", "inf"), ("1e999", None), ("", ""), ("5", "")],
        *[("1:20", "1:30"), ("five", None), ("0x5", "9"), ("<script>", "</script>")],
    ],
)
def test_what_is_no_stretch_of_the_call(start: str | None, end: str | None) -> None:
    with pytest.raises(NoSuchStretch):
        clip_of(start, end, 100.0)


@given(SECONDS, st.floats(0.001, 600))
def test_a_link_leads_to_its_turn_and_to_nothing_that_only_touches_it(
    start: float, long: float
) -> None:
    end = start + long
    before = Turn(Speaker.SELLER, "Well?", max(0.0, start - 2), start)
    turn = Turn(Speaker.BUYER, "Dear.", start, end)
    after = Turn(Speaker.SELLER, "Hm.", end, end + 2)
    address = urlsplit(link(start, end, "turn-1"))
    asked = {name: values[0] for name, values in parse_qs(address.query).items()}
    clip = clip_of(asked.get("from"), asked.get("to"), end + 2)
    assert clip
    assert clip.end
    assert clip.start - 1e-6 <= start <= end <= clip.end + 1e-6
    assert clip.end - clip.start <= long + 0.0201
    if long > 0.1 and start > 0.1:
        assert list(shown_in(clip, (before, turn, after))) == [1]
    assert clip.shows(turn)


def test_links_without_an_end_or_without_times() -> None:
    assert link(76.25, 80.014, "turn-3") == "?from=76.25&to=80.02#turn-3"
    assert link(0.1 + 0.2, 0.7, "turn-3") == "?from=0.30&to=0.70#turn-3"
    assert link(76.25, None, "turn-3") == link(76.25, 76.25, "turn-3") == "?from=76.25#turn-3"
    assert link(None, None, "turn-3") == "#turn-3"
    turns = [
        Turn(Speaker.SELLER, "Well?", 0.0, 5.0),
        Turn(Speaker.BUYER, "Dear.", 5.0, 9.0),
        Turn(Speaker.BUYER, "Who knows when?"),
        Turn(Speaker.SELLER, "Just begun.", 9.0),
    ]
    assert list(shown_in(Clip(5.0, None), turns)) == [1]
    assert list(shown_in(Clip(9.0, None), turns)) == [3]
    assert list(shown_in(Clip(4.0, 6.0), turns)) == [0, 1]
    assert list(shown_in(Clip(8.0, 10.0), turns)) == [1, 3]
    assert list(shown_in(None, turns)) == []


def clipped(page: str) -> list[int]:
    """The turns that a page marks."""
    return [int(at) for at in re.findall(r'class="turn \w+ clip" id="turn-(\d+)"', page)]


def test_each_turn_and_each_insight_has_a_link_that_opens_it(
    admin: TestClient, conn: Connection
) -> None:
    call = seed.done(conn, "plumbline-01")
    conn.commit()
    page = admin.get(f"/calls/{call.id}").text
    links = [found.replace("&amp;", "&") for found in re.findall(r'data-link="([^"]+)"', page)]
    turns, found = seed.timed("plumbline-01").turns, insights_of(conn, call.id)
    assert len(links) == len(set(links)) == len(found)
    assert re.findall(r'data-clip="([^"]+)"', page) == [stretch(t.start, t.end) for t in turns]
    assert clipped(page) == []
    for insight in found:
        (to,) = (one for one in links if one.endswith(f"#insight-{insight.id}"))
        opened = admin.get(f"/calls/{call.id}{to}").text
        assert clipped(opened) == [insight.turn]
        assert "You were sent a stretch of this call" in opened
    to = link(turns[7].start, turns[7].end, "turn-7")
    assert clipped(admin.get(f"/calls/{call.id}{to}").text) == [7]


def test_a_bad_link_opens_the_whole_call_and_says_so(admin: TestClient, conn: Connection) -> None:
    call = seed.done(conn, "plumbline-01")
    conn.commit()
    for asked in ("from=9&to=5", "from=9999", "from=x&to=y", "to=5", "from=1&from=nan"):
        answer = admin.get(f"/calls/{call.id}?{asked}")
        assert answer.status_code == 200
        assert NOT_HERE in answer.text, asked
        assert clipped(answer.text) == []


def test_a_call_without_sound_has_links_too_and_no_waveform(
    admin: TestClient, conn: Connection
) -> None:
    call = add_call(conn, None, "notes.json", CallDetails(), seed.NOW)
    said = (Turn(Speaker.SELLER, "Well?", 0.0, 5.0), Turn(Speaker.BUYER, "Dear.", 5.0, 9.0))
    transcripts.save(conn, call.id, Transcript(said, 9.0))
    conn.commit()
    page = admin.get(f"/calls/{call.id}?from=5.00&to=9.00").text
    assert clipped(page) == [1]
    assert 'data-clip="0.00 5.00"' in page
    assert "/waveform" not in page
    assert "Hear it" not in page


def test_who_is_not_logged_in_logs_in_and_comes_to_the_stretch(
    visitor: TestClient, conn: Connection, log_in: LogIn
) -> None:
    call = seed.done(conn, "plumbline-01")
    conn.commit()
    sent = visitor.get(f"/calls/{call.id}?from=58.00&to=80.00")
    assert sent.status_code == 303
    to = parse_qs(urlsplit(sent.headers["location"]).query)["next"]
    assert to == [f"/calls/{call.id}?from=58.00&to=80.00"]
    log_in(Role.MARKETING)
    assert "You were sent a stretch of this call" in visitor.get(to[0]).text
