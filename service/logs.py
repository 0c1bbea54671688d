"""Where the log goes: standard error for a service, a file where the terminal is for telling."""

import logging
import sys
from typing import TextIO

import structlog


def log_to(file: TextIO | None = None, *, level: int = logging.INFO) -> None:
    """Write what is logged from now on to `file`, else to standard error: one line an event, times in UTC."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.LogfmtRenderer(key_order=["timestamp", "level", "event"], sort_keys=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        # Standard error is whatever it is when something is logged: who redirects it is heeded.
        logger_factory=lambda *_: structlog.WriteLogger(file or sys.stderr),
        cache_logger_on_first_use=False,
    )
    _libraries_too(file)


class _Lines(logging.Handler):
    """Writes a library's warning as a line among ours."""

    def __init__(self, file: TextIO | None) -> None:
        super().__init__()
        self._file = file

    def emit(self, record: logging.LogRecord) -> None:
        (self._file or sys.stderr).write(f"{self.format(record)}\n")


def _libraries_too(file: TextIO | None) -> None:
    """Libraries log by the standard module; their warnings are ours to read as well."""
    handler = _Lines(file)
    handler.setFormatter(logging.Formatter("level=%(levelname)s library=%(name)s event=%(message)r"))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
