"""Probing and hearing: every container taken, everything broken, everything hostile."""

import socket
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.audio import RATE, Block, Limits, blocks, probe
from ingest.base.errors import EarshotError, Empty, NotAudio, TooLarge
from tests import sounds

LIMITS = Limits(size_bytes=50_000_000, seconds=2 * 3600)


@pytest.fixture
def put(tmp_path: Path) -> "Put":
    return Put(tmp_path)


class Put:
    """Writes bytes to a file; its name lies about what it is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, data: bytes, name: str = "call.mp3") -> Path:
        path = self.folder / name
        path.write_bytes(data)
        return path


def hear(path: Path) -> tuple[sounds.Samples, float]:
    """All samples, and how many seconds of them stand for missing sound."""
    heard = list(blocks(path, seconds=7.0))
    return np.concatenate([block.samples for block in heard], 1), sum(b.missing for b in heard)


def late(samples: sounds.Samples, channel: int = 0) -> dict[int, float]:
    """How many seconds after its time each beep of a channel is heard."""
    return {
        number: at - number - channel / 10 for number, at in sounds.onsets(samples[channel]).items()
    }


# What is taken ------------------------------------------------------------------------------

TAKEN = [  # container, codec, rate, channels, the codec of its pictures
    ("mp3", "libmp3lame", 44100, 1, None),
    ("mp3", "libmp3lame", 8000, 2, None),
    ("wav", "pcm_s16le", 8000, 1, None),
    ("wav", "pcm_mulaw", 8000, 2, None),
    ("wav", "adpcm_ms", 11025, 1, None),
    ("wav", "pcm_s24le", 96000, 6, None),
    ("w64", "pcm_s16le", 16000, 2, None),
    ("ipod", "aac", 44100, 2, None),
    ("ipod", "alac", 22050, 1, None),
    ("adts", "aac", 16000, 1, None),
    ("ogg", "libopus", 48000, 2, None),
    ("ogg", "vorbis", 44100, 2, None),
    ("flac", "flac", 22050, 6, None),
    ("asf", "wmav2", 44100, 2, None),
    ("amr", "libopencore_amrnb", 8000, 1, None),
    ("3gp", "libopencore_amrnb", 8000, 1, None),
    ("mp4", "aac", 48000, 2, "mpeg4"),
    ("mov", "pcm_s16le", 11025, 2, "mpeg4"),
    ("matroska", "libopus", 48000, 6, "mpeg4"),
    ("webm", "libopus", 48000, 1, "libvpx"),
    ("webm", "vorbis", 44100, 2, None),
]


@pytest.mark.parametrize(
    ("container", "codec", "rate", "channels", "video"),
    TAKEN,
    ids=["-".join(map(str, case[:4])) + ("-video" if case[4] else "") for case in TAKEN],
)
def test_each_container_is_heard_at_its_length_and_at_its_times(
    put: Put, container: str, codec: str, rate: int, channels: int, video: str | None
) -> None:
    recording = sounds.beeps(6.5, rate, channels)
    path = put(sounds.encode(recording, container, codec, rate, video=video), "call.txt")

    audio = probe(path, LIMITS)
    heard, missing = hear(path)

    assert audio.channels == len(heard) == channels
    assert audio.sample_rate == rate
    assert audio.seconds == pytest.approx(6.5, abs=0.2 if codec == "adpcm_ms" else 0.12)
    assert heard.shape[1] == round(audio.seconds * RATE)
    assert missing == 0
    for channel in range(channels):
        assert len(late(heard, channel)) >= 6
        assert max(map(abs, late(heard, channel).values())) <= 0.1


@pytest.mark.parametrize("channels", [3, 5, 7, 8])
def test_channels_without_a_name_are_all_heard(put: Put, channels: int) -> None:
    path = put(sounds.wav(sounds.beeps(3, 8000, channels), 8000))
    heard, _ = hear(path)
    assert probe(path, LIMITS).channels == len(heard) == channels
    assert abs(late(heard, channels - 1)[1]) < 0.05


@pytest.mark.parametrize("channels", [9, 64, 255])
def test_more_channels_than_a_conference_has_are_refused(put: Put, channels: int) -> None:
    with pytest.raises(NotAudio, match=f"{channels} channels: mix it down"):
        probe(put(sounds.wav(np.zeros((channels, 100), np.int16), 8000)), LIMITS)


@pytest.mark.parametrize("rate", [4000, 11111, 37800, 192000])
def test_odd_rates_are_heard(put: Put, rate: int) -> None:
    heard, _ = hear(put(sounds.wav(sounds.beeps(3, rate), rate)))
    assert max(map(abs, late(heard).values())) < 0.05


@pytest.mark.parametrize("rate", [1, 2_000_000_000])
def test_a_rate_that_no_one_records_at_is_refused(put: Put, rate: int) -> None:
    with pytest.raises((NotAudio, TooLarge)):
        probe(put(sounds.wav(sounds.beeps(3), rate)), LIMITS)


def test_sixteen_bit_amr_wideband_by_hand(put: Put) -> None:
    frame = bytes([0x04]) + bytes(17)  # 20 ms at 6.6 kbit/s
    audio = probe(put(b"#!AMR-WB\n" + frame * 100), LIMITS)
    assert (audio.codec, audio.sample_rate, audio.channels) == ("amrwb", 16000, 1)
    assert audio.seconds == pytest.approx(2.0)


def test_tags_that_are_no_utf8_and_a_picture_before_the_sound(put: Put) -> None:
    title = b"TIT2" + (6).to_bytes(4, "big") + b"\x00\x00" + b"\x03\xff\xfe\xfa\xfb\xfc"
    cover = b"\x00image/png\x00\x03\x00" + sounds.png()
    picture = b"APIC" + len(cover).to_bytes(4, "big") + b"\x00\x00" + cover
    body = title + picture
    size = bytes(
        [len(body) >> 21 & 127, len(body) >> 14 & 127, len(body) >> 7 & 127, len(body) & 127]
    )
    sound = sounds.encode(sounds.beeps(3, 16000), "mp3", "libmp3lame", 16000)
    path = put(b"ID3\x03\x00\x00" + size + body + sound)
    assert probe(path, LIMITS).seconds == pytest.approx(3, abs=0.1)
    assert len(late(hear(path)[0])) == 3


@pytest.mark.parametrize("stated", [0, 0x7FFFFFFF, 0xFFFFFFFF])
def test_a_wav_written_to_a_pipe_is_as_long_as_what_is_there(put: Put, stated: int) -> None:
    path = put(sounds.wav(sounds.beeps(5, 8000), 8000, data_size=stated))
    assert probe(path, LIMITS).seconds == pytest.approx(5)
    assert hear(path)[1] == 0


def test_an_ogg_cut_out_of_a_broadcast_begins_at_nought(put: Put) -> None:
    path = put(sounds.live_ogg(sounds.beeps(5, 48000), begins=1000))
    assert probe(path, LIMITS).seconds == pytest.approx(5, abs=0.1)
    assert max(map(abs, late(hear(path)[0]).values())) <= 0.1


def test_recordings_joined_end_to_end_are_heard_one_after_the_other(put: Put) -> None:
    one = sounds.encode(sounds.beeps(4, 16000), "mp3", "libmp3lame", 16000)
    two = sounds.encode(sounds.beeps(4, 8000), "mp3", "libmp3lame", 8000)
    heard, _ = hear(put(one + two))
    assert heard.shape[1] / RATE == pytest.approx(8, abs=0.3)
    assert np.abs(heard[0, 4 * RATE :]).max() > 3000


# What is broken -----------------------------------------------------------------------------

SHORT = sounds.encode(sounds.beeps(3, 16000), "mp3", "libmp3lame", 16000)


def _mp3(seconds: float, headed: bool) -> bytes:
    """Without the Xing header nothing states how long an MP3 is."""
    options = {"write_xing": str(int(headed))}
    return sounds.encode(sounds.beeps(seconds), "mp3", "libmp3lame", options=options)


@pytest.mark.parametrize("headed", [True, False])
@pytest.mark.parametrize("damage", ["noise", "noughts"])
def test_around_a_bad_stretch_of_mp3_all_is_heard_and_in_its_place(
    put: Put, damage: str, headed: bool
) -> None:
    """faster-whisper's own decoder ends at the stretch: 18 of 60 seconds."""
    data = _mp3(20, headed)
    start, end = len(data) * 30 // 100, len(data) * 40 // 100  # seconds 6 to 8
    data = (
        sounds.spoilt(data, 0.3, 0.4)
        if damage == "noise"
        else (data[:start] + bytes(end - start) + data[end:])
    )
    path = put(data)

    heard, missing = hear(path)

    assert probe(path, LIMITS).seconds == pytest.approx(20, abs=0.1)
    assert heard.shape[1] / RATE == pytest.approx(20, abs=0.1)
    assert missing == pytest.approx(2, abs=0.3)
    whole = {number: off for number, off in late(heard).items() if number not in (6, 7, 8)}
    assert len(whole) == 17
    assert max(map(abs, whole.values())) <= 0.1


