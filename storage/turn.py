"""Whose turn it is to change the readings of a data folder: a service and an import beside it take turns, batch by batch.

Between looking whether a reading is new and writing it, nobody else may write one with its identity.
"""

import fcntl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Turn:
    """A lock that the system lets go of however its holder ends."""

    def __init__(self, path: Path) -> None:
        """Open the lock at `path`, making it and its folder if there is none."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a+")
        self._ours = threading.Lock()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Wait for the turn, keep it meanwhile, and pass it on."""
        with self._ours:
            fcntl.flock(self._file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)
