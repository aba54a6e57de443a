"""All settings, read once from the environment (`EARSHOT_…`)."""

import re
from email.utils import parseaddr
from functools import cache
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from platformdirs import user_data_path
from pydantic import (
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from ingest.base.cores import cores

_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})
_SENDER = re.compile(r"[!-?A-~]+@[!-?A-~]+")

CORES_A_WORKER = 8
"""One hearing worker decodes on all of its threads and holds the model once. Above so many, what
it does on one thread (reading the sound, finding speech) holds the others up."""

DEFAULT_WEBHOOK_HOSTS = (
    "hooks.slack.com,hooks.slack-gov.com,"
    "*.webhook.office.com,*.logic.azure.com,*.api.powerplatform.com"
)
"""Where Slack and Microsoft Teams take what is posted to their incoming webhooks."""


class Settings(BaseSettings):
    """Earshot's settings. A URL left empty means: the embedded server under `home`."""

    model_config = SettingsConfigDict(env_prefix="EARSHOT_", frozen=True, extra="ignore")

    home: Path = Field(default_factory=lambda: user_data_path("earshot"))
    """The one data folder: embedded servers, audio, joined model weights, the local log-in."""
    database_url: str = ""
    """PostgreSQL, e.g. postgresql://user:password@host/earshot."""
    broker_url: str = ""
    """RabbitMQ (amqp://…) or Redis/Valkey (redis://…, redis+socket://…)."""
    audio_url: str = ""
    """Where audio is kept: empty for a folder under `home`, else s3://bucket/prefix."""
    host: str = "127.0.0.1"
    port: int = Field(default=8321, ge=0, le=65535)
    url: str = ""
    """What the command line talks to; empty for the server started by `earshot up` here."""
    token: str = ""
    """The command line's API token; empty for the one that `earshot up` keeps under `home`."""
    requests_a_minute: PositiveInt = 3000
    """Requests of one token, or one log-in, to the API within a minute."""
    max_upload_mb: PositiveInt = 2048
    max_hours: PositiveFloat = 6.0
    """Longest recording taken, in hours of decoded sound."""
    whisper_model: str = ""
    """A folder, or a name faster-whisper knows; empty for the bundled `base`."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    language: str = ""
    """What calls are in whose own language is not known, as ISO 639-1; empty for what hearing
    detects."""
    pii: Literal["mask", "show"] = "mask"
    """Card numbers, bank accounts, e-mail addresses and phone numbers: masked in words and sound
    for all but admins, or shown to everybody."""
    hearing_workers: PositiveInt = Field(default_factory=lambda: -(-cores() // CORES_A_WORKER))
    """Calls heard at once, each with a model of its own: some 0.7 GiB with `base`."""
    hearing_threads: NonNegativeInt = 0
    """Threads of each hearing worker; 0: the cores shared out, used as is measured to be best."""
    miner: Literal["embedded", "llm"] = "embedded"
    """Who looks for insights: the model that comes with Earshot, or the user's own LLM."""
    llm_url: str = Field(default="", validate_default=True)
    """Where an OpenAI-compatible server answers, up to and with its `/v1`."""
    llm_model: str = Field(default="", validate_default=True)
    """The model's name, as that server knows it."""
    llm_key: str = ""
    """The server's API key, where it wants one."""
    llm_seconds: PositiveFloat = 300.0
    """How long the LLM may take for one request."""
    webhook_seconds: PositiveFloat = Field(default=15.0, le=30.0)
    """How long a webhook's receiver may take to answer; longer would outlast the lease."""
    smtp_url: str = ""
    """The mail server that sends digests: smtp://user:password@host:587, or smtps://…; empty for
    no mail."""
    mail_from: str = Field(default="", validate_default=True)
    """Whom mail is from: an address, or a name and an address."""
    webhook_hosts: str = DEFAULT_WEBHOOK_HOSTS
    """The hosts that digests may be posted to, as patterns parted by commas."""
    oidc_issuer: str = ""
    """The OpenID provider that people log in by, as it calls itself; empty for none."""
    oidc_client_id: str = Field(default="", validate_default=True)
    """What that provider knows Earshot by."""
    oidc_client_secret: str = ""
    """The secret to it; empty for a public client."""
    oidc_name: str = ""
    """What people call that log-in; empty for the provider's host."""
    oidc_role_claim: str = ""
    """The claim that says what somebody is here for, with dots into it; empty for `roles`, or else
    `groups`."""
    oidc_roles: str = ""
    """Which of its values is which role, as value=role parted by commas: of several that somebody
    has, the first counts. Empty for values that are called as the roles are."""
    lease_seconds: PositiveInt = 60
    """How long a worker may be silent before its call is given to another."""
    sweep_seconds: PositiveInt = 10
    """How often forgotten calls are rung again."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("llm_url", "llm_model")
    @classmethod
    def _needed_by_the_llm(cls, value: str, others: ValidationInfo) -> str:
        if others.data.get("miner") == "llm" and not value:
            raise ValueError("EARSHOT_MINER=llm needs it")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _a_mail_server(cls, value: str) -> str:
        if value and not (value.startswith(("smtp://", "smtps://")) and urlsplit(value).hostname):
            raise ValueError("write it like smtp://user:password@host:587, or smtps://…")
        return value

    @field_validator("mail_from")
    @classmethod
    def _a_sender(cls, value: str, others: ValidationInfo) -> str:
        fits = value.isprintable() and _SENDER.fullmatch(parseaddr(value)[1])
        if others.data.get("smtp_url") and not fits:
            raise ValueError("EARSHOT_SMTP_URL needs it: Earshot <earshot@example.com>")
        return value

    @field_validator("llm_url")
    @classmethod
    def _an_address(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("it must begin with http:// or https://")
        return value

    @field_validator("oidc_issuer")
    @classmethod
    def _an_issuer(cls, value: str) -> str:
        address = urlsplit(value)
        here = address.scheme == "http" and address.hostname in _THIS_MACHINE
        if value and not (address.hostname and (address.scheme == "https" or here)):
            raise ValueError("it must begin with https:// (http:// on this machine alone)")
        return value

    @field_validator("oidc_client_id")
    @classmethod
    def _needed_by_the_provider(cls, value: str, others: ValidationInfo) -> str:
        if others.data.get("oidc_issuer") and not value:
            raise ValueError("EARSHOT_OIDC_ISSUER needs it")
        return value

    @field_validator("oidc_roles")
    @classmethod
    def _roles(cls, value: str) -> str:
        if not all("=" in pair for pair in value.split(",") if pair.strip()):
            raise ValueError("write it like earshot-sales=sales,earshot-admins=admin")
        return value

    @property
    def threads(self) -> int:
        """Threads that one hearing may use: never more than this process has cores."""
        share = max(1, cores() // self.hearing_workers)
        return min(self.hearing_threads or share, cores())


@cache
def settings() -> Settings:
    """This process's settings, read at the first call."""
    return Settings()
