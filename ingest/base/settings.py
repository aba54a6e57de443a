"""All settings, read once from the environment (`EARSHOT_…`)."""

import os
from functools import cache
from pathlib import Path
from typing import Any, Literal

from platformdirs import user_data_path
from pydantic import Field, PositiveFloat, PositiveInt, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

MOST_WORKERS = 4
"""Hearing workers by default: each holds a model, some 0.8 GiB with `base`."""


def cores() -> int:
    """How many cores this process may use, as far as the system tells."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _share_of_cores(given: dict[str, Any]) -> int:
    workers: int = given.get("hearing_workers", 1)
    return max(1, cores() // workers)


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
    max_upload_mb: PositiveInt = 2048
    max_hours: PositiveFloat = 6.0
    """Longest recording taken, in hours of decoded sound."""
    whisper_model: str = ""
    """A folder, or a name faster-whisper knows; empty for the bundled `base`."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    language: str = "en"
    """The language hearing expects."""
    hearing_workers: PositiveInt = Field(default_factory=lambda: min(cores(), MOST_WORKERS))
    """Calls heard at once: two workers of one thread hear more than one of two."""
    hearing_threads: PositiveInt = Field(default_factory=_share_of_cores)
    """Threads of each hearing worker: the cores shared out, unless set."""
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

    @field_validator("llm_url")
    @classmethod
    def _an_address(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("it must begin with http:// or https://")
        return value


@cache
def settings() -> Settings:
    """This process's settings, read at the first call."""
    return Settings()
