"""Waiting for a condition, never for a time."""

import time
from collections.abc import Callable


def wait_until(condition: Callable[[], object], *, seconds: float = 60.0, what: str | Callable[[], str] = "") -> None:
    """Return as soon as `condition` holds; fail after `seconds`, which are many: a machine may be busy.

    `what` was waited for, or says at the end what there was instead.
    """
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"not within {seconds} s: {(what() if callable(what) else what) or condition}"
        time.sleep(0.005)
