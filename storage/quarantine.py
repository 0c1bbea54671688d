"""What could not be understood, with its reason and how it came to its end; the message itself stays in the journal."""

import json
import sqlite3
import threading
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from domain.moment import micros, moment
from domain.text import Text, pack, unpack
from storage.journal_day import WORKERS
from storage.statements import statements

_SQL = statements("quarantine.sql")
_LARGEST = 2**63 - 1  # number that SQLite can be asked for
# Each other unit, status or device is another thing to put right. Other sentences name moments and places that differ
# from message to message.
_APART = json.dumps(["unknown_unit", "unknown_status", "device_mismatch", "station_mismatch"])
# What files of earlier versions lack.
_LATER = {
    "state": "TEXT NOT NULL DEFAULT 'open'", "settled_at": "INTEGER", "settled_by": "TEXT", "because": "TEXT",
    "request": "INTEGER",
}  # fmt: skip


class RefusalState(StrEnum):
    """What became of a refusal."""

    OPEN = "open"
    REPLAYED = "replayed"  # understood since
    DISCARDED = "discarded"  # a person gave it up
    EXPIRED = "expired"  # nobody resolved it before its day of the journal went


@dataclass(frozen=True, slots=True)
class Settled:
    """How a refusal came to its end; `request` is the number of what a person asked for."""

    state: RefusalState
    at: datetime | None = None
    by: str | None = None
    because: str | None = None
    request: int | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A message, or a part of one, that was not taken. `part` is empty for all of it, else a parameter or a path."""

    seq: int
    part: str
    reason: str
    message: Text
    topic: str
    station: str | None
    received_at: datetime
    settled: Settled | None = None

    @property
    def id(self) -> str:
        """The name by which a person asks for it."""
        return f"{self.seq}:{self.part}" if self.part else str(self.seq)

    @property
    def state(self) -> RefusalState:
        """What has become of it."""
        return self.settled.state if self.settled else RefusalState.OPEN


@dataclass(frozen=True, slots=True)
class Cause:
    """Refusals that one change puts right. `message` is the newest one's sentence, `topic` is named without a station."""

    reason: str
    station: str | None
    topic: str | None
    part: str
    messages: int
    first: datetime
    last: datetime
    message: Text


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which refusals are asked for; what is left out does not matter. `since` ≤ number of the message < `until`."""

    reasons: Collection[str] | None = None
    station: str | None = None
    topic: str | None = None
    state: RefusalState | None = RefusalState.OPEN
    since: int = 0
    until: int = _LARGEST

    def values(self) -> dict[str, Any]:
        """Return the statements' parameters."""
        reasons = None if self.reasons is None else json.dumps(list(self.reasons))
        return {
            "reasons": reasons, "station": self.station, "topic": self.topic,
            "state": None if self.state is None else self.state.value, "since": self.since, "until": self.until,
        }  # fmt: skip


