"""Log-in through an OpenID provider: the authorization code flow with PKCE, state and nonce.

One secret in the browser's cookie is all that is kept on the way: state, nonce and verifier are
made of it. Nothing of this is loaded where no provider is set.
"""

import hashlib
import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
from authlib.oauth2.client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from api.logins.vouched import NotVouched, ProviderAway, Vouched, name_in, role_map, role_of, values
from ingest.base.settings import Settings

log = logging.getLogger(__name__)

KNOWN_FOR = 3600.0
"""Seconds for which the provider's addresses and keys are believed; a key not known is asked for
at once."""

SECONDS = 10.0  # for each of its answers
MOST_BYTES = 1 << 20  # of each of its answers
LEEWAY = 60  # seconds that its clock and ours may be apart
ALGORITHMS = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)
"""Signatures by a key of the provider's own; none by a secret that others know too."""

NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(frozen=True, slots=True)
class Asked:
    """What one log-in is known by, made of its cookie's secret."""

    state: str
    nonce: str
    verifier: str


def asked(secret: str) -> Asked:
    """Of one secret three values, none of which tells of the others."""
    parts = (hashlib.sha256(f"{use} {secret}".encode()) for use in ("state", "nonce", "verifier"))
    return Asked(*(part.hexdigest() for part in parts))


@dataclass(frozen=True, slots=True)
class Known:
    """What the provider says of itself."""

    told: Mapping[str, Any]  # its discovery document
    keys: KeySet
    at: float


