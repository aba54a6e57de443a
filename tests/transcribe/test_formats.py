"""A transcript in its forms."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.base.errors import BadMetadata
from transcribe.formats import FORMATS, parse_json, render
from transcribe.transcript import Speaker, Transcript, Turn, Word


def turn(speaker: Speaker, *words: Word, name: str | None = None) -> Turn:
    text = " ".join(word.text for word in words)
    return Turn(speaker, text, words[0].start, words[-1].end, words, 0, name)


CALL = Transcript(
    turns=(
        turn(Speaker.SELLER, Word("Is", 0.5, 0.7), Word("R&D", 0.7, 1.2), Word("in?", 1.2, 1.5)),
        turn(Speaker.BUYER, Word("<No>", 3661.25, 3662.0), name="Ada Smith"),
    ),
    seconds=4000.0,
    language="en",
)


def test_text() -> None:
    assert render(CALL, "text") == "[0:00:00] Seller: Is R&D in?\n[1:01:01] Ada Smith: <No>\n"


def test_vtt_names_voices_and_escapes() -> None:
    assert render(CALL, "vtt") == (
        "WEBVTT\n"
        "\n00:00:00.500 --> 00:00:01.500\n<v Seller>Is R&amp;D in?\n"
        "\n01:01:01.250 --> 01:01:02.000\n<v Ada Smith>&lt;No&gt;\n"
    )


def test_srt() -> None:
    assert render(CALL, "srt") == (
        "1\n00:00:00,500 --> 00:00:01,500\nSeller: Is R&D in?\n"
        "\n2\n01:01:01,250 --> 01:01:02,000\nAda Smith: <No>\n"
    )


def test_an_arrow_in_the_text_is_no_time() -> None:
    arrow = Transcript((turn(Speaker.BUYER, Word("a--->b", 0, 1)),), 1.0)
    assert "-->" not in render(arrow, "srt").splitlines()[2]
    assert "-->" not in render(arrow, "vtt").splitlines()[3]


def test_long_turns_are_shown_in_short_cues() -> None:
    words = [Word("word", i * 0.3, i * 0.3 + 0.3) for i in range(100)]
    shown = render(Transcript((turn(Speaker.SELLER, *words),), 30.0), "vtt")
    lines = [line.removeprefix("<v Seller>") for line in shown.splitlines() if "<v" in line]
    assert len(lines) > 4
    assert max(map(len, lines)) <= 84
    assert " ".join(lines) == " ".join(word.text for word in words)


def test_a_call_without_a_word() -> None:
    silent = Transcript((), 60.0)
    assert [render(silent, form) for form in ("text", "vtt", "srt")] == ["", "WEBVTT\n", ""]
    assert parse_json(render(silent, "json")) == silent


def test_subtitles_need_times() -> None:
    imported = Transcript((Turn(Speaker.BUYER, "No."),), 0.0)
    assert render(imported, "text") == "Buyer: No.\n"
    assert parse_json(render(imported, "json")) == imported
    for form in ("vtt", "srt"):
        with pytest.raises(BadMetadata, match="no times"):
            render(imported, form)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "{}",
        '{"turns": [{}], "seconds": 1}',
        '{"turns": [{"speaker": "nobody", "text": "a"}], "seconds": 1}',
        '{"turns": [{"speaker": "buyer", "text": 5}], "seconds": 1}',
        '{"turns": [], "seconds": NaN}',
        '{"turns": [], "seconds": 1, "surprise": 2}',
        '{"turns": [{"speaker": "buyer", "text": "a", "words": [{"text": "b", "start": 0, '
        '"end": 1}]}], "seconds": 1}',
        "[" * 100_000,
    ],
)
def test_what_is_no_transcript_is_refused(text: str) -> None:
    with pytest.raises(BadMetadata, match="not an Earshot transcript"):
        parse_json(text)


texts = st.text(st.characters(blacklist_categories=["Cs"]), min_size=1)
seconds = st.floats(0, 20_000)


@st.composite
def transcripts(draw: st.DrawFn) -> Transcript:
    found = []
    for speaker, start, lengths in draw(
        st.lists(
            st.tuples(
                st.sampled_from(Speaker),
                seconds,
                st.lists(st.tuples(texts, st.floats(0, 3)), min_size=1, max_size=40),
            ),
            max_size=6,
        )
    ):
        at, words = start, []
        for text, length in lengths:
            words.append(Word(text, at, at + length, 0.5))
            at += length
        found.append(turn(speaker, *words, name=draw(st.none() | texts)))
    return Transcript(
        turns=tuple(found),
        seconds=draw(seconds),
        language=draw(st.none() | st.just("en")),
        vocabulary=tuple(draw(st.lists(texts, max_size=3))),
        parameters={"beam": 1},
    )


@given(transcripts())
def test_json_holds_all(transcript: Transcript) -> None:
    assert parse_json(render(transcript, "json")) == transcript


CLOCK = re.compile(r"^(\d+):(\d\d):(\d\d)[.,](\d{3}) --> (\d+):(\d\d):(\d\d)[.,](\d{3})$")


@given(transcripts(), st.sampled_from(["vtt", "srt"]))
def test_cues_run_forward(transcript: Transcript, form: str) -> None:
    shown = render(transcript, "vtt" if form == "vtt" else "srt")
    last = 0
    for line in shown.split("\n"):
        if match := CLOCK.match(line):
            h, m, s, ms, h2, m2, s2, ms2 = map(int, match.groups())
            start = ((h * 60 + m) * 60 + s) * 1000 + ms
            end = ((h2 * 60 + m2) * 60 + s2) * 1000 + ms2
            assert last <= start < end
            last = start


def test_forms_are_named_once() -> None:
    assert set(FORMATS) == {"text", "json", "vtt", "srt"}
    assert json.loads(render(CALL, "json"))["seconds"] == 4000.0
