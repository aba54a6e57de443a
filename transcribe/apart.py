"""A transcript of one track becomes one of several voices: reads the recording again, once for how
they sound and once for who speaks when, also at once."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import numpy as np

from ingest import audio
from transcribe.overlaps import overlap_seconds, share_of_words, voices_at
from transcribe.segmentation import Segmenter
from transcribe.sides import named
from transcribe.speakers import MIXED, tracks, utterances
from transcribe.transcript import Speaker, Transcript, Turn, Word
from transcribe.voiceprint import Voiceprinter
from transcribe.voices import Stretch, stretches, voice_of_words, voices
from transcribe.windows import RATE, Samples


def told_apart(
    path: Path, transcript: Transcript, printer: Voiceprinter, segmenter: Segmenter
) -> Transcript:
    """The transcript of the recording at `path` with its voices, and whose they are.

    Where all words come from one track, its voices are told apart by their sound, and for how long
    several spoke at once is among the parameters: words said then may be missing. Memory grows
    with the words, and by some kilobytes a minute. Raises what `ingest.audio.blocks` raises, and
    BadSetup.
    """
    turns, parameters = transcript.turns, transcript.parameters
    channels = {turn.channel for turn in turns}
    if len(channels) == 1 and all(turn.speaker is Speaker.UNKNOWN for turn in turns):
        turns, overlap = _by_voice(path, channels.pop(), turns, printer, segmenter)
        parameters = parameters | {"overlap_seconds": round(overlap, 1)}
    turns, found = named(turns)
    return replace(transcript, turns=turns, voices=found, parameters=parameters)


def _by_voice(
    path: Path,
    channel: int,
    turns: Sequence[Turn],
    printer: Voiceprinter,
    segmenter: Segmenter,
) -> tuple[tuple[Turn, ...], float]:
    """The turns of each voice, and for how many seconds more than one spoke."""
    words = sorted((word for turn in turns for word in turn.words), key=lambda word: word.start)
    spoken = stretches(words)
    prints = printer.of(cuts(_track(path, channel), spoken))
    found = voices(spoken, prints)
    if len(found) < 2:
        return tuple(replace(turn, voice=0) for turn in turns), 0.0
    by_sound = voice_of_words(words, spoken, prints, found)
    speaking = voices_at(segmenter.of(_track(path, channel)), words, by_sound, len(found))
    shares = share_of_words(words, speaking)
    voice_of = iter(voice_of_words(words, spoken, prints, found, shares))
    return _turns(words, voice_of, channel), overlap_seconds(speaking)


def _turns(words: Sequence[Word], voice_of: Iterator[int], channel: int) -> tuple[Turn, ...]:
    return tuple(
        Turn(
            speaker=Speaker.UNKNOWN,
            text=" ".join(word.text for word in said.words),
            start=said.start,
            end=said.end,
            words=said.words,
            channel=channel,
            voice=voice,
        )
        for voice, run in groupby(words, key=lambda _: next(voice_of))
        for said in utterances({voice: list(run)})
    )


def _track(path: Path, channel: int) -> Iterator[Samples]:
    """The sound of the one track that holds words, block by block, silent where it is none."""
    for block in audio.blocks(path, rate=RATE):
        found = tracks(block.samples)
        sound = found.get(MIXED, found.get(channel))
        yield np.zeros(block.samples.shape[1], np.int16) if sound is None else sound


def cuts(blocks: Iterable[Samples], spoken: Iterable[Stretch]) -> Iterator[Samples]:
    """The sound of each stretch, in time's order; `blocks` follow each other without a gap."""
    source = iter(blocks)
    kept, kept_from, more = np.zeros(0, np.int16), 0, True
    for stretch in spoken:
        first, end = round(stretch.start * RATE), round(stretch.end * RATE)
        while more and kept_from + len(kept) < end:
            block = next(source, None)
            more = block is not None
            forgotten = min(max(first - kept_from, 0), len(kept))
            kept = kept[forgotten:] if block is None else np.concatenate([kept[forgotten:], block])
            kept_from += forgotten
        yield kept[max(first - kept_from, 0) : max(end - kept_from, 0)]
