"""Log-ins by name and password, and how a password is set and changed."""

from fastapi import Request

from api import auth, passwords
from api.context import Context
from api.logins import queries
from api.people import NoPasswordOfOurs, clean_name
from api.users import User
from ingest.base.db import Connection
from ingest.base.errors import Refused

WRONG = "The name or the password is wrong."


def log_in(request: Request, here: Context, name: str, password: str) -> str:
    """The secret of a new session. Raises TooManyAttempts, and NotLoggedIn, which neither by its
    words nor by its time tells whether there is such a user."""
    try:
        plain = clean_name(name)
    except Refused:
        plain = ""
    here.attempts.count(request, plain)
    with here.pool.connection() as conn:
        found = queries.password_of(conn, plain)
    user, kept = found or (None, None)
    fits = passwords.fits(kept, password)
    if user is None or kept is None or not fits:
        raise auth.NotLoggedIn(WRONG)
    here.attempts.forget(plain)
    renewed = passwords.make_hash(password, "") if passwords.outdated(kept) else None
    with here.pool.connection() as conn:
        if renewed:
            queries.set_password(conn, user.id, renewed)
        return auth.open_session(conn, user, auth.browser_of(request))


def log_in_by_link(request: Request, here: Context, secret: str, password: str) -> str:
    """Use a link up, and keep the password where one was chosen, which ends all other sessions.
    Raises NotLoggedIn, BadPassword: then the link still serves."""
    with here.pool.connection() as conn:
        owner = auth.link_owner(conn, secret)
    hashed = passwords.make_hash(password, owner.name) if owner and password else None
    with here.pool.connection() as conn:
        session, user = auth.log_in(conn, secret, auth.browser_of(request))
        if hashed:
            _keep(conn, user, hashed, auth.digest(session))
    return session


def change(request: Request, here: Context, user: User, present: str, wanted: str) -> None:
    """Change a user's own password, or set the first one; their other sessions end. Raises
    TooManyAttempts, BadPassword, NoPasswordOfOurs."""
    with here.pool.connection() as conn:
        found = queries.password_of(conn, user.name)
    kept = found[1] if found else None
    if kept is not None:
        here.attempts.count(request, user.name)
        if not passwords.fits(kept, present):
            raise passwords.BadPassword("The present password is another one: try again.")
        here.attempts.forget(user.name)
    hashed = passwords.make_hash(wanted, user.name)
    with here.pool.connection() as conn:
        _keep(conn, user, hashed, auth.session_of(request))


def _keep(conn: Connection, user: User, hashed: str, session: bytes) -> None:
    if issuer := queries.person(conn, user.id).provider:
        raise NoPasswordOfOurs(f"You log in through {issuer}: your password is kept there.")
    queries.set_password(conn, user.id, hashed)
    queries.end_sessions(conn, user.id, but=session)
