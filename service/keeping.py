"""The journal's upkeep: finished days are sealed, old ones pruned. It reads beside ingest and gives way to it."""

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Event

import structlog
from sqlalchemy.engine import Engine

from domain.clock import Clock
from service.stores import Folder
from storage import keys, sealing
from storage.keys import SealKey
from storage.pruning import Pruner
from storage.readings import ReadingStore
from storage.seals import SealBook

log = structlog.get_logger(__name__)

# Days end once a day; looking costs a few file names.
EVERY = timedelta(minutes=10)
# Of a second that hashing takes, as many are left to others.
_REST = 1.0


@dataclass
class Keeper:
    """Seals and prunes the journals of all workers of a data folder."""

    folder: Folder
    engine: Engine
    store: ReadingStore
    clock: Clock
    kept: timedelta
    _looked_at: datetime | None = None
    _trouble: Exception | None = None
    _ended: Event = field(default_factory=Event)

    def run(self) -> None:
        """Do what is due, if it is time to look; between two looks a trouble stays one."""
        now = self.clock.now()
        if self._looked_at is None or not self._looked_at <= now < self._looked_at + EVERY:
            self._trouble = self._keep(now)
            self._looked_at = now
        if self._trouble is not None:
            raise self._trouble

    def stop(self) -> None:
        """Leave what is at hand; the next start does it."""
        self._ended.set()

    def _keep(self, now: datetime) -> Exception | None:
        """Seal and prune what is due, of every worker whatever is wrong with another; return the first trouble."""
        trouble: Exception | None = None
        for worker in self.folder.workers():
            book = SealBook(self.folder.journals / worker)
            try:
                key = open_key(self.folder)
                self._seal(worker, book, key, now)
                self._prune(worker, book, key, now)
            except Exception as error:
                trouble = trouble or error
        return trouble

    def _seal(self, worker: str, book: SealBook, key: SealKey, now: datetime) -> None:
        folder = self.folder.journals / worker
        sealing.mark(folder, book)
        for file in sealing.due(folder, book, now):
            made = sealing.seal(file, book, key, now, self._turns())
            if made is None:
                return
            log.info("sealed", worker=worker, day=made.day, messages=made.messages)
            if made.broken is not None:
                log.error("sealed a day whose chain does not hold", worker=worker, day=made.day, record=made.broken)

    def _prune(self, worker: str, book: SealBook, key: SealKey, now: datetime) -> None:
        if self._ended.is_set():
            return
        folders = (self.folder.journals / worker, self.folder.hold(worker))
        with closing(self.folder.open_quarantine(worker)) as quarantine:
            pruner = Pruner(*folders, self.engine, self.store, forget=quarantine.expire)
            days = pruner.prune(book, key, now, self.kept, self._turns())
        if days:
            log.info("pruned", worker=worker, days=days)

    def _turns(self) -> Callable[[], bool]:
        """Return what leaves others as much time as was used, and says whether to go on."""
        began = time.monotonic()

        def turn() -> bool:
            nonlocal began
            goes_on = not self._ended.wait((time.monotonic() - began) * _REST)
            began = time.monotonic()
            return goes_on

        return turn


def open_key(folder: Folder) -> SealKey:
    """Return the key of a data folder, making it where nothing was ever sealed. Raises KeyLost."""
    books = (SealBook(folder.journals / worker) for worker in folder.workers())
    last = [entries[-1] for entries in (book.entries() for book in books) if entries]
    newest = max(last, key=lambda entry: entry.made_at, default=None)
    return keys.open_key(folder.keys, last=None if newest is None else newest.key)
