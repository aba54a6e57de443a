"""Digests on a real database, handed to a real mail server and a real webhook: once each."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from api import auth
from api.pages.letters.letter import letter
from api.subscriptions import deliver, handing, queries
from api.subscriptions.deliver import CLAIM, HANDING_OVER, PAUSES, deliver_due
from api.subscriptions.subscription import (
    MOST_SUBSCRIPTIONS,
    BadSubscription,
    Channel,
    Delivery,
    State,
    Wish,
)
from api.users import Role
from ingest.base import db
from ingest.base.errors import NotFound
from ingest.base.settings import Settings
from insights.digest import Week
from insights.digests.edition import Audience
from tests.api.subscriptions.conftest import Post
from tests.insights.test_editions import risen

WEEK = Week(2026, 17)
DUE = datetime(2026, 4, 27, 8, tzinfo=UTC)
SUBSCRIBED = DUE - timedelta(days=3)
MINUTE = timedelta(minutes=1)


def subscribe(
    conn: db.Connection,
    channel: Channel = Channel.MAIL,
    address: str = "ana@example.com",
    audience: Audience = Audience.SALES,
) -> int:
    """A reader's subscription, due at `DUE`; its id."""
    user = auth.create_user(conn, "Ana", Role.SALES)
    queries.subscribe(conn, user.id, Wish(audience, channel, address, "UTC", 8), SUBSCRIBED)
    conn.commit()
    return queries.subscriptions_of(conn, user.id)[-1].id


def tick(settings: Settings, at: datetime) -> int:
    return deliver_due(settings, lambda: at)


def last(conn: db.Connection, number: int) -> Delivery:
    found = queries.latest_deliveries(conn)[number]
    conn.commit()
    return found


def test_a_digest_comes_on_monday_and_only_once(
    conn: db.Connection, sending: Settings, mail_server: Post
) -> None:
    number = subscribe(conn)
    assert tick(sending, DUE - timedelta(seconds=1)) == 0
    assert tick(sending, DUE) == 1
    for minutes in (0, 1, 60, 60 * 24 * 6):
        assert tick(sending, DUE + minutes * MINUTE) == 0
    assert len(mail_server.taken) == 1
    sent = last(conn, number)
    assert (sent.week, sent.state, sent.sent_at) == (WEEK, State.SENT, DUE)
    assert tick(sending, DUE + timedelta(days=7)) == 1
    first, second = mail_server.mails
    assert first["message-id"] != second["message-id"]


def test_who_may_not_log_in_any_more_gets_none(
    conn: db.Connection, sending: Settings, mail_server: Post
) -> None:
    subscribe(conn)
    conn.execute("update app_user set disabled_at = now()")
    conn.commit()
    assert tick(sending, DUE) == 0
    conn.execute("update app_user set disabled_at = null")
    conn.commit()
    assert tick(sending, DUE) == 1
    assert len(mail_server.taken) == 1


def test_of_many_clocks_one_sends(
    conn: db.Connection, sending: Settings, mail_server: Post
) -> None:
    for n in range(3):
        subscribe(conn, address=f"reader{n}@example.com")
    with ThreadPoolExecutor() as threads:
        taken = sum(threads.map(lambda _: tick(sending, DUE), range(5)))
    assert taken == 3
    assert len({mail["to"] for mail in mail_server.mails}) == len(mail_server.taken) == 3


def test_after_weeks_of_down_time_one_comes_and_says_what_did_not(
    conn: db.Connection, sending: Settings, mail_server: Post
) -> None:
    number = subscribe(conn)
    assert tick(sending, DUE + timedelta(days=16)) == 1
    (mail,) = mail_server.mails
    assert mail["subject"].startswith("Week 19: ")
    text = mail.get_body(("plain",))
    assert text is not None
    assert "The digest of week 17 and week 18 may not have reached you" in text.get_content()
    rows = conn.execute("select week, state from delivery order by week").fetchall()
    assert rows == [("2026-W17", "missed"), ("2026-W18", "missed"), ("2026-W19", "sent")]
    assert last(conn, number).week == Week(2026, 19)
    assert tick(sending, DUE + timedelta(days=21)) == 1
    again = mail_server.mails[1].get_body(("plain",))
    assert again is not None
    assert "may not have reached you" not in again.get_content(), "told once"


def test_a_server_that_is_away_is_tried_again_until_the_week_is_over(
    conn: db.Connection, sending: Settings, mail_server: Post
) -> None:
    number = subscribe(conn)
    away = sending.model_copy(update={"smtp_url": "smtp://127.0.0.1:1"})
    at = DUE
    for pause in (*PAUSES, PAUSES[-1]):
        assert tick(away, at) == 0
        waiting = last(conn, number)
        assert (waiting.state, waiting.until) == (State.WAITING, at + pause)
        assert "cannot be reached" in (waiting.note or "")
        assert tick(away, at + pause / 2) == 0
        assert last(conn, number) == waiting, "too early for another try"
        at += pause
    assert tick(sending, at) == 1
    assert last(conn, number).state is State.SENT
    assert last(conn, number).note is None
    assert len(mail_server.taken) == 1


