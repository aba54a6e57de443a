"""What a person sees when something is not there, not allowed, or broken."""

from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from api.errors import Problem
from api.pages.site import page

TITLES = {
    "not-found": "There is nothing here",
    "not-allowed": "Your role may not do this",
    "internal": "Earshot failed at this",
    "unavailable": "Earshot is not ready just now",
}
"""Where a page says it otherwise than the API."""


def error_page(request: Request, problem: Problem) -> Response:
    """The page for a problem; for someone not logged in, the way to the log-in and back."""
    if problem.status == 401 and request.url.path != "/login":
        here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        back = f"?next={quote(here)}" if request.method == "GET" and here != "/" else ""
        return RedirectResponse(f"/login{back}", 303)
    code = problem.type.rpartition("/")[2]
    title = TITLES.get(code, problem.title)
    detail = problem.detail
    if problem.status == 404 and detail.endswith("see /v1/openapi.json for what is."):
        detail = f"No page has the address {request.url.path}."
    return page(
        "error.html", None, problem.status, title=title, detail=detail, problem=problem, code=code
    )
