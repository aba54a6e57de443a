"""Webhooks' rules: when to try again, when to give up, and where nothing is sent."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from ingest.webhooks.address import BadAddress, check_url, resolve
from ingest.webhooks.webhook import (
    BACK_OFF,
    PAUSE_AFTER,
    SECRET_PREFIX,
    Answer,
    DeliveryState,
    Message,
    judge,
    new_secret,
)

DAY = timedelta(days=1)
NONE = timedelta(0)


def message(attempt: int = 1, failing_for: timedelta = NONE) -> Message:
    return Message(1, 1, "evt_1", "{}", "http://127.0.0.1", ("whsec_eA==",), attempt, failing_for)


def test_the_back_off_grows_and_reaches_over_a_day() -> None:
    assert list(BACK_OFF) == sorted(BACK_OFF)
    assert BACK_OFF[0] <= timedelta(seconds=10)
    assert DAY <= sum(BACK_OFF, NONE) < 1.1 * DAY


@given(st.integers(200, 299), st.integers(1, 100), st.timedeltas(NONE, 9 * DAY))
def test_what_was_taken_is_delivered(status: int, attempt: int, failing: timedelta) -> None:
    verdict = judge(message(attempt, failing), Answer(status, ""))
    assert (verdict.state, verdict.wait, verdict.notice) == (DeliveryState.DELIVERED, None, None)


BAD = st.none() | st.integers(100, 199) | st.integers(300, 409) | st.integers(411, 599)


@given(BAD, st.integers(1, len(BACK_OFF)), st.timedeltas(NONE, 9 * DAY))
def test_what_was_not_is_tried_again_and_pauses_after_a_day(
    status: int | None, attempt: int, failing: timedelta
) -> None:
    verdict = judge(message(attempt, failing), Answer(status, "No answer."))
    assert (verdict.state, verdict.wait) == (DeliveryState.PENDING, BACK_OFF[attempt - 1])
    assert (verdict.notice is not None) == (failing >= PAUSE_AFTER)


def test_after_the_last_attempt_it_is_given_up() -> None:
    last = len(BACK_OFF) + 1
    one_of_many = judge(message(last, timedelta(hours=2)), Answer(500, "no"))
    assert (one_of_many.state, one_of_many.notice) == (DeliveryState.FAILED, None)
    nothing_works = judge(message(last, DAY), Answer(500, "no"))
    assert nothing_works.state is DeliveryState.FAILED
    assert nothing_works.notice == (
        "Paused, as nothing got through for 24 hours. The last time: the receiver answered 500."
    )


def test_gone_pauses_at_once() -> None:
    verdict = judge(message(), Answer(410, ""))
    assert verdict.state is DeliveryState.FAILED
    assert "410 Gone" in (verdict.notice or "")


def test_secrets_are_long_different_and_taken_by_the_library() -> None:
    secrets = {new_secret() for _ in range(10)}
    assert len(secrets) == 10
    for secret in secrets:
        assert secret.startswith(SECRET_PREFIX)
        assert len(Webhook(secret)._whsecret) == 32


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com/hooks?to=earshot",
        "http://127.0.0.1:9000",
        "http://10.0.0.7/x",
        "http://192.168.1.5/",
        "http://[::1]:8000/",
        "http://[fd12:3456::1]/",
        "https://bücher.example/",
    ],
)
def test_where_a_webhook_may_go(url: str) -> None:
    assert check_url(url).host


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "begins with https"),
        ("example.com", "begins with https"),
        ("ftp://example.com", "begins with https"),
        ("file:///etc/passwd", "begins with https"),
        ("http://", "begins with https"),
        ("http://example.com:port", "not a URL"),
        ("http://example.com:99999", "no port 99999"),
        ("http://[::1", "not a URL"),
        ("http://exa mple.com", "without blanks"),
        ("http://example.com/\n\x00", "without blanks"),
        ("http://example.com/" + "a" * 2000, "2000 characters"),
        ("http://user:word@example.com", "user and password"),
        ("http://example.com/#part", "what follows the #"),
        ("http://169.254.169.254/latest/meta-data", "no webhook is sent"),
        ("http://[fe80::1]/", "no webhook is sent"),
        ("http://[::ffff:169.254.169.254]/", "no webhook is sent"),
        ("http://[64:ff9b::a9fe:a9fe]/", "no webhook is sent"),
        ("http://[2002:a9fe:a9fe::]/", "no webhook is sent"),
        ("http://[fd00:ec2::254]/", "no webhook is sent"),
        ("http://168.63.129.16/", "no webhook is sent"),
        ("http://0.0.0.0/", "no webhook is sent"),
        ("http://224.0.0.1/", "no webhook is sent"),
    ],
)
def test_where_none_is_sent(url: str, why: str) -> None:
    with pytest.raises(BadAddress, match=why):
        check_url(url)


@pytest.mark.parametrize("host", ["2852039166", "0xa9fea9fe"])
def test_an_address_written_otherwise_is_found_out_when_it_is_looked_up(host: str) -> None:
    with pytest.raises(BadAddress, match="no webhook is sent"):
        asyncio.run(resolve(check_url(f"http://{host}/")))


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    with suppress(BadAddress):
        assert check_url(text).scheme in ("http", "https")
