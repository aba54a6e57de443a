"""The web application: pages, API and static files under one roof."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from anyio import CapacityLimiter, create_task_group
from fastapi import APIRouter, FastAPI
from fastapi.staticfiles import StaticFiles

from api import errors, pages, rest
from api.attempts import Attempts
from api.context import Context
from api.guard import Guard, allowed_hosts
from api.idempotency.once import Once
from api.limiter import Limiter
from api.logins.setup import provider_of
from api.progress.follower import Follower
from api.tagged import Tagged
from api.upkeep import sweep_home
from ingest.base import db, queue
from ingest.base.settings import Settings
from ingest.store import open_store
from transcribe.ear import Ear

STATIC = Path(__file__).parent / "static"

POOL_SIZE = 12
"""Connections for the API's threads, of which AnyIO keeps at most 40 busy."""

UPLOADS_AT_ONCE = 8
"""Recordings received side by side; more wait for their turn."""

LISTENERS_AT_ONCE = 4
"""Recordings received to be heard at once, of which one is."""

DESCRIPTION = """
What buyers say on sales calls: objections, rivals and feature requests, each with its quote and
the second it was said. Send a token as `Authorization: Bearer esk_…`. Errors are RFC 9457 problems
whose `detail` says what to do. Lists have cursors: follow `next` or the Link header. A POST with an
`Idempotency-Key` is done once, however often it is sent within a day. `RateLimit` says how many
requests are left.
"""

ROUTES = APIRouter()
"""Those of all apps of this process: at its first request one's own would take a third of a second
to be built."""
ROUTES.include_router(rest.router, prefix="/v1")
ROUTES.include_router(pages.router)


def create_app(settings: Settings) -> FastAPI:
    """The app of these settings; it opens its database and its store when it starts.

    Raises Unavailable or BadSetup at start where the database is away or has another schema.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        queue.use(settings)
        with db.pool(settings.database_url, max_size=POOL_SIZE) as pool:
            with pool.connection() as conn:
                db.check_schema(conn)
            follower = Follower(pool)
            app.state.context = Context(
                settings,
                pool,
                pool,
                open_store(settings),
                uploads=CapacityLimiter(UPLOADS_AT_ONCE),
                listeners=CapacityLimiter(LISTENERS_AT_ONCE),
                ear=Ear(settings),
                follower=follower,
                limiter=Limiter(settings.requests_a_minute),
                attempts=Attempts(),
                provider=provider_of(settings),
            )
            async with create_task_group() as tasks:
                tasks.start_soon(follower.run)
                tasks.start_soon(sweep_home, app.state.context)
                yield
                tasks.cancel_scope.cancel()

    app = FastAPI(
        title="Earshot",
        version="1",
        description=DESCRIPTION,
        openapi_url="/v1/openapi.json",
        docs_url=None,  # the stock pages load their scripts from elsewhere
        redoc_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
        routes=ROUTES.routes,
    )
    errors.install(app, pages.error_page)
    app.add_middleware(Tagged)
    app.add_middleware(Once)
    app.add_middleware(Guard, hosts=allowed_hosts(settings), catch=app.state.unforeseen)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    return app
