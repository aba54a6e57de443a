"""How long recordings and calls are kept: values and rules only."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ingest.base.errors import EarshotError, Refused

LONGEST_DAYS = 36_500

UNASKED = 20
"""So many go without a question whatever their share is: a small house lets go of half it has."""

SOON = timedelta(days=30)
"""How far ahead a preview looks."""


class BadRule(Refused):
    """Periods that cannot be kept to."""

    code = "bad-retention"


class RuleChanged(Refused):
    """Somebody else has set another rule meanwhile."""

    code = "retention-changed"
    status = 412


class Unconfirmed(Refused):
    """A rule by which something goes, and nobody said that it may."""

    code = "retention-unconfirmed"
    status = 409


class OnHold(Refused):
    """A call that is to be kept, whatever comes."""

    code = "call-on-hold"
    status = 409


class RecordingGone(EarshotError):
    """A recording that the rule let go."""

    code = "recording-gone"
    status = 410


@dataclass(frozen=True, slots=True)
class Bounds:
    """Calls held at these moments or before are past; None: none is."""

    sound: datetime | None = None
    calls: datetime | None = None


NOTHING = Bounds()


@dataclass(frozen=True, slots=True)
class Rule:
    """For how many days after a call was held its recording is kept, and all of it. Raises
    BadRule."""

    recording_days: int | None = None  # None: as long as the call
    call_days: int | None = None  # None: for ever

    def __post_init__(self) -> None:
        for days in (self.recording_days, self.call_days):
            if days is not None and not 1 <= days <= LONGEST_DAYS:
                raise BadRule(f"A period has 1 to {LONGEST_DAYS:,} days, or no end: {days} is not.")
        if self.call_days and self.recording_days and self.call_days < self.recording_days:
            raise BadRule(
                f"A recording goes with its call: keep calls for {self.recording_days} days or "
                f"longer, or recordings for {self.call_days} or less."
            )

    @property
    def sound_days(self) -> int | None:
        """How long there is sound; None: for ever."""
        return self.call_days if self.recording_days is None else self.recording_days

    @property
    def limits(self) -> bool:
        """Whether anything ever goes."""
        return self.sound_days is not None

    def bounds(self, now: datetime) -> Bounds:
        """What is past. A day has 24 hours, whatever the clocks on the wall do."""
        return Bounds(_before(now, self.sound_days), _before(now, self.call_days))

    def ends(self, held_at: datetime) -> Bounds:
        """When the sound of a call held then goes, and the call."""
        return Bounds(_after(held_at, self.sound_days), _after(held_at, self.call_days))


def _before(now: datetime, days: int | None) -> datetime | None:
    return None if days is None else now - timedelta(days=days)


def _after(held_at: datetime, days: int | None) -> datetime | None:
    return None if days is None else held_at + timedelta(days=days)


@dataclass(frozen=True, slots=True)
class Kept:
    """The rule as it stands."""

    rule: Rule
    version: int
    changed_at: datetime
    changed_by: str | None  # None: as it came
    agreed: Bounds  # what an admin said may go, however many these are
    asked_by: str | None  # who wants a run now

    def run_due(self, now: datetime, last: datetime | None) -> bool:
        """Whether it is time for a run, where the last one began then.

        One comes each day, in UTC, and none on the day on which the rule was changed: so there is
        a night's time to think better of it. A run that a wrong clock noted for a day to come keeps
        none from being made.
        """
        if not self.rule.limits:
            return False
        today = now.date()
        began = last.date() if last else None
        return self.asked_by is not None or today not in (self.changed_at.date(), began)


@dataclass(frozen=True, slots=True)
class Counts:
    """Recordings, without those that go with their calls; and whole calls."""

    recordings: int
    calls: int

    def __bool__(self) -> bool:
        return bool(self.recordings or self.calls)


def too_many(going: Counts, of: Counts) -> bool:
    """Whether so many at once look like a wrong clock, not like a day's work: more than half."""
    pairs = ((going.recordings, of.recordings), (going.calls, of.calls))
    return any(some > UNASKED and 2 * some > whole for some, whole in pairs)


@dataclass(frozen=True, slots=True)
class Past:
    """A call that is past."""

    id: int
    title: str
    held_at: datetime
    whole: bool  # it goes, not its sound alone


@dataclass(frozen=True, slots=True)
class Preview:
    """What a rule would do."""

    now: Counts
    soon: Counts  # within SOON, with those
    of: Counts  # all there are
    held: int  # past, and kept as they are on hold
    busy: int  # past, and kept until they are done
    oldest: tuple[Past, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """A rule as somebody set it."""

    version: int
    recording_days: int | None
    call_days: int | None
    changed_at: datetime
    changed_by: str


@dataclass(frozen=True, slots=True)
class Trouble:
    """What could not be let go."""

    call_id: int
    why: str


@dataclass(frozen=True, slots=True)
class Run:
    """What one day's work came to, so far."""

    id: int
    started_at: datetime
    ended_at: datetime | None
    asked_by: str | None  # None: the clock
    bounds: Bounds
    stopped: str | None  # why nothing went
    recordings: int
    calls: int
    held: int
    busy: int
    troubles: tuple[Trouble, ...]


@dataclass(frozen=True, slots=True)
class Hold:
    """A call that is kept, whatever the rule."""

    id: int
    title: str
    held_at: datetime
    hold_since: datetime
    hold_by: str


def gone(call_id: int, at: datetime) -> RecordingGone:
    """The refusal where somebody asks for the sound of such a call."""
    return RecordingGone(
        f"The recording of call {call_id} went on {day(at)} by the retention rule; its transcript "
        "stays. Read that."
    )


def day(when: datetime) -> str:
    """A day as people write it: "3 March 2027"."""
    return f"{when.day} {when:%B %Y}"
