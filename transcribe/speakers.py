"""Which channels say something of their own, whose they are, and whose turn it is: pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from transcribe.transcript import Speaker, Turn, Word

MIXED = -1  # the track of sound that all channels share: whose voice it is, is unknown

ALIKE = 0.01  # two channels are one where their difference is this share of their power (-20 dB)
BREATH = 0.7  # seconds: a speaker who goes on sooner has not stopped
TURN_PAUSE = 2.0  # seconds: after a longer pause the same speaker begins a new turn
MIXED_PAUSE = 0.45  # seconds: on one channel the end of a sentence and this pause may be a change
LONG_TURN = 45.0  # seconds: from here on a turn ends with its sentence …
LONGEST_TURN = 60.0  # … and at the latest here
SENTENCE_ENDS = (".", "?", "!", "…")


def tracks(samples: npt.NDArray[np.int16]) -> dict[int, npt.NDArray[np.int16]]:
    """What is to be heard apart in (channels, n) samples: by channel, or as MIXED.

    Silent channels are left out. Channels that are alike are heard once; where all that sound
    are alike (one microphone written twice), or there is only one, that is MIXED.
    """
    sounding = [number for number, channel in enumerate(samples) if channel.any()]
    apart: list[int] = []
    for number in sounding:
        if not any(_alike(samples[number], samples[other]) for other in apart):
            apart.append(number)
    if len(apart) == 1 and (len(sounding) > 1 or len(samples) == 1):
        return {MIXED: samples[apart[0]]}
    return {number: samples[number] for number in apart}


def _alike(one: npt.NDArray[np.int16], other: npt.NDArray[np.int16]) -> bool:
    a, b = one.astype(np.float32), other.astype(np.float32)
    return float(np.square(a - b).sum()) <= ALIKE * float(np.square(a).sum() + np.square(b).sum())


@dataclass(frozen=True, slots=True)
class Utterance:
    """One speaker's words without a stop."""

    track: int
    words: tuple[Word, ...]

    @property
    def start(self) -> float:
        """Seconds."""
        return self.words[0].start

    @property
    def end(self) -> float:
        """Seconds."""
        return self.words[-1].end


def turns(words_by_track: Mapping[int, Sequence[Word]], seller_channel: int) -> tuple[Turn, ...]:
    """Merge every track's words, each in time's order, into turns in time's order.

    A turn is cut only where its speaker stops, so a "yes" said into it becomes a turn of its
    own after it, and does not tear it apart.
    """
    spoken = {track: words for track, words in words_by_track.items() if words}
    alone = len(spoken) == 1
    return tuple(_turn(said, seller_channel, alone) for said in utterances(spoken))


def utterances(spoken: Mapping[int, Sequence[Word]]) -> Iterable[Utterance]:
    """The same of tracks, or of voices that share one, whoever they are."""
    said = [
        utterance
        for track, words in spoken.items()
        for utterance in _utterances(track, words, _starts_of_others(spoken, track))
    ]
    said.sort(key=lambda utterance: (utterance.start, utterance.end, utterance.track))
    return _joined(said)


def _starts_of_others(spoken: Mapping[int, Sequence[Word]], track: int) -> list[float]:
    """When someone on another track begins to speak, in time's order."""
    return sorted(
        word.start
        for other, words in spoken.items()
        if other != track
        for before, word in pairwise([None, *words])
        if word is not None and (before is None or word.start - before.end > BREATH)
    )


def _utterances(track: int, words: Sequence[Word], others: list[float]) -> Iterable[Utterance]:
    run = [words[0]]
    for before, word in pairwise(words):
        if _stops(track, before, word, others):
            yield Utterance(track, tuple(run))
            run = []
        run.append(word)
    yield Utterance(track, tuple(run))


def _stops(track: int, before: Word, word: Word, others: list[float]) -> bool:
    gap = word.start - before.end
    if gap > BREATH:
        return True
    if not before.text.endswith(SENTENCE_ENDS):
        return False
    if track == MIXED:
        return gap > MIXED_PAUSE
    first = int(np.searchsorted(others, before.end))
    return first < len(others) and others[first] < word.start  # someone answers in between


def _joined(utterances: Iterable[Utterance]) -> Iterable[Utterance]:
    """Join one speaker's utterances that follow each other, up to a readable length."""
    last: Utterance | None = None
    for said in utterances:
        for part in _parts(said):
            if last is not None and _goes_on(last, part):
                last = Utterance(last.track, last.words + part.words)
            else:
                if last is not None:
                    yield last
                last = part
    if last is not None:
        yield last


def _goes_on(last: Utterance, said: Utterance) -> bool:
    sentence_ended = last.words[-1].text.endswith(SENTENCE_ENDS)
    pause = MIXED_PAUSE if said.track == MIXED and sentence_ended else TURN_PAUSE
    if said.track != last.track or said.start - last.end > pause:
        return False
    longest = LONG_TURN if sentence_ended else LONGEST_TURN
    return said.end - last.start <= longest


def _parts(said: Utterance) -> Iterable[Utterance]:
    """Cut what is too long to read: after a sentence where there is one, else where it must be."""
    run: list[Word] = []
    for word in said.words:
        if run:
            lasts = word.end - run[0].start
            sentence_ended = run[-1].text.endswith(SENTENCE_ENDS)
            if lasts > LONGEST_TURN or (sentence_ended and lasts > LONG_TURN):
                yield Utterance(said.track, tuple(run))
                run = []
        run.append(word)
    yield Utterance(said.track, tuple(run))


def _turn(said: Utterance, seller_channel: int, alone: bool) -> Turn:
    """`alone`: no other track has words, so nothing tells whose voices this one holds."""
    if said.track == MIXED or alone:
        speaker = Speaker.UNKNOWN
    else:
        speaker = Speaker.SELLER if said.track == seller_channel else Speaker.BUYER
    return Turn(
        speaker=speaker,
        text=" ".join(word.text for word in said.words),
        start=said.start,
        end=said.end,
        words=said.words,
        channel=max(said.track, 0),
        voice=said.track,
    )
