"""Who is asking, and may they: API tokens for programs, a session cookie for pages.

Secrets are 256 random bits, so a plain SHA-256 keeps them safe; they are looked up by that hash,
so that no comparison's timing tells anything of a secret.
"""

import hashlib
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from fastapi import Request, Response

from api import queries
from api.context import Context, Here, context
from api.own import enter
from api.users import Right, Role, Token, User
from ingest.base.db import Connection
from ingest.base.errors import EarshotError, Refused

TOKEN_PREFIX = "esk_"  # noqa: S105 - lets secret scanners know an Earshot token by sight
COOKIE = "earshot_session"
SESSION = timedelta(days=30)
LINK = timedelta(minutes=15)
INVITATION = timedelta(days=3)  # of a link that an admin hands to somebody else
LONGEST_BROWSER = 300
STALE = "This link was used or is too old: ask an admin for one, or make it with `earshot login`."
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class NotLoggedIn(EarshotError):
    """No token or session, or one that no longer serves."""

    code = "not-logged-in"
    status = 401


class NotAllowed(EarshotError):
    """The asker is known and may not do this."""

    code = "not-allowed"
    status = 403


class BadRep(Refused):
    """A rep that a user cannot be bound to."""

    code = "bad-rep"


def digest(secret: str) -> bytes:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).digest()


def needs(right: Right) -> Callable[[Request, Here], User]:
    """A dependency: the user who asks, refused without this right."""

    def user_with_right(request: Request, here: Here) -> User:
        user = viewer(request, here)
        if not user.may(right):
            if user.rep is not None:
                raise NotAllowed(
                    f"You see your own calls alone, so you may not {right}: ask an admin to do it."
                )
            raise NotAllowed(f"Your role, {user.role}, may not {right}: ask an admin to do it.")
        return user

    user_with_right.__dict__["right"] = right  # read by the test of every route × role
    return user_with_right


def viewer(request: Request, here: Here) -> User:
    """The user who asks, whose requests are counted; NotLoggedIn, and TooMany."""
    user = identify(request, here)
    if user.rep is not None:
        enter(request, here.pool, user.rep)
    if request.url.path.startswith("/v1/"):
        here.limiter.count(request, digest(_secret(request)))
    return user


def _secret(request: Request) -> str:
    """The bearer token, or else the session cookie; empty without."""
    header = request.headers.get("authorization")
    if header is None:
        return request.cookies.get(COOKIE, "")
    scheme, _, secret = header.partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else ""


def identify(request: Request, here: Context) -> User:
    """The user who asks, by bearer token or else by session cookie; NotLoggedIn without."""
    secret = _secret(request)
    user, now = None, datetime.now(UTC)
    if secret and "authorization" in request.headers:
        with here.pool.connection() as conn:
            user = queries.user_by_token(conn, digest(secret), now)
    elif secret:
        check_same_origin(request)
        with here.pool.connection() as conn:
            user = queries.user_by_session(conn, digest(secret), now)
    if user is None:
        raise NotLoggedIn(
            "Log in with `earshot login`, or send a token that is not revoked as"
            " “Authorization: Bearer esk_…”."
        )
    return user


def check_same_origin(request: Request) -> None:
    """Refuse a change that another site's page makes a logged-in browser ask for."""
    if request.method in SAFE_METHODS:
        return
    site = request.headers.get("sec-fetch-site")
    _, _, origin = request.headers.get("origin", "").partition("://")
    ours = origin == request.headers.get("host")
    if not (site == "same-origin" if site else ours):
        raise NotAllowed("This change was asked for by another site's page: do it on Earshot's.")


def create_user(conn: Connection, name: str, role: Role, rep: str | None = None) -> User:
    """The user of this name, with this role, bound to a rep where one is named; who is bound
    already stays so. Raises BadRep."""
    if rep is not None and role is not Role.SALES:
        raise BadRep(f"Only sales users are bound to a rep: leave out the rep, or the role {role}.")
    user = queries.put_user(conn, name, role)
    return user if rep is None else bind_user(conn, user.name, rep)


