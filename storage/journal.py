"""The journal: every message, on disk before it is acknowledged, in one chained file per UTC day."""

import re
import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from domain.clock import Clock
from domain.message import Incoming, JournalMessage
from domain.moment import micros
from storage import checking, journal_day
from storage.checking import BadRecord
from storage.journal_day import OPEN, SQL, WORKERS, day_of, link, messages_of, record, row_of
from storage.seals import SealBook

_DAY_US = 86_400_000_000
# What is read at once: thousands of ordinary messages, and no more of large ones than memory is for.
READ_BYTES = 32 * 1024 * 1024
_PAYLOAD = 3  # its column where messages are read


class JournalUnavailable(Exception):
    """Nothing of the batch was kept (disk full, or not to be written to); it must not be acknowledged."""


def worker_number(worker: str) -> int:
    """Return the number of an ingest worker, 0–63: `main` is 0, others are their trailing digits.

    Raises ValueError where there are none, or they are not 1–63.
    """
    if worker == "main":
        return 0
    found = re.search(r"(\d+)$", worker)
    if found is None or not 1 <= int(found[1]) < WORKERS:
        raise ValueError(f"worker {worker!r} must be 'main' or end in a number from 1 to {WORKERS - 1}")
    return int(found[1])


class Journal:
    """An append-only store of messages. One process appends; any thread or process may read."""

    def __init__(self, folder: Path, *, worker: str, clock: Clock) -> None:
        """Open the journal of `worker` below `folder`, making it if there is none."""
        self.folder = folder / worker
        self.folder.mkdir(parents=True, exist_ok=True)
        self.seals = SealBook(self.folder)
        self._number = worker_number(worker)
        self._clock = clock
        self._lock = threading.Lock()
        self._writer: tuple[str, sqlite3.Connection] | None = None
        self._readers = threading.local()
        self._seq, self._position, self._chain = self._last()

    def append(self, batch: Sequence[Incoming]) -> list[int]:
        """Keep `batch` in one commit, on disk on return; return the messages' numbers, rising.

        Raises JournalUnavailable; then nothing of the batch is kept.
        """
        if not batch:
            return []
        with self._lock:
            try:
                return self._append(batch)
            except (sqlite3.Error, OSError) as error:
                self._forget_writer()
                raise JournalUnavailable(str(error)) from error

    def _append(self, batch: Sequence[Incoming]) -> list[int]:
        now = micros(self._clock.now())
        # One more than the newest where the clock is behind: numbers never go back, and neither do files.
        first = _within_a_day(max(now, self._seq // WORKERS + 1, self._after_the_last_seal()), len(batch))
        while (found := self._put(batch, first, now)) is None:
            first = _midnight_after(first)
        return found

    def _put(self, batch: Sequence[Incoming], first: int, now: int) -> list[int] | None:
        """Write `batch` with numbers from `first` (µs) on; None where that day has been closed meanwhile."""
        connection, position, chain = self._writer_for(day_of(first * WORKERS))
        seqs, rows = [], []
        for offset, incoming in enumerate(batch):
            seq = (first + offset) * WORKERS + self._number
            row = row_of(seq, now, incoming)
            chain = link(chain, record(row))
            position += 1
            rows.append((position, *row, chain))
            seqs.append(seq)
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            if journal_day.standing(connection) != OPEN:
                return None
            connection.executemany(SQL["append"], rows)
        self._seq, self._position, self._chain = seqs[-1], position, chain
        return seqs

    def read(self, after: int, limit: int) -> list[JournalMessage]:
        """Return at most `limit` messages whose number is above `after`, rising; fewer where they come to `READ_BYTES`."""
        rows: list[Any] = []
        first = day_of(after) if after else ""
        size = 0
        for file in self.files():
            if file.stem >= first and len(rows) < limit and size < READ_BYTES:
                rows += self._rows(file, SQL["after"], (after, limit - len(rows)), READ_BYTES - size)
                size = sum(len(row[_PAYLOAD]) for row in rows)
        return list(messages_of(rows))

    def get(self, seq: int) -> JournalMessage | None:
        """Return the message numbered `seq`, or None if it is not (or no longer) there."""
        rows = self._rows(self.folder / f"{day_of(seq)}.sqlite", SQL["one"], (seq,))
        return next(messages_of(rows), None)

    def files(self) -> list[Path]:
        """Return the files of all days that are kept, oldest first."""
        return journal_day.files(self.folder)

    def count(self) -> int:
        """Return how many messages were ever received, those of pruned days too; costs one look-up a day not sealed."""
        # Files first: a day that is sealed or pruned a moment later is counted by one or the other, never by none.
        kept = self.files()
        sealed = self.seals.messages()
        newest = (self._newest(file) for file in kept if file.stem not in sealed)
        return sum(sealed.values()) + sum(int(row[1]) for row in newest if row is not None)

    def count_since(self, moment: datetime) -> int:
        """Return how many messages that are kept have come since `moment`; costs two look-ups a day."""
        seq = max(micros(moment), 0) * WORKERS
        found = 0
        for file in self.files():
            newest = self._newest(file) if file.stem >= day_of(seq) else None
            if newest is not None:
                before = next(iter(self._rows(file, SQL["up_to"], (seq,))), None)
                found += int(newest[1]) - (int(before[0]) if before else 0)
        return found

    def newest(self) -> int:
        """Return the number of the newest message, 0 if there is none."""
        return self._last()[0]

    def size(self) -> int:
        """Return the bytes on disk, write-ahead logs included."""
        return sum(journal_day.bytes_of(file) for file in self.folder.iterdir() if file.is_file())

    def check(self, progress: Callable[[int], None] = lambda _: None) -> BadRecord | None:
        """Recompute chain and seals; return the first record that does not hold, or None."""
        return checking.check(self.folder, progress=progress).bad

    def close(self) -> None:
        """Let go of the files."""
        with self._lock:
            self._forget_writer()

    def _last(self) -> tuple[int, int, bytes]:
        """Return number, position and chain of the newest message; as the last seal has them where its day was pruned."""
        sealed = self.seals.end()
        for file in reversed(self.files()):
            row = self._newest(file)
            if row is not None:
                return max(sealed, (int(row[0]), int(row[1]), bytes(row[2])))
        return sealed

    def _newest(self, file: Path) -> Sequence[Any] | None:
        return next(iter(self._rows(file, SQL["newest"])), None)

    def _after_the_last_seal(self) -> int:
        """Return the first number (µs) that no sealed day can hold: it matters where the clock was set back by days."""
        day = self.seals.sealed_to()
        return 0 if day is None else micros(journal_day.ends(day))

    def _writer_for(self, day: str) -> tuple[sqlite3.Connection, int, bytes]:
        if self._writer is None or self._writer[0] != day:
            self._forget_writer()
            self._writer = (day, journal_day.open_to_append(self.folder / f"{day}.sqlite"))
            self._seq, self._position, self._chain = self._last()
            self._position = self._position if day_of(self._seq) == day else 0
        return self._writer[1], self._position, self._chain

    def _forget_writer(self) -> None:
        if self._writer is not None:
            self._writer[1].close()
            self._writer = None

    def _rows(
        self, file: Path, query: str, values: tuple[Any, ...] = (), most_bytes: int | None = None
    ) -> list[Any]:  # fmt: skip
        """Return what a query finds in a day's file; nothing where it is pruned, or its writer has only made it.

        `most_bytes`: as many of the first rows as their payloads come to.
        """
        connection = self._reader(file)
        if connection is None:
            return []
        try:
            return _found(connection, query, values, most_bytes)
        except sqlite3.OperationalError:
            # Where the table has been made meanwhile it answers now; whatever else is wrong is so again.
            return _found(connection, query, values, most_bytes) if journal_day.has_messages(connection) else []

    def _reader(self, file: Path) -> sqlite3.Connection | None:
        """Return this thread's connection to `file`: readers never wait for the writer (WAL)."""
        held: dict[Path, sqlite3.Connection] = self._readers.__dict__.setdefault("held", {})
        if file not in held or not file.exists():
            for stale in [one for one in held if not one.exists() or len(held) > 8]:
                held.pop(stale).close()
            opened = journal_day.open_to_read(file)
            if opened is None:
                return None
            held[file] = opened
        return held[file]


def _within_a_day(first: int, count: int) -> int:
    """Return the first of `count` numbers (µs) that are all of one day, from `first` on: a number tells its file."""
    midnight = _midnight_after(first)
    return first if first + count <= midnight else midnight


def _midnight_after(number: int) -> int:
    return (number // _DAY_US + 1) * _DAY_US


def _found(
    connection: sqlite3.Connection, query: str, values: tuple[Any, ...], most_bytes: int | None
) -> list[Any]:  # fmt: skip
    rows = connection.execute(query, values)
    return rows.fetchall() if most_bytes is None else _up_to(rows, most_bytes)


def _up_to(rows: Iterable[Any], most_bytes: int) -> list[Any]:
    found: list[Any] = []
    for row in rows:
        found.append(row)
        most_bytes -= len(row[_PAYLOAD])
        if most_bytes <= 0:
            break
    return found