class Provider:
    """The provider of the settings; asked for nothing before somebody logs in."""

    def __init__(self, settings: Settings) -> None:
        self.issuer = settings.oidc_issuer
        self.name = settings.oidc_name or urlsplit(self.issuer).hostname or self.issuer
        self._client_id = settings.oidc_client_id
        self._secret = settings.oidc_client_secret
        self._claim = settings.oidc_role_claim
        self._roles = role_map(settings.oidc_roles)
        self._known: Known | None = None
        self._lock = threading.Lock()

    def begin(self, secret: str, back: str) -> str:
        """Where to send the browser. Raises ProviderAway."""
        told, kept = self._now_known().told, asked(secret)
        client = OAuth2Client(
            None,
            client_id=self._client_id,
            redirect_uri=back,
            scope=_scope(told),
            code_challenge_method="S256",
        )
        url, _ = client.create_authorization_url(
            told["authorization_endpoint"],
            state=kept.state,
            nonce=kept.nonce,
            code_verifier=kept.verifier,
        )
        return str(url)

    def finish(self, secret: str, code: str, back: str) -> Vouched:
        """Whom the provider let in. Raises NotVouched, ProviderAway."""
        kept = asked(secret)
        tokens = self._exchange(code, kept.verifier, back)
        claims = self.claims(str(tokens.get("id_token", "")), kept.nonce, time.time())
        if not values(claims, self._claim):
            claims = {**self._more(str(tokens.get("access_token", "")), claims["sub"]), **claims}
        role = role_of(claims, self._claim, self._roles)
        return Vouched(self.issuer, claims["sub"], name_in(claims), role)

    def claims(self, id_token: str, nonce: str, now: float) -> Mapping[str, Any]:
        """What an ID token says, if it is the provider's, for us, for this log-in and still good.
        Raises NotVouched, ProviderAway."""
        try:
            token = self._decoded(id_token)
            options = {
                "iss": {"essential": True, "value": self.issuer},
                "aud": {"essential": True, "value": self._client_id},
                "sub": {"essential": True},
            }
            params = {"nonce": nonce, "client_id": self._client_id}
            claims = CodeIDToken(token.claims, token.header, options, params)
            claims.validate(now=int(now), leeway=LEEWAY)
        except (JoseError, ValueError, TypeError) as error:
            log.warning("An ID token was refused: %s", type(error).__name__)
            raise NotVouched(
                f"What {self.name} sent could not be verified: log in once more."
            ) from None
        if not isinstance(claims["sub"], str) or not claims["sub"].isprintable():
            raise NotVouched(f"{self.name} does not say who you are: ask whoever runs it.")
        return dict(claims)

    def _decoded(self, id_token: str) -> jwt.Token:
        known = self._now_known()
        told = known.told.get("id_token_signing_alg_values_supported") or ["RS256"]
        algorithms = sorted(ALGORITHMS.intersection(told))
        try:
            return jwt.decode(id_token, known.keys, algorithms=algorithms)
        except InvalidKeyIdError:  # it has a new one
            return jwt.decode(id_token, self._now_known(since=known).keys, algorithms=algorithms)

    def _exchange(self, code: str, verifier: str, back: str) -> Mapping[str, Any]:
        """The tokens for a code, which serves once."""
        told = self._now_known().told
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "code_verifier": verifier,
        }
        ways = told.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        login = None
        if self._secret and "client_secret_basic" in ways:  # as RFC 6749, 2.3.1, has it
            login = (quote(self._client_id, safe=""), quote(self._secret, safe=""))
        elif self._secret:
            form |= {"client_id": self._client_id, "client_secret": self._secret}
        else:
            form |= {"client_id": self._client_id}
        with self._client() as client:
            status, said = self._said(
                client, client.build_request("POST", told["token_endpoint"], data=form), login
            )
        if status != httpx.codes.OK:
            log.warning("The provider gave no token: %s %s", status, plain(said.get("error")))
            raise NotVouched(f"{self.name} took this log-in back: log in once more.")
        return said

    def _more(self, access_token: str, subject: str) -> Mapping[str, Any]:
        """What it says of a person elsewhere than in the ID token; nothing where it does not."""
        address = self._now_known().told.get("userinfo_endpoint")
        if not (address and access_token):
            return {}
        with self._client() as client:
            headers = {"authorization": f"Bearer {access_token}"}
            status, said = self._said(client, client.build_request("GET", address, headers=headers))
        return said if status == httpx.codes.OK and said.get("sub") == subject else {}

    def _now_known(self, since: Known | None = None) -> Known:
        """Its addresses and keys: kept for a while, and asked for anew by one at a time. `since`
        are those that were not enough."""
        with self._lock:
            known = self._known
            old = known is None or time.monotonic() - known.at > KNOWN_FOR
            if known is None or old or known is since:
                known = self._known = self._discovered()
            return known

    def _discovered(self) -> Known:
        address = self.issuer.rstrip("/") + "/.well-known/openid-configuration"
        with self._client() as client:
            told = self._got(client, address)
            if told.get("issuer") != self.issuer:
                raise ProviderAway(
                    f"The provider calls itself {plain(told.get('issuer'))}: whoever runs Earshot"
                    " has to set EARSHOT_OIDC_ISSUER to that."
                )
            if not all(_is_address(told.get(name)) for name in NEEDED):
                raise self._away("its description lacks an address")
            try:
                keys = KeySet.import_key_set(self._got(client, told["jwks_uri"]))  # type: ignore[arg-type]
            except (JoseError, ValueError, TypeError, KeyError) as error:
                raise self._away(type(error).__name__) from None
        return Known(told, keys, time.monotonic())

    def _got(self, client: httpx.Client, address: str) -> Mapping[str, Any]:
        status, said = self._said(client, client.build_request("GET", address))
        if status != httpx.codes.OK:
            raise self._away(f"it answers {status}")
        return said

    def _said(
        self,
        client: httpx.Client,
        request: httpx.Request,
        login: tuple[str, str] | None = None,
    ) -> tuple[int, Mapping[str, Any]]:
        """Its answer: the status, and the JSON object that it is."""
        try:
            answer = client.send(request, auth=login)
            said = answer.json() if len(answer.content) <= MOST_BYTES else None
        except httpx.HTTPError as error:
            raise self._away(type(error).__name__) from None
        except ValueError:
            said = None
        if not isinstance(said, dict):
            raise self._away(f"it answers {answer.status_code}, and no JSON object")
        return answer.status_code, said

    def _away(self, why: str) -> ProviderAway:
        log.warning("The OpenID provider %s cannot be used: %s", self.issuer, why)
        return ProviderAway(f"{self.name} does not answer just now: try again in a minute.")

    def _client(self) -> httpx.Client:
        return httpx.Client(timeout=SECONDS, follow_redirects=False)


def plain(code: object) -> str:
    """An error's code or an address that comes from elsewhere, fit to be shown or logged."""
    text = code if isinstance(code, str) else "nothing"
    return text[:200] if text.isprintable() and text.isascii() else "something strange"


def _scope(told: Mapping[str, Any]) -> str:
    """What is asked for: who it is, and the claim of roles where it is to be asked for."""
    more = [scope for scope in ("groups", "roles") if scope in (told.get("scopes_supported") or ())]
    return " ".join(["openid", "profile", *more])


def _is_address(value: object) -> bool:
    return isinstance(value, str) and value.startswith(("https://", "http://"))
