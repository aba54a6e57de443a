"""Logging: one line an event, for people on a terminal and as JSON elsewhere.

What was said on a call never goes into a log: name its id.
"""

import logging
import sys

import structlog

from ingest.base.settings import Settings

QUIET = ("httpx", "httpcore", "faster_whisper", "psycopg.pool", "celery.worker.strategy")
"""Libraries whose every step is no news, or that log what was heard: from WARNING on."""


def set_up(settings: Settings) -> None:
    """Send this process's log to standard error at the level of the settings."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    before: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*before, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=before, processors=_ending())
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """The logger of a module: `log.info("heard", call=17, seconds=301.5)`."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def _ending() -> list[structlog.typing.Processor]:
    """How a line is written: colours for a terminal, else JSON. A traceback never shows local
    values, which may be what was said."""
    drop = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    if sys.stderr.isatty():
        plain = structlog.dev.plain_traceback
        return [drop, structlog.dev.ConsoleRenderer(exception_formatter=plain)]
    frames = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    return [
        drop,
        structlog.processors.ExceptionRenderer(frames),
        structlog.processors.JSONRenderer(),
    ]
