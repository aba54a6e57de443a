"""Which role a provider's claim gives."""

from typing import Any

import pytest
from pydantic import ValidationError

from api.logins.vouched import SAME_NAMES, name_in, role_map, role_of
from api.users import Role
from ingest.base.errors import BadSetup
from ingest.base.settings import Settings


@pytest.mark.parametrize(
    ("claims", "claim", "role"),
    [
        ({"roles": ["sales"]}, "", Role.SALES),
        ({"roles": "sales"}, "", Role.SALES),
        ({"groups": ["staff", "product"]}, "", Role.PRODUCT),
        ({"roles": ["sales", "admin"]}, "", Role.ADMIN),
        ({"roles": ["Admin"]}, "", None),
        ({"roles": []}, "", None),
        ({"roles": {"admin": True}}, "", None),
        ({"roles": [7, None, ["admin"]]}, "", None),
        ({"roles": None, "groups": ["admin"]}, "", Role.ADMIN),
        ({}, "", None),
        ({"earshot": ["admin"], "roles": ["sales"]}, "earshot", Role.ADMIN),
        ({"roles": ["admin"]}, "earshot", None),
        ({"realm_access": {"roles": ["marketing"]}}, "realm_access.roles", Role.MARKETING),
        ({"https://x.example/roles": ["sales"]}, "https://x.example/roles", Role.SALES),
        ({"realm_access": "admin"}, "realm_access.roles", None),
    ],
)
def test_a_claim_gives_a_role(claims: dict[str, Any], claim: str, role: Role | None) -> None:
    assert role_of(claims, claim, SAME_NAMES) is role


def test_of_several_the_first_in_the_settings_counts() -> None:
    roles = role_map("crm-sales = sales, crm-admins=admin")
    assert role_of({"roles": ["crm-admins", "crm-sales"]}, "", roles) is Role.SALES
    assert role_of({"roles": ["admin"]}, "", roles) is None, "no name of a role is one of itself"


def test_a_role_that_is_none_is_told_at_the_start() -> None:
    with pytest.raises(BadSetup, match="“boss” is no role"):
        role_map("crm-bosses=boss")


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"preferred_username": "ana", "name": "Ana Ruiz"}, "ana"),
        ({"preferred_username": " ", "name": "Ana Ruiz"}, "Ana Ruiz"),
        ({"preferred_username": 7}, ""),
    ],
)
def test_what_to_call_a_person(claims: dict[str, Any], name: str) -> None:
    assert name_in(claims) == name


@pytest.mark.parametrize(
    "wrong",
    [
        {"oidc_issuer": "http://id.example.com", "oidc_client_id": "earshot"},
        {"oidc_issuer": "id.example.com", "oidc_client_id": "earshot"},
        {"oidc_issuer": "https://id.example.com"},
        {"oidc_roles": "sales"},
    ],
)
def test_settings_that_cannot_be_right_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate(wrong)


def test_a_provider_on_this_machine_needs_no_tls() -> None:
    assert Settings(oidc_issuer="http://localhost:8080", oidc_client_id="earshot")
