"""How many words are given to the side that said them, on calls of which that is known."""

import tempfile
import wave
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ingest import audio
from ingest.base.errors import BadMetadata
from transcribe.evaluate import Spoken, SpokenTurn, normalised, spoken_in
from transcribe.speakers import BREATH
from transcribe.transcript import Speaker, Transcript
from transcribe.windows import RATE

CHANNELS = {Speaker.SELLER: 0, Speaker.BUYER: 1}  # of a recording whose words are known
Said = tuple[str, Speaker]


@dataclass(frozen=True, slots=True)
class Attribution:
    """Words of one recording that were heard where they were said, and whose they were taken for;
    a word that was not heard, or not said, is no word of anybody's here."""

    file: str
    voices: int
    words: int = 0
    right: int = 0
    unknown: int = 0  # given to no side
    apart: int = 0  # right once the voices are named as suits best: what their sound alone tells

    @property
    def share(self) -> float:
        """Of the words, those given to the right side; 1 where there are none."""
        return self.right / self.words if self.words else 1.0


def evaluate_speakers(
    folder: Path,
    hear: Callable[[Path], Transcript],
    *,
    one_channel: bool = False,
    overlap: float = 0.0,
) -> list[Attribution]:
    """Hear every recording in `folder` whose words are known, and see who is taken to say them.

    `one_channel` mixes the channels of each into one first; `overlap` lets, in that mix, whoever
    answers begin so many seconds before the other ends, and leaves out recordings that have one
    channel already. Raises NotFound or BadMetadata for a folder that does not hold such recordings,
    and what hearing raises.
    """
    results = []
    for spoken in spoken_in(folder):
        if overlap and len(spoken.sides) < len(CHANNELS):
            continue
        if overlap:
            with overlapped(spoken, overlap) as (path, moved):
                results.append(attribution(moved, hear(path)))
        elif one_channel:
            with mixed(spoken.audio) as path:
                results.append(attribution(spoken, hear(path)))
        else:
            results.append(attribution(spoken, hear(spoken.audio)))
    return results


@contextmanager
def mixed(recording: Path) -> Iterator[Path]:
    """The mean of a recording's channels, as a file that is gone afterwards."""
    blocks = audio.blocks(recording, rate=RATE)
    with _written(recording.stem, (b.samples.mean(axis=0).astype("<i2") for b in blocks)) as path:
        yield path


@contextmanager
def overlapped(spoken: Spoken, seconds: float) -> Iterator[tuple[Path, Spoken]]:
    """A recording of two channels on one, as a file that is gone afterwards, where whoever answers
    begins so many seconds before the other ends, but within the latter half of what is said and for
    half of the answer at most; and the turns as they lie then. BadMetadata for another recording.
    """
    sound = np.concatenate([b.samples for b in audio.blocks(spoken.audio, rate=RATE)], axis=1)
    if len(sound) != len(CHANNELS):
        raise BadMetadata(f"{spoken.audio.name} has {len(sound)} channel(s): overlaps need two.")
    moved = _moved(spoken.turns, seconds)
    mix = np.zeros(round((max(turn.end for turn in moved) + 1) * RATE), np.float32)
    for before, turn in zip(spoken.turns, moved, strict=True):
        said = sound[CHANNELS[turn.speaker], round(before.start * RATE) : round(before.end * RATE)]
        at = round(turn.start * RATE)
        mix[at : at + len(said)] += said / len(CHANNELS)
    with _written(spoken.audio.stem, [mix.astype("<i2")]) as path:
        yield path, replace(spoken, audio=path, turns=moved)


def _moved(turns: Sequence[SpokenTurn], seconds: float) -> tuple[SpokenTurn, ...]:
    """The turns one after the other, a side's own a breath apart."""
    moved: list[SpokenTurn] = []
    for turn in turns:
        length, start = turn.end - turn.start, BREATH
        if moved:
            last = moved[-1]
            most = min(length, last.end - last.start) / 2
            answers = turn.speaker is not last.speaker
            start = last.end - min(seconds, most) if answers else last.end + BREATH
        moved.append(replace(turn, start=start, end=start + length))
    return tuple(moved)


@contextmanager
def _written(name: str, blocks: Iterable[npt.NDArray[np.int16]]) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{name}.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            for block in blocks:
                file.writeframes(block.tobytes())
        yield path


def attribution(spoken: Spoken, transcript: Transcript) -> Attribution:
    """Compare word by word, both sides' words in the order of their times."""
    said = sorted(
        (turn.start + (n + 0.5) * (turn.end - turn.start) / len(words), word, turn.speaker)
        for turn in spoken.turns
        if (words := normalised(turn.text).split())
        for n, word in enumerate(words)
    )
    heard = sorted(
        (word.start, word.text, turn.speaker, turn.voice)
        for turn in transcript.turns
        for word in turn.words
    )
    heard_as = [
        (text, speaker, voice)
        for _, whole, speaker, voice in heard
        for text in normalised(whole).split()
    ]
    pairs = list(_matched([word for _, word, _ in said], [text for text, _, _ in heard_as]))
    both = [(said[one][2], *heard_as[other][1:]) for one, other in pairs]
    return Attribution(
        file=spoken.audio.name,
        voices=len({voice for _, _, voice in both}),
        words=len(both),
        right=sum(side is speaker for side, speaker, _ in both),
        unknown=sum(speaker is Speaker.UNKNOWN for _, speaker, _ in both),
        apart=_apart([(side, voice) for side, _, voice in both]),
    )


def _matched(said: Sequence[str], heard: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Pairs of places of words said and heard; also of a word that was heard as another."""
    from jiwer import process_words

    if not said or not heard:
        return
    for chunk in process_words(" ".join(said), " ".join(heard)).alignments[0]:
        if chunk.type in ("equal", "substitute"):
            ours = range(chunk.ref_start_idx, chunk.ref_end_idx)
            yield from zip(ours, range(chunk.hyp_start_idx, chunk.hyp_end_idx), strict=True)


def _apart(both: Sequence[tuple[Speaker, int]]) -> int:
    """Words in the right group, where each voice counts for the side that it says most of."""
    return sum(
        max(sum(side is one for side, v in both if v == voice) for one in Speaker)
        for voice in {voice for _, voice in both}
    )
