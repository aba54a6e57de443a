"""Sound on a real store: it goes with its call or its time, and never before."""

from pathlib import Path

import pytest

from ingest.base import db
from ingest.base.errors import Unavailable
from ingest.base.settings import Settings
from ingest.leftovers import queries as leftovers
from ingest.leftovers.removing import remove_due
from ingest.store import Store
from insights.retention import erase
from tests.insights.retention.keeping import Bring, go_on, keep_to


def test_killed_between_the_row_and_the_file(
    conn: db.Connection, settings: Settings, store: Store, bring: Bring
) -> None:
    call = bring(40)
    erase(conn, call.id)
    conn.commit()  # and here the process dies
    assert store.has(call.audio_sha256 or "")
    go_on(settings)
    assert not store.has(call.audio_sha256 or "")
    remove_due(conn, store)
    assert conn.execute("select count(*) from leftover").fetchone() == (0,)


def test_a_deletion_that_is_not_committed_leaves_the_sound(
    conn: db.Connection, settings: Settings, store: Store, bring: Bring
) -> None:
    call = bring(40)
    erase(conn, call.id)
    conn.rollback()
    go_on(settings)
    assert store.has(call.audio_sha256 or "")


def test_sound_of_an_upload_that_was_killed_goes_a_day_later(
    conn: db.Connection, settings: Settings, store: Store, tmp_path: Path
) -> None:
    sound = tmp_path / "sound"
    sound.write_bytes(b"sound")
    leftovers.expect(conn, "ab" * 32)
    conn.commit()
    store.put("ab" * 32, sound)
    assert remove_due(conn, store) == 0
    assert store.has("ab" * 32)
    conn.execute("update leftover set due_at = now()")
    conn.commit()
    assert remove_due(conn, store) == 1
    assert not store.has("ab" * 32)


def test_sound_that_a_call_needs_is_never_removed(
    conn: db.Connection, settings: Settings, store: Store, bring: Bring
) -> None:
    call = bring(1)
    assert call.audio_sha256
    leftovers.leave(conn, call.audio_sha256)
    conn.commit()
    assert remove_due(conn, store) == 0
    assert store.has(call.audio_sha256)


def test_a_recording_is_one_calls_only(conn: db.Connection, bring: Bring) -> None:
    """So that its sound may go with that call: no other can need it."""
    one, other = bring(1), bring(2)
    with pytest.raises(Exception, match="call_audio_sha256_key"):
        conn.execute(
            "update call set audio_sha256 = decode(%s, 'hex') where id = %s",
            [one.audio_sha256, other.id],
        )


def test_a_recording_that_is_no_calls_goes(
    conn: db.Connection, settings: Settings, store: Store, bring: Bring
) -> None:
    call = bring(1)
    conn.execute("update call set audio_sha256 = null where id = %s", [call.id])
    keep_to(conn, 30)
    go_on(settings)
    assert not store.has(call.audio_sha256 or "")


def test_a_store_that_is_away_is_told_of_and_asked_again(
    conn: db.Connection,
    settings: Settings,
    store: Store,
    bring: Bring,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    call = bring(40)
    keep_to(conn, 30)

    def away(self: Store, sha256: str) -> None:
        raise Unavailable("The store of recordings does not answer: check its disk.")

    with monkeypatch.context() as patch:
        patch.setattr(Store, "delete", away)
        go_on(settings)
    rest = leftovers.remains(conn)
    assert rest is not None
    assert (rest.count, rest.trouble.split(":")[0]) == (
        1,
        "The store of recordings does not answer",
    )
    assert remove_due(conn, store) == 0  # not at once again
    conn.execute("update leftover set due_at = now()")
    conn.commit()
    remove_due(conn, store)
    assert leftovers.remains(conn) is None
    assert not store.has(call.audio_sha256 or "")
