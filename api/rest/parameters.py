"""What several routes take from the address."""

from typing import Annotated

from fastapi import Depends, Path, Query
from pydantic import AwareDatetime

from api.auth import needs
from api.schemas import BIGINT, Text
from api.users import Right, User

Id = Annotated[int, Path(ge=1, le=BIGINT)]
Reader = Annotated[User, Depends(needs(Right.READ))]
Reviewer = Annotated[User, Depends(needs(Right.REVIEW))]
Words = Annotated[Text | None, Query()]
Time = Annotated[
    AwareDatetime | None,
    Query(examples=["2026-10-12T00:00:00Z"], description="ISO 8601 with its zone."),
]
