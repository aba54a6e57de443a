"""What was said, found by its words or by what it means."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from api.context import Here
from api.rest.lists import BadCursor, Cursor, decode, next_cursor
from api.rest.parameters import Reader, Reviewed, Sureness, Time, Words
from api.rest.tabular import ANSWERS, Format, respond
from api.schemas import Text
from api.search_schemas import FoundCallOut, SearchOut, to_csv
from api.veil import is_veiled
from ingest.base.db import Connection
from insights.insight import Kind
from insights.search import queries
from insights.search.meaning import queries as meanings
from insights.search.search import Among, By, Found, Place

router = APIRouter(tags=["Search"])

Limit = Annotated[int, Query(ge=1, le=50, description="Calls a page.")]


def among(
    company: Words = None,
    account: Words = None,
    segment: Words = None,
    stage: Words = None,
    rep: Words = None,
    lead_source: Words = None,
    campaign: Words = None,
    since: Time = None,
    until: Time = None,
    kind: Annotated[Kind | None, Query(description="Only in quotes of this kind.")] = None,
    label: Annotated[Words, Query(description="Only in quotes with this label.")] = None,
    min_confidence: Annotated[
        Sureness, Query(description="Only in quotes so sure or surer.")
    ] = None,
    review: Annotated[Reviewed, Query(description="Only in quotes so reviewed.")] = None,
) -> Among:
    """Which calls are meant; names match case aside, `since` ≤ held < `until`."""
    return Among(
        *(company, account, segment, stage, rep, lead_source, campaign),
        *(since, until, kind, label, min_confidence, review),
    )


@router.get("/search", response_model=SearchOut, responses=ANSWERS)
def search(
    request: Request,
    response: Response,
    here: Here,
    user: Reader,
    q: Annotated[Text, Query(examples=['"too expensive" -hardware'])],
    among: Annotated[Among, Depends(among)],
    by: Annotated[By, Query(description="What is looked for.")] = By.WORDS,
    limit: Limit = 20,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """By words: the calls in which they are said, each with its best passages: all words of `q` in
    one turn, a `"phrase"` word by word, `this or that`, `-without`. Words are found in their other
    forms (price, prices, pricing), and ones like “the” only in a phrase.

    Those first in which it is said most; of words in more than a thousand turns, the latest calls
    first. What a person rejected is no quote. Turns in which something is masked for you are not
    found.

    By meaning: of all turns of four words or more the 50 that come nearest to what `q` says, in
    whatever words, and by call those first that come nearest; none that is far from it. The list
    ends there: its `next` is null, and it takes no cursor. What is masked for some is not looked
    through. Where PostgreSQL lacks pgvector the answer is a 501 that says what to do.

    As CSV by `Accept: text/csv` or `format=csv`, a row a passage.
    """
    after = decode(cursor, Place)
    with here.pool.connection() as conn:
        found = find(conn, by, q, among, after, limit, veiled=is_veiled(here, user))
    answer = SearchOut(
        items=[FoundCallOut.model_validate(call) for call in found.calls],
        next=next_cursor(request, response, found.more),
        order=found.order,
        in_calls=found.in_calls,
        in_turns=found.in_turns,
    )
    return respond(request, answer, to_csv, "search", format, response.headers)


def find(
    conn: Connection,
    by: By,
    sought: str,
    among: Among,
    after: Place | None,
    limit: int,
    *,
    veiled: bool,
) -> Found:
    """What was found, either way."""
    if by is By.WORDS:
        return queries.find(conn, sought, among, after, limit, veiled=veiled)
    if after:
        raise BadCursor("By meaning there is but one page: ask without the cursor.")
    return meanings.find(conn, sought, among, limit, veiled=veiled)
