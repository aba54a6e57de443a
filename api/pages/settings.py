"""Settings: one's own password and browsers; for admins who may log in, and API tokens."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from api import queries as access
from api.auth import create_token, create_user, needs, session_of
from api.context import Context, Here
from api.logins import by_password, queries
from api.logins.invitation import invitation
from api.pages.keeping import keeping
from api.pages.site import page
from api.passwords import LONGEST, SHORTEST
from api.people import Person, clean_name
from api.rest.parameters import Id, Reader
from api.rest.tokens import RoleDiffers
from api.users import Right, Role, User
from ingest.base.db import Connection
from ingest.base.errors import EarshotError
from ingest.retention.rule import Rule
from insights.digest import count_words

router = APIRouter(prefix="/settings")
KeepsUsers = Annotated[User, Depends(needs(Right.USERS))]
KeepsTokens = Annotated[User, Depends(needs(Right.TOKENS))]
Field = Annotated[str, Form()]
RoleField = Annotated[Role, Form()]


@dataclass(frozen=True, slots=True)
class Told:
    """What became of what was asked, at the head of the section that it belongs to."""

    where: str = ""
    done: str = ""
    wrong: EarshotError | None = None
    secret: str = ""  # a link or a token, shown this once
    name: str = ""  # as it was typed, where it was refused


NOTHING = Told()


@router.get("")
def settings_page(request: Request, here: Here, user: Reader) -> Response:
    """One's own log-in, and for admins everybody's."""
    return settings(request, here, user)


@router.get("/users")
@router.get("/tokens")
@router.get("/password")
def go_to_settings(_: Reader) -> Response:
    """Where a page that answered a form is loaded once more."""
    return RedirectResponse("/settings", 303)


@router.post("/password")
def change_password(
    request: Request, here: Here, user: Reader, wanted: Field = "", present: Field = ""
) -> Response:
    """Change one's own password; all other browsers are logged out."""
    try:
        by_password.change(request, here, user, present, wanted)
    except EarshotError as error:
        return settings(request, here, user, Told("you", wrong=error))
    done = "Your password is changed. Other browsers of yours are logged out."
    return settings(request, here, user, Told("you", done))


@router.post("/sessions")
def end_others(request: Request, here: Here, user: Reader) -> Response:
    """Log all other browsers out."""
    with here.pool.connection() as conn:
        queries.end_sessions(conn, user.id, but=session_of(request))
    return RedirectResponse("/settings#browsers", 303)


@router.post("/users")
def add_user(
    request: Request, here: Here, user: KeepsUsers, role: RoleField, name: Field = ""
) -> Response:
    """Let somebody in: the page shows their link, this once."""
    try:
        with here.pool.connection() as conn:
            made = queries.add_person(conn, clean_name(name), role)
            link = invitation(conn, request, here.settings, made)
    except EarshotError as error:
        return settings(request, here, user, Told("users", wrong=error, name=name))
    return settings(request, here, user, Told("users", _hand_over(made), secret=link))


@router.post("/users/{user_id}/link")
def make_link(request: Request, here: Here, user: KeepsUsers, user_id: Id) -> Response:
    """A new link for somebody who has no password, or forgot it."""
    with here.pool.connection() as conn:
        person = queries.person(conn, user_id)
        link = invitation(conn, request, here.settings, person)
    return settings(request, here, user, Told("users", _hand_over(person), secret=link))


@router.post("/users/{user_id}/role")
def set_role(
    request: Request, here: Here, user: KeepsUsers, user_id: Id, role: RoleField
) -> Response:
    """Give somebody another role."""
    try:
        with here.pool.connection() as conn:
            queries.set_role(conn, user_id, role)
    except EarshotError as error:
        return settings(request, here, user, Told("users", wrong=error))
    return RedirectResponse(f"/settings#user-{user_id}", 303)


@router.post("/users/{user_id}/state")
def set_state(
    request: Request, here: Here, user: KeepsUsers, user_id: Id, disabled: Annotated[bool, Form()]
) -> Response:
    """Let somebody in no more, or again."""
    try:
        with here.pool.connection() as conn:
            if disabled:
                queries.disable(conn, user_id, datetime.now(UTC))
            else:
                queries.enable(conn, user_id)
    except EarshotError as error:
        return settings(request, here, user, Told("users", wrong=error))
    return RedirectResponse(f"/settings#user-{user_id}", 303)


@router.post("/tokens")
def add_token(
    request: Request, here: Here, user: KeepsTokens, role: RoleField, name: Field = ""
) -> Response:
    """A token for a program, which becomes a user of its own: shown this once."""
    try:
        with here.pool.connection() as conn:
            owner = _program(conn, clean_name(name), role)
            secret, _ = create_token(conn, owner, owner.name)
    except EarshotError as error:
        return settings(request, here, user, Told("tokens", wrong=error, name=name))
    done = f"The token of {owner.name}. It is shown this once: copy it now."
    return settings(request, here, user, Told("tokens", done, secret=secret))


@router.post("/tokens/{token_id}/revoke")
def revoke(here: Here, _: KeepsTokens, token_id: Id) -> Response:
    """End a token at once."""
    with here.pool.connection() as conn:
        access.revoke_token(conn, token_id, datetime.now(UTC))
    return RedirectResponse("/settings#tokens", 303)


def _program(conn: Connection, name: str, role: Role) -> User:
    """The user that a token is for; one of another role is never changed by it."""
    known = access.user_named(conn, name)
    if known and known.role is not role:
        raise RoleDiffers(f"{known.name} has the role {known.role}: choose that, or another name.")
    return known or create_user(conn, name, role)


def _hand_over(person: Person) -> str:
    return (
        f"Hand this link to {person.name}. It logs in once, within three days, and lets them"
        " choose a password. It is shown this once."
    )


def settings(
    request: Request,
    here: Context,
    user: User,
    told: Told = NOTHING,
    wanted: Rule | None = None,
) -> Response:
    """The page; `wanted` is a retention rule that somebody looks at before it is kept to."""
    now = datetime.now(UTC)
    with here.pool.connection() as conn:
        me = queries.person(conn, user.id)
        sessions = queries.sessions(conn, user.id, session_of(request), now)
        people = queries.people(conn) if user.may(Right.USERS) else []
        tokens = access.list_tokens(conn) if user.may(Right.TOKENS) else []
        kept = keeping(conn, wanted) if user.may(Right.RETAIN) else None
    return page(
        "settings.html",
        user,
        told.wrong.status if told.wrong else 200,
        answer=_answer(user, people, len(tokens)),
        me=me,
        sessions=sessions,
        people=people,
        tokens=tokens,
        keeping=kept,
        roles=list(Role),
        told=told,
        shortest=SHORTEST,
        longest=LONGEST,
    )


def _answer(user: User, people: Sequence[Person], tokens: int) -> str:
    if not user.may(Right.USERS):
        return f"You are logged in as {user.name}, {user.role}."
    may = sum(person.disabled_at is None for person in people)
    works = "1 API token works" if tokens == 1 else f"{tokens or 'no'} API tokens work"
    return f"{count_words(may, 'user')} may log in, and {works}."
