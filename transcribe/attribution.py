"""How many words are given to the side that said them, on calls of which that is known."""

import tempfile
import wave
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ingest import audio
from transcribe.evaluate import Spoken, normalised, spoken_in
from transcribe.transcript import Speaker, Transcript
from transcribe.windows import RATE

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
    folder: Path, hear: Callable[[Path], Transcript], *, one_channel: bool = False
) -> list[Attribution]:
    """Hear every recording in `folder` whose words are known, and see who is taken to say them.

    `one_channel` mixes the channels of each into one first. Raises NotFound or BadMetadata for a
    folder that does not hold such recordings, and what hearing raises.
    """
    results = []
    for spoken in spoken_in(folder):
        if one_channel:
            with mixed(spoken.audio) as path:
                results.append(attribution(spoken, hear(path)))
        else:
            results.append(attribution(spoken, hear(spoken.audio)))
    return results


@contextmanager
def mixed(recording: Path) -> Iterator[Path]:
    """The mean of a recording's channels, as a file that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{recording.stem}.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE)
            for block in audio.blocks(recording, rate=RATE):
                file.writeframes(block.samples.mean(axis=0).astype("<i2").tobytes())
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
