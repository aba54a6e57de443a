"""The shapes of remines, as in `api.schemas`."""

from datetime import datetime

from pydantic import Field

from api.schemas import Answer, Body, Moment, Name
from insights.insight import Kind
from insights.remines.remine import RemineState


class NewRemine(Body):
    """Which old calls are to be mined again, and what is to be looked for; all where nothing is
    said."""

    since: Moment | None = Field(None, description="Calls held at or after.")
    company: Name | None = Field(None, examples=["Plumbline"])
    kind: Kind | None = None
    dry_run: bool = Field(False, description="Only look: this remine is never applied.")


class RemineExample(Answer):
    """One insight that appears or disappears."""

    appears: bool
    quote: str = Field(examples=["we'd rather stay with Attrivo"])
    turn: int
    call_id: int
    call_title: str


class RemineChange(Answer):
    """What happens to the insights of one label."""

    kind: Kind
    label: str = Field(examples=["Attrivo"])
    appears: int
    disappears: int
    calls: int = Field(description="Calls with such an insight.")
    examples: list[RemineExample] = Field(description="Of each way a few, the latest calls' first.")


class RemineCall(Answer):
    """A call in which something appears or disappears."""

    id: int
    title: str
    held_at: datetime
    appears: int
    disappears: int


class RemineFailure(Answer):
    """A call that could not be mined again."""

    call_id: int
    failure: str


class RemineLine(Answer):
    """A remine and how far it is, in calls and in insights."""

    id: int
    state: RemineState = Field(
        description="`looked` waits to be applied; a dry run ends there.", examples=["looked"]
    )
    asked_by: str
    created_at: datetime
    since: datetime | None
    company: str | None
    kind: Kind | None
    dry_run: bool
    calls: int
    waiting: int = Field(description="Calls not yet looked at.")
    looked: int = Field(description="Calls looked at and not applied.")
    applied: int
    skipped: int = Field(description="Calls on their way to be mined as they are.")
    failed: int
    appears: int = Field(description="Insights that are new.")
    disappears: int = Field(description="Insights not found any more.")
    stays: int = Field(description="Insights found again, or reviewed by a person.")


class RemineOut(RemineLine):
    """A remine with what appears and disappears, as far as it has looked; once applied, with what
    did."""

    changes: list[RemineChange]
    calls_changed: int
    changed_calls: list[RemineCall] = Field(description="The latest of them.")
    failures: list[RemineFailure] = Field(description="The first of them.")
