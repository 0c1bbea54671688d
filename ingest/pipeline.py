"""The loop: journal → decode → prepare → store → advance."""

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import datetime
from threading import Event

import structlog

from domain.clock import Clock
from domain.message import JournalMessage, Outcome
from domain.reading import Reading, SeriesKey
from ingest import refusals
from ingest.again import Again
from ingest.attempt import record
from ingest.fair import Fairness
from ingest.heard import Hearing, samples_of
from ingest.novelty import Changes, judge
from ingest.refusals import Refusal
from ingest.understand import Reader, Understood
from registry.lookup import Registry
from storage.journal import READ_BYTES, Journal
from storage.ledger import BatchNotes, Ledger, OutcomeRow
from storage.quarantine import Quarantine, Refused
from storage.readings import ReadingStore, StoreRefused, StoreUnavailable
from storage.turn import Turn

log = structlog.get_logger(__name__)

# As many messages as make writing worthwhile, and as few as keep a batch under a second.
BATCH = 5_000


@dataclass(frozen=True, slots=True)
class Books:
    """Where a worker writes what it has understood, and the lock that lets only one worker at a time do so."""

    quarantine: Quarantine
    ledger: Ledger
    store: ReadingStore
    turn: Turn


@dataclass(frozen=True, slots=True)
class _Batch:
    """Messages that have been read: `after` is where the cursor stood before, `cursor` where it will stand.

    `deferred` are the messages on the way there that wait, and their senders; `caught_up` is the last of those left by earlier batches
    that this one is made of, 0 where it is made of new ones.
    """

    after: int
    cursor: int
    read: list[Understood]
    is_full: bool = False
    deferred: dict[int, str] = field(default_factory=dict)
    caught_up: int = 0


class Pipeline:
    """Turns the journal's messages into stored readings; every message gets exactly one outcome.

    One batch goes through five steps in this order: quarantine, ledger.note, store.write, ledger.release, and only
    the last moves the cursor. Each can be repeated, so a batch that was stopped anywhere is simply done again.
    """

    def __init__(self, registry: Registry, journal: Journal, books: Books, clock: Clock) -> None:
        """Nothing is read before the first step."""
        self._reader = Reader(registry)
        self._again = Again(registry, journal, books.quarantine, books.ledger, books.store, clock)
        self._journal = journal
        self._quarantine = books.quarantine
        self._ledger = books.ledger
        self._store = books.store
        self._turn = books.turn
        self._clock = clock
        self._hearing = Hearing()
        self._cursor = 0
        self._others: dict[str, int] = {}
        self._reach: dict[SeriesKey, tuple[datetime, datetime]] = {}
        self._ahead: _Batch | None = None
        self._hand = ThreadPoolExecutor(1, "writer")
        self._fair = Fairness(self._reader.sender)
        self._new_ones_went = False
        # What is remembered from batch to batch is not known to be so: before the first, and after one that failed.
        self._is_in_doubt = True

    def step(self, limit: int = BATCH) -> int:
        """Take the next messages of the journal, at most `limit`, to their end or to those that wait; return how many.

        Raises StoreUnavailable, after which the same messages come again.
        """
        if self._is_in_doubt:
            self._recall()
        self._is_in_doubt = True
        batch = self._next(self._cursor, limit)
        if batch is None:
            done = self._resolve(self._cursor, limit)
        else:
            done = len(batch.read) + len(batch.deferred)
            with self._turn.held():
                self._look_at_others()
                self._carry_out(batch, limit)
        self._is_in_doubt = False
        return done

    def _carry_out(self, batch: _Batch, limit: int) -> None:
        changes = judge((one.readings for one in batch.read), self._reach, self._store)
        _leave_out(changes.unjudged, batch.read, "store answers no question")
        notes = self._notes(batch, changes)
        self._quarantine.add([row for one in batch.read for row in _refused(one)])
        self._ledger.note(notes)
        self._refuse(self._written(list(changes.readings.values()), batch, limit), batch.read, changes)
        self._ledger.release(notes)
        self._advance(notes)
        if batch.caught_up:
            self._fair.went(one.message for one in batch.read)

    def _resolve(self, cursor: int, limit: int) -> int:
        """While no message waits: do what people ask to be done with refused ones; return how many there were."""
        asked = self._again.next(cursor, limit)
        if asked:
            with self._turn.held():
                self._look_at_others()
                self._advance(self._again.carry_out(asked, cursor, self._reach, self._write))
        return len(asked)

    def _recall(self) -> None:
        self._ahead = None
        self._reach = dict(self._ledger.series())
        self._hearing.remember(self._ledger.samples())
        self._fair.recall(self._ledger.waiting())
        self._cursor = self._ledger.cursor()

    def _next(self, cursor: int, limit: int) -> _Batch | None:
        """Return what comes next, if it has not been read already."""
        ahead, self._ahead = self._ahead, None
        return ahead if ahead is not None else self._read(cursor, limit)

    def _read(self, cursor: int, limit: int) -> _Batch | None:
        messages = self._journal.read(cursor, limit)
        is_full = len(messages) == limit or _size(messages) >= READ_BYTES
        if self._fair and not is_full and (self._new_ones_went or not messages):
            return self._read_deferred(cursor, limit)
        if not messages:
            return None
        self._new_ones_went = True
        now, later = self._fair.split(messages, is_full=is_full)
        return _Batch(cursor, messages[-1].seq, [self._reader.read(one) for one in now], is_full, deferred=later)

    def _read_deferred(self, cursor: int, limit: int) -> _Batch | None:
        self._new_ones_went = False
        seqs = self._ledger.deferred(limit)
        if not seqs:
            self._fair.recall({})
            return None
        found: list[JournalMessage] = []
        room, last = READ_BYTES, 0
        for last in seqs:
            if (message := self._journal.get(last)) is not None:
                found.append(message)
                room -= len(message.incoming.payload)
            if room <= 0:
                break
        return _Batch(cursor, cursor, [self._reader.read(one) for one in found], caught_up=last)

    def _look_at_others(self) -> None:
        """Learn how far series reach once more where another worker, such as an import, has written some."""
        others = self._ledger.others()
        if others != self._others:
            self._others, self._reach = others, dict(self._ledger.series())

    def _advance(self, notes: BatchNotes) -> None:
        self._cursor = notes.cursor
        self._hearing.remember(dict(samples_of(notes.heard)))
        for (series, _), (first, last) in notes.spans.items():
            known = self._reach.get(series, (first, last))
            self._reach[series] = (min(known[0], first), max(known[1], last))

    def _notes(self, batch: _Batch, changes: Changes) -> BatchNotes:
        return BatchNotes(
            cursor=batch.cursor,
            at=self._clock.now(),
            outcomes=[_outcome(one, changes) for one in batch.read],
            revisions=changes.revisions,
            spans=changes.spans,
            heard=self._hearing.of(batch.read),
            deferred=batch.deferred,
            caught_up=batch.caught_up,
        )

    def _written(self, readings: list[Reading], batch: _Batch, limit: int) -> list[tuple[Reading, str]]:
        """Write readings; while a server is at it and more messages wait, read those that come next."""
        # Where some are left for later it is only known after the release which come next.
        if not (readings and batch.is_full and self._store.is_server) or self._fair:
            return self._write(readings)
        refused = self._hand.submit(self._write, readings)
        try:
            self._ahead = self._read(batch.cursor, limit)
        finally:
            wait([refused])  # nothing may go on while it is being written
        return refused.result()

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
        if not culprits:
            return
        turned_back = _leave_out(culprits, batch, "store refused a reading")
        for reading, _ in culprits:
            changes.forget(reading)
        self._quarantine.add([record(one, refusal, refusals.shown(refusal.part)) for one, refusal in turned_back])
        of = {one.message.seq: one for one, _ in turned_back}
        self._ledger.correct([_outcome(one, changes) for one in of.values()])


