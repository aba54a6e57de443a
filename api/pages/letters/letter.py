"""A digest as a letter: the same content as plain text, as HTML, for Slack and for Teams. Pure.

Every form says the same sentences in the same order; they are put together here once.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from api.pages.words import days, listed, moment
from insights.digest import KIND_WORDS, Mention, Week, call_path, count_words
from insights.digests.edition import Edition, Movement, NewName
from insights.insight import Kind
from insights.trends.trend import Verdict

MOST_PICTURED = 2

MOST_SLACK = 2900
"""Characters in one block; Slack takes 3,000."""


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence, and where its evidence is."""

    text: str
    url: str
    kind: Kind

    @property
    def what(self) -> str:
        """What kind of thing it is about."""
        return KIND_WORDS[self.kind][0].capitalize()


@dataclass(frozen=True, slots=True)
class Quote:
    """What a buyer said, and who, when and where."""

    text: str
    source: str
    url: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with its lines."""

    title: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Letter:
    """A digest, ready to be sent."""

    edition: Edition
    subject: str
    calls: str  # "6 calls in week 17, 20 to 26 Apr 2026; 5 the week before"
    sections: tuple[Section, ...]
    quotes: tuple[Quote, ...]
    pictured: tuple[Movement, ...]  # the surest, shown week by week
    missed: str  # that earlier digests did not arrive; else nothing
    page: str  # where it stays
    settings: str  # where subscriptions are kept
    unsubscribe: str


def letter(
    edition: Edition,
    quotes: Sequence[Mention],
    base_url: str,
    unsubscribe: str = "",
    missed: Sequence[Week] = (),
) -> Letter:
    """The letter of a digest; its links begin with `base_url`."""
    week = edition.week
    return Letter(
        edition=edition,
        subject=_one_line(f"Week {week.number}: {edition.headline}", 150),
        calls=(
            f"{count_words(edition.calls, 'call')} in week {week.number}, {days(week)};"
            f" {edition.calls_before:,} the week before"
        ),
        sections=tuple(each for each in _sections(edition, base_url) if each.lines),
        quotes=tuple(_quote(mention, base_url) for mention in quotes),
        pictured=edition.movements[:MOST_PICTURED],
        missed=_missed(missed, base_url),
        page=f"{base_url}{edition_path(edition)}",
        settings=f"{base_url}/digests",
        unsubscribe=unsubscribe,
    )


def edition_path(edition: Edition) -> str:
    """The page on which a digest stays."""
    return f"/digests/{edition.week}/{edition.audience}"


def _sections(edition: Edition, base_url: str) -> tuple[Section, ...]:
    def moved(verdict: Verdict) -> tuple[Line, ...]:
        return tuple(
            Line(each.sentence, base_url + movement_path(each, edition.week), each.kind)
            for each in edition.moved(verdict)
        )

    def new(kind: Kind) -> tuple[Line, ...]:
        return tuple(
            Line(name_words(each), base_url + name_path(each), kind)
            for each in edition.names_of(kind)
        )

    return (
        Section("Came up more often", moved(Verdict.MORE)),
        Section("Came up less often", moved(Verdict.LESS)),
        Section("New rivals", new(Kind.COMPETITOR)),
        Section("New wishes", new(Kind.FEATURE_REQUEST)),
        Section(
            "What became of last week’s",
            tuple(
                Line(each.sentence, base_url + _label_path(each.kind, each.label), each.kind)
                for each in edition.followed
            ),
        ),
    )


def weeks_words(movement: Movement) -> str:
    """A picture in words: "Price in 3 weeks, calls of all: 0 of 6, 4 of 6, 3 of 5."."""
    shares = ", ".join(f"{share.hits} of {share.total}" for share in movement.weeks)
    return (
        f"{movement.words} in {count_words(len(movement.weeks), 'week')}, calls of all: {shares}."
    )


def movement_path(movement: Movement, week: Week) -> str:
    """The page with the quotes behind a change: of its week, and of none for what fell."""
    asked = {"kind": movement.kind.value, "label": movement.label}
    if movement.verdict is Verdict.MORE:
        asked |= {"week": str(week)}
    return f"/trends?{urlencode(asked)}#quotes"


def _label_path(kind: Kind, label: str) -> str:
    return f"/trends?{urlencode({'kind': kind.value, 'label': label})}#quotes"


def name_words(new: NewName) -> str:
    """ "Tidewall, in 2 calls with 2 accounts (Brackenwatch)"."""
    name = f"“{new.name}”" if new.kind is Kind.FEATURE_REQUEST else new.name
    where = f"in {count_words(new.calls, 'call')}"
    if new.accounts > 1:
        where += f" with {count_words(new.accounts, 'account')}"
    doubt = "" if new.listed else "; it may be a rival, say whether it is"
    return f"{name}, {where} ({new.company}){doubt}."


def name_path(new: NewName) -> str:
    """Where the evidence of a new name is."""
    if new.theme_id is not None:
        return f"/themes/{new.theme_id}"
    return _label_path(new.kind, new.name) if new.listed else "/competitors"


def _quote(mention: Mention, base_url: str) -> Quote:
    when = moment(mention.held_at, mention.held_at).removesuffix(" UTC")
    known = (mention.speaker, mention.account, mention.words, when)
    return Quote(
        text=" ".join(mention.quote.split()),
        source=", ".join(part for part in known if part),
        url=base_url + call_path(mention),
        kind=mention.kind,
    )


def _missed(weeks: Sequence[Week], base_url: str) -> str:
    if not weeks:
        return ""
    named = listed([f"week {week.number}" for week in weeks[-4:]])
    more = "earlier weeks, " if len(weeks) > 4 else ""
    return f"The digest of {more}{named} may not have reached you: {base_url}/digests"


def _one_line(text: str, most: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"


# As plain text --------------------------------------------------------------------------------


def to_text(letter: Letter) -> str:
    """The letter for those who read no HTML; nothing is left out."""
    edition = letter.edition
    parts = [edition.headline, edition.belief, *edition.cautions, letter.calls + "."]
    if letter.missed:
        parts.append(letter.missed)
    parts += [weeks_words(movement) for movement in letter.pictured]
    for section in letter.sections:
        lines = [f"- {line.what}: {line.text}\n  {line.url}" for line in section.lines]
        parts.append("\n".join([section.title.upper(), *lines]))
    if letter.quotes:
        said = [f"“{q.text}”\n  {q.source}\n  {q.url}" for q in letter.quotes]
        parts.append("\n\n".join(["IN THE BUYERS’ WORDS", *said]))
    parts.append(f"This digest stays here: {letter.page}")
    parts.append(f"Your digests: {letter.settings}")
    if letter.unsubscribe:
        parts.append(f"Unsubscribe: {letter.unsubscribe}")
    return "\n\n".join(parts) + "\n"


# For chats ------------------------------------------------------------------------------------


def to_slack(letter: Letter) -> dict[str, Any]:
    """The letter as Slack's incoming webhooks take it, in Block Kit."""
    edition = letter.edition
    blocks = [_slack_block(f"*{_slack(edition.headline)}*")]
    why = [edition.belief, *edition.cautions, letter.calls + ".", letter.missed]
    blocks.append(_slack_block(_slack("\n".join(text for text in why if text))))
    for section in letter.sections:
        lines = [f"• {_slack(line.text)} <{line.url}|Quotes>" for line in section.lines]
        blocks.append(_slack_block("\n".join([f"*{section.title}*", *lines])))
    for quote in letter.quotes:
        source = f"<{quote.url}|{_slack(quote.source.replace('|', '/'))}>"
        blocks.append(_slack_block(f"> “{_slack(quote.text)}”\n{source}"))
    links = [f"<{letter.page}|This digest>", f"<{letter.settings}|Your digests>"]
    if letter.unsubscribe:
        links.append(f"<{letter.unsubscribe}|Unsubscribe>")
    blocks.append(_slack_block(" · ".join(links)))
    return {"text": _slack(letter.subject), "blocks": blocks, "unfurl_links": False}


