"""Log in by name and password, by a token or by a link that works once, and log out."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from api import auth
from api.attempts import TooManyAttempts
from api.context import Context, Here
from api.logins import by_password, queries
from api.pages.site import page
from api.passwords import LONGEST, SHORTEST, BadPassword
from api.people import NoPasswordOfOurs
from ingest.base.errors import EarshotError

router = APIRouter()
Field = Annotated[str, Form()]


@router.get("/login")
def form(here: Here, next: str = "/") -> Response:
    """Ask for name and password, and offer the other ways."""
    return login_page(here, next=next)


@router.post("/login")
def log_in(
    request: Request,
    here: Here,
    name: Field = "",
    password: Field = "",
    token: Field = "",
    next: Field = "/",
) -> Response:
    """Log the browser in as the user of this name, or as the token's."""
    auth.check_same_origin(request)
    try:
        if token:
            with here.pool.connection() as conn:
                browser = auth.browser_of(request)
                session, _ = auth.log_in_by_token(conn, token.strip(), browser)
        else:
            session = by_password.log_in(request, here, name, password)
    except (auth.NotLoggedIn, TooManyAttempts) as error:
        return login_page(here, error, next=next, name=name, by_token=bool(token))
    return logged_in(request, here, session, ours(next))


@router.get("/login/{secret}")
def ask(here: Here, secret: str) -> Response:
    """Show whom the link logs in; only the button uses it up, as mail programs open links."""
    return _link_page(here, secret)


@router.post("/login/{secret}")
def log_in_by_link(request: Request, here: Here, secret: str, password: Field = "") -> Response:
    """Use the link up, keep the password that was chosen, and log the browser in."""
    auth.check_same_origin(request)
    try:
        session = by_password.log_in_by_link(request, here, secret, password)
    except (auth.NotLoggedIn, BadPassword, NoPasswordOfOurs) as error:
        return _link_page(here, secret, error)
    return logged_in(request, here, session, "/")


@router.post("/logout")
def log_out(request: Request, here: Here) -> Response:
    """End the session."""
    auth.check_same_origin(request)
    with here.pool.connection() as conn:
        auth.log_out(conn, request)
    response = RedirectResponse("/login", 303)
    auth.clear_cookie(response)
    return response


def login_page(
    here: Context,
    wrong: EarshotError | None = None,
    *,
    next: str = "/",
    name: str = "",
    by_token: bool = False,
) -> Response:
    """Every way in, and why the last one failed."""
    return page(
        "login.html",
        None,
        wrong.status if wrong else 200,
        wrong=str(wrong or ""),
        next=ours(next),
        name=name,
        by_token=by_token,
        provider=here.provider.name if here.provider else "",
    )


def logged_in(
    request: Request, here: Context, session: str, to: str, **cookie: Any
) -> RedirectResponse:
    """On to the page that was asked for, with the new session in place of the browser's old one."""
    with here.pool.connection() as conn:
        auth.log_out(conn, request)
    response = RedirectResponse(to, 303)
    auth.set_cookie(response, request, session, **cookie)
    return response


def ours(address: str) -> str:
    """An address on this site: one that leads elsewhere becomes the first page."""
    plain = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if plain and address.isprintable() else "/"


def _link_page(here: Context, secret: str, wrong: EarshotError | None = None) -> Response:
    with here.pool.connection() as conn:
        owner = auth.link_owner(conn, secret)
        person = queries.person(conn, owner.id) if owner else None
    if person is None:
        return login_page(here, auth.NotLoggedIn(auth.STALE))
    return page(
        "link.html",
        None,
        wrong.status if wrong else 200,
        person=person,
        wrong=str(wrong or ""),
        shortest=SHORTEST,
        longest=LONGEST,
    )
