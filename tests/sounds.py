"""Sounds and traps made at test time: odd, broken and hostile media.

A `Sound` beeps once a second, each beep at its own pitch, so that a test can tell not only
whether something is heard but when.
"""

import io
import struct
import zlib
from collections.abc import Sequence
from fractions import Fraction

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

BEEP_SECONDS = 0.3
Samples = NDArray[np.int16]


def beeps(seconds: float, rate: int = 16000, channels: int = 1) -> Samples:
    """A beep at the start of each second, shape (channels, n); channel c beeps c tenths later."""
    time = np.arange(round(seconds * rate)) / rate
    rows = []
    for channel in range(channels):
        since = (time - channel / 10) % 1.0
        second = np.floor(time - channel / 10)
        pitch = 400 + 40 * (second % 25)
        on = (since < BEEP_SECONDS) & (second >= 0)
        rows.append(np.where(on, np.sin(2 * np.pi * pitch * since), 0) * 12000)
    return np.array(rows).astype(np.int16)


def onsets(samples: Samples, rate: int = 16000) -> dict[int, float]:
    """For each beep heard: its number (by its pitch, below 25) and when it begins, in seconds."""
    envelope = np.abs(samples.astype(np.float32))
    step = rate // 100
    level = envelope[: len(envelope) // step * step].reshape(-1, step).max(axis=1)
    loud = level > 3000
    heard: dict[int, float] = {}
    for at in np.flatnonzero(loud & ~np.roll(loud, 1)):
        piece = samples[at * step : at * step + rate // 5].astype(np.float32)
        if len(piece) < rate // 5 or loud[at : at + 20].mean() < 0.9:
            continue
        spectrum = np.abs(np.fft.rfft(piece * np.hanning(len(piece)), 8 * len(piece)))
        pitch = np.argmax(spectrum) * rate / (8 * len(piece))
        heard.setdefault(round((pitch - 400) / 40), at / 100)
    return heard


def encode(
    samples: Samples,
    container: str,
    codec: str,
    rate: int = 16000,
    *,
    layout: str | None = None,
    video: str | None = None,
    options: dict[str, str] | None = None,
) -> bytes:
    """A file of `samples`, shape (channels, n); with pictures of the `video` codec if named."""
    file = io.BytesIO()
    layout = layout or {1: "mono", 2: "stereo", 6: "5.1"}[len(samples)]
    with av.open(file, "w", format=container, options=options or {}) as out:
        stream = out.add_stream(codec, rate=rate, layout=layout)
        assert isinstance(stream, AudioStream)
        coder = stream.codec_context
        coder.bit_rate = 32000 * len(samples)
        coder.options = {"strict": "experimental"}
        if video:
            _add_pictures(out, video, round(5 * samples.shape[1] / rate))
        frame = av.AudioFrame.from_ndarray(interleaved(samples), "s16", layout)
        frame.sample_rate = rate
        fifo = av.AudioFifo()
        for part in av.AudioResampler(coder.format, layout, rate).resample(frame):
            fifo.write(part)
        _drain(out, stream, fifo)
    return file.getvalue()


def _drain(out: OutputContainer, stream: AudioStream, fifo: av.AudioFifo) -> None:
    size = stream.codec_context.frame_size or 1024
    while (part := fifo.read(size) or fifo.read(partial=True)) is not None:
        out.mux(stream.encode(part))
    out.mux(stream.encode(None))


def _add_pictures(out: OutputContainer, codec: str, count: int) -> None:
    stream = out.add_stream(codec, rate=5)
    assert isinstance(stream, VideoStream)
    stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
    for _ in range(count):
        out.mux(stream.encode(av.VideoFrame(64, 48, "yuv420p")))
    out.mux(stream.encode(None))


def live_ogg(samples: Samples, begins: int) -> bytes:
    """An Ogg/Opus file of 48 kHz `samples` whose clock stands at `begins` seconds at its start."""
    file = io.BytesIO()
    with av.open(file, "w", format="ogg") as out:
        stream = out.add_stream("libopus", rate=48000, layout="mono")
        for at in range(0, samples.shape[1], 960):
            frame = av.AudioFrame.from_ndarray(samples[:, at : at + 960], "s16", "mono")
            frame.sample_rate, frame.time_base = 48000, Fraction(1, 48000)
            frame.pts = begins * 48000 + at
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return file.getvalue()


def interleaved(samples: Samples) -> Samples:
    return np.ascontiguousarray(samples.T.reshape(1, -1))


def wav(samples: Samples, rate: int = 16000, *, data_size: int | None = None) -> bytes:
    """A 16-bit WAV; `data_size` is what the header says in place of the truth."""
    body = interleaved(samples).tobytes()
    size = len(body) if data_size is None else data_size
    channels = len(samples)
    form = struct.pack("<HHIIHH", 1, channels, rate, 2 * channels * rate, 2 * channels, 16)
    head = b"WAVEfmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", size)
    return b"RIFF" + struct.pack("<I", min(size + 36, 0xFFFFFFFF)) + head + body


def png() -> bytes:
    """A picture of one white pixel."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\x00\xff"))
        + chunk(b"IEND", b"")
    )


def silent_video(container: str = "mp4") -> bytes:
    """A video of two seconds without a sound track."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as out:
        _add_pictures(out, "mpeg4", 10)
    return file.getvalue()


def silence_flac(seconds: float, rate: int = 8000) -> bytes:
    """Silence, which FLAC packs to almost nothing."""
    file = io.BytesIO()
    with av.open(file, "w", format="flac") as out:
        stream = out.add_stream("flac", rate=rate, layout="mono")
        left = round(seconds * rate)
        while left:
            count = min(left, 4096)
            frame = av.AudioFrame.from_ndarray(np.zeros((1, count), np.int16), "s16", "mono")
            frame.sample_rate = rate
            left -= count
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return file.getvalue()


def spoilt(data: bytes, start: float, end: float, seed: int = 0) -> bytes:
    """`data` with random bytes from the fraction `start` of its length to `end`."""
    at, to = round(start * len(data)), round(end * len(data))
    noise = np.random.default_rng(seed).integers(0, 256, to - at, np.uint8).tobytes()
    return data[:at] + noise + data[to:]


def mov_naming_another_file(samples: Samples, rate: int, other: str) -> bytes:
    """A QuickTime file whose sound lies, by its header, in the file `other` beside it."""
    own = bytearray(encode(samples, "mov", "pcm_s16le", rate))
    path = (":" + other).encode()
    path += b"\x00" * (len(path) % 2)
    name = other.encode().ljust(63, b"\x00")
    alias = bytes(10) + b"\x00" + bytes(27) + bytes(12) + bytes([len(other)]) + name
    alias += bytes(16) + struct.pack(">HH", 1, 1) + bytes(16)
    alias += struct.pack(">HH", 2, len(path)) + path + struct.pack(">HH", 0xFFFF, 0)
    entry = struct.pack(">I", 12 + len(alias)) + b"alis" + bytes(4) + alias
    return bytes(_with_box(own, ("moov", "trak", "mdia", "minf", "dinf", "dref"), entry))


def _with_box(data: bytearray, path: Sequence[str], entry: bytes) -> bytearray:
    """The file with the one entry of its `dref` box (at `path`) put in place of what is there."""
    start, end, sizes = 0, len(data), []
    for kind in path:
        while data[start + 4 : start + 8] != kind.encode():
            start += struct.unpack_from(">I", data, start)[0]
            assert start < end, kind
        sizes.append(start)
        end = start + struct.unpack_from(">I", data, start)[0]
        start += 8
    old = end - (start + 8)  # behind the box's version and count
    data[start + 8 : end] = entry
    for at in sizes:
        struct.pack_into(">I", data, at, struct.unpack_from(">I", data, at)[0] + len(entry) - old)
    return data
