"""What is private, over real HTTP: masked and silenced for those who need no raw words."""

import io
import wave
from typing import Any

import httpx
import numpy as np
import pytest

from api.users import Role
from ingest import queries
from ingest.base import db
from ingest.base.settings import Settings
from ingest.calls import CallState
from insights.insight import Insight, Kind, Quote, Stance, Unlisted
from insights.proposals.queries import save_names
from insights.queries import save_insights
from insights.search.meaning import work as meanings
from tests import sounds
from tests.api.running import Api, assert_problem, serve
from tests.insights.saying import seller
from transcribe import queries as transcripts
from transcribe.transcript import Speaker, Transcript, Turn, Word

NUMBER = "4242 4242 4242 4242"
WORDS = tuple(
    Word(text, start, start + 0.1)
    for text, start in [
        *(("Zebrix", 0.1), ("took", 0.3), ("4242", 1.0), ("4242", 1.1), ("4242", 1.2)),
        *(("4242", 1.3), ("twice,", 2.0), ("for", 2.2), ("$4,242.", 2.4)),
    ]
)
TEXT = " ".join(word.text for word in WORDS)
MASKED = "Zebrix took [card number] twice, for $4,242."
SAID = Transcript(
    (
        Turn(Speaker.SELLER, "Well?", 0.0, 0.1),
        Turn(Speaker.BUYER, TEXT, 0.1, 2.5, WORDS, channel=1),
    ),
    3.0,
    "test",
)
QUOTE = "took 4242 4242"  # ends within the number
SOUND = sounds.wav(sounds.beeps(3, 8000, 2), 8000)
ROLES = [role for role in Role if role is not Role.ADMIN]


def hear(api: Api, call_id: int) -> None:
    """What the workers do with a call: its words, an insight of each kind, a proposed name."""
    at = TEXT.index(QUOTE)
    quote = Quote(QUOTE, at, at + len(QUOTE), 0.3, 1.2)
    found = [
        Insight(1, Kind.OBJECTION, "price", quote, 0.9, "objection", "1"),
        Insight(1, Kind.FEATURE_REQUEST, "refunds", quote, 0.9, "feature_request", "1"),
        Insight(1, Kind.COMPETITOR, "Attrivo", quote, 0.9, "competitor", "1", Stance.USING),
    ]
    with db.connect(api.settings.database_url) as conn:
        call = queries.claim(conn, call_id, CallState.HEARING, "test", 60)
        assert call
        transcripts.save(conn, call_id, SAID)
        queries.finish(conn, call_id, "test", CallState.HEARD)
        assert queries.claim(conn, call_id, CallState.MINING, "test", 60)
        save_insights(conn, call, found)
        save_names(conn, call, [Unlisted("Zebrix", 1, Quote(TEXT, 0, len(TEXT)), 0.9)])
        queries.finish(conn, call_id, "test", CallState.DONE)
        conn.commit()


@pytest.fixture
def call(api: Api) -> int:
    """A call in which a card number was said."""
    call_id: int = api.bring(SOUND)["id"]
    hear(api, call_id)
    return call_id


def addresses(api: Api, call: int) -> list[str]:
    """All that shows a call's words, as a page or to a program."""
    (theme,) = api.as_(Role.ADMIN).get("/v1/themes").json()["items"]
    (name,) = api.as_(Role.ADMIN).get("/v1/proposals").json()["items"]
    return [
        *(f"/v1/calls/{call}", "/v1/insights", f"/v1/themes/{theme['id']}"),
        *(f"/v1/calls/{call}/transcript?format={f}" for f in ("text", "json", "vtt", "srt")),
        *("/v1/proposals", f"/v1/proposals/{name['id']}"),
        *("/calls", f"/calls/{call}", "/digest", "/digest.md", "/digest.html", "/competitors"),
        *("/trends?kind=objection&label=price", "/themes", f"/themes/{theme['id']}"),
    ]


