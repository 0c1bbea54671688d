"""The program `quantrac` as people run it: one call to its end, or one that runs until it is told to end."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from threading import Thread
from unittest.mock import patch

from service import cli
from support.mosquitto import free_port
from support.waiting import wait_until

CONFIG = Path(__file__).resolve().parents[2] / "config"
COMMAND = (sys.executable, "-m", "service.cli")


def environment(**variables: str) -> dict[str, str]:
    """Return this process's environment without any variable of ours but `variables` (their names without prefix)."""
    found = {name: value for name, value in os.environ.items() if not name.startswith("QUANTRAC_")}
    return {**found, **{f"QUANTRAC_{name}": value for name, value in variables.items()}}


@dataclass(frozen=True)
class Done:
    """What a call came to."""

    returncode: int
    stdout: str
    stderr: str


@contextmanager
def _standing(folder: Path) -> Iterator[None]:
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def call(*arguments: object, cwd: Path, **variables: str) -> Done:
    """Do what a call of the program does, by default in English and with the shipped configuration.

    In this process: starting Python anew for each would take most of the tests' time.
    """
    found = environment(**{"LANG": "en", "CONFIG": str(CONFIG), **variables})
    out, err = StringIO(), StringIO()
    with patch.dict(os.environ, found, clear=True), _standing(cwd), redirect_stdout(out), redirect_stderr(err):
        status = cli.call([str(one) for one in arguments], os.environ)
    return Done(status, out.getvalue(), err.getvalue())


class Running:
    """The program while it runs; what it says is kept line by line."""

    def __init__(
        self, *arguments: str, cwd: Path, variables: Mapping[str, str], others: Mapping[str, str] | None = None
    ) -> None:
        """Start it, with `variables` of ours (their names without prefix) and `others`."""
        self.lines: list[str] = []
        self._process = subprocess.Popen(
            [*COMMAND, *arguments], cwd=cwd,
            env={**environment(**variables), "PYTHONUNBUFFERED": "1", **(others or {})},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line.rstrip("\n"))

    def told(self) -> str:
        """Return all that it has said."""
        return "\n".join(self.lines)

    def said(self, words: str) -> bool:
        """Tell whether a line has held `words` (a regular expression)."""
        return any(re.search(words, line) for line in self.lines)

    def await_line(self, words: str, *, seconds: float = 60.0) -> None:
        """Return once a line has held `words`; fail with all that was said."""
        wait_until(lambda: self.said(words) or self.status is not None, seconds=seconds, what=self.told)
        wait_until(lambda: self.said(words), seconds=1.0, what=self.told)

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self._process.pid

    @property
    def status(self) -> int | None:
        """The exit status, None while it runs."""
        return self._process.poll()

    def end(self, with_signal: signal.Signals = signal.SIGTERM, *, seconds: float = 60.0) -> int:
        """Send a signal and return the exit status; fail where it has not ended within `seconds`."""
        self._process.send_signal(with_signal)
        return self._process.wait(seconds)

    def kill(self) -> None:
        """End it as a crash would; nothing where it has ended."""
        self._process.kill()
        self._process.wait(10)


def pages() -> dict[str, str]:
    """Return variables that put both pages on free ports of the loopback interface."""
    return {"PUBLIC_BIND": f"127.0.0.1:{free_port()}", "STAFF_BIND": f"127.0.0.1:{free_port()}"}
