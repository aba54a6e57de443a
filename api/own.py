"""A viewer who is bound to a rep sees that rep's calls, as if there were no others.

All that a request reads comes through `here.pool`. For a bound viewer it lends connections that
are narrowed: in the schema `earshot_own` there is a view for each table that tells of a call, of
the same name, with this rep's calls alone, and for the transaction that schema comes first in the
search path. So a query is right without knowing of it, and one written tomorrow is as well; what is
counted in advance for everybody (`daily_calls`, `daily_mentions`) is counted anew there. The
transaction ends with the block, nothing in it can commit before, and with it ends what was set: no
connection carries a scope to who borrows it next, and none loses it half-way.

A change needs all there is: its themes, roll-ups and names are the whole company's. So a bound
viewer is asked at the door, before a route runs, whether the call or insight in its address is
theirs (`enter`); the route then writes through `here.whole`. What has no call in its address is
either the viewer's own (saved views, digests), a call that they bring (`ingest.details.for_rep`),
or not theirs to change (`api.users.BOUND`).

Row-level security would do the same within the database, but superusers and, unless forced, owners
pass it by, the embedded server is run by one, and roles for it cannot be made on every managed one.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from fastapi import Request

from api.schemas import BIGINT
from ingest.base.db import Connection, Pool, narrow
from ingest.base.errors import NotFound
from ingest.queries import get_call
from insights.queries import call_of

DOORS = {"call_id": get_call, "insight_id": call_of}
"""What stands in addresses, and what finds it or raises NotFound, as the routes do."""


@dataclass(frozen=True, slots=True)
class Viewed:
    """The pool as a request may see it: whole until `enter` has said whose calls it is about."""

    whole: Pool
    request: Request

    @contextmanager
    def connection(self, timeout: float | None = None) -> Iterator[Connection]:
        """A connection, narrowed for a bound viewer."""
        rep = getattr(self.request.state, "rep", None)
        with self.whole.connection(timeout) as conn:
            if rep is None:
                yield conn
                return
            with conn.transaction():  # within which psycopg refuses to commit
                narrow(conn, rep)
                yield conn


def enter(request: Request, pool: Pool, rep: str) -> None:
    """From here on the request sees this rep's calls alone. Raises NotFound where its address names
    another one, as where there is none of that number."""
    request.state.rep = rep
    for name, find in DOORS.items():
        if name not in request.path_params:
            continue
        number = str(request.path_params[name])
        # A route would also take “+7” and “7.0” for a number: nothing passes the door unread.
        if not (number.isascii() and number.isdecimal() and int(number) <= BIGINT):
            raise NotFound("There is no such number: write it in digits alone.")
        with pool.connection() as conn:
            find(conn, int(number))
