"""One attempt, to a real HTTP server on this machine."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from ingest.webhooks.sending import SAID_BYTES, headers, send
from ingest.webhooks.webhook import Answer, Message, new_secret
from tests.ingest.webhooks.receiver import Receiver, answer, hang_up, slow

SECRET = new_secret()
BODY = '{"type":"call.mined","data":{"title":"Café – 10 % “off”"}}'


def message(url: str, *secrets: str) -> Message:
    return Message(1, 1, "evt_a1", BODY, url, secrets or (SECRET,), 1, timedelta(0))


def sent(receiver: Receiver, seconds: float = 10, path: str = "/hook?a=b") -> Answer:
    return send(message(receiver.url + path), datetime.now(UTC), seconds)


def test_a_message_is_what_the_librarys_verification_takes(receiver: Receiver) -> None:
    receiver.replies = [answer(200, b"thanks")]
    assert sent(receiver) == Answer(200, "thanks")
    [got] = receiver.got
    assert got.verified(SECRET)["data"]["title"] == "Café – 10 % “off”"
    assert got.path == "/hook?a=b"
    assert got.headers["host"] == receiver.url.removeprefix("http://")
    assert got.headers["content-type"] == "application/json"
    assert got.headers["webhook-id"] == "evt_a1"
    with pytest.raises(WebhookVerificationError):
        got.verified(new_secret())


def test_the_signature_is_the_specifications_own_example() -> None:
    """The vector of the reference libraries' tests."""
    secret, body = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", '{"test": 2432232314}'
    given = Message(1, 1, "msg_p5jXN8AQM9LWM0D4loKWxJek", body, "", (secret,), 1, timedelta(0))
    signed = headers(given, datetime.fromtimestamp(1614265330, UTC))
    assert signed["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert signed["webhook-timestamp"] == "1614265330"


def test_during_a_rotation_either_secret_verifies() -> None:
    old = new_secret()
    signed = headers(message("", SECRET, old), datetime.now(UTC))
    for secret in (SECRET, old):
        assert Webhook(secret).verify(BODY, signed)


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    receiver.replies = [answer(307, location=f"{receiver.url}/elsewhere")]
    said = sent(receiver)
    assert said.status == 307
    assert not said.good
    assert "not followed" in said.said
    assert len(receiver.got) == 1


def test_a_failing_receivers_words_are_kept_and_made_harmless(receiver: Receiver) -> None:
    receiver.replies = [answer(500, b"a\x00b\xff " + b"x" * 5000)]
    said = sent(receiver)
    assert said.status == 500
    assert said.said.startswith("a\ufffdb\ufffd xxx")
    assert len(said.said) == SAID_BYTES


def test_a_packed_answer_is_never_unpacked(receiver: Receiver) -> None:
    receiver.replies = [answer(200, b"not gzip at all", **{"content-encoding": "gzip"})]
    assert sent(receiver) == Answer(200, "not gzip at all")


def test_a_receiver_that_drips_is_left_in_time(receiver: Receiver) -> None:
    receiver.replies = [slow(0.1)]
    began = time.monotonic()
    assert sent(receiver, 0.5) == Answer(None, "No answer within 0.5 seconds.")
    assert time.monotonic() - began < 5


def test_a_receiver_that_hangs_up(receiver: Receiver) -> None:
    receiver.replies = [hang_up]
    said = sent(receiver)
    assert said.status is None
    assert said.said.startswith("No connection, or it broke off (")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1:1/", "No connection"),
        ("http://nobody.invalid/", "No connection"),
        ("https://127.0.0.1:1/", "No connection"),
        ("http://169.254.169.254/", "where no webhook is sent"),
        ("http://2852039166/", "where no webhook is sent"),
    ],
)
def test_where_nobody_is_or_none_is_sent(url: str, said: str) -> None:
    found = send(message(url), datetime.now(UTC), 5)
    assert found.status is None
    assert said in found.said


def test_https_speaks_tls(receiver: Receiver) -> None:
    """To a server that does not, nothing of the message is told."""
    found = send(message(receiver.url.replace("http:", "https:")), datetime.now(UTC), 5)
    assert found.status is None
    assert receiver.got == []
