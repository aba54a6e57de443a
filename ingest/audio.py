"""What a recording is, and its sound: the one importer of PyAV.

FFmpeg opens a file only as the container that its first bytes show, may open no second file, and
may run no decoder but those listed. Sound is decoded packet by packet and laid where its time
says, so that a bad stretch stays what it is: a silence of its own length.
"""

from __future__ import annotations  # PyAV's Packet is generic only in its type stubs

import hashlib
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Self

import av
import numpy as np
from av.audio.fifo import AudioFifo
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet

from ingest.base.errors import Empty, NotAudio, TooLarge
from ingest.base.settings import Settings
from ingest.calls import Audio
from ingest.containers import DECODERS, Damage, describe, sniff, stated_seconds
from ingest.timeline import JITTER_SECONDS, Block, Clock, Tape

__all__ = ["RATE", "Block", "Limits", "blocks", "probe"]

av.logging.set_level(None)

RATE = 16_000
"""Samples a second, as Whisper hears."""

MOST_CHANNELS = 8
"""7.1 surround has as many; a conference's recorder has fewer."""

HIGHEST_RATE = 768_000
"""Hertz; no sound card has more, and what claims more only costs memory."""

PRIMING_SECONDS = 0.1
"""A decoder may keep its first frames back; they are the encoder's delay and no sound."""

END_SLACK_SECONDS = 0.25
"""A header may count the encoder's padding; a shortfall below this is not missing sound."""

PACKETS_PER_SECOND = 500
"""More packets than this, over the longest length taken, only serve to keep a server busy."""

READ_ERRORS = 100
"""Unreadable packets in a row after which the rest of a file is given up."""

