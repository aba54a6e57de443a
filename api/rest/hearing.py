"""How well calls are heard: what was dropped, decoded again and lost, by week and model."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.context import Here
from api.hearing_schemas import HeardWeekOut, HeardWeeks
from api.rest.parameters import Reader
from transcribe.queries import heard_weeks

router = APIRouter(tags=["Transcripts"])


@router.get("/hearing")
def get_hearing(
    here: Here, _: Reader, weeks: Annotated[int, Query(ge=1, le=520)] = 12
) -> HeardWeeks:
    """What hearing did with the calls of the last weeks that have any, week by week and model by
    model. Transcripts brought as text were not heard and do not count."""
    with here.pool.connection() as conn:
        found = heard_weeks(conn, weeks)
    return HeardWeeks(weeks=[HeardWeekOut.model_validate(one) for one in found])
