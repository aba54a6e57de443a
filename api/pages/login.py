"""Log in by a token or by a link that works once, and log out."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from api import auth
from api.context import Here
from api.pages.site import page

router = APIRouter()


@router.get("/login")
def form(next: str = "/") -> Response:
    """Ask for a token."""
    return page("login.html", None, name="", wrong="", next=_ours(next))


@router.post("/login")
def log_in_by_token(
    request: Request,
    here: Here,
    token: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "/",
) -> Response:
    """Log the browser in as the token's user."""
    auth.check_same_origin(request)
    try:
        with here.pool.connection() as conn:
            session, _ = auth.log_in_by_token(conn, token.strip())
    except auth.NotLoggedIn as error:
        return page("login.html", None, 401, name="", wrong=str(error), next=_ours(next))
    return _logged_in(request, session, _ours(next))


@router.get("/login/{secret}")
def ask(here: Here, secret: str) -> Response:
    """Show whom the link logs in; only the button uses it up, as mail programs open links."""
    with here.pool.connection() as conn:
        owner = auth.link_owner(conn, secret)
    if owner is None:
        return page("login.html", None, 401, name="", wrong=_STALE, next="/")
    return page("login.html", None, name=owner.name, wrong="", next="/")


@router.post("/login/{secret}")
def log_in_by_link(request: Request, here: Here, secret: str) -> Response:
    """Use the link up and log the browser in."""
    auth.check_same_origin(request)
    try:
        with here.pool.connection() as conn:
            session, _ = auth.log_in(conn, secret)
    except auth.NotLoggedIn as error:
        return page("login.html", None, 401, name="", wrong=str(error), next="/")
    return _logged_in(request, session, "/")


@router.post("/logout")
def log_out(request: Request, here: Here) -> Response:
    """End the session."""
    auth.check_same_origin(request)
    with here.pool.connection() as conn:
        auth.log_out(conn, request)
    response = RedirectResponse("/login", 303)
    auth.clear_cookie(response)
    return response


_STALE = "This link was used or is too old: make one with `earshot login`."


def _logged_in(request: Request, session: str, to: str) -> Response:
    response = RedirectResponse(to, 303)
    auth.set_cookie(response, request, session)
    return response


def _ours(address: str) -> str:
    """An address on this site: one that leads elsewhere becomes the first page."""
    plain = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if plain and address.isprintable() else "/"