_OPTIONS = {
    "protocol_whitelist": "file",
    "format_whitelist": "mp3,wav,w64,mov,aac,ogg,flac,asf,amr,matroska",
    "enable_drefs": "0",  # a MOV may name another file as the place of its sound
    "max_size": "65536",  # of a WAV packet: larger ones are walked faster
    "codec_whitelist": DECODERS,  # so that no picture or video decoder ever runs
}


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that is taken."""

    size_bytes: int
    seconds: float

    @classmethod
    def of(cls, settings: Settings) -> Self:
        return cls(settings.max_upload_mb * 1_000_000, settings.max_hours * 3600)

    def check_size(self, name: str, size_bytes: int) -> None:
        """Raise TooLarge for a file of so many bytes."""
        if size_bytes > self.size_bytes:
            raise TooLarge(
                f"{name} has more than the {self.size_bytes / 1e6:,.0f} MB taken: compress it, or "
                "raise EARSHOT_MAX_UPLOAD_MB."
            )


@dataclass(frozen=True, slots=True)
class _Source:
    """A file whose container is known."""

    path: Path
    name: str  # for messages
    demuxer: str


@dataclass(frozen=True, slots=True)
class _Measured:
    """What a walk through all packets finds."""

    seconds: float
    stated: float | None  # the length in the header
    layout: str
    channels: int
    sample_rate: int
    codec: str
    byte_rate: float  # of the undamaged packets, bytes a second; 0 if there are none


def probe(
    path: Path, limits: Limits, *, name: str | None = None, sha256: str | None = None
) -> Audio:
    """What the file at `path` is; `name` is what messages call it, `sha256` its hash if known.

    Errors: Empty, NotAudio, TooLarge.
    """
    name = name or path.name
    size = path.stat().st_size
    limits.check_size(name, size)
    source = _source(path, name)
    found = _measure(source, limits.seconds)
    return Audio(
        sha256=sha256 or _digest(path),
        size_bytes=size,
        seconds=found.seconds,
        channels=found.channels,
        sample_rate=found.sample_rate,
        container=source.demuxer,
        codec=found.codec,
    )


def blocks(path: Path, rate: int = RATE, seconds: float = 60.0) -> Iterator[Block]:
    """The sound of the file at `path` in blocks of `seconds` (the last may be shorter).

    Together they are as long as the recording; one is in memory at a time. Errors: as `probe`.
    """
    source = _source(path, path.name)
    found = _measure(source, math.inf)
    tape = Tape(found.channels, rate, round(seconds * rate), round(found.seconds * rate))
    with _opened(source) as (container, stream):
        yield from _Player(container, stream, source, found, tape, rate).play()
    yield from tape.gap(tape.left, tape.left > END_SLACK_SECONDS * rate)


class _Player:
    """Decodes one stream onto a tape."""

    def __init__(
        self,
        container: InputContainer,
        stream: AudioStream,
        source: _Source,
        found: _Measured,
        tape: Tape,
        rate: int,
    ) -> None:
        self._packets = _packets(container)
        self._stream = stream
        self._damage = Damage(source.demuxer)
        self._byte_rate = found.byte_rate or math.inf
        self._clock = Clock(_origin(container), found.stated)
        self._layout = found.layout
        self._channels = found.channels
        self._tape = tape
        self._rate = rate
        self._begun = False
        self._resampler: AudioResampler | None = None
        self._waiting = AudioFifo()  # frames are short, and are resampled a second at a time
        self._shape: tuple[object, ...] = ()  # of the frames in there

    def play(self) -> Iterator[Block]:
        for packet in self._packets:
            if packet.stream_index == self._stream.index:
                self._clock.lose(_lost_bytes(self._damage, packet) / self._byte_rate)
                for frame in _decode(self._stream, packet):
                    yield from self._lay(frame)
        yield from self._flush()

    def _lay(self, frame: AudioFrame) -> Iterator[Block]:
        start = self._clock.place(_seconds(frame.pts, frame.time_base))
        if not self._begun and 0 < start < PRIMING_SECONDS:
            self._clock.lose(-start)
            start = 0.0
        self._begun = True
        if start < self._clock.now - JITTER_SECONDS:
            return  # this time has been heard
        shape = (frame.sample_rate, frame.format.name, frame.layout.name)
        if start > self._clock.now + JITTER_SECONDS or shape != self._shape:
            yield from self._flush()
            self._shape = shape
            self._resampler = AudioResampler("s16", self._layout, self._rate)
            behind = round(start * self._rate) - self._tape.written
            if behind > JITTER_SECONDS * self._rate:
                yield from self._tape.gap(behind, True)
                self._clock.now = start
        self._clock.now += frame.samples / frame.sample_rate
        frame.pts = None  # the resampler needs no time: it is kept here
        self._waiting.write(frame)
        if self._waiting.samples >= frame.sample_rate:
            yield from self._resample(self._waiting.read())

    def _flush(self) -> Iterator[Block]:
        if self._waiting.samples:
            yield from self._resample(self._waiting.read())
        yield from self._resample(None)
        self._resampler, self._waiting = None, AudioFifo()

    def _resample(self, frame: AudioFrame | None) -> Iterator[Block]:
        if self._resampler is None:
            return
        try:
            outs = self._resampler.resample(frame)
        except av.FFmpegError:  # a rate or a layout that makes no sense
            self._shape = ()
            return
        for out in outs:
            if out is not None:
                # Interleaved: PyAV 18 reads beyond the buffers of planar frames of 8 channels.
                samples = out.to_ndarray().astype(np.int16, copy=False)
                yield from self._tape.write(samples.reshape(-1, self._channels).T)


class _Walk:
    """Measures a recording by all its packets; decodes only until the first that is heard."""

    def __init__(
        self, source: _Source, container: InputContainer, stream: AudioStream, most: float
    ) -> None:
        self._source = source
        self._stream = stream
        self._most = most
        self._stated = _stated(source, container, stream)
        self._origin = _origin(container)
        self._clock = Clock(self._origin, self._stated)
        self._damage = Damage(source.demuxer)
        self._first: AudioFrame | None = None
        self._packets = 0
        self._sounding = 0.0  # seconds, by the packets' own durations
        self._lost_bytes = 0
        self._reach = 0.0  # the end of what is there, of any stream
        self._check(self._stated or 0.0)

    def take(self, packet: Packet[Any]) -> None:
        self._packets += 1
        time = _seconds(packet.pts, packet.time_base)
        duration = _seconds(packet.duration, packet.time_base) or 0.0
        if packet.stream_index == self._stream.index:
            self._lost_bytes += _lost_bytes(self._damage, packet)
            self._sounding += duration
            self._clock.now = max(self._clock.now, self._clock.place(time) + duration)
            if self._first is None:
                self._first = next(iter(_decode(self._stream, packet)), None)
        elif time is not None:
            self._reach = max(self._reach, time - self._origin + duration)
        self._check(self._clock.now)

    def measured(self) -> _Measured:
        """Errors: Empty, NotAudio, TooLarge."""
        if not self._clock.now:
            raise Empty(f"{self._source.name} holds no sound: it has a header and nothing else.")
        if self._first is None:
            raise NotAudio(
                f"Nothing in {self._source.name} can be heard: it is damaged throughout."
            )
        byte_rate = self._damage.frame_bytes / self._sounding if self._sounding else 0.0
        seconds = self._clock.now + (self._lost_bytes / byte_rate if byte_rate else 0.0)
        if (
            self._stated is not None
            and max(seconds, self._reach) < self._stated - END_SLACK_SECONDS
        ):
            seconds = self._stated  # cut off: no stream reaches the end that the header states
        self._check(seconds)
        return _Measured(
            seconds=seconds,
            stated=self._stated,
            layout=self._first.layout.name,
            channels=self._first.layout.nb_channels,
            sample_rate=self._first.sample_rate,
            codec=self._stream.codec_context.name,
            byte_rate=byte_rate,
        )

    def _check(self, seconds: float) -> None:
        if seconds > self._most or self._packets > PACKETS_PER_SECOND * self._most:
            raise TooLarge(
                f"{self._source.name} lasts longer than the {self._most / 3600:g} hours taken: "
                "split it, or raise EARSHOT_MAX_HOURS."
            )


def _measure(source: _Source, most: float) -> _Measured:
    with _opened(source) as (container, stream):
        walk = _Walk(source, container, stream, most)
        for packet in _packets(container):
            walk.take(packet)
        return walk.measured()


def _source(path: Path, name: str) -> _Source:
    with path.open("rb") as file:
        if not file.read(1):
            raise Empty(f"{name} is empty: record or export it again.")
        demuxer = sniff(file)
        if demuxer is None:
            raise NotAudio(
                f"{name} is {describe(file)}: bring mp3, wav, m4a, aac, ogg, opus, flac, wma or "
                "amr, or a video with sound (mp4, mov, mkv, webm)."
            )
        return _Source(path.resolve(), name, demuxer)


@contextmanager
def _opened(source: _Source) -> Iterator[tuple[InputContainer, AudioStream]]:
    """The container and its best sound. A resolved path begins with "/" and is thus no URL."""
    # FFmpeg's parser loses count of the bytes skipped in a damaged ADTS stream.
    options = _OPTIONS | ({"fflags": "noparse"} if source.demuxer == "aac" else {})
    try:
        container = av.open(
            str(source.path),
            format=source.demuxer,
            options=options,
            metadata_errors="replace",
        )
    except av.FFmpegError as error:
        raise NotAudio(
            f"{source.name} begins like {source.demuxer} but cannot be read: it is damaged or "
            "cut off; export it again."
        ) from error
    with container:
        stream = container.streams.best("audio")
        if not isinstance(stream, AudioStream):
            raise NotAudio(f"{source.name} has no sound: export the recording with its sound.")
        if stream.codec_context is None or stream.codec_context.name not in DECODERS.split(","):
            raise NotAudio(
                f"The sound of {source.name} is in a coding that Earshot does not take: export it "
                "as mp3 or wav."
            )
        if stream.codec_context.channels > MOST_CHANNELS:
            raise NotAudio(
                f"{source.name} has {stream.codec_context.channels} channels: mix it down to at "
                f"most {MOST_CHANNELS}."
            )
        stream.codec_context.thread_count = 1  # a frame comes out with the packet it came from
        yield container, stream


def _packets(container: InputContainer) -> Iterator[Packet[Any]]:
    """All packets that can be read; unreadable stretches are passed over."""
    for _ in range(READ_ERRORS):
        try:
            yield from (packet for packet in container.demux() if packet.size)
        except av.FFmpegError:
            continue
        return


def _lost_bytes(damage: Damage, packet: Packet[Any]) -> int:
    return damage.before(packet.pos, packet.size, bytes(memoryview(packet)[:6]))


def _decode(stream: AudioStream, packet: Packet[Any]) -> list[AudioFrame]:
    """The frames of one packet that make sense, none where it is garbled."""
    try:
        frames = stream.codec_context.decode(packet)
    except av.FFmpegError:
        return []
    return [
        frame
        for frame in frames
        if frame.samples
        and frame.layout.nb_channels <= MOST_CHANNELS
        and 0 < frame.sample_rate <= HIGHEST_RATE
    ]


def _stated(source: _Source, container: InputContainer, stream: AudioStream) -> float | None:
    """The length that the header states, in seconds."""
    whole = _seconds(container.duration, Fraction(1, av.time_base))
    with source.path.open("rb") as file:
        told = _seconds(stream.duration, stream.time_base) or whole
        return stated_seconds(file, source.demuxer, told)


def _origin(container: InputContainer) -> float:
    """The container's time at which the recording begins."""
    return _seconds(container.start_time, Fraction(1, av.time_base)) or 0.0


def _seconds(ticks: int | None, base: Fraction | None) -> float | None:
    return None if ticks is None or base is None else ticks * base.numerator / base.denominator


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
