"""What several routes take from the address."""

from typing import Annotated

from fastapi import Depends, Path, Query
from pydantic import AwareDatetime

from api.auth import needs
from api.schemas import BIGINT, INTEGER, Text
from api.users import Right, User

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
