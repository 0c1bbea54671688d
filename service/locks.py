"""Two processes must not do the same part on one data folder: each part holds a file lock while it runs."""

import fcntl
import os
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import IO

from domain.text import QuantracError, Text
from service.data_folder import make_data_folder


class AlreadyRunning(QuantracError):
    """Another process does this part on this data folder."""


class Locks:
    """The locks that this process holds in a data folder; the system lets go of them however it ends."""

    def __init__(self, data: Path) -> None:
        """Nothing is locked yet."""
        self._folder = data / "locks"
        self._data = data
        self._held: dict[str, IO[str]] = {}

    def take(self, parts: Iterable[str]) -> None:
        """Take all of `parts`. Raises AlreadyRunning, holding none of them."""
        for part in parts:
            if not self.try_take(part):
                other = self.holder(part)
                self.release()
                raise AlreadyRunning(
                    Text("The part {part} already runs on the data folder {folder} (process {process}). End that one "
                         "first, or name another folder by --data.",
                         {"part": part, "folder": str(self._data), "process": other})
                )  # fmt: skip

    def try_take(self, part: str) -> bool:
        """Take `part`, or keep it; False where another process has it."""
        if part in self._held:
            return True
        make_data_folder(self._data)
        self._folder.mkdir(exist_ok=True)
        file = (self._folder / f"{part}.lock").open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return False
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._held[part] = file
        return True

    def holder(self, part: str) -> str:
        """Return the process that has `part`, or had it last."""
        return _process(self._folder / f"{part}.lock")

    def release(self) -> None:
        """Let go of all."""
        while self._held:
            self._held.popitem()[1].close()

    def __enter__(self) -> "Locks":
        """Return the locks."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of all."""
        self.release()


def _process(path: Path) -> str:
    try:
        return path.read_text().strip() or "?"
    except OSError:
        return "?"
