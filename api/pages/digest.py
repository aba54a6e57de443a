"""The week's digest: as a page, as Markdown and as one HTML file that needs nothing else."""

from dataclasses import replace
from datetime import UTC, datetime

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse
from markupsafe import Markup

from api.context import Context, Here
from api.pages.site import STATIC, page, render
from api.rest.parameters import Reader
from api.users import User
from api.veil import shown_quotes
from insights.digest import Digest, Week, build, to_markdown
from insights.digests.queries import digest_rows, last_week_heard

router = APIRouter()


@router.get("/digest")
def digest_page(here: Here, user: Reader, week: str = "") -> Response:
    """A week; the latest with calls where none is named."""
    digest, latest = _digest(here, user, week)
    this_week = Week.of(datetime.now(UTC))
    return page("digest.html", user, digest=digest, latest=latest, this_week=this_week, base_url="")


@router.get("/digest.md")
def digest_markdown(request: Request, here: Here, user: Reader, week: str = "") -> Response:
    """The same for a chat, a wiki or a mail."""
    digest, _latest = _digest(here, user, week)
    text = to_markdown(digest, _base_url(request, here))
    return PlainTextResponse(text, media_type="text/markdown; charset=utf-8")


@router.get("/digest.html")
def digest_file(request: Request, here: Here, user: Reader, week: str = "") -> Response:
    """The same as one file. Sent to be kept, as its style lies within it."""
    digest, _latest = _digest(here, user, week)
    name = f'attachment; filename="earshot-{digest.week}.html"'
    text = to_html(digest, _base_url(request, here))
    return HTMLResponse(text, headers={"Content-Disposition": name})


def to_html(digest: Digest, base_url: str = "") -> str:
    """The digest as one HTML file with its style within; its links begin with `base_url`."""
    style = Markup((STATIC / "earshot.css").read_text())  # noqa: S704 - our own file
    return render("digest_file.html", digest=digest, base_url=base_url.rstrip("/"), style=style)


def _digest(here: Context, user: User, week: str) -> tuple[Digest, Week | None]:
    """The week asked for, and the latest with calls in it."""
    with here.pool.connection() as conn:
        latest = last_week_heard(conn)
        asked = Week.parse(week) if week else latest or Week.of(datetime.now(UTC))
        rows = digest_rows(conn, asked)
        mentions = tuple(shown_quotes(here, user, conn, rows.mentions))
        return build(replace(rows, mentions=mentions), asked), latest


def _base_url(request: Request, here: Context) -> str:
    return (here.settings.url or str(request.base_url)).rstrip("/")
