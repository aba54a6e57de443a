"""What an OpenID provider says of a person, and what Earshot makes of it: rules only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from api.users import Role
from ingest.base.errors import BadSetup, EarshotError, Unavailable

CLAIMS = ("roles", "groups")
"""Where providers say it by default: Entra ID in the first, most others in the second."""

SAME_NAMES = {role.value: role for role in (Role.ADMIN, Role.PRODUCT, Role.MARKETING, Role.SALES)}
"""Values called as the roles are; of several, the one that may most counts."""


class NotVouched(EarshotError):
    """A log-in through the provider that did not come to a good end."""

    code = "not-vouched"
    status = 403


class ProviderAway(Unavailable):
    """The provider does not answer, or not as a provider does."""


@dataclass(frozen=True, slots=True)
class Vouched:
    """A person whom the provider let in."""

    issuer: str
    subject: str  # for good; names and addresses change and are given to others
    name: str
    role: Role | None  # None: has none here


def role_map(setting: str) -> Mapping[str, Role]:
    """Which value is which role, the first to count first. Raises BadSetup."""
    pairs = [pair.rpartition("=") for pair in setting.split(",") if pair.strip()]
    wrong = [role for _, _, role in pairs if role.strip() not in set(Role)]
    if wrong:
        raise BadSetup(
            f"EARSHOT_OIDC_ROLES is not right: “{wrong[0].strip()}” is no role; there are"
            f" {', '.join(Role)}."
        )
    return {value.strip(): Role(role.strip()) for value, _, role in pairs} or SAME_NAMES


def role_of(claims: Mapping[str, Any], claim: str, roles: Mapping[str, Role]) -> Role | None:
    """The first role whose value the person has."""
    has = values(claims, claim)
    return next((role for value, role in roles.items() if value in has), None)


def values(claims: Mapping[str, Any], claim: str) -> frozenset[str]:
    """What a claim says, one word or several; empty where it says nothing."""
    found = next((v for name in _names(claim) if (v := _within(claims, name)) is not None), ())
    if isinstance(found, str):
        found = (found,)
    if not isinstance(found, Sequence):
        return frozenset()
    return frozenset(value for value in found if isinstance(value, str))


def name_in(claims: Mapping[str, Any]) -> str:
    """What to call a person."""
    told = (claims.get(claim) for claim in ("preferred_username", "name"))
    return next((name for name in told if isinstance(name, str) and name.strip()), "")


def _names(claim: str) -> tuple[str, ...]:
    return (claim,) if claim else CLAIMS


def _within(claims: Mapping[str, Any], name: str) -> Any:
    """A claim by its own name, else along its dots: realm_access.roles."""
    if name in claims:
        return claims[name]
    first, _, rest = name.partition(".")
    inner = claims.get(first)
    return _within(inner, rest) if rest and isinstance(inner, Mapping) else None
