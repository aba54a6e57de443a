"""What changed, and why we believe it: the first page of whoever has ten minutes."""

from datetime import UTC, datetime

from fastapi import APIRouter, Response

from api.context import Here
from api.pages.calls import Filter, calls_page
from api.pages.letters.letter import edition_path, letter, movement_path
from api.pages.queries import tally
from api.pages.site import page
from api.rest.parameters import Reader
from api.subscriptions.subscription import usual_audience
from api.veil import shown_quotes
from insights.digest import Week
from insights.digests import make
from insights.digests.edition import READS_FIRST
from insights.digests.queries import last_week_heard, mentions_of, week_numbers

router = APIRouter()


@router.get("/")
def overview(here: Here, user: Reader) -> Response:
    """The last whole week with calls, told as the reader's digest is; before the first call, the
    page on which recordings are brought."""
    now = datetime.now(UTC)
    with here.pool.connection() as conn:
        known = tally(conn)
        week = last_week_heard(conn, Week.of(now)) or last_week_heard(conn)
        if week:
            edition = make.edition(conn, week, usual_audience(user.role), now)
            quotes = shown_quotes(here, user, conn, mentions_of(conn, edition.quotes))
            numbers = week_numbers(conn, week)
    if week is None:
        return calls_page(here, user, Filter())
    told = letter(edition, quotes, "")
    first = edition.movements[0] if edition.movements else None
    reads_first = READS_FIRST[edition.audience][0].value
    return page(
        "overview.html",
        user,
        letter=told,
        evidence=movement_path(first, week) if first else f"/trends?kind={reads_first}",
        quotes=quotes,
        digest=numbers,
        tally=known,
        page=edition_path(edition),
    )
