"""What a running API holds: settings, database, audio store, and what its requests share."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

from anyio import CapacityLimiter
from fastapi import Depends, Request

from api.attempts import Attempts
from api.limiter import Limiter
from api.own import Viewed
from api.progress.follower import Follower
from ingest.base.db import Pool
from ingest.base.settings import Settings
from ingest.store import Store
from transcribe.ear import Ear

if TYPE_CHECKING:
    from api.logins.provider import Provider


@dataclass(frozen=True, slots=True)
class Context:
    """Opened by the app's lifespan. Routes borrow a connection inside their own thread
    (`with here.pool.connection() as conn`), never through a dependency: one held while
    waiting for a thread could starve those that hold a thread and wait for a connection."""

    settings: Settings
    pool: Pool  # narrowed to a bound viewer's calls: see `api.own`
    whole: Pool  # for changes, which need all there is
    store: Store
    uploads: CapacityLimiter  # threads of their own, so that slow uploads starve nobody
    listeners: CapacityLimiter  # likewise for those who wait for the ear
    ear: Ear
    follower: Follower
    limiter: Limiter
    attempts: Attempts
    provider: "Provider | None"  # of OpenID, where one is set


def context(request: Request) -> Context:
    """The context of the app that serves this request, as its viewer may see it."""
    here: Context = request.app.state.context
    return replace(here, pool=Viewed(here.whole, request))


Here = Annotated[Context, Depends(context)]
