"""A transcript in its forms."""

import json
from html import unescape
from io import StringIO

import pytest
import webvtt
from hypothesis import assume, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from ingest.base.errors import BadMetadata
from transcribe.cues import cues, one_at_a_time
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
        "\n01:01:01.250 --> 01:01:02.250\n<v Ada Smith>&lt;No&gt;\n"
    )


def test_srt() -> None:
    assert render(CALL, "srt") == (
        "1\n00:00:00,500 --> 00:00:01,500\nSeller: Is R&D in?\n"
        "\n2\n01:01:01,250 --> 01:01:02,250\nAda Smith: <No>\n"
    )


def test_markdown_escapes_what_would_be_a_mark() -> None:
    call = Transcript(
        (
            turn(Speaker.SELLER, Word("It's", 65, 66), Word("$50", 66, 67), Word("*now*", 67, 68)),
            Turn(Speaker.BUYER, "1. [No](x)", name="A_da"),
        ),
        70.0,
    )
    assert render(call, "markdown") == (
        "**Seller** (0:01:05): It's \\$50 \\*now\\*\n\n**A\\_da**: 1. \\[No\\](x)\n"
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
    assert [render(silent, form) for form in FORMATS[:-1]] == ["", "", "WEBVTT\n", ""]
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


texts = st.text(
    st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), min_size=1
)  # PostgreSQL keeps no NUL
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


def milliseconds(clock: str) -> int:
    hours, minutes, seconds = clock.replace(",", ".").split(":")
    return round((int(hours) * 60 + int(minutes)) * 60_000 + float(seconds) * 1000)


def said_in(text: str) -> list[str]:
    return " ".join(text.split()).split(" ") if text.split() else []


def by_voice(transcript: Transcript) -> dict[str, list[str]]:
    """Each voice's words in time's order, as subtitles may show them."""
    voices: dict[str, list[str]] = {}
    for cue in cues(transcript):
        voices.setdefault(cue.lines[0].name, []).extend(said_in(cue.lines[0].text))
    return voices


@given(transcripts())
def test_a_parser_reads_the_vtt_with_every_voice_and_word(transcript: Transcript) -> None:
    read = webvtt.from_string(render(transcript, "vtt"))
    starts = [milliseconds(caption.start) for caption in read.captions]
    assert starts == sorted(starts)
    voices: dict[str, list[str]] = {}
    for caption in read.captions:
        assert milliseconds(caption.start) < milliseconds(caption.end)
        voices.setdefault(unescape(caption.voice or ""), []).extend(said_in(unescape(caption.text)))
    assert voices == by_voice(transcript)


@given(transcripts())
def test_a_parser_reads_the_srt_with_one_cue_at_a_time(transcript: Transcript) -> None:
    shown = render(transcript, "srt")
    assume(shown)  # an empty file is no SubRip to that parser
    read = webvtt.from_buffer(StringIO(shown), format="srt")
    assert len(read.captions) == len(one_at_a_time(cues(transcript)))
    before = 0
    for caption in read.captions:
        assert before <= milliseconds(caption.start) < milliseconds(caption.end)
        before = milliseconds(caption.end)


@given(transcripts())
def test_a_parser_reads_the_markdown_as_it_was_said(transcript: Transcript) -> None:
    blocks = MarkdownIt("gfm-like", {"linkify": False}).parse(render(transcript, "markdown"))
    read = [block for block in blocks if block.type == "inline"]
    assert {block.type for block in blocks} <= {"paragraph_open", "inline", "paragraph_close"}
    for block, spoken in zip(read, transcript.turns, strict=True):
        parts = block.children or []
        assert [part.type for part in parts[1:4]] == ["strong_open", "text", "strong_close"]
        plain = "".join(part.content for part in parts)
        assert plain.endswith(f": {' '.join(spoken.text.split())}".rstrip())


def test_forms_are_named_once() -> None:
    assert set(FORMATS) == {"text", "markdown", "json", "vtt", "srt"}
    assert json.loads(render(CALL, "json"))["seconds"] == 4000.0
