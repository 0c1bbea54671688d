"""Receipt in a process of its own, so that nothing else the service does can hold up what stations send.

Python runs one thread of a process at a time, and a thread that writes to a database waits for its turn at every row:
beside a pipeline or figures at work, keeping a group of messages takes a hundred times as long.

The process is told by its standard input what to do, ends cleanly when that is closed (so too when its parent is
killed), and says on its standard output how it stands. Only one at a time appends to a journal: a lock in the journal's
folder sees to that when a service is started anew while the process of the one before still writes.
"""

import fcntl
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import structlog

from domain.clock import Clock
from domain.text import Text
from ingest.inlet import Inlet, InletState
from ingest.subscriber import Subscriber, SubscriberState
from ingest.watched_folder import FolderState, WatchedFolder
from service.logs import log_to
from storage.journal import Journal

log = structlog.get_logger(__name__)

_SAYS_EVERY_SECONDS = 0.2
_RESTART_SECONDS = (0.5, 15.0)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Where messages come from, and where they are kept; all that a receiving process needs to know."""

    url: str
    password: str | None
    client_id: str
    filters: tuple[str, ...]
    files: Path | None
    journals: Path
    worker: str
    clock: Clock

    def inlet(self, journal: Journal) -> Inlet:
        """Return what receives so into `journal`."""
        subscriber = Subscriber(
            self.url, self.password, client_id=self.client_id, filters=self.filters, journal=journal, clock=self.clock
        )
        return Inlet(subscriber, WatchedFolder(self.files, journal, self.clock) if self.files else None)


class ReceiptProcess:
    """Runs `python -m service.receipt` for as long as it is wanted, and starts it again where it ends before."""

    def __init__(self, wanted: Wanted) -> None:
        """Nothing is started before `start`."""
        self._wanted = wanted
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="receipt", daemon=True)
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._state = self._unheard(None)

    def start(self) -> None:
        """Start the process, and see to it that there is one."""
        self._thread.start()

    def stop(self) -> None:
        """Let the process keep and acknowledge what it has, and end."""
        with self._lock:
            self._stop.set()
            if self._process is not None and self._process.stdin is not None:
                self._process.stdin.close()
        if self._thread.is_alive():
            self._thread.join()

    def state(self) -> InletState:
        """Return what the process last said."""
        return self._state

    def _keep(self) -> None:
        pause, longest = _RESTART_SECONDS
        while not self._stop.is_set():
            began = time.monotonic()
            code = self._run()
            if self._stop.is_set():
                return
            pause = _RESTART_SECONDS[0] if time.monotonic() - began > longest else min(pause * 2, longest)
            self._state = self._unheard(Text("The process that receives has ended and is started again."))
            log.error("receipt ended", code=code, again_in=pause)
            self._stop.wait(pause)

    def _run(self) -> int | None:
        """Run the process from its start to its end; return its exit code."""
        with self._lock:
            if self._stop.is_set():
                return None
            # -P: whatever lies in the folder that the service was started in is no module of ours.
            process = self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "service.receipt"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        assert process.stdin is not None and process.stdout is not None  # noqa: S101 - asked for above
        with process, process.stdout:
            try:
                pickle.dump(self._wanted, process.stdin)
                process.stdin.flush()
                while True:
                    self._state = pickle.load(process.stdout)  # noqa: S301 - from our own process
            except (EOFError, OSError, ValueError, pickle.UnpicklingError):
                pass  # it has ended, or is about to: a state cut short says nothing
            with self._lock:
                self._process = None
                process.stdin.close()
            return process.wait()

    def _unheard(self, error: Text | None) -> InletState:
        nothing = SubscriberState(
            connected=False, since=self._wanted.clock.now(), backlog_done=False, pending=0, error=error
        )
        return InletState(nothing, FolderState() if self._wanted.files else None)


def main() -> None:
    """Receive as standard input says until it is closed, and say on standard output how it stands."""
    for one in (signal.SIGINT, signal.SIGTERM):
        # A terminal and systemd send them to all processes of a service: the parent says when to end.
        signal.signal(one, signal.SIG_IGN)
    log_to()
    wanted: Wanted = pickle.load(sys.stdin.buffer)  # noqa: S301 - from our own parent
    stop = threading.Event()
    threading.Thread(target=_await_end, args=(sys.stdin.buffer, stop), daemon=True).start()
    with _alone(wanted.journals / wanted.worker, stop) as mine:
        if mine:
            _receive(wanted, stop)


def _receive(wanted: Wanted, stop: threading.Event) -> None:
    journal = Journal(wanted.journals, worker=wanted.worker, clock=wanted.clock)
    inlet = wanted.inlet(journal)
    inlet.start()
    said: InletState | None = None
    while not stop.wait(_SAYS_EVERY_SECONDS):
        if (state := inlet.state()) != said:
            said = state
            _say(state, stop)
    inlet.stop()
    journal.close()


def _say(state: InletState, stop: threading.Event) -> None:
    try:
        pickle.dump(state, sys.stdout.buffer)
        sys.stdout.buffer.flush()
    except OSError:  # nobody listens any more
        stop.set()


def _await_end(told: IO[bytes], stop: threading.Event) -> None:
    told.read()
    stop.set()


@contextmanager
def _alone(folder: Path, stop: threading.Event) -> Iterator[bool]:
    """Wait until no other process appends to the journal in `folder`; False where `stop` was quicker."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "appending.lock").open("a+") as file:
        while not stop.is_set():
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                stop.wait(0.05)
            else:
                yield True
                return
        yield False


if __name__ == "__main__":
    main()
