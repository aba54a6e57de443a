"""The shapes of retention, as in `api.schemas`."""

from datetime import datetime

from pydantic import Field

from api.schemas import Answer, Body
from ingest.retention.rule import LONGEST_DAYS

DAYS = f"1 to {LONGEST_DAYS:,}, counted from when the call was held; null: "


class RuleOut(Answer):
    """How long recordings and calls are kept."""

    recording_days: int | None = Field(description=f"{DAYS}as long as the call.", examples=[90])
    call_days: int | None = Field(description=f"{DAYS}for ever.", examples=[730])
    version: int = Field(description="Counts the changes; the ETag is made of it.", examples=[3])
    changed_at: datetime
    changed_by: str | None = Field(description="Null for the rule as it came.")


class NewRule(Body):
    """How long recordings and calls are to be kept."""

    recording_days: int | None = Field(strict=True, description=f"{DAYS}as long as the call.")
    call_days: int | None = Field(strict=True, description=f"{DAYS}for ever.")
    confirm: bool = Field(
        False,
        strict=True,
        description="Go on although recordings or calls go by it. Without this such a rule is "
        "refused, and the problem `retention-unconfirmed` says how many.",
    )


class ChangeOut(Answer):
    """A rule as somebody set it."""

    version: int
    recording_days: int | None
    call_days: int | None
    changed_at: datetime
    changed_by: str


class CountsOut(Answer):
    """How many."""

    recordings: int = Field(description="Whose calls stay.")
    calls: int = Field(description="With all that hangs on them.")


class PastOut(Answer):
    """A call that is past."""

    id: int
    title: str
    held_at: datetime
    whole: bool = Field(description="All of it goes, not its recording alone.")


class PreviewOut(Answer):
    """What a rule would do; nothing has gone by asking."""

    now: CountsOut = Field(description="What would go with the next run.")
    soon: CountsOut = Field(description="Within 30 days, with those.")
    of: CountsOut = Field(description="All recordings and calls there are.")
    held: int = Field(description="Calls that are past and stay, as they are on hold.")
    busy: int = Field(description="Calls that are past and stay until they are done.")
    oldest: list[PastOut] = Field(description="The first of what would go now, at most five.")


class TroubleOut(Answer):
    """What could not be let go."""

    call_id: int
    why: str


class RunOut(Answer):
    """One day's work, as far as it is."""

    id: int
    started_at: datetime
    ended_at: datetime | None = Field(description="Null while it is at work.")
    asked_by: str | None = Field(description="Null where it came by the clock.")
    stopped: str | None = Field(
        description="Why nothing went until an admin says that it may: too much at once."
    )
    recordings: int = Field(description="That went, and whose calls stay.")
    calls: int = Field(description="That went.")
    held: int = Field(description="Calls that were past and stayed, as they are on hold.")
    busy: int = Field(description="Calls that were past and stayed until they are done.")
    troubles: list[TroubleOut] = Field(description="Tried again by the next run.")


class NewRun(Body):
    """What is let go now."""

    confirm: bool = Field(
        False, strict=True, description="Also where it is more than half of all there is."
    )


class HoldOut(Answer):
    """A call that is kept, whatever the rule."""

    id: int
    title: str
    held_at: datetime
    hold_since: datetime
    hold_by: str


class RunsOut(Answer):
    """What became of the rule, the latest first."""

    items: list[RunOut]
    next: str | None = Field(description="The cursor for going on; null at the end.")
    waiting: bool = Field(description="A run is asked for and has not begun.")
    remains: int = Field(description="Recordings that could not be taken out of the store yet.")
    trouble: str | None = Field(description="Why not; it is tried again every ten minutes.")
