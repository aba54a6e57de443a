"""What is known of a call, read from the strings of a form or a command line. Pure."""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from ingest.base.errors import BadMetadata
from ingest.calls import Call, CallDetails

LONGEST_TEXT = 300
"""Characters of a field: a title fits, a pasted mail does not."""

LONGEST_NAME = 255
"""Characters of a file's name, as file systems have it."""

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
"""No call recorded on a computer is older."""

CLOCK_SLACK = timedelta(days=1)
"""A time may lie this far ahead: clocks and time zones differ."""

MOST_DOLLARS = Decimal(10) ** 12
"""What the database's numeric(14, 2) holds."""

_MONEY = re.compile(r"\$? ?(\d{1,3}(,\d{3})+|\d+)(\.\d{1,2})?")
_NAMES = tuple(field.name for field in fields(CallDetails))
_FILLED = (  # where None in a call means: not known
    *("rep", "deal_value_usd", "stage", "outcome", "lead_source", "campaign", "lead_created_at"),
    *("consent", "language"),
)


class AnotherReps(BadMetadata):
    """Who brings the calls of one rep brings another's."""

    code = "another-reps-call"


def for_rep(details: CallDetails, rep: str | None) -> CallDetails:
    """The details of a call that somebody brings who is bound to a rep, whose it is by that.
    Raises AnotherReps where another one is named."""
    if rep is None:
        return details
    check_rep(details.rep or rep, rep)
    return replace(details, rep=rep)


def check_rep(named: str | None, rep: str | None) -> None:
    """Raise AnotherReps where somebody bound to a rep notes a call as another's, or nobody's."""
    if rep is not None and not _same(named or "", rep):
        raise AnotherReps(f"You see the calls of {rep} alone: leave out rep, or say {rep}.")


def check_theirs(call: Call, rep: str | None) -> None:
    """Raise AnotherReps where somebody bound to a rep brings what is here as another's call, of
    which they learn nothing else."""
    if rep is not None and not _same(call.rep or "", rep):
        raise AnotherReps(
            f"This is here already, and not as a call of {rep}: ask an admin whose it is."
        )


def _same(name: str, other: str) -> bool:
    return name.strip().lower() == other.strip().lower()


def details_from(given: Mapping[str, str]) -> CallDetails:
    """Read `CallDetails` from strings by the names of its fields; blank counts as not given.

    Raises BadMetadata, which names the field and what it takes.
    """
    for name in given:
        if name not in _NAMES:
            raise BadMetadata(f"There is no field {name[:80]!r}: use {', '.join(_NAMES)}.")
    read = {
        name: _READERS.get(name, _text)(name, text)
        for name, value in given.items()
        if (text := " ".join(value.split()))
    }
    return CallDetails(**read)


def check_times(details: CallDetails, now: datetime) -> None:
    """Raise BadMetadata for a time that is yet to come."""
    for name in ("held_at", "lead_created_at"):
        time = getattr(details, name)
        if time is not None and time > now + CLOCK_SLACK:
            raise BadMetadata(f"{name} is {time:%Y-%m-%d}, which is yet to come: check the year.")


def lacking(call: Call, brought: CallDetails) -> CallDetails:
    """Of `brought`, what the call does not have: what is there is not overwritten."""
    new = {name: getattr(brought, name) for name in _FILLED if getattr(call, name) is None}
    if call.account is None or call.account.lower() == (brought.account or call.account).lower():
        account = {
            name: getattr(brought, name)
            for name in ("account_value_usd", "segment")
            if getattr(call, name) is None
        }
        if call.account is None or any(value is not None for value in account.values()):
            new |= account | {"account": brought.account or call.account}
    if call.title in (call.filename, default_title(call.filename)):
        new["title"] = brought.title
    if call.held_at == call.uploaded_at:
        new["held_at"] = brought.held_at
    return CallDetails(**new)


def clean_filename(name: str) -> str:
    """The last part of an uploaded file's name, without what no name should hold."""
    last = re.split(r"[/\\]", name)[-1]
    kept = "".join(sign for sign in last if not is_control(sign)).strip()
    return kept[-LONGEST_NAME:] or "recording"


def default_title(filename: str) -> str:
    """A call's title where none is given: the file's name without its ending."""
    return re.sub(r"(?<=.)\.\w{1,5}$", "", filename)


def _text(name: str, text: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise BadMetadata(f"{name} has {len(text)} characters: use at most {LONGEST_TEXT}.")
    if any(map(is_control, text)):
        raise BadMetadata(f"{name} holds a control character: type it again as plain text.")
    return text


def is_control(sign: str) -> bool:
    """NUL and its like, and halves of characters: PostgreSQL takes neither."""
    return unicodedata.category(sign) in ("Cc", "Cs")


def _time(name: str, text: str) -> datetime:
    try:
        time = datetime.fromisoformat(text)
        time = (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadMetadata(
            f"{name} is {text[:80]!r}: write a date such as 2026-03-31 or a time such as "
            "2026-03-31T14:30:00+02:00."
        ) from None
    if time < EARLIEST:
        raise BadMetadata(f"{name} is {text[:80]!r}, before 1970: check the year.")
    return time


def _money(name: str, text: str) -> Decimal:
    if _MONEY.fullmatch(text):
        dollars = Decimal(text.lstrip("$ ").replace(",", ""))
        if dollars < MOST_DOLLARS:
            return dollars
    raise BadMetadata(
        f"{name} is {text[:80]!r}: write a sum in US dollars such as 48,000 or 48000.50, "
        "of 0 or more."
    )


def _language(name: str, text: str) -> str:
    if not re.fullmatch("[A-Za-z]{2}", text):
        raise BadMetadata(f"{name} is {text[:80]!r}: write two letters such as en.")
    return text.lower()


def _channel(name: str, text: str) -> int:
    if not re.fullmatch("[0-9]{1,2}", text):
        raise BadMetadata(
            f"{name} is {text[:80]!r}: write 0 for the left channel, 1 for the right."
        )
    return int(text)


_READERS: Mapping[str, Callable[[str, str], Any]] = {
    "held_at": _time,
    "lead_created_at": _time,
    "deal_value_usd": _money,
    "account_value_usd": _money,
    "language": _language,
    "seller_channel": _channel,
}
