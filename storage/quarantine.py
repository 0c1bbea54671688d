"""What could not be understood, with its reason; the message itself stays in the journal."""

import json
import sqlite3
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from domain.moment import micros, moment
from domain.text import Text, pack, unpack
from storage.statements import statements

_SQL = statements("quarantine.sql")
_LARGEST = 2**63 - 1  # number that SQLite can be asked for


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

    @property
    def id(self) -> str:
        """The name by which a person asks for it."""
        return f"{self.seq}:{self.part}" if self.part else str(self.seq)


class Quarantine:
    """One worker's refusals. Safe to use from several threads and processes."""

    def __init__(self, path: Path) -> None:
        """Open the file at `path`, making it and its folder if there is none."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
        for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", _SQL["schema"]):
            self._connection.execute(statement)

    def add(self, rows: Sequence[Refused]) -> None:
        """Keep refusals; one that is there already stays as it was."""
        if not rows:
            return
        with self._lock, self._connection:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(_SQL["add"], [_row(one) for one in rows])

    def list(self, reason: str | None = None, station: str | None = None, limit: int = 1_000) -> list[Refused]:
        """Return the newest refusals first."""
        wanted = {"reason": reason, "station": station, "limit": limit}
        with self._lock:
            return [_refused(row) for row in self._connection.execute(_SQL["list"], wanted)]

    def get(self, refusal: str) -> Refused | None:
        """Return the refusal with the id `refusal`, or None."""
        seq, _, part = refusal.partition(":")
        if not seq.isdecimal() or int(seq) > _LARGEST:
            return None
        with self._lock:
            row = self._connection.execute(_SQL["get"], (int(seq), part)).fetchone()
        return None if row is None else _refused(row)

    def counts(self) -> dict[str, int]:
        """Return how many refusals there are of each reason."""
        with self._lock:
            return dict(self._connection.execute(_SQL["counts"]).fetchall())

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


def _row(one: Refused) -> tuple[Any, ...]:
    said = json.dumps(pack(one.message), ensure_ascii=False, default=str)
    return (one.seq, one.part, one.reason, said, one.topic, one.station, micros(one.received_at))


def _refused(row: tuple[Any, ...]) -> Refused:
    seq, part, reason, said, topic, station, at = row
    return Refused(seq, part, reason, unpack(json.loads(said)), topic, station, moment(at))