def test_no_answer_holds_what_is_private_but_an_admin_s(api: Api, call: int) -> None:
    for address in addresses(api, call):
        for role in ROLES:
            answer = api.as_(role).get(address)
            assert answer.status_code == 200, (address, answer.text)
            assert "4242" not in answer.text, (address, role)
            plain = answer.text.replace("\\", "")  # Markdown's
            assert "[card number]" in plain, (address, role)
        raw = api.as_(Role.ADMIN).get(address)
        assert "4242 4242" in raw.text, address
        assert "[card number]" not in raw.text, address


def test_prices_stay_and_places_fit_the_words_shown(api: Api, call: int) -> None:
    whole = api.as_(Role.SALES).get(f"/v1/calls/{call}").json()
    turn = whole["transcript"]["turns"][1]
    assert turn["text"] == MASKED
    assert " ".join(word["text"] for word in turn["words"]) == MASKED
    for insight in whole["insights"]:
        assert insight["quote"] == "took [card number]"
        assert turn["text"][insight["char_start"] : insight["char_end"]] == insight["quote"]
    assert "[card number]" in api.as_(Role.SALES).get(f"/calls/{call}").text


def missed(api: Api, call: int, role: Role, **where: Any) -> httpx.Response:
    body = {"kind": "objection", "label": "trust"} | where
    return api.as_(role).post(f"/v1/calls/{call}/insights", json=body)


def test_what_was_missed_is_said_in_the_words_shown(api: Api, call: int) -> None:
    said = missed(api, call, Role.PRODUCT, quote="took [card number] twice")
    assert said.json()["quote"] == "took [card number] twice"
    at = MASKED.index("twice")
    by_place = missed(api, call, Role.SALES, label="timing", turn=1, char_start=at, char_end=at + 5)
    assert (by_place.json()["quote"], by_place.json()["char_start"]) == ("twice", at)
    items = api.as_(Role.ADMIN).get("/v1/insights").json()["items"]
    raw = [item for item in items if item["label"] in {"trust", "timing"}]
    assert {i["quote"] for i in raw} == {f"took {NUMBER} twice", "twice"}
    assert all(TEXT[i["char_start"] : i["char_end"]] == i["quote"] for i in raw)


def test_nobody_learns_a_number_by_guessing_it(api: Api, call: int) -> None:
    for guess in ("4242 4242", "4"):
        answer = missed(api, call, Role.SALES, quote=guess)
        assert_problem(answer, 422, "bad-review")
    assert_problem(
        missed(api, call, Role.SALES, turn=1, char_start=0, char_end=99), 422, "bad-review"
    )
    assert missed(api, call, Role.ADMIN, quote=f"{NUMBER} twice").status_code == 201


def beeps(answer: httpx.Response) -> list[set[int]]:
    """Which beeps are heard on each channel of an answer."""
    with wave.open(io.BytesIO(answer.content)) as file:
        raw = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        rows = raw.reshape(-1, file.getnchannels()).T
        return [set(sounds.onsets(row, file.getframerate())) for row in rows]


def test_what_is_private_is_silent(api: Api, call: int) -> None:
    url = f"/v1/calls/{call}/audio"
    answer = api.as_(Role.SALES).get(url)
    assert answer.headers["content-type"] == "audio/wav"
    assert answer.headers["cache-control"] == "private, no-cache"
    assert beeps(answer) == [{0, 2}, {0, 2}]
    assert api.as_(Role.ADMIN).get(url).content == SOUND


def test_silenced_sound_is_served_in_ranges(api: Api, call: int) -> None:
    url, client = f"/v1/calls/{call}/audio", api.as_(Role.SALES)
    whole = client.get(url)
    size = len(whole.content)
    part = client.get(url, headers={"Range": "bytes=100-4099"})
    assert (part.status_code, part.content) == (206, whole.content[100:4100])
    assert part.headers["content-range"] == f"bytes 100-4099/{size}"
    assert client.get(url, headers={"Range": "bytes=-7"}).content == whole.content[-7:]
    assert_problem(
        client.get(url, headers={"Range": f"bytes={size}-"}), 416, "range-not-satisfiable"
    )
    again = client.get(url, headers={"If-None-Match": whole.headers["etag"]})
    assert again.status_code == 304
    head = client.head(url)
    assert (head.headers["content-length"], head.content) == (str(size), b"")


