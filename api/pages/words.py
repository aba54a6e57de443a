"""How the pages say times, lengths and counts: pure."""

from datetime import UTC, datetime
from decimal import Decimal

from ingest.calls import Call, CallState
from insights.digest import KIND_WORDS, Week, count_words
from insights.insight import Kind

ON_THE_WAY = frozenset(CallState) - {CallState.DONE, CallState.FAILED}

STATE_WORDS: dict[CallState, str] = {
    CallState.WAITING: "Queued",
    CallState.HEARING: "Hearing",
    CallState.HEARD: "Heard, waiting to be mined",
    CallState.MINING: "Looking for insights",
    CallState.DONE: "Done",
    CallState.FAILED: "Failed",
}


def state_of(call: Call) -> str:
    """Where a call stands; nothing is heard of one brought as a transcript."""
    if call.state is CallState.HEARD and call.brought_as_words:
        return "Waiting to be mined"
    return STATE_WORDS[call.state]


def clock(seconds: float | None) -> str:
    """A place in a recording: "1:23", "1:02:03"; nothing for None."""
    if seconds is None:
        return ""
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def length(seconds: float) -> str:
    """A length as people say it: "45 s", "4 min", "1 h 5 min"."""
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def dollars(sum_usd: Decimal) -> str:
    """ "$48,000"; nothing where no deal's value is known."""
    return f"${sum_usd:,.0f}" if sum_usd else ""


def moment(when: datetime, now: datetime) -> str:
    """A time in UTC: "Tue 14 Oct, 10:32 UTC", with the year where it is not this one.

    Midnight to the second is what a call brought with a day only is kept at: it reads as the day.
    """
    at, now = when.astimezone(UTC), now.astimezone(UTC)
    day = f"{at:%a} {at.day} {at:%b}" + ("" if at.year == now.year else f" {at.year}")
    return day if is_day(when) else f"{day}, {at:%H:%M} UTC"


def is_day(when: datetime) -> bool:
    """Whether only the day was given."""
    at = when.astimezone(UTC)
    return (at.hour, at.minute, at.second, at.microsecond) == (0, 0, 0, 0)


def days(week: Week) -> str:
    """ "9 to 15 Feb 2026", "30 Mar to 5 Apr 2026"."""
    first, last = week.monday, week.sunday
    month = "" if first.month == last.month else f" {first:%b}"
    year = "" if first.year == last.year else f" {first.year}"
    return f"{first.day}{month}{year} to {last.day} {last:%b} {last.year}"


def kind_words(kind: Kind, number: int = 1) -> str:
    """The kind's name, alone: "objection", "competitor mentions"."""
    return KIND_WORDS[kind][number != 1]


def kinds_counted(counts: dict[Kind, int]) -> list[tuple[Kind, str]]:
    """Each kind found with its count in words: (OBJECTION, "3 objections")."""
    return [
        (kind, count_words(counts[kind], *KIND_WORDS[kind])) for kind in Kind if counts.get(kind)
    ]


def listed(parts: list[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def calls_known(heard: int, read: int) -> str:
    """ "6 calls heard", "6 calls heard, 60 brought as transcripts"."""
    brought = f"brought as {'a transcript' if read == 1 else 'transcripts'}"
    if not read:
        return f"{count_words(heard, 'call')} heard"
    if not heard:
        return f"{count_words(read, 'call')} {brought}"
    return f"{count_words(heard, 'call')} heard, {read:,} {brought}"


def title_of(call: Call) -> str:
    """What a call is called, never empty."""
    return call.title or call.filename or f"Call {call.id}"