def _slack_block(text: str) -> dict[str, Any]:
    if len(text) > MOST_SLACK:  # whole lines only: a link cut in two is none
        text = text[:MOST_SLACK].rpartition("\n")[0] or text[:MOST_SLACK]
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def _slack(text: str) -> str:
    """Text in which Slack finds neither a link, nor a mention of everybody, nor emphasis."""
    plain = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([*_~`])", "\N{ZERO WIDTH SPACE}\\1", plain)


def to_teams(letter: Letter) -> dict[str, Any]:
    """The letter as incoming webhooks of Microsoft Teams take it: an Adaptive Card."""
    edition = letter.edition
    body = [_card_text(edition.headline, size="Large", weight="Bolder")]
    why = (edition.belief, *edition.cautions, letter.calls + ".", letter.missed)
    body += [_card_text(text, isSubtle=True) for text in why if text]
    for section in letter.sections:
        body.append(_card_text(section.title, weight="Bolder", separator=True))
        body += [_card_text(line.text, line.url) for line in section.lines]
    for quote in letter.quotes:
        body.append(_card_text(f"“{quote.text}”", size="Medium", separator=True))
        body.append(_card_text(quote.source, quote.url, isSubtle=True))
    links = [("This digest", letter.page), ("Your digests", letter.settings)]
    if letter.unsubscribe:
        links.append(("Unsubscribe", letter.unsubscribe))
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": body,
        "actions": [{"type": "Action.OpenUrl", "title": title, "url": url} for title, url in links],
    }
    content_type = "application/vnd.microsoft.card.adaptive"
    return {"type": "message", "attachments": [{"contentType": content_type, "content": card}]}


def _card_text(text: str, url: str = "", **look: Any) -> dict[str, Any]:
    """A text block, which reads some Markdown; with a link behind the text where there is one."""
    plain = re.sub(r"([\\`*_\[\]()#>~|<-])", r"\\\1", " ".join(text.split()))
    if url:
        plain += f" [Quotes]({url.replace('(', '%28').replace(')', '%29')})"
    return {"type": "TextBlock", "text": plain, "wrap": True, **look}
