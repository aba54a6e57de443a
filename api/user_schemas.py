"""The shapes of users, as in `api.schemas`."""

from datetime import datetime

from pydantic import Field, model_validator

from api.people import LONGEST_NAME
from api.schemas import Answer, Body, Name
from api.users import Role


class UserOut(Answer):
    """Somebody who may log in, or might."""

    id: int = Field(examples=[3])
    name: str = Field(examples=["Ana Ruiz"])
    role: Role
    created_at: datetime
    disabled_at: datetime | None = Field(description="Since when neither log-in nor token serves.")
    has_password: bool
    provider: str | None = Field(
        description="The OpenID provider that lets them in, which says their role too.",
        examples=["id.example.com"],
    )
    rep: str | None = Field(description="Whose calls they see; null for all.")


class NewUser(Body):
    """Who is to be let in."""

    name: Name = Field(description=f"At most {LONGEST_NAME} characters.", examples=["Ana Ruiz"])
    role: Role


class UserChange(Body):
    """What is to be changed; the rest stays."""

    role: Role | None = None
    disabled: bool | None = Field(
        None, description="true ends their sessions and lets them in no more; false does again."
    )

    @model_validator(mode="before")
    @classmethod
    def _nothing_is_taken_away(cls, given: object) -> object:
        if isinstance(given, dict) and None in given.values():
            raise ValueError("a user can be without none of these: leave out what stays")
        return given


class LinkMade(Answer):
    """A way in that works once."""

    link: str = Field(
        description="Shown in this answer only; serves once, within three days.",
        examples=["https://earshot.example.com/login/…"],
    )


class UserMade(UserOut, LinkMade):
    """A new user, with the link by which they log in first and choose a password."""
