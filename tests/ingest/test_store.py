"""The store of recordings: one behaviour over a folder and a bucket.

moto's HTTP server on loopback stands in for a real S3: it speaks the protocol, multipart uploads
and byte ranges included, but it proves nothing about a real server's limits or its durability.
"""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from ingest.base.errors import BadSetup, DiskFull, NotFound, Unavailable
from ingest.base.settings import Settings
from ingest.store import CHUNK_BYTES, PART_BYTES, Store, open_store
from tests.disks import tiny_disk

BIG = os.urandom(1024) * (2 * PART_BYTES // 1024 + 1)  # three parts, and more than one chunk


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["folder", "bucket"])
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Store:
    if request.param == "folder":
        return open_store(Settings(home=tmp_path))
    endpoint = request.getfixturevalue("s3")
    _aws(monkeypatch, endpoint)
    boto3.client("s3", endpoint_url=endpoint).create_bucket(Bucket="calls")
    return open_store(Settings(home=tmp_path, audio_url="s3://calls/some/prefix"))


def _aws(monkeypatch: pytest.MonkeyPatch, endpoint: str) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")


def _keep(store: Store, folder: Path, data: bytes) -> str:
    path = folder / "recording"
    path.write_bytes(data)
    sha256 = hashlib.sha256(data).hexdigest()
    store.put(sha256, path)
    return sha256


@pytest.mark.parametrize("data", [b"a", BIG], ids=["a byte", "three parts"])
def test_what_is_put_comes_back_whole(store: Store, tmp_path: Path, data: bytes) -> None:
    sha256 = _keep(store, tmp_path, data)
    assert store.has(sha256)
    assert store.size(sha256) == len(data)
    assert b"".join(store.open_range(sha256, 0, len(data))) == data
    with store.local_copy(sha256) as path:
        assert path.read_bytes() == data


def test_a_range_is_as_asked_and_in_pieces(store: Store, tmp_path: Path) -> None:
    sha256 = _keep(store, tmp_path, BIG)
    pieces = list(store.open_range(sha256, 10, CHUNK_BYTES + 30))
    assert b"".join(pieces) == BIG[10 : CHUNK_BYTES + 30]
    assert max(map(len, pieces)) <= CHUNK_BYTES
    assert b"".join(store.open_range(sha256, len(BIG) - 5, len(BIG) + 100)) == BIG[-5:]
    assert list(store.open_range(sha256, len(BIG), len(BIG) + 1)) == []


def test_to_put_twice_does_no_harm(store: Store, tmp_path: Path) -> None:
    assert _keep(store, tmp_path, b"again") == (sha256 := _keep(store, tmp_path, b"again"))
    assert store.size(sha256) == 5


def test_what_is_deleted_is_gone(store: Store, tmp_path: Path) -> None:
    sha256 = _keep(store, tmp_path, b"short-lived")
    store.delete(sha256)
    store.delete(sha256)
    assert not store.has(sha256)
    with pytest.raises(NotFound, match="not in the store"), store.local_copy(sha256):
        pass
    with pytest.raises(NotFound, match="not in the store"):
        next(store.open_range(sha256, 0, 1))


@pytest.mark.parametrize("key", ["", "../../etc/passwd", "A" * 64, "a" * 63, "a" * 64 + "\n"])
def test_a_key_is_a_hash_and_nothing_else(store: Store, key: str) -> None:
    with pytest.raises(ValueError, match="SHA-256"):
        store.has(key)


def test_a_copy_of_a_bucket_leaves_nothing_behind(
    s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _aws(monkeypatch, s3)
    client = boto3.client("s3", endpoint_url=s3)
    client.create_bucket(Bucket="tidy")
    store = open_store(Settings(home=tmp_path, audio_url="s3://tidy/calls"))
    sha256 = _keep(store, tmp_path, b"copied")
    with store.local_copy(sha256) as path:
        assert path.is_relative_to(tmp_path)
    assert not path.exists()
    big = _keep(store, tmp_path, BIG)
    assert client.head_object(Bucket="tidy", Key=_key(big))["ETag"].endswith('-3"')  # three parts
    store.delete(big)
    keys = [entry["Key"] for entry in client.list_objects_v2(Bucket="tidy")["Contents"]]
    assert keys == [_key(sha256)]


def _key(sha256: str) -> str:
    return f"calls/{sha256[:2]}/{sha256[2:]}"


def test_a_folder_gives_the_kept_file_itself_and_only_to_its_owner(tmp_path: Path) -> None:
    store = open_store(Settings(home=tmp_path / "home"))
    sha256 = _keep(store, tmp_path, b"kept once")
    kept = tmp_path / "home/audio" / sha256[:2] / sha256[2:]
    with store.local_copy(sha256) as path:
        assert path == kept
    assert kept.exists()
    assert (tmp_path / "home/audio").stat().st_mode & 0o077 == 0
    assert [p.name for p in kept.parent.iterdir()] == [kept.name]  # no half-written file beside


@pytest.mark.parametrize("url", ["calls", "https://host/calls", "s3://", "s3://calls?x=1"])
def test_a_url_that_names_no_bucket_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(BadSetup, match="EARSHOT_AUDIO_URL"):
        open_store(Settings(home=tmp_path, audio_url=url))


def test_a_bucket_out_of_reach_may_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _aws(monkeypatch, "http://127.0.0.1:9")
    store = open_store(Settings(home=tmp_path, audio_url="s3://calls"))
    with pytest.raises(Unavailable, match="does not answer"):
        store.has("0" * 64)


def test_a_bucket_that_does_not_exist_is_no_missing_recording(
    s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _aws(monkeypatch, s3)
    store = open_store(Settings(home=tmp_path, audio_url="s3://nowhere"))
    with pytest.raises(Unavailable, match="no such bucket"):
        _keep(store, tmp_path, b"lost")


def test_a_full_disk_is_told_and_nothing_half_is_kept(tmp_path: Path) -> None:
    recording = tmp_path / "recording"
    recording.write_bytes(BIG)
    sha256 = hashlib.sha256(BIG).hexdigest()
    with tiny_disk(1024) as disk:
        store = Store.folder(disk / "audio", disk / "spool")
        with pytest.raises(DiskFull, match="free some of it"):
            store.put(sha256, recording)
        assert not store.has(sha256)


def test_no_room_for_a_local_copy_is_told_and_leaves_none(
    s3: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _aws(monkeypatch, s3)
    boto3.client("s3", endpoint_url=s3).create_bucket(Bucket="full")
    with tiny_disk(1024) as disk:
        store = Store.bucket("full", "", disk / "spool")
        sha256 = _keep(store, tmp_path, BIG)
        with pytest.raises(DiskFull, match="none is lost"), store.local_copy(sha256):
            pytest.fail("there is no room for it")
        assert list((disk / "spool").iterdir()) == []
    assert store.has(sha256)
