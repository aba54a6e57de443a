"""A link that an admin hands to somebody."""

from fastapi import Request

from api import auth
from api.people import IsDisabled, Person
from api.users import User
from ingest.base.db import Connection
from ingest.base.settings import Settings


def invitation(conn: Connection, request: Request, settings: Settings, person: Person) -> str:
    """Its address, which serves once, within some days. Raises IsDisabled."""
    if person.disabled_at:
        raise IsDisabled(f"{person.name} may not log in: enable them first.")
    user = User(person.id, person.name, person.role)
    secret = auth.login_link(conn, user, auth.INVITATION)
    return f"{base(request, settings)}/login/{secret}"


def base(request: Request, settings: Settings) -> str:
    """Where people reach Earshot, as the settings say, else as whoever asks does."""
    return (settings.url or str(request.base_url)).rstrip("/")
