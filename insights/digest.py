"""What a week of calls brought, told against the week before: pure.

Weeks are ISO weeks in UTC. A label's weight is the number of calls it came up in, always told with
its denominator, the calls mined in that week.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby

from ingest.base.errors import BadMetadata
from insights.insight import Category, Kind

ENOUGH_CALLS = 5
"""Below so many calls in either week a change is chance more often than not: we do not tell one."""
QUOTES_A_LABEL = 3
CHANGES_TOLD = 3
"""As many as a reader takes in at a glance."""

KIND_WORDS: dict[Kind, tuple[str, str]] = {
    Kind.OBJECTION: ("objection", "objections"),
    Kind.COMPETITOR: ("competitor mention", "competitor mentions"),
    Kind.FEATURE_REQUEST: ("feature request", "feature requests"),
}


@dataclass(frozen=True, slots=True, order=True)
class Week:
    """An ISO week, written 2026-W07."""

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> "Week":
        """Read "2026-W07"; raises BadMetadata for anything else."""
        found = re.fullmatch(r"(\d{4})-W(\d{2})", text.strip(), re.ASCII)
        try:
            if not found:
                raise ValueError(text)
            week = cls(int(found[1]), int(found[2]))
            date.fromisocalendar(week.year, week.number, 7)  # raises for week 54 or year 0
            (week.before, week.after)  # noqa: B018 - nor may its neighbours fall off the calendar
        except (ValueError, OverflowError):
            message = f"“{text[:20]}” is not a week: write it like 2026-W07."
            raise BadMetadata(message) from None
        return week

    @classmethod
    def of(cls, day: date) -> "Week":
        """The week that a day lies in; of a datetime, its day in UTC."""
        if isinstance(day, datetime):
            day = day.astimezone(UTC).date()
        year, number, _ = day.isocalendar()
        return cls(year, number)

    @property
    def monday(self) -> date:
        return date.fromisocalendar(self.year, self.number, 1)

    @property
    def sunday(self) -> date:
        return date.fromisocalendar(self.year, self.number, 7)

    @property
    def before(self) -> "Week":
        return Week.of(self.monday - timedelta(days=7))

    @property
    def after(self) -> "Week":
        return Week.of(self.monday + timedelta(days=7))

    def __str__(self) -> str:
        return f"{self.year:04}-W{self.number:02}"


@dataclass(frozen=True, slots=True)
class Mention:
    """One insight of the two weeks, with the call it was found in."""

    insight_id: int
    call_id: int
    title: str
    held_at: datetime  # aware
    kind: Kind
    label: str
    quote: str
    confidence: float  # 0 to 1
    account: str | None = None
    start: float | None = None  # seconds into the recording; None where there is none to hear
    speaker: str | None = None  # the speaker's name where known, else the side
    stance: str | None = None  # competitors only

    @property
    def words(self) -> str:
        """The label as people say it."""
        return label_words(self.kind, self.label)


@dataclass(frozen=True, slots=True)
class Rows:
    """What the database holds of a week and of the week before."""

    calls: int  # mined, held in the week
    calls_before: int
    mentions: tuple[Mention, ...]  # of both weeks


@dataclass(frozen=True, slots=True)
class KindCalls:
    """Calls with at least one mention of a kind."""

    kind: Kind
    calls: int
    calls_before: int


@dataclass(frozen=True, slots=True)
class Numbers:
    """A week in short: what a digest counts, without what was said."""

    week: Week
    calls: int  # mined
    calls_before: int
    sections: tuple[KindCalls, ...]  # one a kind, in the order of Kind


@dataclass(frozen=True, slots=True)
class Count:
    """One label's week."""

    kind: Kind
    label: str
    mentions: int
    mentions_before: int
    calls: int  # calls it came up in
    calls_before: int
    accounts: tuple[str, ...]  # of this week, most mentions first
    stances: tuple[tuple[str, int], ...]  # competitors: how often each, most first
    quotes: tuple[Mention, ...]  # the best of this week

    @property
    def words(self) -> str:
        """The label as people say it."""
        return label_words(self.kind, self.label)


