"""API tokens, and who is asking."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from api import queries
from api.auth import create_token, create_user, needs
from api.context import Here
from api.idempotency.once import shown_once
from api.rest.lists import Paged
from api.rest.parameters import Id, Reader
from api.schemas import Me, NewToken, Page, TokenMade, TokenOut
from api.users import Right, User
from ingest.base.errors import Refused

router = APIRouter(tags=["Access"])
Keeper = Annotated[User, Depends(needs(Right.TOKENS))]


class RoleDiffers(Refused):
    """A token for a user whose role is another one."""

    code = "role-differs"
    status = 409


@router.get("/me")
def me(user: Reader) -> Me:
    """Who you are, and what you may do."""
    may: list[str] = [right for right in Right if user.may(right)]
    return Me(id=user.id, name=user.name, role=user.role, rep=user.rep, may=may)


@router.get("/tokens")
def list_tokens(here: Here, paged: Paged, _: Keeper) -> Page[TokenOut]:
    """Every token that works, the newest first."""
    with here.pool.connection() as conn:
        tokens = queries.list_tokens(conn)
    return paged.page([TokenOut.model_validate(token) for token in tokens])


@router.post("/tokens", status_code=201, dependencies=[Depends(shown_once)])
def make_token(here: Here, response: Response, _: Keeper, wanted: NewToken) -> TokenMade:
    """Make a token: its secret is in this answer only. A user not known yet is made."""
    name = wanted.user or wanted.name
    with here.pool.connection() as conn:
        known = queries.user_named(conn, name)
        if known and known.role is not wanted.role:
            raise RoleDiffers(
                f"{known.name} has the role {known.role}: ask for that, or name another user."
            )
        user = known or create_user(conn, name, wanted.role)
        secret, token = create_token(conn, user, wanted.name)
    response.headers["Location"] = f"/v1/tokens/{token.id}"
    return TokenMade(**TokenOut.model_validate(token).model_dump(), token=secret)


@router.delete("/tokens/{token_id}", status_code=204)
def revoke_token(here: Here, _: Keeper, token_id: Id) -> None:
    """End a token at once."""
    with here.pool.connection() as conn:
        queries.revoke_token(conn, token_id, datetime.now(UTC))
