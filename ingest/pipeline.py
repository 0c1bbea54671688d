"""The loop: journal → decode → prepare → store → advance."""

import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import chain
from threading import Event

import structlog

from domain.clock import Clock
from domain.message import Outcome
from domain.reading import Reading, SeriesKey
from ingest import refusals
from ingest.again import Again
from ingest.attempt import record
from ingest.novelty import Changes, judge
from ingest.understand import Reader, Understood
from registry.lookup import Registry
from storage.journal import Journal
from storage.ledger import BatchNotes, Heard, Ledger, OutcomeRow
from storage.quarantine import Quarantine, Refused
from storage.readings import ReadingStore, StoreRefused, StoreUnavailable

log = structlog.get_logger(__name__)

# As many messages as make writing worthwhile, and as few as keep a batch under a second.
BATCH = 2_000


class Pipeline:
    """Turns the journal's messages into stored readings; every message gets exactly one outcome.

    One batch goes through five steps in this order: quarantine, ledger.note, store.write, ledger.release, and only
    the last moves the cursor. Each can be repeated, so a batch that was stopped anywhere is simply done again.
    """

    def __init__(
        self, registry: Registry, journal: Journal, quarantine: Quarantine,
        ledger: Ledger, store: ReadingStore, clock: Clock,
    ) -> None:  # fmt: skip
        """Nothing is read before the first step."""
        self._reader = Reader(registry)
        self._again = Again(registry, journal, quarantine, ledger, store, clock)
        self._journal = journal
        self._quarantine = quarantine
        self._ledger = ledger
        self._store = store
        self._clock = clock
        self._cursor: int | None = None
        self._others: dict[str, int] = {}
        self._reach: dict[SeriesKey, tuple[datetime, datetime]] = {}

    def step(self, limit: int = BATCH) -> int:
        """Take the next messages of the journal, at most `limit`, to their end; return how many there were.

        Raises StoreUnavailable, after which the same messages come again.
        """
        cursor = self._where()
        batch = [self._reader.read(message) for message in self._journal.read(cursor, limit)]
        if not batch:
            return self._again_of(cursor, limit)
        self._look_at_others()
        changes = judge(chain.from_iterable(one.readings for one in batch), self._reach, self._store)
        notes = self._notes(batch, changes)
        self._quarantine.add([row for one in batch for row in _refused(one)])
        self._ledger.note(notes)
        self._refuse(self._write(list(changes.readings.values())), batch, changes)
        self._ledger.release(notes)
        self._advance(notes)
        return len(batch)

    def _again_of(self, cursor: int, limit: int) -> int:
        """While no message waits: do what people ask to be done with refused ones; return how many there were."""
        asked = self._again.next(cursor, limit)
        if asked:
            self._look_at_others()
            self._advance(self._again.carry_out(asked, cursor, self._reach, self._write))
        return len(asked)

    def _where(self) -> int:
        if self._cursor is None:
            self._reach = dict(self._ledger.series())
            self._cursor = self._ledger.cursor()
        return self._cursor

    def _look_at_others(self) -> None:
        """Learn how far series reach once more where another worker, such as an import, has written some."""
        others = self._ledger.others()
        if others != self._others:
            self._others, self._reach = others, dict(self._ledger.series())

    def _advance(self, notes: BatchNotes) -> None:
        self._cursor = notes.cursor
        for (series, _), (first, last) in notes.spans.items():
            known = self._reach.get(series, (first, last))
            self._reach[series] = (min(known[0], first), max(known[1], last))

    def _notes(self, batch: Sequence[Understood], changes: Changes) -> BatchNotes:
        return BatchNotes(
            cursor=batch[-1].message.seq,
            at=self._clock.now(),
            outcomes=[_outcome(one, changes) for one in batch],
            revisions=changes.revisions,
            spans=changes.spans,
            heard=heard(batch),
        )

    def _write(self, readings: list[Reading]) -> list[tuple[Reading, str]]:
        """Write readings; return those that the store will not have, each with its word on it."""
        if not readings:
            return []
        try:
            self._store.write(readings)
        except StoreRefused as refused:
            if len(readings) == 1:
                return [(readings[0], str(refused))]
            middle = len(readings) // 2
            return self._write(readings[:middle]) + self._write(readings[middle:])
        return []

    def _refuse(self, culprits: list[tuple[Reading, str]], batch: Sequence[Understood], changes: Changes) -> None:
        """Put readings that the store will not have into quarantine, so that they hold up nothing else."""
        of = {one.message.seq: one for one in batch}
        for reading, why in culprits:
            log.warning("store refused a reading", station=reading.station, parameter=reading.parameter, why=why)
            refusal = refusals.store_refused(reading.parameter, why).of(reading.parameter)
            of[reading.seq].refused.append(refusal)
            of[reading.seq].readings.remove(reading)
            changes.forget(reading)
            self._quarantine.add([record(of[reading.seq], refusal, refusals.shown(refusal.part))])
        if culprits:
            self._ledger.correct([_outcome(of[seq], changes) for seq in {reading.seq for reading, _ in culprits}])