def test_one_never_delivered_gives_way_to_the_next(
    conn: db.Connection, sending: Settings, mail_server: Post
) -> None:
    subscribe(conn)
    tick(sending.model_copy(update={"smtp_url": "smtp://127.0.0.1:1"}), DUE)
    assert tick(sending, DUE + timedelta(days=7)) == 1
    rows = conn.execute("select week, state from delivery order by week").fetchall()
    assert rows == [("2026-W17", "missed"), ("2026-W18", "sent")]
    text = mail_server.mails[0].get_body(("plain",))
    assert text is not None
    assert "week 17 may not have reached you" in text.get_content()


class Crash(BaseException):
    """This process ends here: nothing after it runs."""


def test_a_crash_before_it_leaves_costs_nothing(
    conn: db.Connection, sending: Settings, mail_server: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = subscribe(conn)
    with monkeypatch.context() as patch:
        patch.setattr(deliver, "letter", crash)
        with pytest.raises(Crash):
            tick(sending, DUE)
    assert last(conn, number).state is State.CLAIMED
    assert tick(sending, DUE + CLAIM / 2) == 0, "it may only be slow"
    assert tick(sending, DUE + CLAIM) == 1
    assert len(mail_server.taken) == 1


def crash(*_: object, **__: object) -> None:
    raise Crash


def test_a_crash_between_sending_and_noting_it_sends_nothing_twice_and_is_told(
    conn: db.Connection, sending: Settings, mail_server: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = subscribe(conn)
    with monkeypatch.context() as patch:
        patch.setattr(queries, "sent", crash)
        with pytest.raises(Crash):
            tick(sending, DUE)
    assert len(mail_server.taken) == 1
    for later in (timedelta(0), CLAIM, HANDING_OVER, timedelta(days=6)):
        assert tick(sending, DUE + later) == 0
    unsure = last(conn, number)
    assert (unsure.state, unsure.until) == (State.UNSURE, None)
    assert "stopped while it was being handed over" in (unsure.note or "")

    (reader,) = queries.subscriptions(conn)
    queries.send_again(conn, reader.user_id, number, DUE + timedelta(days=6))
    conn.commit()
    assert tick(sending, DUE + timedelta(days=6)) == 1
    first, again = mail_server.mails
    assert first["message-id"] == again["message-id"], "so that it is known again"
    with pytest.raises(NotFound):
        queries.send_again(conn, reader.user_id, number, DUE)


def test_a_slow_worker_sends_nothing_that_another_has_taken_over(
    conn: db.Connection, sending: Settings, mail_server: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe(conn)
    leave = deliver._Leaving.__call__

    def slow(leaving: deliver._Leaving) -> None:
        monkeypatch.setattr(deliver._Leaving, "__call__", leave)
        assert tick(sending, DUE + CLAIM) == 1  # meanwhile another took it over and sent it
        leave(leaving)

    monkeypatch.setattr(deliver._Leaving, "__call__", slow)
    assert tick(sending, DUE) == 0
    assert len(mail_server.taken) == 1


def test_who_unsubscribes_at_the_last_moment_gets_none(
    conn: db.Connection, sending: Settings, mail_server: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = subscribe(conn)

    def unsubscribing(*args: object, **more: object) -> object:
        queries.unsubscribe(conn, number, DUE)
        conn.commit()
        return letter(*args, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(deliver, "letter", unsubscribing)
    assert tick(sending, DUE) == 0
    assert tick(sending, DUE + timedelta(days=7)) == 0
    assert mail_server.taken == []


@pytest.mark.parametrize(
    ("answer", "state", "note"),
    [
        ("451 greylisted, come back", State.WAITING, "answered 451: greylisted"),
        ("554 looks like spam", State.FAILED, "answered 554: looks like spam"),
        ("break off", State.UNSURE, "broke off"),
    ],
)
def test_what_the_mail_server_answers_decides(
    conn: db.Connection,
    sending: Settings,
    mail_server: Post,
    answer: str,
    state: State,
    note: str,
) -> None:
    number = subscribe(conn)
    mail_server.answers = [answer]
    assert tick(sending, DUE) == 0
    found = last(conn, number)
    assert found.state is state
    assert note in (found.note or "")
    again = tick(sending, DUE + timedelta(hours=1))
    assert again == (state is State.WAITING)


def test_an_address_that_the_server_does_not_know_is_told(
    conn: db.Connection, sending: Settings, mail_server: Post
) -> None:
    number = subscribe(conn)
    mail_server.refuse_recipient = "550 no such user"
    assert tick(sending, DUE) == 0
    assert last(conn, number).state is State.FAILED
    assert "550: no such user" in (last(conn, number).note or "")


def test_a_server_that_is_away_is_asked_once_for_all(
    conn: db.Connection, sending: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = [subscribe(conn, address=f"reader{n}@example.com") for n in range(3)]
    away = sending.model_copy(update={"smtp_url": "smtp://127.0.0.1:1"})
    assert tick(away, DUE) == 0
    assert queries.latest_deliveries(conn).keys() == {numbers[0]}
    conn.commit()
    assert tick(sending, DUE + PAUSES[0]) == 3


def test_a_password_is_not_sent_where_others_may_listen(mail_server: Post) -> None:
    elsewhere = mail_server.url.replace("127.0.0.1", "me:sesame@0.0.0.0")
    with pytest.raises(handing.NotTaken, match="offers no TLS"), handing._server(elsewhere):
        pass
    assert mail_server.taken == []


def test_mail_that_is_not_set_up_waits(conn: db.Connection, settings: Settings) -> None:
    number = subscribe(conn)
    assert tick(settings, DUE) == 0
    assert last(conn, number).state is State.WAITING
    assert "an admin sets EARSHOT_SMTP_URL" in (last(conn, number).note or "")


@pytest.mark.parametrize("channel", [Channel.SLACK, Channel.TEAMS])
def test_a_webhook_is_posted_to_once(
    conn: db.Connection, sending: Settings, webhook: Post, channel: Channel
) -> None:
    risen(conn)
    number = subscribe(conn, channel, webhook.url)
    assert tick(sending, DUE) == 1
    assert tick(sending, DUE + MINUTE) == 0
    (body,) = map(json.loads, webhook.taken)
    said = json.dumps(body, ensure_ascii=False)
    assert "Price came up in 16 of 24 calls in the last four weeks" in said
    assert "https://earshot.example.com/unsubscribe/" in said
    assert ("blocks" in body) == (channel is Channel.SLACK)
    assert last(conn, number).state is State.SENT


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        ("404", State.FAILED),
        ("302", State.FAILED),
        ("429", State.WAITING),
        ("503", State.WAITING),
        ("500", State.UNSURE),
        ("504", State.UNSURE),
    ],
)
def test_what_the_webhook_answers_decides(
    conn: db.Connection, sending: Settings, webhook: Post, answer: str, state: State
) -> None:
    number = subscribe(conn, Channel.SLACK, webhook.url)
    webhook.answers = [answer]
    assert tick(sending, DUE) == 0
    assert len(webhook.taken) == 1, "a redirect is not followed"
    found = last(conn, number)
    assert found.state is state
    assert answer in (found.note or "")


def test_a_webhook_that_nobody_answers_is_tried_again(
    conn: db.Connection, sending: Settings
) -> None:
    number = subscribe(conn, Channel.TEAMS, "http://127.0.0.1:1/hooks")
    assert tick(sending, DUE) == 0
    assert last(conn, number).state is State.WAITING


def test_a_host_that_may_no_longer_be_posted_to_is_not(
    conn: db.Connection, sending: Settings, webhook: Post
) -> None:
    number = subscribe(conn, Channel.SLACK, webhook.url)
    assert tick(sending.model_copy(update={"webhook_hosts": "hooks.slack.com"}), DUE) == 0
    assert webhook.taken == []
    assert last(conn, number).state is State.FAILED
    assert "not among the hosts" in (last(conn, number).note or "")


def test_a_fault_of_ours_is_written_down_and_harms_no_other(
    conn: db.Connection,
    sending: Settings,
    mail_server: Post,
    webhook: Post,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = subscribe(conn, Channel.SLACK, webhook.url)
    second = subscribe(conn)
    monkeypatch.setattr(deliver, "to_slack", lambda told: told.nothing)
    assert tick(sending, DUE) == 1
    assert "Earshot itself failed (AttributeError)" in (last(conn, first).note or "")
    assert last(conn, first).state is State.WAITING
    assert last(conn, second).state is State.SENT


def test_subscribing_again_sets_another_time_and_there_is_an_end_to_it(
    conn: db.Connection,
) -> None:
    user = auth.create_user(conn, "Ana", Role.SALES)

    def ask(address: str, hour: int = 8) -> None:
        wish = Wish(Audience.SALES, Channel.MAIL, address, "UTC", hour)
        queries.subscribe(conn, user.id, wish, SUBSCRIBED)

    for hour in (8, 9):
        ask("ana@example.com", hour)
        ask("ANA@example.com", hour)
    (only,) = queries.subscriptions_of(conn, user.id)
    assert (only.wish.address, only.wish.hour) == ("ana@example.com", 9)
    queries.unsubscribe(conn, only.id, SUBSCRIBED)
    assert queries.subscription(conn, only.id) is None
    for n in range(MOST_SUBSCRIPTIONS):
        ask(f"ana{n}@example.com")
    with pytest.raises(BadSubscription, match="as many as one may"):
        ask("one-more@example.com")
