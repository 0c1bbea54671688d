"""Checking a journal: chain, seals, prunings and held messages, day after day; the first that does not hold is named."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from domain.text import Text
from registry.schema import LEAST_JOURNAL_KEPT
from storage import hold, journal_day
from storage.journal_day import NO_CHAIN, SEALED, SQL, link, received_at, record
from storage.merkle import Tree
from storage.seals import FIRST, Entry, Pruned, Seal, SealBook, entry_of, hash_of, holds_signature

_TOLD_EVERY = 1_000

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class BadRecord:
    """The first record that does not hold: its file, its number if it has one, and what is wrong with it."""

    file: Path
    seq: int | None
    wrong: Text

    @property
    def at(self) -> datetime | None:
        """When the message was received, as its number says; None where that is no time."""
        try:
            return None if self.seq is None else received_at(self.seq)
        except OverflowError:
            return None


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check has found: how many messages of kept days were read, and the first that does not hold."""

    messages: int
    kept: int
    sealed_to: str | None
    pruned: int
    bad: BadRecord | None
    end: int = 0

    def missing_up_to(self, cursor: int, folder: Path) -> "Checked":
        """Return it with what is missing, where messages up to the number `cursor` have been processed."""
        if cursor <= self.end:
            return self
        file = folder / f"{journal_day.day_of(cursor)}.sqlite"
        return replace(self, bad=BadRecord(file, cursor, Text("this record has been processed, and it and perhaps others before "
                                                              "it are missing at the end of the journal")))  # fmt: skip


class _Found(Exception):
    """Something does not hold; nothing after it is looked at."""

    def __init__(self, file: Path, seq: int | None, wrong: Text) -> None:
        super().__init__(str(wrong))
        self.bad = BadRecord(file, seq, wrong)


def check(
    folder: Path, *, keys: Sequence[str] | None = None, held: Path | None = None, progress: Progress = lambda _: None
) -> Checked:
    """Check the journal in a worker's folder. `keys`: who may have signed (anybody, if None), the oldest first.

    `held` is the worker's hold folder, by default where the service has it. `progress` is told the messages read.
    """
    where = held or folder.parent.parent / "hold" / folder.name
    while True:
        before = SealBook(folder).lines()
        found = _checked(folder, keys, where, progress)
        # Sealed or pruned under our hands: what seemed to be missing is accounted for now.
        if found.bad is None or SealBook(folder).lines() == before:
            return found


def _checked(folder: Path, keys: Sequence[str] | None, held: Path, progress: Progress) -> Checked:
    walk, bad = _Walk(folder, held, progress), None
    try:
        walk.over(_Book.read(folder, keys))
    except _Found as found:
        bad = found.bad
    kept = SealBook(folder)
    return Checked(walk.messages, len(journal_day.files(folder)), kept.sealed_to(), len(kept.pruned()), bad, walk.end)


@dataclass
class _Book:
    """The entries that hold, up to the first that does not."""

    path: Path
    seals: dict[str, Seal] = field(default_factory=dict)
    pruned: dict[str, Pruned] = field(default_factory=dict)
    fault: Text | None = None

    @classmethod
    def read(cls, folder: Path, keys: Sequence[str] | None) -> "_Book":
        """Read the book up to its first fault."""
        kept = SealBook(folder)
        book = cls(kept.path)
        previous, key = FIRST, 0
        for number, line in enumerate(kept.lines(), start=1):
            entry = entry_of(line)
            book.fault = book.fault_of(entry, number, previous) if entry else _unreadable(number)
            if entry is not None and book.fault is None and keys is not None:
                key, book.fault = _signer(entry, keys, key)
            if entry is None or book.fault is not None:
                break
            book.add(entry)
            previous = hash_of(entry)
        return book

    def fault_of(self, entry: Entry, number: int, previous: str) -> Text | None:
        """Return what is wrong with an entry at its place."""
        values = {"number": number, "day": entry.day}
        if not holds_signature(entry):
            return Text("entry {number} of the seals (day {day}) was changed: its signature does not hold", values)
        if entry.worker != self.path.parent.name:
            return Text("entry {number} of the seals (day {day}) is of another journal", values)
        if entry.number != number or entry.previous != previous:
            return Text("entry {number} of the seals (day {day}) does not follow the one before it: one was removed, put "
                        "in or changed", values)  # fmt: skip
        if isinstance(entry, Seal) and entry.day <= max(self.seals, default=""):
            return Text("entry {number} of the seals seals the day {day} out of its order", values)
        if isinstance(entry, Pruned) and entry.day not in self.seals:
            return Text("entry {number} of the seals says that the day {day} was pruned, which was not sealed", values)
        return None

    def add(self, entry: Entry) -> None:
        """Take an entry that holds."""
        if isinstance(entry, Seal):
            self.seals[entry.day] = entry
        else:
            self.pruned[entry.day] = entry


def _unreadable(number: int) -> Text:
    return Text("entry {number} of the seals cannot be read: it was changed or cut off", {"number": number})


