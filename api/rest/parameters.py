"""What several routes take from the address."""

from typing import Annotated, Any

from fastapi import Depends, Path, Query
from pydantic import AwareDatetime, BeforeValidator, Field

from api.auth import needs
from api.schemas import BIGINT, INTEGER, Text
from api.users import Right, User
from insights.insight import Review


def _given(value: Any) -> Any:
    """An empty field of a form asks for nothing."""
    return None if value == "" else value


Id = Annotated[int, Path(ge=1, le=BIGINT)]
Turn = Annotated[int, Path(ge=0, le=INTEGER)]
Reader = Annotated[User, Depends(needs(Right.READ))]
Bringer = Annotated[User, Depends(needs(Right.BRING))]
Reviewer = Annotated[User, Depends(needs(Right.REVIEW))]
Themer = Annotated[User, Depends(needs(Right.THEMES))]
Words = Annotated[Text | None, Query()]
Time = Annotated[
    AwareDatetime | None,
    Query(examples=["2026-10-12T00:00:00Z"], description="ISO 8601 with its zone."),
]
Sureness = Annotated[
    Annotated[float, Field(ge=0, le=1)] | None,
    BeforeValidator(_given),
    Query(description="Only mentions of this confidence or more count."),
]
Reviewed = Annotated[
    Review | None,
    BeforeValidator(_given),
    Query(description="Only mentions so reviewed count; else all that were not rejected."),
]
