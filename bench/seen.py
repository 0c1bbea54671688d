"""What a running `ingest` has done, seen from outside: in its files, as another process would."""

import time
from pathlib import Path

from bench.child import Child
from bench.province import Backlog, OtherThanSent
from domain.clock import SystemClock
from domain.message import Outcome
from service.stores import Folder
from storage.journal import Journal
from storage.ledger import outcome_counts, reading_counts
from storage.readings import ReadingStore
from storage.state import open_state

_LOOK_SECONDS = 0.005
_LONGEST_SECONDS = 30.0


def await_subscription(data: Path, service: Child) -> None:
    """Return once the worker `main` is subscribed. Raises OtherThanSent where that takes too long."""
    until = time.monotonic() + _LONGEST_SECONDS
    while not list(data.glob("journal/main/filters-*.json")):
        service.check()
        if time.monotonic() > until:
            raise OtherThanSent(f"not subscribed after {_LONGEST_SECONDS} s")
        time.sleep(_LOOK_SECONDS)


class Seen:
    """How far a worker is with a backlog."""

    def __init__(self, data: Path, worker: str, backlog: Backlog) -> None:
        """Open its data folder; what is not there yet is made as the worker makes it."""
        folder = Folder(data)
        self._backlog = backlog
        self._journal: Journal = folder.open_journal(worker, SystemClock())
        self._engine = open_state(folder.state_url)

    def received(self) -> float:
        """Return which share of the messages is on disk."""
        return self._journal.count() / self._backlog.messages

    def processed(self) -> float:
        """Return which share of the messages the pipeline is through with, those that had to wait included."""
        return sum(outcome_counts(self._engine).values()) / self._backlog.messages

    def check(self, store: ReadingStore) -> None:
        """See that every message has its outcome and every reading is there. Raises OtherThanSent."""
        outcomes = {outcome: count for outcome, count in outcome_counts(self._engine).items() if count}
        wanted = self._backlog.readings, self._backlog.revised
        found = reading_counts(self._engine)
        if outcomes != {Outcome.STORED: self._backlog.messages} or found != wanted:
            raise OtherThanSent(f"outcomes {outcomes}, readings new and changed {found}; they should be {wanted}")
        self._backlog.check(store)

    def close(self) -> None:
        """Let go of the files."""
        self._journal.close()
        self._engine.dispose()
