"""Pruning: a sealed day that is old enough goes, in steps that can be repeated; sums and proofs stay.

In this order: hold what is behind an exceedance, enter into the book that the day is pruned, then remove its file.
From the entry on the day counts as pruned, so whatever stops the process, the next run finishes the rest.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Engine

from domain.alert import AlertKind
from domain.moment import micros, moment
from domain.reading import SeriesKey
from domain.text import QuantracError, Text
from domain.window import Window
from storage import hold, journal_day
from storage.journal_day import WORKERS, record
from storage.keys import SealKey
from storage.ledger import Ledger
from storage.merkle import Tree
from storage.readings import ReadingStore
from storage.sealing import GoesOn, always, rows
from storage.seals import Seal, SealBook
from storage.tables import alerts, revisions

# Readings of an alert that are looked at together: a month of a series.
_PART = timedelta(days=31)


def nothing(_: str) -> None:
    """Forget nothing more of a day."""


class NotPruned(QuantracError):
    """A day that is due stays, because removing it would remove something that cannot be shown any more."""


def due(book: SealBook, now: datetime, kept: timedelta) -> list[Seal]:
    """Return the seals of the days that policy lets go and that have not been pruned, oldest first."""
    gone = book.pruned()
    return [one for day, one in book.seals().items() if day not in gone and now >= journal_day.ends(day) + kept]


@dataclass(frozen=True)
class Pruner:
    """Prunes the journal of one worker.

    `forget` is told of each day before its file goes, and may be told again: what else refers to its messages.
    """

    folder: Path
    held: Path
    engine: Engine
    store: ReadingStore
    forget: Callable[[str], object] = nothing

    def prune(self, book: SealBook, key: SealKey, now: datetime, kept: timedelta, goes_on: GoesOn = always) -> int:
        """Prune what is due, oldest first, and finish what was stopped; return how many days went. Raises NotPruned."""
        self.finish(book)
        count = 0
        ledger = Ledger(self.engine, self.folder.name)
        for seal in due(book, now, kept):
            if _has_pending(seal, ledger) or not self._let_go(seal, book, key, now, kept, goes_on):
                break
            self.finish(book)
            count += 1
        return count

    def finish(self, book: SealBook) -> None:
        """Remove what is left of days that are pruned: what others keep of them, then their files."""
        ledger = Ledger(self.engine, self.folder.name)
        for day in self._left(book):
            self.forget(day)
            ledger.forget(*journal_day.numbers(day))
            file = self.folder / f"{day}.sqlite"
            # The logs last: without its file nobody opens them.
            for one in (file, *(file.with_name(f"{file.name}{log}") for log in ("-wal", "-shm"))):
                one.unlink(missing_ok=True)

    def _left(self, book: SealBook) -> Sequence[str]:
        gone = book.pruned()
        found = {one.name[:10] for one in self.folder.glob("????-??-??.sqlite*")}
        return sorted(found & gone.keys())

    def _let_go(
        self, seal: Seal, book: SealBook, key: SealKey, now: datetime, kept: timedelta, goes_on: GoesOn
    ) -> bool:
        """Hold what has to be held and enter the day as pruned; False where `goes_on` said no first."""
        behind = self._behind_exceedances(seal)
        messages = self._proved(seal, behind, goes_on)
        if messages is None:
            return False
        written = hold.write(self.held, seal, messages) if messages else None
        book.prune(
            key, worker=seal.worker, day=seal.day, kept_days=kept.days, held=len(messages), held_sha256=written,
            made_at=now.isoformat(timespec="seconds"),
        )  # fmt: skip
        return True

    def _proved(
        self, seal: Seal, behind: Mapping[int, Sequence[int]], goes_on: GoesOn
    ) -> list[hold.HeldMessage] | None:
        """Return the messages to hold with their proofs; None where `goes_on` said no. Raises NotPruned."""
        places = self._places(seal, behind)
        tree, found = Tree(places), dict[int, Sequence[Any]]()
        connection = journal_day.open_to_prove(self.folder / f"{seal.day}.sqlite")
        if connection is None:
            raise NotPruned(_differs(seal))
        try:
            for _, row in rows(connection, goes_on):
                if row is None:
                    return None
                if row[0] in behind:
                    found[tree.size] = row
                tree.add(record(row))
        finally:
            connection.close()
        if tree.root().hex() != seal.root or tree.size != seal.messages:
            raise NotPruned(_differs(seal))
        paths = tree.proofs()
        return [hold.held_of(row, at, paths[at], behind[row[0]]) for at, row in found.items()]

    def _places(self, seal: Seal, behind: Mapping[int, Sequence[int]]) -> list[int]:
        connection = journal_day.open_to_read(self.folder / f"{seal.day}.sqlite")
        if connection is None or not behind:
            return []
        try:
            found = (connection.execute(journal_day.SQL["place"], (seq,)).fetchone() for seq in behind)
            return [row[0] - 1 for row in found if row is not None]
        finally:
            connection.close()

    def _behind_exceedances(self, seal: Seal) -> dict[int, list[int]]:
        """Return the numbers of the day's messages that are behind alerts, each with those alerts."""
        if seal.first_seq is None or seal.last_seq is None:
            return {}
        numbers = range(seal.first_seq, seal.last_seq + 1, WORKERS)
        found: dict[int, list[int]] = defaultdict(list)
        for alert in self._alerts(journal_day.ends(seal.day)):
            for seq in self._messages_of(alert):
                if seq in numbers:
                    found[seq].append(alert.id)
        return {seq: sorted(set(of)) for seq, of in found.items()}

    def _alerts(self, before: datetime) -> Sequence[Any]:
        query = sa.select(alerts).where(
            alerts.c.kind != AlertKind.SILENT.value, alerts.c.crossed_at < micros(before)
        ).order_by(alerts.c.id)  # fmt: skip
        with self.engine.connect() as connection:
            return connection.execute(query).all()

    def _messages_of(self, alert: Any) -> set[int]:
        """Return the numbers of the messages whose readings are, or once were, in an alert's windows."""
        key = SeriesKey(alert.station, alert.parameter)
        start, end = alert.crossed_at, max(alert.last_at, alert.closed_at or 0)
        found: set[int] = set()
        begin = moment(start)
        while begin < moment(end):
            part = Window(begin, min(begin + _PART, moment(end)))
            found.update(self._read(key, part))
            begin = part.end
        replaced = sa.select(revisions.c.seq, revisions.c.old_seq).where(
            revisions.c.station == key.station, revisions.c.parameter == key.parameter,
            revisions.c.measured_at > start, revisions.c.measured_at <= end,
        )  # fmt: skip
        with self.engine.connect() as connection:
            for row in connection.execute(replaced):
                found.update(row)
        return found

    def _read(self, key: SeriesKey, part: Window) -> list[int]:
        try:
            return [one.seq for one in self.store.find({key: part})]
        except KeyError as error:  # what a store says of a station that the configuration does not name
            raise NotPruned(
                Text("The station {station} is not in the configuration, so the messages behind its alerts cannot be found, "
                     "and nothing of the journal is pruned. Put it back into stations.yaml.", {"station": key.station})
            ) from error  # fmt: skip


def _has_pending(seal: Seal, ledger: Ledger) -> bool:
    """Tell whether a message of the day has no outcome yet: not come to, or left for later."""
    last = seal.last_seq or 0
    return last > ledger.cursor() or any(seq <= last for seq in ledger.deferred(1))


def _differs(seal: Seal) -> Text:
    return Text("The day {day} of the journal of {worker} is due to be pruned, but it is not what was sealed, so it stays. "
                "`quantrac journal check` names what is wrong.", {"day": seal.day, "worker": seal.worker})  # fmt: skip
