"""OpenAI's own client against a running server: real sound, the real model."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import openai
import pytest
import webvtt
from openai.types.audio import Transcription, TranscriptionVerbose

from api.rest.transcriptions import Asked
from api.users import Role
from ingest.audio import blocks
from ingest.base.settings import Settings
from tests import sounds
from tests.api.running import SOUND, Api, rows, serve
from transcribe import ear
from transcribe.weights import model_path

FIXTURES = Path(__file__).parents[1] / "transcribe" / "fixtures"
JFK = FIXTURES / "jfk.ogg"
TWO_CHANNELS = FIXTURES / "stereo_diarization.wav"
PATH = "/v1/audio/transcriptions"


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Joined once for all tests here."""
    return str(model_path(Settings(home=tmp_path_factory.mktemp("weights"))))


@pytest.fixture
def api(settings: Settings, secrets: dict[Role, str], weights: str) -> Iterator[Api]:
    with serve(settings.model_copy(update={"whisper_model": weights}), secrets) as running:
        yield running


@contextmanager
def client(api: Api, key: str | None = None, **how: httpx.Timeout) -> Iterator[openai.OpenAI]:
    """OpenAI's client as a program would make it."""
    secret = key or api.secrets[Role.SALES]
    asking = openai.OpenAI(base_url=f"{api.url}/v1", api_key=secret, max_retries=0, **how)  # type: ignore[arg-type]
    with asking:
        yield asking


def test_every_form_of_one_recording_and_nothing_kept(api: Api) -> None:
    with client(api) as asking:
        make = asking.audio.transcriptions.create
        plain = make(file=JFK, model="whisper-1")
        text = make(file=JFK, model="whisper-1", response_format="text")
        srt = make(file=JFK, model="whisper-1", response_format="srt", language="en")
        vtt = make(file=JFK, model="whisper-1", response_format="vtt", temperature=0.2)
    assert isinstance(plain, Transcription)
    assert plain.text.startswith("And so my fellow Americans")
    assert text == f"{plain.text}\n"
    for shown, form in ((srt, "srt"), (vtt, "vtt")):
        assert isinstance(shown, str)
        captions = webvtt.from_buffer(io.StringIO(shown), format=form).captions
        assert " ".join(caption.text for caption in captions) == plain.text
        assert not any(caption.voice for caption in captions), "one channel tells of no sides"
    assert rows(api, "call", "audio", "transcript") == (0, 0, 0)
    spool = api.settings.home / "audio"
    assert not [path for path in spool.rglob("*") if path.is_file()]


def test_words_and_segments_with_their_times(api: Api) -> None:
    with client(api) as asking:
        said = asking.audio.transcriptions.create(
            file=("call.wav", TWO_CHANNELS.read_bytes()),
            model="whisper-1",
            response_format="verbose_json",
            timestamp_granularities=["word", "segment"],
            prompt="Daria, Wojtek",
        )
        only_words = asking.audio.transcriptions.create(
            file=JFK,
            model="whisper-1",
            response_format="verbose_json",
            timestamp_granularities=["word"],
        )
    assert isinstance(said, TranscriptionVerbose)
    assert isinstance(only_words, TranscriptionVerbose)
    TranscriptionVerbose.model_validate(said.model_dump())  # the client itself checks nothing
    assert (said.language, said.model_dump()["task"]) == ("en", "transcribe")
    assert said.segments
    assert said.words
    assert " ".join(segment.text for segment in said.segments) == said.text
    assert " ".join(word.word for word in said.words) == said.text
    for segment in said.segments:
        assert 0 <= segment.start <= segment.end <= said.duration
        assert -4 < segment.avg_logprob < 0
    for word in said.words:
        assert 0 <= word.start <= word.end <= said.duration
    assert only_words.segments is None
    assert only_words.words


def test_names_in_the_prompt_are_expected() -> None:
    asked = Asked(prompt=" Brackenwatch,  Anchor & Tully;\n<|startoftranscript|>Roadlark,, ")
    assert asked.names == ["Brackenwatch", "Anchor & Tully", "Roadlark"]
    assert Asked().names == []


