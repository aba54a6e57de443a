"""The shapes of edits of a transcript's words."""

from typing import Annotated

from pydantic import AfterValidator, Field

from api.schemas import Body, EditOut, TurnOut, plain
from transcribe.edits.rules import LONGEST_TURN

Spoken = Annotated[str, Field(max_length=LONGEST_TURN), AfterValidator(plain)]


class TurnEdit(Body):
    """A turn's words put right."""

    text: Spoken = Field(examples=["Honestly, that's twice what we pay today."])
    seen: Spoken | None = Field(
        None, description="The text that you saw: where it is another by now, you are told."
    )


class EditedTurn(TurnOut):
    """A turn as it reads now."""

    edit: EditOut | None = Field(description="Null where it is as it was heard.")
