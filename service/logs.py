"""Where the log goes: standard error for a service, a file where the terminal is for telling."""

import logging
from typing import Any, TextIO

import structlog


def log_to(stream: TextIO, *, level: int = logging.INFO) -> None:
    """Write what is logged from now on to `stream`, one line an event, times in UTC."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"], sort_keys=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=False,
    )
    _libraries_too(stream)


def _libraries_too(stream: Any) -> None:
    """Libraries log by the standard module; their warnings are ours to read as well."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("level=%(levelname)s library=%(name)s event=%(message)r"))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
