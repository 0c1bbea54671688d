"""Sealing: a day that is over is closed, hashed in one pass that keeps little in memory, signed, and put into the book."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from domain.text import QuantracError, Text
from storage import journal_day
from storage.journal_day import CLOSED, SEALED, SQL, link, record
from storage.keys import SealKey
from storage.merkle import Tree
from storage.seals import FILE, Seal, SealBook

# Batches that are on their way at midnight are taken in first; later ones go into the next day by themselves.
GRACE = timedelta(minutes=10)
# Rows between two looks at whether to go on: some ten milliseconds of work.
CHUNK = 1_000

GoesOn = Callable[[], bool]


class SealGone(QuantracError):
    """A day was sealed before, and its seal is not in the book: another one would cover up what happened."""


@dataclass(frozen=True, slots=True)
class Proved:
    """What a pass over a day has found; `broken` is its first record whose chain does not hold."""

    tree: Tree
    chain: bytes
    first_seq: int | None
    last_seq: int | None
    broken: int | None


def always() -> bool:
    """Go on to the end."""
    return True


def due(folder: Path, book: SealBook, now: datetime) -> list[Path]:
    """Return the files of days that are over and have no seal, oldest first.

    A day is over when a newer one has a message (numbers never go back), or when it has passed: it is then closed, and
    a writer whose clock is behind goes on in the day after.
    """
    sealed = book.sealed_to() or ""
    later = [file for file in journal_day.files(folder) if file.stem > sealed]
    over: list[Path] = []
    for place, file in enumerate(later):
        if now < journal_day.ends(file.stem) + GRACE and not any(map(_has_any, later[place + 1 :])):
            break
        over.append(file)
    return over


def seal(file: Path, book: SealBook, key: SealKey, now: datetime, goes_on: GoesOn = always) -> Seal | None:
    """Close a day and seal it; None where `goes_on` said no first, and the next call begins anew. Raises SealGone."""
    connection = journal_day.open_to_prove(file)
    if connection is None:
        return None
    try:
        if journal_day.standing(connection) == SEALED:
            raise SealGone(_gone(file))
        journal_day.close_for_good(connection, CLOSED)
        found = prove(connection, book.end()[2], Tree(), goes_on)
        if found is None:
            return None
        made = book.seal(
            key, worker=file.parent.name, day=file.stem, messages=found.tree.size, first_seq=found.first_seq,
            last_seq=found.last_seq, root=found.tree.root().hex(), chain=found.chain.hex(), broken=found.broken,
            made_at=now.isoformat(timespec="seconds"),
        )  # fmt: skip
        journal_day.close_for_good(connection, SEALED)
        return made
    finally:
        connection.close()


def prove(connection: Any, chain: bytes, tree: Tree, goes_on: GoesOn = always) -> Proved | None:
    """Put every record of a day into `tree`; None where `goes_on` said no."""
    first = last = broken = None
    for kept, row in rows(connection, goes_on):
        if row is None:
            return None
        written = record(row)
        tree.add(written)
        linked = link(chain, written)
        first, last = row[0] if first is None else first, row[0]
        broken = row[0] if broken is None and linked != kept else broken
        chain = kept
    return Proved(tree, chain, first, last, broken)


def rows(connection: Any, goes_on: GoesOn = always) -> Iterator[tuple[bytes, Any]]:
    """Yield chain and row of every record of a day; a row that is None says that `goes_on` said no."""
    if not journal_day.has_messages(connection):
        return
    found = connection.execute(SQL["chained"])
    while chunk := found.fetchmany(CHUNK):
        if not goes_on():
            yield b"", None
            return
        for _, kept, *row in chunk:
            yield journal_day.as_bytes(kept), row


def mark(folder: Path, book: SealBook) -> None:
    """Have the newest sealed day say so itself, where a crash came between its seal and that."""
    day = book.sealed_to()
    connection = None if day is None else journal_day.open_to_prove(folder / f"{day}.sqlite")
    if connection is not None:
        if journal_day.standing(connection) != SEALED:
            journal_day.close_for_good(connection, SEALED)
        connection.close()


def _gone(file: Path) -> Text:
    return Text("The day {day} of the journal of {worker} was sealed, and its seal is gone from {book}, so no later day is "
                "sealed. Put that file back from the backup, or write its missing lines as they were published.",
                {"day": file.stem, "worker": file.parent.name, "book": str(file.with_name(FILE))})  # fmt: skip


def _has_any(file: Path) -> bool:
    connection = journal_day.open_to_read(file)
    if connection is None:
        return False
    try:
        return journal_day.has_messages(connection) and connection.execute(SQL["newest"]).fetchone() is not None
    finally:
        connection.close()