class Quarantine:
    """One worker's refusals. Safe to use from several threads and processes."""

    def __init__(self, path: Path) -> None:
        """Open the file at `path`, making it and its folder if there is none."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
        for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", _SQL["schema"]):
            self._connection.execute(statement)
        if self._missing():
            self._grow()

    def _missing(self) -> list[str]:
        there = {row[0] for row in self._connection.execute(_SQL["columns"])}
        return [name for name in _LATER if name not in there]

    def _grow(self) -> None:
        with self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            for name in self._missing():  # once more: another process may have been quicker
                self._connection.execute(f"ALTER TABLE refused ADD COLUMN {name} {_LATER[name]}")

    def add(self, rows: Sequence[Refused]) -> None:
        """Keep refusals; one that is there already stays as it was."""
        if not rows:
            return
        with self._lock, self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(_SQL["add"], [_row(one) for one in rows])

    def settle(self, open_now: Iterable[Refused], ended: Iterable[tuple[Refused, Settled]]) -> None:
        """Note at once what is wrong now, in place of what was, and how other refusals came to their end."""
        with self._lock, self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(_SQL["replace"], [_row(one) for one in open_now])
            self._connection.executemany(_SQL["settle"], [_ended(one, settled) for one, settled in ended])

    def list(self, wanted: Wanted | None = None, limit: int = 1_000) -> list[Refused]:
        """Return the newest refusals first; open ones, if nothing else is wanted."""
        values = {**(wanted or Wanted()).values(), "limit": limit}
        with self._lock:
            return [_refused(row) for row in self._connection.execute(_SQL["list"], values)]

    def causes(
        self, wanted: Wanted | None = None, of: Collection[int] | None = None, limit: int = 1_000
    ) -> Sequence[Cause]:  # fmt: skip
        """Return refusals by what has to be put right, the most frequent first; of the messages `of`, if given."""
        seqs = None if of is None else json.dumps([*of])
        values = {**(wanted or Wanted()).values(), "seqs": seqs, "apart": _APART, "limit": limit}
        with self._lock:
            rows = self._connection.execute(_SQL["causes"], values).fetchall()
        return [_cause(row) for row in rows]

    def of(self, seqs: Collection[int]) -> Sequence[Refused]:
        """Return everything on record of some messages."""
        with self._lock:
            return [_refused(row) for row in self._connection.execute(_SQL["of"], (json.dumps([*seqs]),))]

    def get(self, refusal: str) -> Refused | None:
        """Return the refusal with the id `refusal`, or None."""
        seq, part = parted(refusal)
        return None if seq is None else next((one for one in self.of([seq]) if one.part == part), None)

    def counts(self) -> dict[str, int]:
        """Return how many open refusals there are of each reason."""
        with self._lock:
            return dict(self._connection.execute(_SQL["counts"]).fetchall())

    def named(self, wanted: Wanted, *, whole: bool) -> Sequence[tuple[int, str]]:
        """Return refusals as (number, part), without their words: there may be millions. `whole`: their messages."""
        with self._lock:
            return self._connection.execute(_SQL["named"], {**wanted.values(), "whole": whole}).fetchall()

    def messages_of(self, wanted: Wanted) -> int:
        """Return how many messages the refusals that are wanted are of."""
        with self._lock:
            return int(self._connection.execute(_SQL["messages"], wanted.values()).fetchone()[0])

    def expire(self, day: str) -> int:
        """Mark as lost what nobody resolved of a UTC day (2026-11-24); return how many messages of it are lost.

        Can be repeated, and returns the same: to be called before the day's file goes.
        """
        first, last = of_day(date.fromisoformat(day))
        with self._lock, self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.execute(_SQL["expire"], {"since": first, "until": last})
            return int(self._connection.execute(_SQL["expired"], {"since": first, "until": last}).fetchone()[0])

    def lost(self) -> int:
        """Return how many messages nobody resolved before they went, wholly or in part."""
        with self._lock:
            return int(self._connection.execute(_SQL["expired"], {"since": 0, "until": _LARGEST}).fetchone()[0])

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


def parted(refusal: str) -> tuple[int | None, str]:
    """Return the number of the message and the part that an id names; None where it cannot be one."""
    seq, _, part = refusal.partition(":")
    return (int(seq) if seq.isdecimal() and int(seq) <= _LARGEST else None), part


def of_day(day: date) -> tuple[int, int]:
    """Return the numbers between which the messages of a UTC day are: from the first, below the second."""
    begin = datetime.combine(day, time(0), UTC)
    return micros(begin) * WORKERS, micros(begin + timedelta(days=1)) * WORKERS


def _row(one: Refused) -> tuple[Any, ...]:
    said = json.dumps(pack(one.message), ensure_ascii=False, default=str)
    return (one.seq, one.part, one.reason, said, one.topic, one.station, micros(one.received_at))


def _ended(one: Refused, settled: Settled) -> tuple[Any, ...]:
    at = None if settled.at is None else micros(settled.at)
    return (settled.state.value, at, settled.by, settled.because, settled.request, one.seq, one.part)


def _refused(row: tuple[Any, ...]) -> Refused:
    seq, part, reason, said, topic, station, at, state, *ended = row
    settled = None if state == RefusalState.OPEN else _settled(state, *ended)
    return Refused(seq, part, reason, unpack(json.loads(said)), topic, station, moment(at), settled)


def _settled(state: str, at: int | None, by: str | None, because: str | None, request: int | None) -> Settled:
    return Settled(RefusalState(state), None if at is None else moment(at), by, because, request)


def _cause(row: tuple[Any, ...]) -> Cause:
    reason, station, topic, part, messages, first, last, said = row
    return Cause(reason, station, topic, part, messages, moment(first), moment(last), unpack(json.loads(said)))
