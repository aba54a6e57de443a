"""Which container a file is, told by its own first bytes and never by its name.

FFmpeg's guessing is not used: a text playlist (`ffconcat`, `.m3u8`) or a URL renamed `.mp3` would
make it read other files or the network. Here a file is one of ten containers or it is refused.
"""

import re
import struct
from collections.abc import Mapping
from typing import BinaryIO

HEAD = 65536
"""Bytes looked at. Players search as far for the first MPEG frame after stray bytes."""

_MAGIC: tuple[tuple[int, bytes, str], ...] = (  # offset, bytes, FFmpeg's demuxer
    (0, b"OggS", "ogg"),
    (0, b"fLaC", "flac"),
    (0, b"#!AMR", "amr"),
    (0, b"\x1a\x45\xdf\xa3", "matroska"),
    (0, bytes.fromhex("3026b2758e66cf11"), "asf"),
    (0, bytes.fromhex("726966662e91cf11"), "w64"),
    (8, b"WAVE", "wav"),  # behind RIFF, RIFX, RF64 or BW64
    (4, b"ftyp", "mov"),
    (4, b"moov", "mov"),
    (4, b"mdat", "mov"),
    (4, b"wide", "mov"),
    (4, b"free", "mov"),
    (4, b"skip", "mov"),
)

DECODERS = (
    "mp3,mp3float,mp2,mp2float,mp1,mp1float,aac,opus,libopus,vorbis,flac,alac,ac3,eac3,"
    "wmav1,wmav2,wmapro,wmalossless,wmavoice,amrnb,amrwb,libopencore_amrnb,libopencore_amrwb,"
    "pcm_u8,pcm_s8,pcm_s16le,pcm_s16be,pcm_s24le,pcm_s24be,pcm_s32le,pcm_s32be,pcm_f32le,"
    "pcm_f32be,pcm_f64le,pcm_f64be,pcm_alaw,pcm_mulaw,adpcm_ms,adpcm_ima_wav,adpcm_ima_qt,"
    "adpcm_g722,adpcm_g726,gsm,gsm_ms,g729,speex"
)
"""FFmpeg's decoders that may run: sound only, as these containers hold it."""

_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\x00", b"MM\x00*")

