"""What may be subscribed to, and the tokens that end it."""

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from api.subscriptions.signing import subscription_of, token
from api.subscriptions.subscription import BadSubscription, Channel, Wish, checked
from ingest.base.settings import DEFAULT_WEBHOOK_HOSTS, Settings
from insights.digests.edition import Audience

WISH = Wish(Audience.SALES, Channel.MAIL, "ana@example.com", "Europe/London", 8)
KEY = b"k" * 32


@pytest.mark.parametrize(
    "address", [" ana@example.com ", "ana.ruiz+digest@mail.example.co.uk", "o'neil@example.com"]
)
def test_mail_addresses_are_taken(address: str) -> None:
    assert checked(replace(WISH, address=address), "").address == address.strip()


@pytest.mark.parametrize(
    "address",
    [
        *("", "ana", "ana@", "@example.com", "ana@localhost", "ana@example.", "a b@example.com"),
        *("ana@example.com, eve@example.com", "ana@example.com\nBcc: eve@example.com"),
        *("Ana <ana@example.com>", "ana@exämple.com", "a" * 250 + "@example.com", "a" * 3000),
    ],
)
def test_what_is_no_mail_address_is_refused(address: str) -> None:
    with pytest.raises(BadSubscription):
        checked(replace(WISH, address=address), "")


HOOKS = [
    "https://hooks.slack.com/services/T0/B0/xyz",
    "https://acme.webhook.office.com/webhookb2/1@2/IncomingWebhook/3/4",
    "https://prod-01.westeurope.logic.azure.com:443/workflows/1/triggers/manual/paths/invoke?sig=x",
]


@pytest.mark.parametrize("address", HOOKS)
def test_webhooks_of_slack_and_teams_are_taken(address: str) -> None:
    wish = replace(WISH, channel=Channel.TEAMS, address=address)
    assert checked(wish, DEFAULT_WEBHOOK_HOSTS).address == address


@pytest.mark.parametrize(
    "address",
    [
        *("hooks.slack.com/services/x", "ftp://hooks.slack.com/x", "http://hooks.slack.com/x"),
        *("https://hooks.slack.com.evil.example/x", "https://evil.example/hooks.slack.com"),
        *("https://me:sesame@hooks.slack.com/x", "https://hooks.slack.com@evil.example/x"),
        *("https://127.0.0.1/x", "http://169.254.169.254/latest", "https://[::1]/", "https://"),
        *("https://hooks.slack.com:8443/x", "https://[bad", "https://hooks.slack.com:port/"),
        "https://hooks.slack.com\\.evil.example/",
    ],
)
def test_nothing_else_can_be_posted_to(address: str) -> None:
    wish = replace(WISH, channel=Channel.SLACK, address=address)
    with pytest.raises(BadSubscription):
        checked(wish, DEFAULT_WEBHOOK_HOSTS)


def test_an_admin_may_name_other_hosts() -> None:
    chat = replace(WISH, channel=Channel.SLACK, address="https://chat.example.com/hooks/1")
    assert checked(chat, "hooks.slack.com, Chat.Example.com") == chat
    here = replace(chat, address="http://127.0.0.1:8065/hooks/1")
    assert checked(here, "127.0.0.1:8065") == here


@pytest.mark.parametrize("zone", ["", "Mars/Olympus", "../../etc/passwd", "/etc/localtime", "a\0"])
def test_what_is_no_zone_is_refused(zone: str) -> None:
    with pytest.raises(BadSubscription, match="is no time zone: write it like Europe/London"):
        checked(replace(WISH, zone=zone), "")


@pytest.mark.parametrize("hour", [-1, 24])
def test_what_is_no_hour_is_refused(hour: int) -> None:
    with pytest.raises(BadSubscription, match="0 to 23"):
        checked(replace(WISH, hour=hour), "")


@given(st.integers(1, 2**63 - 1))
def test_a_token_ends_its_own_subscription(number: int) -> None:
    made = token(KEY, number)
    assert subscription_of(KEY, made) == number
    assert subscription_of(b"q" * 32, made) is None


@given(st.text(max_size=80))
@example("1-")
@example("-" * 40)
@example("0" * 70)
@example("1-é")
@example("\ud800-\ud800")
def test_no_other_token_ends_any(made_up: str) -> None:
    assert subscription_of(KEY, made_up) is None


@pytest.mark.parametrize("change", ["0{}", "{}0", " {}", "{}\n", "+{}"])
def test_a_token_that_was_altered_ends_none(change: str) -> None:
    assert subscription_of(KEY, change.format(token(KEY, 7))) is None
    assert subscription_of(KEY, token(KEY, 7).replace("7-", "8-")) is None


@pytest.mark.parametrize("url", ["mail.example.com", "smtp://", "http://mail.example.com"])
def test_what_is_no_mail_server_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="smtp://user:password@host:587"):
        Settings(smtp_url=url, mail_from="earshot@example.com")


@pytest.mark.parametrize("sender", ["", "Earshot", "Earshot <>", "a@b\nBcc: c@d"])
def test_mail_wants_a_sender(sender: str) -> None:
    with pytest.raises(ValueError, match="EARSHOT_SMTP_URL needs it"):
        Settings(smtp_url="smtp://mail.example.com", mail_from=sender)
    assert Settings(mail_from="").smtp_url == ""
