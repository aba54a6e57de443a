"""The OpenID provider of the settings, loaded only where one is set."""

from typing import TYPE_CHECKING

from ingest.base.settings import Settings

if TYPE_CHECKING:
    from api.logins.provider import Provider


def provider_of(settings: Settings) -> "Provider | None":
    """The provider; None where none is set. Raises BadSetup where roles are named that are none."""
    if not settings.oidc_issuer:
        return None
    from api.logins.provider import Provider

    return Provider(settings)