@pytest.mark.parametrize(
    ("sent", "status", "param", "says"),
    [
        pytest.param({"response_format": "docx"}, 400, "response_format", "json", id="format"),
        pytest.param({"temperature": 3}, 400, "temperature", "less than", id="temperature"),
        pytest.param({"stream": True}, 400, "stream", "false", id="stream"),
        pytest.param({"language": "xx"}, 400, None, "no language 'xx'", id="language"),
        pytest.param({"file": b"no sound at all\n" * 99}, 400, None, "text", id="no sound"),
        pytest.param({"file": b""}, 400, None, "empty", id="empty"),
        pytest.param({"file": SOUND[:40]}, 400, None, "notes.wav", id="cut off"),
    ],
)
def test_what_cannot_be_heard_is_told(
    api: Api, sent: dict[str, object], status: int, param: str | None, says: str
) -> None:
    given = {"model": "whisper-1", "file": ("notes.wav", sent.get("file", SOUND))}
    with client(api) as asking, pytest.raises(openai.APIStatusError) as refused:
        asking.audio.transcriptions.create(**given | {k: v for k, v in sent.items() if k != "file"})  # type: ignore[call-overload]
    error = refused.value
    assert (error.status_code, error.param) == (status, param)
    assert error.type == "invalid_request_error"
    assert says in error.message
    assert "/problems/" not in str(error.body)


def test_who_may_not_is_told_in_the_same_shape(api: Api) -> None:
    with client(api, "esk_wrong") as asking, pytest.raises(openai.AuthenticationError) as unknown:
        asking.audio.transcriptions.create(file=JFK, model="whisper-1")
    assert unknown.value.code == "not-logged-in"
    product = api.secrets[Role.PRODUCT]
    with client(api, product) as asking, pytest.raises(openai.PermissionDeniedError) as refused:
        asking.audio.transcriptions.create(file=JFK, model="whisper-1")
    assert "ask an admin" in refused.value.message


def test_more_than_is_taken_is_refused_before_it_is_sent(
    settings: Settings, secrets: dict[Role, str]
) -> None:
    small = settings.model_copy(update={"max_upload_mb": 1, "max_hours": 2 / 3600})
    with serve(small, secrets) as api, client(api) as asking:
        with pytest.raises(openai.APIStatusError) as refused:
            asking.audio.transcriptions.create(file=("a.wav", bytes(3 << 20)), model="whisper-1")
        assert refused.value.status_code == 413
        with pytest.raises(openai.APIStatusError) as refused:
            asking.audio.transcriptions.create(file=("a.wav", SOUND), model="whisper-1")
        assert refused.value.status_code == 413
        assert "hours" in refused.value.message


def test_a_form_that_is_none(api: Api) -> None:
    for kind in ("application/json", "multipart/form-data; boundary=x"):
        answer = api.as_(Role.SALES).post(PATH, content=b"{}", headers={"content-type": kind})
        assert answer.status_code == 400
        assert answer.json()["error"]["code"] == "bad-form"
    unknown = api.as_(Role.SALES).post(PATH, files={"file": ("a.wav", SOUND)}, data={"user": "x"})
    assert unknown.status_code == 200, "fields of other models are passed over"
    assert api.as_(Role.SALES).get(PATH).json()["error"]["code"] == "method-not-allowed"


def long_speech(minutes: int) -> bytes:
    """Speech over and over."""
    samples = np.concatenate([block.samples for block in blocks(JFK, rate=8000)], axis=1)
    return sounds.wav(np.tile(samples, minutes * 60 * 8000 // samples.shape[1]), 8000)


@pytest.mark.slow
def test_one_at_a_time_and_the_ear_is_free_once_the_client_has_left(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half an hour of speech takes longer than anybody waits here."""
    monkeypatch.setattr(ear, "PATIENCE_SECONDS", 0.1)
    sound = long_speech(30)
    with client(api, timeout=httpx.Timeout(30, read=8)) as leaving:
        with pytest.raises(openai.APITimeoutError):
            leaving.audio.transcriptions.create(file=("long.wav", sound), model="whisper-1")
        with pytest.raises(openai.InternalServerError) as refused:
            leaving.audio.transcriptions.create(file=JFK, model="whisper-1")
    assert refused.value.status_code == 503
    assert refused.value.code == "hearing-busy"
    assert int(refused.value.response.headers["retry-after"]) > 0
    monkeypatch.setattr(ear, "PATIENCE_SECONDS", 100.0)
    with client(api) as asking:
        assert asking.audio.transcriptions.create(file=JFK, model="whisper-1").text
