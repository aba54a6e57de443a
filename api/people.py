"""Rules of the people who may log in: values only."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from urllib.parse import urlsplit

from api.users import Role
from ingest.base.errors import Refused

LONGEST_NAME = 100


class BadName(Refused):
    """A name that cannot be a user's."""

    code = "bad-user-name"


class NameTaken(Refused):
    """A name that somebody has already."""

    code = "user-exists"
    status = 409


class LastAdmin(Refused):
    """What would leave nobody who may change it back."""

    code = "last-admin"
    status = 409


class IsDisabled(Refused):
    """A link for somebody whom it would not let in."""

    code = "user-disabled"
    status = 409


class RoleIsTheProviders(Refused):
    """A role that is said elsewhere."""

    code = "role-from-provider"
    status = 409


class NoPasswordOfOurs(Refused):
    """A password for somebody whom the provider alone lets in."""

    code = "password-from-provider"
    status = 409


@dataclass(frozen=True, slots=True)
class Person:
    """A user as an admin sees them: never the password's hash."""

    id: int
    name: str
    role: Role
    created_at: datetime
    disabled_at: datetime | None
    has_password: bool
    issuer: str | None  # of the OpenID provider that they log in by
    rep: str | None  # whose calls they see; None for all

    @property
    def provider(self) -> str | None:
        """The provider as people know it: its host."""
        return urlsplit(self.issuer).hostname if self.issuer else None


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that is logged in."""

    created_at: datetime
    browser: str  # as it calls itself
    this: bool  # the one that asks

    @property
    def named(self) -> str:
        """The browser and its system in words: "Firefox on Windows"."""
        browser = _first(self.browser, BROWSERS) or "A browser"
        system = _first(self.browser, SYSTEMS)
        return f"{browser} on {system}" if system else browser


BROWSERS = {
    "Edg/": "Edge",
    "EdgA/": "Edge",
    "OPR/": "Opera",
    "Firefox/": "Firefox",
    "FxiOS/": "Firefox",
    "CriOS/": "Chrome",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
}
"""By what stands in their names; each pretends to be those below it."""

SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Mac OS X": "macOS",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}


def clean_name(name: str) -> str:
    """A name as it is kept, in one form and without space around it. Raises BadName."""
    plain = unicodedata.normalize("NFKC", name).strip()
    if not plain:
        raise BadName("Give a name: people log in by it.")
    if len(plain) > LONGEST_NAME:
        raise BadName(f"The name has {len(plain)} characters: {LONGEST_NAME} are the most.")
    if not plain.isprintable():
        raise BadName("The name holds a character that cannot be seen: take it out.")
    return plain


def names_like(wanted: str) -> Iterator[str]:
    """The name itself, then with numbers, for where somebody has it."""
    yield wanted
    for number in count(2):
        yield f"{wanted[: LONGEST_NAME - 20]} {number}"


def _first(text: str, names: dict[str, str]) -> str | None:
    return next((name for mark, name in names.items() if mark in text), None)
