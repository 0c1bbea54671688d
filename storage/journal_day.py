"""One day's file of a journal: what its records are, what chains them, and how the file is opened and closed for good."""

import hashlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from domain.message import Incoming, JournalMessage
from domain.moment import micros, moment
from storage.statements import statements

WORKERS = 64  # seq = receipt time in µs × 64 + worker
NO_CHAIN = bytes(32)
_NEVER = moment(0)
SQL = statements("journal.sql")

# What a day's file says of itself (SQLite's user_version): nothing more is taken; a seal of it has been written.
OPEN, CLOSED, SEALED = 0, 1, 2


def day_of(seq: int) -> str:
    """Return the UTC day, 2026-11-24, in whose file the message numbered `seq` is."""
    return moment(seq // WORKERS).strftime("%Y-%m-%d")


def received_at(seq: int) -> datetime:
    """Return the moment that `seq` was made from."""
    return moment(seq // WORKERS)


def begins(day: str) -> datetime:
    """Return the first moment of a UTC day."""
    return datetime.combine(date.fromisoformat(day), time(0), UTC)


def ends(day: str) -> datetime:
    """Return the first moment after a UTC day."""
    return begins(day) + timedelta(days=1)


def numbers(day: str) -> tuple[int, int]:
    """Return the first number that a message of `day` can have, and the first of the day after."""
    return micros(begins(day)) * WORKERS, micros(ends(day)) * WORKERS


def record(row: Sequence[Any]) -> bytes:
    """Return what is proved of a message: (seq, received_at, topic, payload, qos, retained, redelivered, live).

    Whatever somebody has put into a row has a record; it is then one that does not hold.
    """
    seq, at, topic, payload, qos, retained, redelivered, live = row
    name = as_bytes(topic)
    head = f"{seq} {at} {qos} {retained} {redelivered} {live} {len(name)} "
    return head.encode() + name + b"\n" + as_bytes(payload)


def as_bytes(value: Any) -> bytes:
    """Return a value of a row as bytes, whatever it is."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


def link(chain: bytes, written: bytes) -> bytes:
    """Return the SHA-256 that chains a record to the one before it."""
    return hashlib.sha256(chain + written).digest()


def row_of(seq: int, at: int, incoming: Incoming) -> tuple[Any, ...]:
    """Return what is kept of a message, as the columns have it."""
    flags = (int(incoming.retained), int(incoming.redelivered), int(incoming.live))
    return (seq, at, incoming.topic, incoming.payload, incoming.qos, *flags)


def messages_of(rows: Iterable[Sequence[Any]]) -> Iterator[JournalMessage]:
    """Yield the messages that rows keep."""
    last, received = None, _NEVER
    for seq, at, topic, payload, qos, retained, redelivered, live in rows:
        if at != last:  # a group that was committed together has one moment
            last, received = at, moment(at)
        yield JournalMessage(seq, received, Incoming(topic, payload, qos, retained > 0, redelivered > 0, live > 0))


def files(folder: Path) -> list[Path]:
    """Return the files of all days in a worker's folder, oldest first."""
    return sorted(folder.glob("????-??-??.sqlite"))


def open_to_append(file: Path) -> sqlite3.Connection:
    """Open a day's file for its writer, making it if there is none."""
    connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False, timeout=30)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute(SQL["schema"])
    return connection


def open_to_read(file: Path) -> sqlite3.Connection | None:
    """Open a day's file that is there; None where it was pruned. It is never made: an empty one would be a lost day."""
    address = f"file:{quote(str(file.absolute()))}?mode=rw"
    try:
        connection = sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False, timeout=30)
    except sqlite3.OperationalError:
        if file.exists():
            raise
        return None
    return connection


def open_to_prove(file: Path) -> sqlite3.Connection | None:
    """Open a day's file for its bytes: text comes as it is written, be it UTF-8 or not. None where it was pruned."""
    connection = open_to_read(file)
    if connection is not None:
        connection.text_factory = bytes
    return connection


def has_messages(connection: sqlite3.Connection) -> bool:
    """Tell whether the table is there: a file that its writer has only just made has none."""
    try:
        return connection.execute(SQL["table"]).fetchone() is not None
    except UnicodeDecodeError as error:
        # SQLite's own message quotes the damaged schema, and Python cannot read it.
        raise sqlite3.DatabaseError("malformed database schema") from error


def bytes_of(file: Path) -> int:
    """Return the size of a file, 0 where it has gone."""
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0


def standing(connection: sqlite3.Connection) -> int:
    """Return whether a day is OPEN, CLOSED or SEALED."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def close_for_good(connection: sqlite3.Connection, to: int) -> None:
    """Let nothing more into a day; the writer looks at this inside its transaction, so that none slips in."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute(f"PRAGMA user_version = {to:d}")
        connection.execute("COMMIT")
    except sqlite3.Error:
        connection.execute("ROLLBACK")
        raise
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
