"""Users: who may log in, and as what."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api.auth import needs
from api.context import Here
from api.idempotency.once import shown_once
from api.logins import queries
from api.logins.invitation import invitation
from api.people import clean_name
from api.rest.lists import Paged
from api.rest.parameters import Id
from api.schemas import Page
from api.user_schemas import LinkMade, NewUser, UserChange, UserMade, UserOut
from api.users import Right, User

router = APIRouter(prefix="/users", tags=["Access"])
Keeper = Annotated[User, Depends(needs(Right.USERS))]


@router.get("")
def list_users(here: Here, paged: Paged, _: Keeper) -> Page[UserOut]:
    """Everybody, by name."""
    with here.pool.connection() as conn:
        found = queries.people(conn)
    return paged.page([UserOut.model_validate(each) for each in found])


@router.post("", status_code=201, dependencies=[Depends(shown_once)])
def make_user(
    request: Request, here: Here, response: Response, _: Keeper, wanted: NewUser
) -> UserMade:
    """Let somebody in: hand them the link, by which they log in first and choose a password."""
    with here.pool.connection() as conn:
        made = queries.add_person(conn, clean_name(wanted.name), wanted.role)
        link = invitation(conn, request, here.settings, made)
    response.headers["Location"] = f"/v1/users/{made.id}"
    return UserMade(**UserOut.model_validate(made).model_dump(), link=link)


@router.patch("/{user_id}")
def change_user(here: Here, _: Keeper, user_id: Id, change: UserChange) -> UserOut:
    """Give somebody another role, let them in no more, or again."""
    with here.pool.connection() as conn:
        if change.role:
            queries.set_role(conn, user_id, change.role)
        if change.disabled:
            queries.disable(conn, user_id, datetime.now(UTC))
        elif change.disabled is False:
            queries.enable(conn, user_id)
        return UserOut.model_validate(queries.person(conn, user_id))


@router.post("/{user_id}/link", status_code=201, dependencies=[Depends(shown_once)])
def make_link(request: Request, here: Here, _: Keeper, user_id: Id) -> LinkMade:
    """A link that logs somebody in once, and lets them choose a new password."""
    with here.pool.connection() as conn:
        person = queries.person(conn, user_id)
        return LinkMade(link=invitation(conn, request, here.settings, person))