def bind_user(conn: Connection, name: str, rep: str | None) -> User:
    """Have a user see one rep's calls alone, or all again. Raises BadRep, NotFound."""
    if rep is None:
        return queries.bind_user(conn, name, None)
    known = queries.user_named(conn, name)
    if known and known.role is not Role.SALES:
        raise BadRep(
            f"{known.name} has the role {known.role}: only sales users are bound to a rep."
        )
    if not rep.strip():
        raise BadRep("Say whose calls they see: the rep's name, as calls have it.")
    return queries.bind_user(conn, name, rep.strip())


def create_token(conn: Connection, user: User, name: str) -> tuple[str, Token]:
    """A new token for a user: its secret, to be shown once, and its entry in the list."""
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    return secret, queries.add_token(conn, user.id, name, digest(secret))


def login_link(conn: Connection, user: User, lasting: timedelta = LINK) -> str:
    """The secret of a link `/login/{secret}` that logs a browser in once, and soon."""
    secret = secrets.token_urlsafe(32)
    queries.add_login_link(conn, user.id, digest(secret), datetime.now(UTC) + lasting)
    return secret


def link_owner(conn: Connection, secret: str) -> User | None:
    """Whom a link would log in, without using it up (mail programs open links to preview them)."""
    return queries.user_by_login_link(conn, digest(secret), datetime.now(UTC))


def log_in(conn: Connection, secret: str, browser: str = "") -> tuple[str, User]:
    """Use a link up: the new session's secret for the cookie, and who is logged in."""
    now = datetime.now(UTC)
    user = queries.use_login_link(conn, digest(secret), now)
    if user is None:
        raise NotLoggedIn(STALE)
    return open_session(conn, user, browser), user


def log_in_by_token(conn: Connection, secret: str, browser: str = "") -> tuple[str, User]:
    """The same for someone who pastes an API token."""
    now = datetime.now(UTC)
    user = queries.user_by_token(conn, digest(secret), now)
    if user is None:
        raise NotLoggedIn("No such token, or it was revoked: make one with `earshot token`.")
    return open_session(conn, user, browser, token=digest(secret)), user


def open_session(
    conn: Connection,
    user: User,
    browser: str = "",
    lasting: timedelta = SESSION,
    token: bytes | None = None,
) -> str:
    """The secret of a new session for the cookie; always a new one, so that nobody can be made
    to use one that somebody else knows."""
    session, now = secrets.token_urlsafe(32), datetime.now(UTC)
    queries.forget_expired(conn, now)
    ends = now + lasting
    queries.add_session(conn, user.id, digest(session), ends, browser[:LONGEST_BROWSER], token)
    return session


def session_of(request: Request) -> bytes:
    """By what the browser's session is known; of nothing without one."""
    return digest(request.cookies.get(COOKIE, ""))


def browser_of(request: Request) -> str:
    """The browser as it calls itself."""
    return "".join(filter(str.isprintable, request.headers.get("user-agent", "")))


def log_out(conn: Connection, request: Request) -> None:
    """End the browser's session, if it has one."""
    if cookie := request.cookies.get(COOKIE):
        queries.end_session(conn, digest(cookie))


def set_cookie(
    response: Response,
    request: Request,
    session: str,
    *,
    name: str = COOKIE,
    lasting: timedelta = SESSION,
) -> None:
    """Give the browser its session, for HTTPS only where it came by HTTPS. Behind a proxy its own
    Origin tells for sure; where it sends none, the address in the settings does."""
    public = request.headers.get("origin") or context(request).settings.url
    response.set_cookie(
        name,
        session,
        max_age=int(lasting.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https" or public.startswith("https://"),
    )


def clear_cookie(response: Response, name: str = COOKIE) -> None:
    """Take the session back."""
    response.delete_cookie(name, httponly=True, samesite="lax")
