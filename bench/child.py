"""A process that is ready, begins when told to, and says when it is done: so starting Python is not measured."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parents[1]


class Failed(Exception):
    """The process ended before it was to; the message is what it said."""


class Child:
    """`python -m MODULE …`, seen from outside."""

    def __init__(self, process: "subprocess.Popen[str]", log: Path) -> None:
        """Return once the process is ready. Raises Failed."""
        self._process = process
        self._log = log
        self.await_line("ready")

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self._process.pid

    def go(self) -> float:
        """Let it begin; return the moment (monotonic)."""
        _pipe(self._process.stdin).write("go\n")
        _pipe(self._process.stdin).flush()
        return time.monotonic()

    def await_line(self, wanted: str) -> None:
        """Return once it has said so. Raises Failed where it ends instead."""
        for line in _pipe(self._process.stdout):
            if line.strip() == wanted:
                return
        raise Failed(f"{self._process.args!r} ended early:\n{self._log.read_text('utf-8')[-2_000:]}")

    def check(self) -> None:
        """Raise Failed where it has ended."""
        if self._process.poll() is not None:
            self.await_line("that it still runs")


@contextmanager
def child(module: str, *arguments: object, log: Path, **variables: object) -> Iterator[Child]:
    """Run a module; end it by closing its standard input. `variables` are ours, their names without prefix."""
    command = [sys.executable, "-m", f"bench.{module}", *map(str, arguments)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("QUANTRAC_")}
    ours = {f"QUANTRAC_{name}": str(value) for name, value in variables.items()}
    with log.open("a", encoding="utf-8") as said:
        process = subprocess.Popen(  # noqa: S603 - our own modules
            command,
            cwd=ROOT,
            env={**kept, **ours},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
            text=True,
        )
    try:
        yield Child(process, log)
    finally:
        _pipe(process.stdin).close()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        _pipe(process.stdout).close()


def wait_for_go() -> None:
    """In the process: say that it is ready, and wait to be told."""
    _say("ready")
    sys.stdin.readline()


def end() -> threading.Event:
    """In the process: return what is set once standard input is closed."""
    stop = threading.Event()

    def wait() -> None:
        sys.stdin.read()
        stop.set()

    threading.Thread(target=wait, daemon=True).start()
    return stop


def done() -> None:
    """In the process: say that it is done."""
    _say("done")


def _say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None  # noqa: S101 - all were asked for
    return pipe
