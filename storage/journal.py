"""The journal: every message, on disk before it is acknowledged, in one chained file per UTC day."""

import hashlib
import re
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from domain.clock import Clock
from domain.message import Incoming, JournalMessage
from domain.moment import micros, moment
from storage.statements import statements

WORKERS = 64  # seq = receipt time in µs × 64 + worker
_SQL = statements("journal.sql")
_NO_CHAIN = bytes(32)
_NEVER = moment(0)
_DAY_US = 86_400_000_000


class JournalUnavailable(Exception):
    """Nothing of the batch was kept (disk full, or not to be written to); it must not be acknowledged."""


@dataclass(frozen=True, slots=True)
class BadRecord:
    """The first record that does not hold: its file, its number, and what is wrong with it."""

    file: Path
    seq: int | None
    wrong: str


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


def day_of(seq: int) -> str:
    """Return the UTC day, 2026-11-24, in whose file the message numbered `seq` is."""
    return moment(seq // WORKERS).strftime("%Y-%m-%d")


def received_at(seq: int) -> datetime:
    """Return the moment that `seq` was made from."""
    return moment(seq // WORKERS)


class Journal:
    """An append-only store of messages. One process appends; any thread or process may read."""

    def __init__(self, folder: Path, *, worker: str, clock: Clock) -> None:
        """Open the journal of `worker` below `folder`, making it if there is none."""
        self.folder = folder / worker
        self.folder.mkdir(parents=True, exist_ok=True)
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
        first = _within_a_day(max(now, self._seq // WORKERS + 1), len(batch))
        connection, position, chain = self._writer_for(day_of(first * WORKERS))
        seqs, rows = [], []
        for offset, incoming in enumerate(batch):
            seq = (first + offset) * WORKERS + self._number
            chain = link(chain, seq, now, incoming)
            position += 1
            rows.append((*_row(seq, position, now, incoming), chain))
            seqs.append(seq)
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(_SQL["append"], rows)
        self._seq, self._position, self._chain = seqs[-1], position, chain
        return seqs

    def read(self, after: int, limit: int) -> list[JournalMessage]:
        """Return at most `limit` messages whose number is above `after`, rising."""
        found: list[JournalMessage] = []
        first = day_of(after) if after else ""
        for file in self.files():
            if file.stem >= first and len(found) < limit:
                rows = self._reader(file).execute(_SQL["after"], (after, limit - len(found)))
                found.extend(_messages(rows.fetchall()))
        return found

    def get(self, seq: int) -> JournalMessage | None:
        """Return the message numbered `seq`, or None if it is not (or no longer) there."""
        file = self.folder / f"{day_of(seq)}.sqlite"
        if not file.exists():
            return None
        row = self._reader(file).execute(_SQL["one"], (seq,)).fetchone()
        return None if row is None else _message(row)

    def files(self) -> list[Path]:
        """Return the files of all days, oldest first."""
        return sorted(self.folder.glob("????-??-??.sqlite"))

    def count(self) -> int:
        """Return how many messages are kept; costs one look-up a day."""
        newest = (self._reader(file).execute(_SQL["newest"]).fetchone() for file in self.files())
        return sum(row[1] for row in newest if row is not None)

    def newest(self) -> int:
        """Return the number of the newest message, 0 if there is none."""
        for file in reversed(self.files()):
            row = self._reader(file).execute(_SQL["newest"]).fetchone()
            if row is not None:
                return int(row[0])
        return 0

    def size(self) -> int:
        """Return the bytes on disk, write-ahead logs included."""
        return sum(file.stat().st_size for file in self.folder.iterdir() if file.is_file())

    def check(self) -> BadRecord | None:
        """Recompute the whole chain; return the first record that does not hold, or None."""
        chain = _NO_CHAIN
        for file in self.files():
            try:
                wrong, chain = _check_day(self._reader(file), chain)
            except sqlite3.DatabaseError as error:
                return BadRecord(file, None, str(error))
            if wrong is not None:
                return BadRecord(file, *wrong)
        return None

    def close(self) -> None:
        """Let go of the files."""
        with self._lock:
            self._forget_writer()

    def _last(self) -> tuple[int, int, bytes]:
        for file in reversed(self.files()):
            row = self._reader(file).execute(_SQL["newest"]).fetchone()
            if row is not None:
                return int(row[0]), int(row[1]), bytes(row[2])
        return 0, 0, _NO_CHAIN

    def _writer_for(self, day: str) -> tuple[sqlite3.Connection, int, bytes]:
        if self._writer is None or self._writer[0] != day:
            fresh = not (self.folder / f"{day}.sqlite").exists()
            self._forget_writer()
            self._writer = (day, _open(self.folder / f"{day}.sqlite"))
            if fresh:
                self._position = 0
            else:
                self._seq, self._position, self._chain = self._last()
                self._position = self._position if day_of(self._seq) == day else 0
        return self._writer[1], self._position, self._chain

    def _forget_writer(self) -> None:
        if self._writer is not None:
            self._writer[1].close()
            self._writer = None

    def _reader(self, file: Path) -> sqlite3.Connection:
        """Return this thread's connection to `file`: readers never wait for the writer (WAL)."""
        held: dict[Path, sqlite3.Connection] = self._readers.__dict__.setdefault("held", {})
        if file not in held:
            for stale in [one for one in held if not one.exists() or len(held) > 8]:
                held.pop(stale).close()
            held[file] = _open(file)
        return held[file]


def link(chain: bytes, seq: int, at: int, incoming: Incoming) -> bytes:
    """Return the SHA-256 that chains a message to the one before it."""
    head = (
        f"{seq} {at} {incoming.qos} {int(incoming.retained)} {int(incoming.redelivered)} "
        f"{int(incoming.live)} {len(incoming.topic.encode())} {incoming.topic}\n"
    )
    return hashlib.sha256(chain + head.encode() + incoming.payload).digest()


def _open(file: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False, timeout=30)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(_SQL["schema"])
    return connection


def _within_a_day(first: int, count: int) -> int:
    """Return the first of `count` numbers (µs) that are all of one day, from `first` on: a number tells its file."""
    midnight = (first // _DAY_US + 1) * _DAY_US
    return first if first + count <= midnight else midnight


def _row(seq: int, position: int, at: int, incoming: Incoming) -> tuple[Any, ...]:
    flags = (incoming.qos, incoming.retained, incoming.redelivered, incoming.live)
    return (seq, position, at, incoming.topic, incoming.payload, *flags)


def _message(row: Sequence[Any]) -> JournalMessage:
    return next(_messages([row]))


def _messages(rows: Iterable[Sequence[Any]]) -> Iterator[JournalMessage]:
    last, received = None, _NEVER
    for seq, at, topic, payload, qos, retained, redelivered, live in rows:
        if at != last:  # a group that was committed together has one moment
            last, received = at, moment(at)
        yield JournalMessage(seq, received, Incoming(topic, payload, qos, retained > 0, redelivered > 0, live > 0))


def _check_day(connection: sqlite3.Connection, chain: bytes) -> tuple[tuple[int, str] | None, bytes]:
    """Return what is wrong with the first bad record of a day, if any, and where its chain ends."""
    for expected, row in enumerate(connection.execute(_SQL["chained"]), start=1):
        seq, position, *rest, kept = row
        chain = link(chain, seq, rest[0], _message((seq, *rest)).incoming)
        if position != expected:
            return (seq, f"position {position} where {expected} must be"), chain
        if bytes(kept) != chain:
            return (seq, "the chain does not hold: this message or its place was changed"), chain
    return None, chain
