"""Nobody speaks, and nothing is heard; somebody speaks, and it is heard once. The real model."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ingest.audio import blocks
from tests.transcribe.conftest import FIXTURES
from tests.transcribe.test_damage import pairs
from transcribe.decoder import Decoder, _Attempt, _mel, _Spoken
from transcribe.engine import Hearer
from transcribe.evaluate import texts_by_side
from transcribe.gates import Decoding, Reason
from transcribe.hearing import Hearing
from transcribe.invented import LOUDNESSES, NAMES, evaluate_silence, line, write_wav
from transcribe.languages import Languages
from transcribe.noises import NOISES, RATE, Samples, at_loudness, samples
from transcribe.transcript import Speaker, Transcript, Turn, Word
from transcribe.whisper import encoded
from transcribe.windows import Speech, Window


def sound_of(name: str) -> Samples:
    return np.concatenate([block.samples for block in blocks(FIXTURES / name)], axis=1)


def words_of(transcript: Transcript, channel: int = 0) -> list[Word]:
    said = [word for t in transcript.turns if t.channel == channel for word in t.words]
    return sorted(said, key=lambda word: word.start)


def heard(ear: Hearer, folder: Path, sound: Samples) -> Transcript:
    write_wav(folder / "call.wav", sound)
    return ear.hear(folder / "call.wav", vocabulary=NAMES)


def test_what_is_heard_is_counted_a_minute() -> None:
    """An ear that hears two words in everything."""
    told = Transcript(
        (Turn(Speaker.UNKNOWN, "Oh no.", 0, 1, (Word("Oh", 0, 1), Word("no.", 0, 1))),), 9
    )
    [one] = evaluate_silence(lambda _: told, 10.0, ["silence"])
    assert (one.noise, one.minutes, one.words) == ("silence", 1.0, ("Oh", "no."))
    assert one.words_a_minute == 2


@pytest.mark.parametrize("noise", NOISES)
def test_a_line_has_two_channels_at_three_loudnesses(noise: str) -> None:
    """Each loudness a third of the way; of silence there is none."""
    wide, narrow = line(noise, 13.0)
    assert len(wide) == len(LOUDNESSES) * 13 * RATE
    peaks = [int(np.abs(part.astype(int)).max()) for part in np.split(wide, len(LOUDNESSES))]
    wanted = [32767 * 10 ** (loudness / 20) for loudness in LOUDNESSES]
    assert peaks == pytest.approx([0] * 3 if noise == "silence" else wanted, abs=2)
    assert np.abs(narrow.astype(int)).max() == pytest.approx(max(peaks), abs=2)


@pytest.mark.parametrize("noise", ["ring_tone", "hummed_tune", "keypad"])
def test_what_sounds_most_like_a_voice_yields_no_words(ear: Hearer, noise: str) -> None:
    [one] = evaluate_silence(lambda path: ear.hear(path, vocabulary=NAMES), 8.0, [noise])
    assert one.words == ()


@pytest.mark.slow  # twenty minutes of sound
@pytest.mark.timeout(900)
def test_no_hallucinated_word_a_silent_minute(ear: Hearer) -> None:
    found = evaluate_silence(lambda path: ear.hear(path, vocabulary=NAMES), 12.0)
    assert {one.noise: one.words for one in found if one.words} == {}
    assert all(one.minutes == 1.2 for one in found)


@pytest.mark.slow  # three hearings
@pytest.mark.parametrize("noise", ["ring_tone", "fax"])
def test_speech_around_a_noise_keeps_its_words_and_times(
    ear: Hearer, tmp_path: Path, noise: str
) -> None:
    first, last = sound_of("jfk.ogg"), sound_of("telephone-call.ogg")[1:]
    between = samples(at_loudness(NOISES[noise](20.0), -12))[None]
    later = (first.shape[1] + between.shape[1]) / RATE
    alone = [
        *words_of(heard(ear, tmp_path, first)),
        *(replace(word, start=word.start + later) for word in words_of(heard(ear, tmp_path, last))),
    ]
    both = words_of(heard(ear, tmp_path, np.concatenate([first, between, last], axis=1)))
    same = pairs(alone, both)
    assert len(same) >= 0.95 * max(len(alone), len(both))
    # The aligner may put the first word after a pause at the end of what was said before it.
    assert sum(abs(a.start - b.start) > 0.3 for a, b in same) <= 1


def test_an_echo_on_the_other_channel_is_not_said_twice(ear: Hearer, tmp_path: Path) -> None:
    """Each side on the other's channel, 150 ms later and 20 dB fainter."""
    alone = sound_of("telephone-call.ogg")
    echo = np.roll(alone[::-1].astype(float), round(0.15 * RATE), axis=1) / 10
    transcript = heard(ear, tmp_path, np.clip(alone + echo, -32768, 32767).astype(np.int16))
    texts = texts_by_side(transcript)
    assert [texts["seller"].count(said) for said in ("quote", "printed", "America")] == [1, 0, 0]
    assert [texts["buyer"].count(said) for said in ("quote", "printed", "America")] == [0, 1, 1]
    assert Hearing.of(transcript.parameters).dropped["echo"] > 20


def test_names_that_were_said_in_the_order_of_the_prompt_are_kept(ear: Hearer) -> None:
    names = ("my fellow", "Americans", "ask not")
    transcript = ear.hear(FIXTURES / "jfk.ogg", vocabulary=names)
    assert "my fellow Americans" in transcript.turns[0].text
    hearing = Hearing.of(transcript.parameters)
    assert hearing.redecoded
    assert Reason.PROMPT not in hearing.dropped


def test_names_that_only_the_prompt_says_are_not_heard(ear: Hearer) -> None:
    """The model seldom recites its prompt, so it is put into its mouth here."""
    window = Window((Speech(0, sound_of("jfk.ogg")[0]),))
    leak = _Attempt([], Decoding("Haulwright, Kowal Transport, Roadlark.", -0.2, 0.0))
    counts: Counter[str] = Counter()
    (sound,) = encoded(ear._model, [_mel(ear._model, window)])
    with ThreadPoolExecutor(1) as hands:
        decoder = Decoder(ear._model, Languages("en"), NAMES, hands)
        again = decoder._unrecited(_Spoken("en", window), sound, leak, counts)
    assert "my fellow Americans" in again.decoding.text
    assert counts == {"redecoded": 1, Reason.PROMPT: 4}
