"""What somebody sees of a call that is still being heard."""

from api.context import Context
from api.users import User
from api.veil import is_veiled
from ingest.base.db import Connection
from ingest.calls import Call
from transcribe.kept.partial import Partial, heard_so_far, veiled
from transcribe.kept.queries import batches


def partial_of(here: Context, user: User, conn: Connection, call: Call) -> Partial:
    """The turns heard so far as this user sees them; none where nothing is kept."""
    so_far = heard_so_far(batches(conn, call.id), call.seller_channel)
    return veiled(so_far) if is_veiled(here, user) else so_far
