"""Log in through the company's OpenID provider, where one is set."""

import secrets
from datetime import timedelta
from hmac import compare_digest
from typing import Annotated
from urllib.parse import quote, unquote

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from api import auth
from api.context import Context, Here
from api.logins import by_provider
from api.logins.invitation import base
from api.logins.vouched import NotVouched, ProviderAway
from api.pages.login import logged_in, login_page, ours
from ingest.base.errors import NotFound

router = APIRouter(prefix="/login/provider")

COOKIE = "earshot_provider"
"""What this log-in is known by, and where it leads: the secret, and the address in percents."""

LONGEST_ADDRESS = 3000  # a cookie holds 4,096 bytes
TIME_TO_LOG_IN = timedelta(minutes=10)
SESSION = timedelta(hours=12)
"""Shorter than others: who leaves the company, or changes role, is asked for again by then."""

Part = Annotated[str, Query(max_length=4000)]


@router.get("")
def begin(request: Request, here: Here, next: str = "/") -> Response:
    """On to the provider's log-in page."""
    if here.provider is None:
        raise _no_provider()
    secret = secrets.token_urlsafe(32)
    try:
        address = here.provider.begin(secret, _back(request, here))
    except ProviderAway as error:
        return login_page(here, error, next=next)
    response = RedirectResponse(address, 303)
    to = quote(ours(next), safe="")
    kept = f"{secret}:{to if len(to) <= LONGEST_ADDRESS else quote('/')}"
    auth.set_cookie(response, request, kept, name=COOKIE, lasting=TIME_TO_LOG_IN)
    return response


@router.get("/callback")
def finish(
    request: Request, here: Here, code: Part = "", state: Part = "", error: Part = ""
) -> Response:
    """Back from the provider: log the browser in that set out."""
    if here.provider is None:
        raise _no_provider()
    secret, _, kept = request.cookies.get(COOKIE, "").partition(":")
    to = ours(unquote(kept) or "/")
    try:
        session = _session(request, here, (secret, code), state, error)
    except (NotVouched, ProviderAway) as wrong:
        response = login_page(here, wrong, next=to)
    else:
        response = logged_in(request, here, session, to, lasting=SESSION)
    auth.clear_cookie(response, COOKIE)  # each log-in begins anew
    return response


def _session(
    request: Request, here: Context, secret_and_code: tuple[str, str], state: str, error: str
) -> str:
    """The new session's secret. Raises NotVouched, ProviderAway."""
    from api.logins.provider import asked

    secret, code = secret_and_code
    provider = here.provider
    assert provider is not None, "the route looked"
    expected = asked(secret).state
    if not secret or not compare_digest(expected.encode(), state.encode()):
        raise NotVouched("This log-in was not begun here, or too long ago: log in once more.")
    if error or not code:
        raise NotVouched(f"{provider.name} did not let you in: log in once more, or ask there.")
    vouched = provider.finish(secret, code, _back(request, here))
    with here.pool.connection() as conn:
        user = by_provider.user_of(conn, vouched, provider.name)
        return auth.open_session(conn, user, auth.browser_of(request), SESSION)


def _back(request: Request, here: Context) -> str:
    """Where the provider sends the browser: it has to be named there beforehand."""
    return base(request, here.settings) + "/login/provider/callback"


def _no_provider() -> NotFound:
    return NotFound("No OpenID provider is set here: log in at /login.")