def run(
    pipeline: Pipeline, stop: Event, *, done: Callable[[], object] = lambda: None,
    gives_way: Callable[[], bool] = lambda: False, pause: float = 0.02, longest: float = 30.0,
) -> None:  # fmt: skip
    """Step until `stop` is set; look every `pause` seconds when there is nothing to do.

    `done` is called after every batch, so that those who wait for readings need not wait longer. While `gives_way`
    says so, four fifths of the time are left to others: to the subscriber, while the broker hands over a backlog.

    Whatever fails is tried again with a pause that grows up to `longest` seconds: the store of readings that is away,
    a full disk, a database that is locked. The journal keeps everything meanwhile.
    """
    wait = pause
    while not stop.is_set():
        began = time.monotonic()
        try:
            wait = 0.0 if pipeline.step() else pause
            if wait == 0.0:
                done()
                _give_way(4 * (time.monotonic() - began), stop, gives_way)
        except StoreUnavailable as error:
            wait = min(max(wait * 2, 0.5), longest)
            log.warning("store of readings is away", error=str(error), again_in=wait)
        except Exception:
            # Nothing was lost and nothing skipped: the same messages come again.
            wait = min(max(wait * 2, 0.5), longest)
            log.exception("batch failed", again_in=wait)
        stop.wait(wait)


def _give_way(seconds: float, stop: Event, gives_way: Callable[[], bool]) -> None:
    """Leave the time to others as long as they want it, and no longer than `seconds`."""
    until = time.monotonic() + seconds
    while gives_way() and time.monotonic() < until and not stop.is_set():
        stop.wait(0.02)


def _outcome(one: Understood, changes: Changes) -> OutcomeRow:
    seq = one.message.seq
    stored, revised = changes.stored.get(seq, 0), changes.revised.get(seq, 0)
    return OutcomeRow(seq, _kind(one, stored + revised), stored, revised)


def _kind(one: Understood, changed: int) -> Outcome:
    if one.refused:
        return Outcome.PARTLY if one.readings else Outcome.QUARANTINED
    if not one.readings:
        return Outcome.IGNORED
    return Outcome.STORED if changed else Outcome.REPEATED


def _refused(one: Understood) -> Iterable[Refused]:
    return (record(one, refusal, refusals.shown(refusal.part)) for refusal in one.refused)


def heard(batch: Iterable[Understood]) -> dict[str, Heard]:
    """Return when each station of `batch` was last heard.

    What was imported does not count as hearing from it, nor does a message of which nothing could be used: a station
    that sends nothing else is as silent as one that sends nothing.
    """
    found: dict[str, Heard] = {}
    for one in batch:
        is_usable = bool(one.readings) or not one.refused
        if one.station is not None and is_usable and not one.imported:
            found[one.station] = _later(found.get(one.station), _heard(one))
    return found


def _heard(one: Understood) -> Heard:
    measured_at = max((reading.measured_at for reading in one.readings), default=None)
    live = one.message.incoming.live and measured_at is not None
    skew = one.message.received_at - measured_at if live and measured_at is not None else None
    return Heard(one.message.received_at, measured_at, skew)


def _later(before: Heard | None, now: Heard) -> Heard:
    if before is None:
        return now
    measured = [moment for moment in (before.measured_at, now.measured_at) if moment is not None]
    return Heard(
        max(before.heard_at, now.heard_at),
        max(measured, default=None),
        now.skew if now.skew is not None else before.skew,
    )