def test_single_bad_bytes_cost_single_frames(put: Put) -> None:
    data = bytearray(_mp3(20, True))
    for at in np.random.default_rng(5).integers(len(data) // 3, len(data) // 2, 60):
        data[at] ^= 0xFF
    heard, missing = hear(put(bytes(data)))
    assert 0 < missing < 1.5
    assert heard.shape[1] / RATE == pytest.approx(20, abs=0.1)
    assert abs(late(heard)[19]) <= 0.1


@pytest.mark.parametrize(
    ("container", "codec", "rate"),
    [
        ("adts", "aac", 16000),
        ("ipod", "aac", 44100),
        ("ogg", "libopus", 48000),
        ("flac", "flac", 16000),
        ("asf", "wmav2", 44100),
        ("matroska", "aac", 44100),
    ],
)
def test_other_containers_keep_their_times_behind_a_bad_stretch(
    put: Put, container: str, codec: str, rate: int
) -> None:
    data = sounds.encode(sounds.beeps(20, rate), container, codec, rate)
    heard, missing = hear(put(sounds.spoilt(data, 0.45, 0.5)))
    assert heard.shape[1] / RATE == pytest.approx(20, abs=0.15)
    assert 0.5 < missing < 6  # a damaged page or cluster takes its neighbours along
    assert {1, 2, 3, 4, 5, 6, 7, 16, 17, 18} <= set(late(heard))
    assert max(abs(late(heard)[n]) for n in (1, 5, 16, 18)) <= 0.12


@pytest.mark.parametrize(
    ("container", "codec"), [("mp3", "libmp3lame"), ("wav", "pcm_s16le"), ("flac", "flac")]
)
def test_a_file_cut_off_is_heard_as_far_as_it_goes(put: Put, container: str, codec: str) -> None:
    data = sounds.encode(sounds.beeps(20), container, codec)
    cut = put(data[: len(data) * 6 // 10])
    heard, missing = hear(cut)
    assert probe(cut, LIMITS).seconds == pytest.approx(20, abs=0.1)
    assert missing == pytest.approx(8, abs=1.5)  # bytes are not seconds
    assert set(range(10)) <= set(late(heard)) <= set(range(14))


def test_a_file_whose_end_holds_its_index_says_that_it_is_cut_off(put: Put) -> None:
    data = sounds.encode(sounds.beeps(5), "ipod", "aac")
    with pytest.raises(NotAudio, match=r"call\.mp3 begins like mov but .* cut off"):
        probe(put(data[: len(data) // 2]), LIMITS)


def test_a_file_damaged_throughout_is_no_sound(put: Put) -> None:
    data = sounds.encode(sounds.beeps(3), "ipod", "aac")
    index = data.index(b"moov") - 4
    with pytest.raises(NotAudio, match="damaged"):
        probe(put(data[:48] + bytes(index - 48) + data[index:]), LIMITS)


# What is refused ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "error", "says"),
    [
        (b"", Empty, "call.mp3 is empty"),
        (sounds.wav(np.zeros((1, 0), np.int16)), Empty, "no sound"),
        (b"Dear Anna,\nsee you on Monday.\n" * 40, NotAudio, "call.mp3 is text"),
        ("Grüße, 再见".encode() * 9, NotAudio, "is text"),
        (sounds.png(), NotAudio, "a picture"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(900), NotAudio, "a picture"),
        (b"%PDF-1.7\n" + bytes(100), NotAudio, "a document"),
        (b"PK\x03\x04" + bytes(100), NotAudio, "mp3, wav, m4a"),
        (bytes(5000), NotAudio, "bring mp3"),
        (b"\xff" * 5000, NotAudio, "bring mp3"),
        (b"OggS" + bytes(500), NotAudio, "begins like ogg"),
        (b"RIFF\x00\x00\x00\x00WAVE", NotAudio, "begins like wav"),
        (sounds.silent_video("mp4"), NotAudio, "has no sound"),
        (sounds.silent_video("matroska"), NotAudio, "has no sound"),
    ],
)
def test_what_cannot_be_heard_is_refused_in_words(
    put: Put, data: bytes, error: type[EarshotError], says: str
) -> None:
    path = put(data)
    with pytest.raises(error, match=says):
        probe(path, LIMITS)
    with pytest.raises(error, match=says):
        next(blocks(path))


def test_the_message_speaks_of_the_file_by_the_name_its_bringer_knows(put: Put) -> None:
    with pytest.raises(NotAudio, match=r"^Q3 call\.wav is text: bring"):
        probe(put(b"hello", "tmp123"), LIMITS, name="Q3 call.wav")


# What is too large --------------------------------------------------------------------------


def test_too_many_bytes(put: Put) -> None:
    with pytest.raises(TooLarge, match="EARSHOT_MAX_UPLOAD_MB"):
        probe(put(SHORT), Limits(1000, 3600))


def test_an_hour_of_silence_in_a_small_file_is_taken_and_heard(put: Put) -> None:
    path = put(sounds.silence_flac(3600))
    assert path.stat().st_size < 1_000_000
    assert probe(path, LIMITS).seconds == 3600
    assert sum(block.samples.shape[1] for block in blocks(path)) == 3600 * RATE


def test_one_block_is_in_memory_at_a_time(put: Put) -> None:
    path = put(sounds.silence_flac(600))
    tracemalloc.start()
    for block in blocks(path):
        del block
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6_000_000  # the ten minutes are 19 MB


@pytest.mark.parametrize("headed", [True, False])
def test_more_hours_than_allowed_are_refused_before_they_are_decoded(
    put: Put, headed: bool
) -> None:
    data = bytearray(sounds.silence_flac(3600))
    if not headed:  # the header's 36-bit count of samples: nought for unknown
        data[21] &= 0xF0
        data[22:26] = bytes(4)
    start = time.process_time()
    with pytest.raises(TooLarge, match=r"longer than the 0\.5 hours taken.*EARSHOT_MAX_HOURS"):
        probe(put(bytes(data)), Limits(50_000_000, 1800))
    assert time.process_time() - start < 2


def test_a_header_that_claims_days_is_refused_by_its_claim(put: Put) -> None:
    data = bytearray(sounds.silence_flac(10))
    data[21] |= 0x0F
    with pytest.raises(TooLarge, match="EARSHOT_MAX_HOURS"):
        probe(put(bytes(data)), LIMITS)


# What is hostile ----------------------------------------------------------------------------


@pytest.fixture
def trap() -> Iterator[socket.socket]:
    """A port on loopback that must get no call."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server
        with pytest.raises(BlockingIOError):
            server.accept()


def _bait(kind: str, url: str) -> bytes:
    return {
        "ffconcat": f"ffconcat version 1.0\nfile '{url}'\nduration 5\n",
        "m3u8": f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{url}\n#EXT-X-ENDLIST\n",
        "m3u": f"{url}\n",
        "concat": f"concat:{url}|{url}",
        "subfile": f"subfile,,start,0,end,900,,:{url}",
        "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=audio 9 RTP/AVP 0\n",
        "dash": f"<?xml version='1.0'?><MPD><BaseURL>{url}</BaseURL></MPD>",
        "edl": f"# mpv EDL v0\n{url}",
        "asx": f"[Reference]\nRef1={url}\n",
    }[kind].encode()


@pytest.mark.parametrize("reach", ["file", "network"])
@pytest.mark.parametrize(
    "kind", ["ffconcat", "m3u8", "m3u", "concat", "subfile", "sdp", "dash", "edl", "asx"]
)
def test_a_playlist_named_like_sound_reads_no_file_and_rings_no_host(
    put: Put, trap: socket.socket, kind: str, reach: str
) -> None:
    secret = put(SHORT, "secret.mp3")
    url = str(secret) if reach == "file" else f"http://127.0.0.1:{trap.getsockname()[1]}/a.mp3"
    for name in ("call.mp3", "call.m3u8", "call.ffconcat"):
        with pytest.raises(NotAudio, match="is text"):
            probe(put(_bait(kind, url), name), LIMITS)


@pytest.mark.parametrize("name", ["http:127.0.0.1", "concat:a|b", "pipe:0", "file:secret.mp3"])
def test_a_name_that_looks_like_a_url_is_a_name(
    put: Put, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(SHORT, name)
    monkeypatch.chdir(path.parent)
    assert probe(Path(name), LIMITS).seconds == pytest.approx(3, abs=0.1)


def test_a_mov_whose_sound_lies_in_another_file_does_not_get_it(put: Put) -> None:
    secret = sounds.beeps(3)
    put(sounds.interleaved(secret).tobytes(), "secret.raw")
    bait = sounds.mov_naming_another_file(np.zeros_like(secret), 16000, "secret.raw")
    path = put(bait, "bait.mov")
    with av.open(str(path), options={"enable_drefs": "1"}) as container:
        told = np.concatenate([f.to_ndarray()[0] for f in container.decode(audio=0)])
        assert np.abs(told).max() > 3000, "the bait works where it is allowed to"
    with pytest.raises(Empty):
        probe(path, LIMITS)


# What nobody thought of ---------------------------------------------------------------------

SEEDS = [
    sounds.encode(sounds.beeps(1.5, rate), container, codec, rate)
    for container, codec, rate in [
        ("mp3", "libmp3lame", 16000),
        ("adts", "aac", 16000),
        ("ipod", "aac", 16000),
        ("ogg", "libopus", 48000),
        ("flac", "flac", 16000),
        ("asf", "wmav2", 16000),
        ("amr", "libopencore_amrnb", 8000),
        ("matroska", "libopus", 48000),
    ]
] + [sounds.wav(sounds.beeps(1.5, 8000), 8000)]

UNHURRIED = settings(
    deadline=5000, max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def _whatever_it_is(path: Path) -> None:
    """It is refused in our words, or heard within the length that probing found."""
    try:
        audio = probe(path, LIMITS)
    except EarshotError:
        return
    end = 0.0
    for block in blocks(path):
        assert isinstance(block, Block)
        assert block.start == pytest.approx(end)
        assert block.samples.shape[0] == audio.channels
        assert 0 <= block.missing <= block.samples.shape[1] / RATE + 1e-9
        end = block.start + block.samples.shape[1] / RATE
        if end > 120:
            return  # a header made to claim an hour: the rest is silence
    assert end == pytest.approx(audio.seconds, abs=1 / RATE)


@UNHURRIED
@given(
    st.binary(max_size=3000), st.sampled_from([b"", b"ID3", b"\xff\xfb\x90", b"OggS", b"#!AMR\n"])
)
def test_any_bytes_are_refused_or_heard(put: Put, data: bytes, head: bytes) -> None:
    _whatever_it_is(put(head + data))


@UNHURRIED
@given(st.sampled_from(SEEDS), st.data())
def test_any_damage_is_refused_or_heard(put: Put, seed: bytes, data: st.DataObject) -> None:
    changed = bytearray(seed)
    places = st.one_of(st.integers(0, 400), st.integers(0, len(seed) - 1))
    for at, value in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), max_size=12)):
        changed[at] = value
    start, end = sorted(data.draw(st.tuples(places, places)))
    if data.draw(st.booleans()):
        del changed[start:end]
    _whatever_it_is(put(bytes(changed)))