def _signer(entry: Entry, keys: Sequence[str], oldest: int) -> tuple[int, Text | None]:
    """Return the place of the entry's key among `keys`, from that of the entry before on, or what is wrong."""
    if entry.key in keys[oldest:]:
        return keys.index(entry.key, oldest), None
    values = {"number": entry.number, "day": entry.day, "key": entry.key[:16]}
    return oldest, Text(
        "entry {number} of the seals (day {day}) was signed by a key that is not in seal.pub, or no longer signs: {key}…",
        values,
    )


class _Walk:
    """Goes over the days in their order, carrying the chain."""

    def __init__(self, folder: Path, held: Path, progress: Progress) -> None:
        self.messages = 0
        self.end = 0
        self._folder = folder
        self._held = held
        self._progress = progress
        self._chain = NO_CHAIN

    def over(self, book: _Book) -> None:
        """Look at every day; a fault of the book comes after the days that were sealed before it."""
        files = {file.stem: file for file in journal_day.files(self._folder)}
        sealed_to = max(book.seals, default="")
        for day in sorted(files.keys() | book.seals.keys()):
            if day > sealed_to and book.fault is not None:
                break
            self._day(day, files.get(day), book)
        if book.fault is not None:
            raise _Found(book.path, None, book.fault)
        self._progress(self.messages)

    def _day(self, day: str, file: Path | None, book: _Book) -> None:
        seal, pruned = book.seals.get(day), book.pruned.get(day)
        if pruned is not None and seal is not None:
            self._pruned(pruned, seal, book.path)
        if file is not None:
            self._file(file, seal, is_late=day < max(book.seals, default=""))
        elif pruned is None:
            raise _Found(self._folder / f"{day}.sqlite", None,
                         Text("the file of this day is missing, and nothing says that it was pruned"))  # fmt: skip
        if seal is not None:
            self._chain = bytes.fromhex(seal.chain)
            self.end = seal.last_seq or self.end

    def _pruned(self, pruned: Pruned, seal: Seal, path: Path) -> None:
        kept = datetime.fromisoformat(pruned.made_at) - journal_day.ends(pruned.day)
        if pruned.kept_days < LEAST_JOURNAL_KEPT.days or kept < timedelta(days=pruned.kept_days):
            values = {"day": pruned.day, "kept": kept.days, "number": pruned.number}
            raise _Found(
                path, None, Text("the day {day} was pruned too early, after {kept} days (entry {number})", values)
            )
        bad = hold.fault(self._held, seal, pruned)
        if bad is not None:
            raise _Found(hold.file_of(self._held, pruned.day), bad.seq, bad.wrong)

    def _file(self, file: Path, seal: Seal | None, *, is_late: bool) -> None:
        if seal is None and is_late:
            raise _Found(file, None, Text("this day has no seal, though later ones have: its file was put in"))
        try:
            connection = journal_day.open_to_prove(file)
            if connection is None:
                raise _Found(file, None, Text("the file went away while it was read"))
            try:
                if seal is None and journal_day.standing(connection) == SEALED:
                    raise _Found(file, None, Text("this day was sealed, and its seal is gone"))
                self._records(file, connection, seal)
            finally:
                connection.close()
        except sqlite3.DatabaseError as error:
            raise _Found(file, None, Text("the file is damaged: {why}", {"why": str(error)})) from error

    def _records(self, file: Path, connection: sqlite3.Connection, seal: Seal | None) -> None:
        tree, last = Tree(), None
        # A day whose first commit never came to its end has no table: nothing was taken.
        found = connection.execute(SQL["chained"]) if journal_day.has_messages(connection) else ()
        for position, kept, *row in found:
            written = record(row)
            chain = link(self._chain, written)
            wrong = _wrong(tree.size + 1, position, holds=chain == kept, day=file.stem, seq=row[0])
            if wrong is None and seal is not None and tree.size >= seal.messages:
                wrong = Text("this record was added after its day had been sealed")
            if wrong is not None:
                raise _Found(file, row[0], wrong)
            tree.add(written)
            last = self.end = row[0]
            self._chain = chain
            self._count()
        if seal is not None:
            _compare(file, seal, tree, self._chain, last)

    def _count(self) -> None:
        self.messages += 1
        if self.messages % _TOLD_EVERY == 0:
            self._progress(self.messages)


def _wrong(expected: int, position: Any, *, holds: bool, day: str, seq: int) -> Text | None:
    if position != expected:
        values = {"found": str(position), "wanted": expected}
        return Text("it is at position {found} where {wanted} must be: a record before it was removed, or it was put in",
                    values)  # fmt: skip
    first, after = journal_day.numbers(day)
    if not first <= seq < after:
        return Text("its number is of another day")
    if holds:
        return None
    if expected == 1:
        return Text("the chain does not go on from the day before: a day is missing, or this record was changed")
    return Text("the chain does not hold: this record was changed, or one was removed, put in or moved here")


def _compare(file: Path, seal: Seal, tree: Tree, chain: bytes, last: int | None) -> None:
    """Hold a day whose own chain holds against its seal."""
    if tree.size < seal.messages:
        values = {"found": tree.size, "sealed": seal.messages}
        raise _Found(file, last, Text("after it records are missing: {found} are there, {sealed} were sealed", values))
    if tree.root().hex() != seal.root or chain.hex() != seal.chain:
        raise _Found(
            file, None, Text("this day was written anew: its records chain, but they are not those that were sealed")
        )
