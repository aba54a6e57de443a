"""Words and phrases found in what was said."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from api.context import Here
from api.rest.lists import Cursor, decode, next_cursor
from api.rest.parameters import Reader, Time, Words
from api.schemas import Text
from api.search_schemas import FoundCallOut, SearchOut
from api.veil import is_veiled
from insights.insight import Kind
from insights.search import queries
from insights.search.search import Among, Place

router = APIRouter(tags=["Search"])

Limit = Annotated[int, Query(ge=1, le=50, description="Calls a page.")]


def among(
    company: Words = None,
    account: Words = None,
    segment: Words = None,
    stage: Words = None,
    rep: Words = None,
    since: Time = None,
    until: Time = None,
    kind: Annotated[Kind | None, Query(description="Only in quotes of this kind.")] = None,
    label: Annotated[Words, Query(description="Only in quotes with this label.")] = None,
) -> Among:
    """Which calls are meant; names match case aside, `since` ≤ held < `until`."""
    return Among(company, account, segment, stage, rep, since, until, kind, label)


@router.get("/search")
def search(
    request: Request,
    response: Response,
    here: Here,
    user: Reader,
    q: Annotated[Text, Query(examples=['"too expensive" -hardware'])],
    among: Annotated[Among, Depends(among)],
    limit: Limit = 20,
    cursor: Cursor = None,
) -> SearchOut:
    """The calls in which words are said, each with its best passages: all words of `q` in one turn,
    a `"phrase"` word by word, `this or that`, `-without`. Words are found in their other forms
    (price, prices, pricing), and ones like “the” only in a phrase.

    Those first in which it is said most; of words in more than a thousand turns, the latest calls
    first. What a person rejected is no quote. Turns in which something is masked for you are not
    found.
    """
    after = decode(cursor, Place)
    with here.pool.connection() as conn:
        found = queries.find(conn, q, among, after, limit, veiled=is_veiled(here, user))
    return SearchOut(
        items=[FoundCallOut.model_validate(call) for call in found.calls],
        next=next_cursor(request, response, found.more),
        order=found.order,
        in_calls=found.in_calls,
        in_turns=found.in_turns,
    )
