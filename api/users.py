"""Who uses Earshot, and what each may do: values only."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What a person is here for."""

    SALES = "sales"
    MARKETING = "marketing"
    PRODUCT = "product"
    ADMIN = "admin"


class Right(StrEnum):
    """What a route asks of the person who calls it."""

    READ = "read calls and insights"
    BRING = "upload and edit calls"
    ERASE = "delete calls"
    REVIEW = "review insights"
    THEMES = "change themes"
    CATALOGUE = "edit the catalogue of rivals"
    REMINE = "mine old calls again"
    TOKENS = "manage API tokens"
    USERS = "manage users"
    RAW = "read and hear what is private"
    WEBHOOKS = "manage webhooks"
    RETAIN = "say how long calls are kept"


PERMISSIONS: dict[Right, frozenset[Role]] = {
    Right.READ: frozenset(Role),
    Right.BRING: frozenset({Role.SALES, Role.ADMIN}),
    Right.ERASE: frozenset({Role.ADMIN}),
    Right.REVIEW: frozenset(Role),
    Right.THEMES: frozenset(Role),
    Right.CATALOGUE: frozenset({Role.MARKETING, Role.PRODUCT, Role.ADMIN}),
    Right.REMINE: frozenset({Role.ADMIN}),
    Right.TOKENS: frozenset({Role.ADMIN}),
    Right.USERS: frozenset({Role.ADMIN}),
    Right.RAW: frozenset({Role.ADMIN}),
    Right.WEBHOOKS: frozenset({Role.ADMIN}),
    Right.RETAIN: frozenset({Role.ADMIN}),
}
"""The one table of who may do what; a route names its right, never a role."""

BOUND = frozenset({Right.READ, Right.BRING, Right.REVIEW})
"""What of it is left to who is bound to a rep: the rest is the whole company's."""


@dataclass(frozen=True, slots=True)
class User:
    """A person, or a program that acts for one."""

    id: int
    name: str
    role: Role
    rep: str | None = None  # whose calls they see; None for all

    def may(self, right: Right) -> bool:
        """Whether this user has the right."""
        return self.role in PERMISSIONS[right] and (self.rep is None or right in BOUND)


@dataclass(frozen=True, slots=True)
class Token:
    """An API token as listed: never its secret, of which only a hash is kept."""

    id: int
    name: str
    user: str
    role: Role
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class SavedView:
    """A question to the list of calls that a user asks again."""

    id: int
    name: str
    query: str  # of the page's address, behind the question mark
