"""The reader as it ships: it loads lightly, refuses what was altered, reads whatever is said."""

import json
import math
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.base.errors import BadSetup
from insights.insight import Category, Stance
from insights.model.encoding import AFTER, BEFORE, JUDGED, MARKS, PART
from insights.model.reader import HERE, Reader, Reading
from transcribe.transcript import Speaker, Turn

FILES = ("reader.onnx.gz", "tokenizer.json", "card.json")


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader.load()


def call(*lines: str) -> list[Turn]:
    """Turns by alternating speakers, the seller first."""
    sides = (Speaker.SELLER, Speaker.BUYER)
    return [Turn(sides[n % 2], line) for n, line in enumerate(lines)]


def last(reader: Reader, *lines: str) -> Reading:
    readings, _ = reader.read(call(*lines))
    return readings[-1]


def likeliest(reading: Reading) -> Category:
    return max(reading.categories, key=reading.categories.__getitem__)


def test_an_objection_is_told_from_small_talk(reader: Reader) -> None:
    objection = last(
        reader,
        "What would stop you from starting?",
        "It's too expensive for us, there's no budget for that this year.",
    )
    small_talk = last(reader, "Hi, can you hear me?", "Yes, I can hear you fine. Lovely morning.")

    assert objection.objection >= reader.thresholds.objection
    assert likeliest(objection) is Category.PRICE
    assert small_talk.objection < reader.thresholds.objection / 2
    assert small_talk.request < reader.thresholds.request / 2


def test_a_wish_is_told_and_the_words_that_carry_it(reader: Reader) -> None:
    text = "Morning, all good here. It would really help us if it could export the report to Excel."
    wish = last(reader, "Anything missing from what you saw?", text)

    assert wish.request >= reader.thresholds.request
    strongest = max(wish.carries, key=lambda carry: carry.request)
    assert strongest.start_char > text.index("It would")


def test_who_speaks_decides(reader: Reader) -> None:
    words = "Our security officer won't accept data outside the country."
    (seller,), (unknown,) = (
        reader.read([Turn(who, words)])[0] for who in (Speaker.SELLER, Speaker.UNKNOWN)
    )

    assert seller.objection == seller.request == 0.0
    assert seller.carries == ()
    assert unknown.objection > 0.3


def test_a_stance_is_read_from_how_the_name_is_spoken_of(reader: Reader) -> None:
    turns = call(
        "What do you run today?",
        "We've been using Corvane for the last four years, it's what everybody here works in.",
        "Who else is in the running?",
        "We have three quotes in. There's yours, and Bluestead are coming in to demo on Tuesday.",
    )
    spans = [(1, turns[1].text.index("Corvane"), turns[1].text.index("Corvane") + 7)]
    spans += [(3, turns[3].text.index("Bluestead"), turns[3].text.index("Bluestead") + 9)]
    _, (using, evaluating) = reader.read(turns, spans)

    assert using.stances[Stance.USING] > evaluating.stances[Stance.USING]
    assert max(evaluating.stances, key=evaluating.stances.__getitem__) is Stance.EVALUATING
    assert math.isclose(sum(using.stances.values()), 1.0, abs_tol=1e-5)


def test_a_hidden_name_keeps_its_words(reader: Reader) -> None:
    text = "We looked at Blue Harbour Systems last year and it was far too dear."
    start = text.index("Blue")
    (reading,), _ = reader.read([Turn(Speaker.BUYER, text)], [(0, start, start + 20)])

    assert [text[c.start_char : c.end_char] for c in reading.carries] == text.split()
    hidden = reading.carries[3:6]
    assert len({carry[2:] for carry in hidden}) == 1


def test_a_call_reads_the_same_again(reader: Reader) -> None:
    turns = call("Who decides?", "My boss has to sign that, I can't.", "I see.", "Send it to her.")

    assert reader.read(turns) == reader.read(turns)


def test_what_was_said_before_decides(reader: Reader) -> None:
    asked = last(reader, "Could we start in May, then?", "Not before the audit, no.")
    chatted = last(reader, "Did you get to the seaside in May?", "Not before the audit, no.")

    assert asked.objection > chatted.objection


@pytest.mark.parametrize("text", ["", "   ", "\x00\x07\x1b[2J", "🙂" * 50, "‮a‏ﷺ", "x" * 5000])
def test_odd_words_are_read(reader: Reader, text: str) -> None:
    (reading,), _ = reader.read([Turn(Speaker.BUYER, text)])

    assert 0.0 <= reading.objection <= 1.0
    assert math.isclose(sum(reading.categories.values()), 1.0, abs_tol=1e-5)
    assert all(text[c.start_char : c.end_char].strip() for c in reading.carries)


def test_a_call_of_nothing(reader: Reader) -> None:
    assert reader.read([]) == ([], [])


