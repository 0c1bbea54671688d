"""What a running `ingest` has done, seen from outside: in its files, as another process would."""

from pathlib import Path

from bench.province import Backlog, OtherThanSent
from domain.clock import SystemClock
from domain.message import Outcome
from service.stores import Folder
from storage.journal import Journal
from storage.ledger import Ledger, outcome_counts, reading_counts
from storage.readings import ReadingStore
from storage.state import open_state


class Seen:
    """How far a worker is with a backlog."""

    def __init__(self, data: Path, worker: str, backlog: Backlog) -> None:
        """Open its data folder; what is not there yet is made as the worker makes it."""
        folder = Folder(data)
        self._backlog = backlog
        self._journal: Journal = folder.open_journal(worker, SystemClock())
        self._engine = open_state(folder.state_url)
        self._ledger = Ledger(self._engine, worker)

    def received(self) -> float:
        """Return which share of the messages is on disk."""
        return self._journal.count() / self._backlog.messages

    def processed(self) -> float:
        """Return 1 once the pipeline is through with all messages."""
        return float(self._ledger.cursor() == self._journal.newest())

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