def test_a_raw_copy_in_the_cache_is_no_silenced_one(api: Api, call: int) -> None:
    url = f"/v1/calls/{call}/audio"
    raw = api.as_(Role.ADMIN).get(url)
    assert api.as_(Role.SALES).get(url, headers={"If-None-Match": raw.headers["etag"]}).is_success


def test_before_it_is_heard_nobody_but_an_admin_plays_it(api: Api) -> None:
    call = api.bring(SOUND)["id"]
    for role in ROLES:
        said = assert_problem(api.as_(role).get(f"/v1/calls/{call}/audio"), 409, "not-heard")
        assert "ask an admin" in said["detail"]
        assert 'id="sound"' not in api.as_(role).get(f"/calls/{call}").text
    assert api.as_(Role.ADMIN).get(f"/v1/calls/{call}/audio").content == SOUND


def test_sound_with_nothing_private_is_served_as_it_is(api: Api, call: int) -> None:
    with db.connect(api.settings.database_url) as conn:
        transcripts.save(conn, call, Transcript((seller("It is $4,242 a month."),), 3.0))
        conn.commit()
    answer = api.as_(Role.MARKETING).get(f"/v1/calls/{call}/audio")
    assert answer.content == SOUND
    assert answer.headers["cache-control"] == "private, no-cache"


def test_a_deleted_call_leaves_no_sound(api: Api, call: int) -> None:
    api.as_(Role.SALES).get(f"/v1/calls/{call}/audio")
    spool = api.settings.home / "spool"
    assert list(spool.glob("silenced-*"))
    assert api.as_(Role.ADMIN).delete(f"/v1/calls/{call}").status_code == 204
    assert not list(spool.glob("silenced-*"))


def test_masking_can_be_turned_off(settings: Settings, secrets: dict[Role, str]) -> None:
    with serve(settings.model_copy(update={"pii": "show"}), secrets) as api:
        call = api.bring(SOUND)["id"]
        assert api.as_(Role.SALES).get(f"/v1/calls/{call}/audio").content == SOUND
        hear(api, call)
        text = api.as_(Role.SALES).get(f"/v1/calls/{call}/transcript").text
        assert NUMBER in text


def test_who_does_not_see_a_number_does_not_find_or_overwrite_it(api: Api, call: int) -> None:
    for words in ("4242", "Zebrix"):  # a hit in its turn would tell of it, too
        assert api.as_(Role.SALES).get("/v1/search", params={"q": words}).json()["items"] == []
        assert len(api.as_(Role.ADMIN).get("/v1/search", params={"q": words}).json()["items"]) == 1
    meanings.go_on(api.settings)
    asked = {"q": "Zebrix charged me twice", "by": "meaning"}
    for role in Role:
        (hit,) = api.as_(role).get("/v1/search", params=asked).json()["items"]
        told = TEXT if role is Role.ADMIN else MASKED
        assert hit["passages"][0]["text"] == told, role
    turn = f"/v1/calls/{call}/turns/1"
    refused = api.as_(Role.SALES).patch(turn, json={"text": MASKED})
    assert_problem(refused, 422, "bad-edit")
    longer = TEXT.replace("Zebrix", "Zebrix and Attrivo")
    assert api.as_(Role.ADMIN).patch(turn, json={"text": longer}).status_code == 200
    seen = api.as_(Role.SALES).get(f"/v1/calls/{call}").json()
    assert seen["edits"][0]["original"] == MASKED
    assert seen["transcript"]["turns"][1]["text"] == MASKED.replace("Zebrix", "Zebrix and Attrivo")