def test_a_very_long_turn_is_read_to_its_end(reader: Reader) -> None:
    filler = "and then we went down to the yard and had a look at the trucks there " * 350
    text = filler + "but our security officer will not accept data outside the country"
    (reading,), _ = reader.read([Turn(Speaker.BUYER, text)])

    assert len(reading.carries) == len(text.split()) > 5000
    assert max(reading.carries, key=lambda c: c.objection).start_char > len(filler) - 100


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(texts=st.lists(st.text(max_size=120), min_size=1, max_size=4), data=st.data())
def test_carries_and_mentions_keep_to_the_words(
    reader: Reader, texts: Sequence[str], data: st.DataObject
) -> None:
    turns = [Turn(data.draw(st.sampled_from(list(Speaker))), text) for text in texts]
    at = data.draw(st.integers(0, len(texts[0])))
    readings, (mention,) = reader.read(turns, [(0, at, len(texts[0]))])
    for turn, reading in zip(turns, readings, strict=True):
        ends = [0]
        for carry in reading.carries:
            assert ends[-1] <= carry.start_char < carry.end_char <= len(turn.text)
            assert 0.0 <= carry.objection <= 1.0
            assert 0.0 <= carry.request <= 1.0
            ends.append(carry.end_char)
    assert 0.0 <= mention.rival <= 1.0


@pytest.mark.parametrize("also", [(), (2,), (0, 2)])
@pytest.mark.parametrize("cut", [0, 1, 3])
@pytest.mark.parametrize("words", [1, PART - 1, PART, PART + 1, 3 * PART])
def test_windows_judge_every_word_of_the_buyer_and_stay_within_the_encoder(
    reader: Reader, words: int, cut: int, also: Sequence[int]
) -> None:
    encoding = reader._encoding
    seller = "Well, hello there. " * 60
    said = encoding.said(call(seller, "word " * words, seller, "I see. " * 60, "Bye.", ""))
    windows = list(encoding.windows(said, also, cut))

    judged = {
        (part.turn, n)
        for window in windows
        for part in window.parts
        for n in range(part.first, part.first + part.count)
    }
    assert judged == {(turn, n) for turn in (1, 3, *also) for n in range(len(said[turn].ids))}
    for window in windows:
        assert len(window.ids) <= JUDGED + BEFORE + AFTER + MARKS + 2 < 512
        assert len(window.judged) == sum(part.count + MARKS for part in window.parts)
        assert list(window.judged) == sorted({*window.judged})
        for part in window.parts:
            at = window.judged[part.at : part.at + part.count]
            here = tuple(window.ids[place] for place in at)
            assert here == said[part.turn].ids[part.first : part.first + part.count]


def test_a_call_without_a_buyer_needs_no_window(reader: Reader) -> None:
    said = reader._encoding.said([Turn(Speaker.SELLER, "Is anybody there?")])

    assert list(reader._encoding.windows(said)) == []


@given(data=st.data())
def test_each_name_is_masked_and_found_again(reader: Reader, data: st.DataObject) -> None:
    encoding = reader._encoding
    text = data.draw(st.text("abc .,é", max_size=40))
    names = data.draw(
        st.lists(
            st.lists(st.integers(0, len(text)), min_size=2, max_size=2).map(sorted), max_size=4
        )
    )
    said, places = encoding.masked(
        encoding.said([Turn(Speaker.BUYER, text)]), [(0, start, end) for start, end in names]
    )

    for (start, end), place in zip(names, places, strict=True):
        assert said[0].ids[place] == encoding.mask
        at, to = said[0].spans[place]
        assert at <= start <= end <= to
    assert len(said[0].ids) == len(said[0].spans)


def test_loading_brings_no_torch_and_starts_nothing() -> None:
    code = (
        "import sys; from insights.model.reader import Reader; from transcribe.transcript import *;"
        "r = Reader.load(); assert 'onnxruntime' not in sys.modules;"
        "r.read([Turn(Speaker.BUYER, 'No budget.')]); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", FILES)
def test_an_altered_or_absent_file_is_refused(tmp_path: Path, name: str) -> None:
    for file in FILES:
        shutil.copy(HERE / file, tmp_path)
    Reader.load(tmp_path)

    target = tmp_path / name
    target.write_bytes(target.read_bytes()[:-100])
    with pytest.raises(BadSetup, match=r"card\.json|train the model again"):
        Reader.load(tmp_path)

    target.unlink()
    with pytest.raises(BadSetup, match="reinstall Earshot"):
        Reader.load(tmp_path)


def test_a_card_of_another_kind_is_refused(tmp_path: Path) -> None:
    cards: list[object] = [[], {}, {"sha256": {}}]
    for card in [*cards, {"sha256": {}, "version": "1", "thresholds": {}}]:
        (tmp_path / "card.json").write_text(json.dumps(card))
        with pytest.raises(BadSetup, match="train the model again"):
            Reader.load(tmp_path)


def test_the_model_is_small_enough_to_ship() -> None:
    assert (HERE / "reader.onnx.gz").stat().st_size <= 40_000_000