@dataclass(frozen=True, slots=True)
class Section:
    """One kind's week."""

    kind: Kind
    mentions: int
    mentions_before: int
    calls: int  # calls with at least one
    calls_before: int
    labels: tuple[Count, ...]  # those of this week, most calls first
    gone: tuple[Count, ...]  # those of the week before that did not come up again


@dataclass(frozen=True, slots=True)
class Digest:
    """A week, told."""

    week: Week
    calls: int  # mined: the denominator
    calls_before: int
    sections: tuple[Section, ...]  # one a kind, in the order of Kind
    headline: str  # the answer in a sentence
    changes: tuple[str, ...]  # what moved most, each with its numbers; none below ENOUGH_CALLS

    @property
    def enough(self) -> bool:
        """Whether both weeks have calls enough to speak of a change."""
        return min(self.calls, self.calls_before) >= ENOUGH_CALLS


def label_words(kind: Kind, label: str) -> str:
    """A label as people say it: "product_gap" is "Product gap"; names and themes stay."""
    known = kind is Kind.OBJECTION and label in set(Category)
    return label.replace("_", " ").capitalize() if known else label


def count_words(number: int, one: str, many: str = "") -> str:
    """ "1 call", "2 calls"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def build(rows: Rows, week: Week) -> Digest:
    """Tell a week from its rows."""
    sections = tuple(_section(kind, rows.mentions, week) for kind in Kind)
    counts = [count for section in sections for count in (*section.labels, *section.gone)]
    return Digest(
        week=week,
        calls=rows.calls,
        calls_before=rows.calls_before,
        sections=sections,
        headline=_headline(rows, sections, counts),
        changes=_changes(rows, counts),
    )


def _section(kind: Kind, mentions: Iterable[Mention], week: Week) -> Section:
    ours = sorted((m for m in mentions if m.kind is kind), key=lambda m: m.label)
    counts = [_count(kind, label, list(of), week) for label, of in groupby(ours, lambda m: m.label)]
    counts.sort(key=lambda c: (-c.calls, -c.mentions, -c.calls_before, c.label))
    now, before = _split(ours, week)
    return Section(
        kind=kind,
        mentions=len(now),
        mentions_before=len(before),
        calls=len({m.call_id for m in now}),
        calls_before=len({m.call_id for m in before}),
        labels=tuple(c for c in counts if c.mentions),
        gone=tuple(c for c in counts if not c.mentions),
    )


def _count(kind: Kind, label: str, mentions: Sequence[Mention], week: Week) -> Count:
    now, before = _split(mentions, week)
    return Count(
        kind=kind,
        label=label,
        mentions=len(now),
        mentions_before=len(before),
        calls=len({m.call_id for m in now}),
        calls_before=len({m.call_id for m in before}),
        accounts=tuple(name for name, _ in _tally(m.account for m in now)),
        stances=_tally(m.stance for m in now),
        quotes=best_quotes(now),
    )


def _split(mentions: Iterable[Mention], week: Week) -> tuple[list[Mention], list[Mention]]:
    """Those of the week, and those of the week before."""
    start, stop = (_midnight(each.monday) for each in (week, week.after))
    begin = _midnight(week.before.monday)
    now: list[Mention] = []
    before: list[Mention] = []
    for mention in mentions:
        if start <= mention.held_at < stop:
            now.append(mention)
        elif begin <= mention.held_at < start:
            before.append(mention)
    return now, before


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


def _tally(names: Iterable[str | None]) -> tuple[tuple[str, int], ...]:
    """How often each name comes, most first, then by name; None does not count."""
    known = sorted(name for name in names if name)
    counts = [(name, len(list(same))) for name, same in groupby(known)]
    return tuple(sorted(counts, key=lambda pair: -pair[1]))


def best_quotes(mentions: Iterable[Mention]) -> tuple[Mention, ...]:
    """The surest quotes, no call twice while another has one: three voices beat one thrice."""
    surest = sorted(mentions, key=lambda m: (-m.confidence, m.insight_id))
    seen: set[int] = set()
    first: list[Mention] = []
    again: list[Mention] = []
    for mention in surest:
        (again if mention.call_id in seen else first).append(mention)
        seen.add(mention.call_id)
    return tuple((first + again)[:QUOTES_A_LABEL])


def _headline(rows: Rows, sections: Sequence[Section], counts: Sequence[Count]) -> str:
    if not rows.calls:
        return "No calls were heard in this week."
    if not any(section.mentions for section in sections):
        return f"{count_words(rows.calls, 'call')} heard, and nothing found in them."
    top = max(
        (c for c in counts if c.mentions),
        key=lambda c: (c.kind is Kind.OBJECTION, c.calls, c.mentions),
    )
    return _told(top, rows)


def _changes(rows: Rows, counts: Sequence[Count]) -> tuple[str, ...]:
    """The labels whose share of calls moved most, in sentences."""
    if min(rows.calls, rows.calls_before) < ENOUGH_CALLS:
        return ()
    moved = [(abs(c.calls / rows.calls - c.calls_before / rows.calls_before), c) for c in counts]
    moved.sort(key=lambda pair: (-pair[0], pair[1].label))
    return tuple(_told(c, rows) for by, c in moved[:CHANGES_TOLD] if by > 0)


def _told(count: Count, rows: Rows) -> str:
    """ "Price came up in 4 of 6 calls, 1 of 5 the week before." """
    name = f"“{count.words}”" if count.kind is Kind.FEATURE_REQUEST else count.words
    verb = "was asked for" if count.kind is Kind.FEATURE_REQUEST else "came up"
    now = f"{count.calls} of {count_words(rows.calls, 'call')}"
    if not rows.calls_before:
        return f"{name} {verb} in {now}; no calls were heard the week before."
    return f"{name} {verb} in {now}, {count.calls_before} of {rows.calls_before} the week before."


def to_markdown(digest: Digest, base_url: str = "") -> str:
    """The digest for a chat, a wiki or a mail: quotes first, each with a link to its second."""
    lines = [f"# Week {digest.week}: what buyers said", "", _escaped(digest.headline), ""]
    lines += [f"- {_escaped(change)}" for change in digest.changes if change != digest.headline]
    if not digest.enough:
        lines.append(not_enough(digest))
    for section in digest.sections:
        lines += ["", *_section_markdown(section, base_url)]
    return "\n".join(lines).strip() + "\n"


def not_enough(digest: Digest) -> str:
    """Why no change is told."""
    return (
        f"Not enough calls yet to speak of a change: {digest.calls} in this week, "
        f"{digest.calls_before} in the week before; {ENOUGH_CALLS} in each are needed."
    )


def _section_markdown(section: Section, base_url: str) -> list[str]:
    title = KIND_WORDS[section.kind][1].capitalize()
    lines = [f"## {title}: {section.mentions} ({section.mentions_before} the week before)"]
    for count in section.labels:
        lines += ["", f"### {_escaped(count.words)}", ""]
        for quote in count.quotes:
            lines += [f"> “{_escaped(quote.quote)}”", f"> — {_source(quote, base_url)}", ""]
        lines += [_tally_line(count)]
    if section.gone:
        names = ", ".join(_escaped(c.words) for c in section.gone)
        lines += ["", f"Not heard again: {names}."]
    return lines


def _tally_line(count: Count) -> str:
    line = f"{count_words(count.calls, 'call')}, {count.calls_before} the week before"
    if count.stances:
        line += "; " + ", ".join(f"{stance} {n}" for stance, n in count.stances)
    if count.accounts:
        line += "; " + ", ".join(_escaped(name) for name in count.accounts)
    return line + "."


def _source(quote: Mention, base_url: str) -> str:
    who = ", ".join(_escaped(part) for part in (quote.speaker, quote.account) if part)
    said = f"{quote.held_at.astimezone(UTC):%Y-%m-%d}"
    link = f"[{_escaped(quote.title)}]({base_url}{call_path(quote)})"
    return ", ".join(part for part in (who, link, said) if part)


def call_path(quote: Mention) -> str:
    """The page that plays a quote."""
    second = "" if quote.start is None else f"?t={quote.start:.1f}"
    return f"/calls/{quote.call_id}{second}#insight-{quote.insight_id}"


def _escaped(text: str) -> str:
    """Text that Markdown and the HTML within it leave as it is."""
    plain = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;")
    return re.sub(r"([\\`*_\[\]#>|])", r"\\\1", plain)