# ISO 11172-3 and 13818-3: kbit/s by (is MPEG 1, layer), from index 1 to 14.
_KBITS: Mapping[tuple[bool, int], tuple[int, ...]] = {
    (True, 1): tuple(range(32, 449, 32)),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = (44100, 48000, 32000)  # MPEG 1; half for MPEG 2, a quarter for 2.5

_UNKNOWN_RIFF_SIZE = 0x7FFF_0000
"""A WAV written to a pipe states 0, or about 2 or 4 GiB, as its length."""


_PLAIN_WAVES = (1, 3, 6, 7, 0xFFFE)  # integers, floats, A-law, mu-law, extensible


def sniff(file: BinaryIO) -> str | None:
    """FFmpeg's demuxer for the open file, or None where it is none of those taken."""
    start = _after_id3(file)
    head = _read(file, start)
    for offset, magic, demuxer in _MAGIC:
        if head.startswith(magic, offset):
            return demuxer
    if head.startswith(_PICTURES):
        return None
    return _mpeg(head) or ("mp3" if start else None)


def describe(file: BinaryIO) -> str:
    """What a refused file is, for the message: "a picture", "text", "no known sound format"."""
    head = _read(file, 0)
    if head.startswith(_PICTURES):
        return "a picture"
    if head.startswith(b"%PDF"):
        return "a document"
    try:
        text = head[:4096].decode()
    except UnicodeDecodeError:
        return "no sound format that Earshot knows"
    return "text" if text.isprintable() or not re.search(r"[\x00-\x08]", text) else "no sound"


def stated_seconds(file: BinaryIO, demuxer: str, told: float | None) -> float | None:
    """The length that the open file's header states; None where it states none.

    `told` is the length by FFmpeg, which guesses by bit rate, or by what is there, where it must.
    """
    if demuxer in ("aac", "amr", "ogg"):
        return None
    head = _read(file, _after_id3(file))
    if demuxer == "mp3":
        return told if re.search(rb"Xing|Info|VBRI", head[:4096]) else None
    if demuxer == "wav" and head.startswith(b"RIFF"):
        return _wav_seconds(head, told)
    return told


def _wav_seconds(head: bytes, told: float | None) -> float | None:
    """By the chunks of a RIFF header: its size over its rate, where samples have one size."""
    at, byte_rate = 12, 0
    while len(head) >= at + 24:
        kind, size = head[at : at + 4], int.from_bytes(head[at + 4 : at + 8], "little")
        if kind == b"fmt ":
            form, _, rate, _, frame = struct.unpack_from("<HHIIH", head, at + 8)
            if form not in _PLAIN_WAVES:
                return told
            byte_rate = rate * frame
        if kind == b"data":
            return size / byte_rate if byte_rate and 0 < size < _UNKNOWN_RIFF_SIZE else None
        at += 8 + size + size % 2
    return None


def frame_size(demuxer: str, head: bytes) -> int | None:
    """Bytes of the MPEG audio or ADTS frame that begins with `head`; None where none begins."""
    if len(head) < 6 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    return _adts_size(head) if demuxer == "aac" else _mpeg_size(head)


class Damage:
    """Finds the bytes that went missing in an MP3 or ADTS stream, packet by packet.

    These have no times of their own: FFmpeg counts frames, and glues what it cannot read to the
    frame before, or skips it. A frame's header tells its size, so what is more was sound once.
    """

    def __init__(self, demuxer: str) -> None:
        self._demuxer = demuxer
        self._end: int | None = None  # where in the file the last frame ended
        self._size = 0  # of the last frame
        self.frame_bytes = 0  # of all frames so far

    def before(self, position: int | None, size: int, head: bytes) -> int:
        """How many bytes were lost between the packet before and this one.

        It lies at `position` in the file, has `size` bytes and begins with `head`.
        """
        if self._demuxer not in ("mp3", "aac") or position is None or position < 0:
            return 0
        lost = 0 if self._end is None else max(0, position - self._end)
        self._size = min(frame_size(self._demuxer, head) or self._size, size)
        self._end = position + self._size
        self.frame_bytes += self._size
        return lost


def _adts_size(head: bytes) -> int | None:
    if head[1] & 0xF6 != 0xF0 or head[2] >> 2 & 15 > 12:
        return None
    size = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    return size if size > 7 else None


def _mpeg_size(head: bytes) -> int | None:
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    kbits, rate, padding = head[2] >> 4, head[2] >> 2 & 3, head[2] >> 1 & 1
    if version == 1 or layer == 4 or kbits in (0, 15) or rate == 3:
        return None
    bits = 1000 * _KBITS[version == 3, layer][kbits - 1]
    hertz = _RATES[rate] // {3: 1, 2: 2, 0: 4}[version]
    if layer == 1:
        return (12 * bits // hertz + padding) * 4
    return (72 if layer == 3 and version != 3 else 144) * bits // hertz + padding


def _mpeg(head: bytes) -> str | None:
    """The demuxer of the first three MPEG or ADTS frames in a row, or of fewer up to the end."""
    for match in re.finditer(rb"\xff(?=[\xe0-\xfe])", head):
        for demuxer in ("mp3", "aac"):
            at, frames = match.start(), 0
            while frames < 3 and (size := frame_size(demuxer, head[at : at + 6])):
                at, frames = at + size, frames + 1
            if frames == 3 or (frames and at == len(head)):
                return demuxer
    return None


def _after_id3(file: BinaryIO) -> int:
    """Where the file goes on behind its ID3v2 tags (a picture in one may be megabytes)."""
    at = 0
    while (tag := _read(file, at, 10)).startswith(b"ID3") and len(tag) == 10:
        size = tag[6] << 21 | tag[7] << 14 | tag[8] << 7 | tag[9]
        at += 10 + size + (10 if tag[5] & 0x10 else 0)
    return at


def _read(file: BinaryIO, start: int, size: int = HEAD) -> bytes:
    file.seek(start)
    return file.read(size)
