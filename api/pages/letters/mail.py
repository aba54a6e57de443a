"""A digest as a mail: text, HTML with its style inlined, pictures within."""

from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

import css_inline

from api.pages.letters.letter import Letter, to_text
from api.pages.letters.pictures import pictures
from api.pages.site import render
from api.subscriptions.subscription import Subscription

_INLINER = css_inline.CSSInliner(
    load_remote_stylesheets=False,
    keep_at_rules=True,  # of @media those programs may make use that know it
    keep_style_tags=True,
)


def message(letter: Letter, subscription: Subscription, sender: str, now: datetime) -> EmailMessage:
    """The mail of a digest. RFC 8058: the header that unsubscribes by one press wants HTTPS."""
    mail = EmailMessage(policy=SMTP.clone(cte_type="7bit"))  # as every server takes it
    host = parseaddr(sender)[1].rpartition("@")[2]
    mail["From"] = sender
    mail["To"] = subscription.wish.address
    mail["Subject"] = letter.subject
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = message_id(letter, host)
    mail["List-Id"] = f"Earshot digests <digests.{host}>"
    mail["List-Unsubscribe"] = f"<{letter.unsubscribe}>"
    if letter.unsubscribe.startswith("https://"):
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail["Auto-Submitted"] = "auto-generated"
    drawn = pictures(letter)
    mail.set_content(to_text(letter))
    html = render("letter.html", letter=letter, pictures=drawn)
    mail.add_alternative(_INLINER.inline(html), subtype="html")
    body = mail.get_body(("html",))
    assert isinstance(body, EmailMessage), "it was added above"
    for picture in drawn:
        body.add_related(
            picture.png,
            "image",
            "png",
            cid=f"<{picture.name}@earshot>",
            disposition="inline",
            filename=f"{picture.name}.png",
        )
    return mail


def message_id(letter: Letter, host: str) -> str:
    """The same for the same digest to the same reader, so that one sent again is known again: made
    of the week and of the link that unsubscribes, which names the subscription and is no other
    installation's."""
    number, _, signature = letter.unsubscribe.rpartition("/")[2].partition("-")
    return f"<digest-{number}-{letter.edition.week}-{signature[:12]}@{host}>"
