"""A digest as text, HTML, Slack and Teams: the same content, and what a caller says is text."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest

from api.pages.letters.letter import Letter, letter, to_slack, to_teams, to_text
from api.pages.letters.mail import message
from api.subscriptions.subscription import Channel, Subscription, Wish
from insights.digest import Mention, Week
from insights.digests.edition import Audience, Edition, Followed, Movement, NewName
from insights.evaluate import Share
from insights.insight import Kind
from insights.trends.trend import Verdict

NOW = datetime(2026, 4, 27, 8, tzinfo=UTC)
HOSTILE = '<img src=x onerror=1> "&amp; *_[a](http://x)_* <!everyone>\n@channel `x`'
READER = Subscription(
    7, 1, "Ana", Wish(Audience.SALES, Channel.MAIL, "ana@example.com", "UTC", 8), NOW
)
UNSUBSCRIBE = "https://earshot.example.com/unsubscribe/7-0123456789abcdef"


def moved(kind: Kind, label: str, verdict: Verdict) -> Movement:
    weeks = tuple(Share(n, 12) for n in range(12))
    return Movement(kind, label, verdict, f"{label} moved.", "Believed.", weeks)


def told(name: str = "Tidewall", wish: str = "Export to PDF") -> Edition:
    return Edition(
        week=Week(2026, 17),
        audience=Audience.SALES,
        made_at=NOW,
        calls=24,
        calls_before=1,
        headline=f"{name} came up in 9 of 24 calls.",
        belief="Chance alone makes so large a difference about once in 240 times.",
        cautions=("Found by two versions.",),
        movements=(
            moved(Kind.COMPETITOR, name, Verdict.MORE),
            moved(Kind.OBJECTION, "price", Verdict.LESS),
            moved(Kind.FEATURE_REQUEST, wish, Verdict.MORE),
        ),
        names=(
            NewName(Kind.COMPETITOR, name, "Acme", 2, 2),
            NewName(Kind.COMPETITOR, "Kelp", "Acme", 1, 1, listed=False),
            NewName(Kind.FEATURE_REQUEST, wish, "Acme", 1, 0, theme_id=5),
        ),
        followed=(Followed(Kind.OBJECTION, "trust", "Trust, more often last week: no more."),),
        quotes=(1,),
    )


def written(name: str = "Tidewall", quote: str = "They do it for half of that.") -> Letter:
    said = Mention(1, 3, "Call", NOW, Kind.OBJECTION, "price", quote, 0.9, "Hartsoe", 8.0, "Ben")
    edition = told(name, name)
    return letter(edition, [said], "https://earshot.example.com", UNSUBSCRIBE, [Week(2026, 16)])


def mail(**given: str) -> EmailMessage:
    return message(written(**given), READER, "Earshot <earshot@example.com>", NOW)


def part(of: EmailMessage, kind: str) -> str:
    body = of.get_body((kind,))
    assert body is not None
    content: str = body.get_content()
    return content


def words(text: str) -> set[str]:
    return set(re.findall(r"[\w’]+", text.casefold()))


def test_the_text_says_what_the_html_says() -> None:
    html, text = part(mail(), "html"), part(mail(), "plain")
    shown = re.sub(r"<style.*?</style>|<title.*?</title>", "", html, flags=re.S)
    alternatives = " ".join(re.findall(r'alt="([^"]*)"', shown))
    read = words(unescape(re.sub(r"<[^>]+>", " ", shown))) | words(unescape(alternatives))
    about_pictures = words("Share of calls, week by week; the line is at 100 %.")
    assert read - words(text) - about_pictures == set()
    assert set(re.findall(r'href="([^"]+)"', html.replace("&amp;", "&"))) == set(
        re.findall(r"https://\S+", text)
    )


def test_a_mail_has_its_style_in_its_tags_and_its_pictures_within() -> None:
    sent = mail()
    html = part(sent, "html")
    assert re.search(r'<h1 style="[^"]*font-size: ?22px', html)
    assert not re.search(r"(src|href)=\"(?!https://earshot|cid:)", html)
    related = sent.get_body(("related",))
    assert related is not None
    pictures = [
        each for each in related.iter_attachments() if each.get_content_type() == "image/png"
    ]
    assert {f"cid:{each['content-id'][1:-1]}" for each in pictures} == set(
        re.findall(r'src="([^"]+)"', html)
    )
    assert len(pictures) == 2
    for picture in pictures:
        png: bytes = picture.get_content()
        assert png.startswith(b"\x89PNG\r\n")
        assert (int.from_bytes(png[16:20]), int.from_bytes(png[20:24])) == (960, 192)
        assert len(png) < 20_000
    assert len(sent.as_bytes(policy=SMTP)) < 100_000, "some programs clip what is longer"


def test_one_press_unsubscribes() -> None:
    sent = mail()
    assert sent["list-unsubscribe"] == f"<{UNSUBSCRIBE}>"
    assert sent["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    assert sent["message-id"] == "<digest-7-2026-W17-0123456789ab@example.com>"
    plain = replace(written(), unsubscribe=UNSUBSCRIBE.replace("https", "http"))
    assert message(plain, READER, "e@example.com", NOW)["list-unsubscribe-post"] is None


class Tags(HTMLParser):
    """The pictures and the attributes of a page, as a program reads it."""

    def __init__(self) -> None:
        super().__init__()
        self.pictures: list[str | None] = []
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes |= {name for name, _ in attrs}
        self.pictures += [value for name, value in attrs if tag == "img" and name == "src"]


def test_what_a_caller_says_is_text_everywhere() -> None:
    sent = mail(name=HOSTILE, quote=HOSTILE)
    html = part(sent, "html")
    seen = Tags()
    seen.feed(html)
    assert set(seen.pictures) == {"cid:chart-1@earshot", "cid:chart-2@earshot"}
    assert not any(name.startswith("on") for name in seen.attributes)
    assert len(sent["subject"].splitlines()) == 1
    sent.as_bytes(policy=SMTP)
    slack = str(to_slack(written(HOSTILE, HOSTILE)))
    assert "<!everyone>" not in slack
    assert "&lt;!everyone&gt;" in slack
    for text in texts(to_teams(written(HOSTILE, HOSTILE))):
        links = re.findall(r"(?<!\\)\[[^]]*(?<!\\)\]\(([^)]*)\)", text)
        assert all(link.startswith("https://earshot.example.com/") for link in links), text


def texts(card: dict[str, Any]) -> list[str]:
    return [block["text"] for block in card["attachments"][0]["content"]["body"]]


@pytest.mark.parametrize("form", ["text", "slack", "teams"])
def test_every_form_says_every_sentence(form: str) -> None:
    told = written()
    card = to_teams(told)
    content = {
        "text": to_text(told),
        "slack": "\n".join(b["text"]["text"] for b in to_slack(told)["blocks"]),
        "teams": "\n".join(texts(card)).replace("\\", "") + str(card["attachments"]),
    }[form]
    said = [line.text for section in told.sections for line in section.lines]
    quotes = [text for quote in told.quotes for text in (quote.text, quote.source)]
    for sentence in (told.edition.headline, told.edition.belief, told.calls, told.missed):
        assert sentence in content
    assert [text for text in (*said, *quotes) if text not in content] == []
    for url in (told.page, told.settings, told.unsubscribe):
        assert url in content


def test_a_very_long_digest_fits_into_slacks_blocks() -> None:
    told = written("Tidewall " * 400)
    for block in to_slack(told)["blocks"]:
        assert 0 < len(block["text"]["text"]) <= 3000


def test_without_anything_to_tell_it_is_short() -> None:
    empty = replace(told(), movements=(), names=(), followed=(), quotes=(), cautions=())
    plain = letter(empty, [], "https://e.example")
    assert plain.sections == ()
    sent = message(replace(plain, unsubscribe=UNSUBSCRIBE), READER, "e@example.com", NOW)
    assert "cid:" not in part(sent, "html")
    assert "Unsubscribe" not in to_text(plain)