def run(
    pipeline: Pipeline, stop: Event, *, done: Callable[[], object] = lambda: None, pause: float = 0.02,
    longest: float = 30.0,
) -> None:  # fmt: skip
    """Step until `stop` is set; look every `pause` seconds when there is nothing to do.

    `done` is called after every batch, so that those who wait for readings need not wait longer.

    Whatever fails is tried again with a pause that grows up to `longest` seconds: the store of readings that is away,
    a full disk, a database that is locked. The journal keeps everything meanwhile.
    """
    rest = pause
    while not stop.is_set():
        try:
            rest = 0.0 if pipeline.step() else pause
            if rest == 0.0:
                done()
        except StoreUnavailable as error:
            rest = min(max(rest * 2, 0.5), longest)
            log.warning("store of readings is away", error=str(error), again_in=rest)
        except Exception:
            # Nothing was lost and nothing skipped: the same messages come again.
            rest = min(max(rest * 2, 0.5), longest)
            log.exception("batch failed", again_in=rest)
        stop.wait(rest)


def _leave_out(
    culprits: list[tuple[Reading, str]], batch: Sequence[Understood], what: str
) -> list[tuple[Understood, Refusal]]:
    """Turn readings into refusals of their messages, each with the store's word on it; `what` goes into the log."""
    of = {one.message.seq: one for one in batch} if culprits else {}
    turned_back = [(of[reading.seq], refusals.store_refused(reading.parameter, why)) for reading, why in culprits]
    for (one, refusal), (reading, why) in zip(turned_back, culprits, strict=True):
        log.warning(what, station=reading.station, parameter=reading.parameter, why=why)
        one.refused.append(refusal)
        one.readings.remove(reading)
    return turned_back


def _size(messages: Iterable[JournalMessage]) -> int:
    return sum(len(one.incoming.payload) for one in messages)


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
