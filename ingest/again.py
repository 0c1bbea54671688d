"""Refused messages once more, and what is given up of them: the pipeline's second loop, over what people ask for.

The steps are those of a batch, in this order: note (revisions, spans held), store.write, quarantine.settle,
ledger.release, which also says what has become of the messages and forgets the request. Each can be repeated: no
refusal is said to be gone before its reading is written, and what a request has settled it takes up again when it is
repeated. A message keeps its number, so that a newer reading is never replaced.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy.engine import Connection

from domain.clock import Clock
from domain.reading import Reading, SeriesKey
from domain.window import Window
from ingest import refusals
from ingest.attempt import GAVE, Attempt
from ingest.novelty import Changes, Identity, Reach, judge, stored_in
from ingest.understand import Reader
from registry.lookup import Registry
from storage import resolutions
from storage.journal import Journal
from storage.ledger import BatchNotes, Heard, Ledger
from storage.quarantine import Quarantine, Refused
from storage.readings import ReadingStore
from storage.resolutions import Act, Request

log = structlog.get_logger(__name__)

# Asking the state costs little, but an idle pipeline looks fifty times a second.
LOOK_SECONDS = 1.0
_JUST_BEFORE = timedelta(microseconds=1)

# Writes readings; returns those that the store will not have, each with its word on it.
Write = Callable[[list[Reading]], list[tuple[Reading, str]]]


class Again:
    """Carries out what people ask to be done with the refused messages of one worker."""

    def __init__(
        self, registry: Registry, journal: Journal, quarantine: Quarantine,
        ledger: Ledger, store: ReadingStore, clock: Clock,
    ) -> None:  # fmt: skip
        """Nothing is read before the first step."""
        self._parameters = registry.parameters
        self._reader = Reader(registry)
        self._journal = journal
        self._quarantine = quarantine
        self._ledger = ledger
        self._store = store
        self._clock = clock
        self._looked_at: float | None = None

    def next(self, cursor: int, limit: int) -> Sequence[Request]:
        """Return what is to be done now, at most once a second where there is nothing; up to the message `cursor`."""
        if self._looked_at is not None and time.monotonic() - self._looked_at < LOOK_SECONDS:
            return ()
        found = resolutions.next_of(self._ledger.engine, self._ledger.worker, upto=cursor, limit=limit)
        self._looked_at = None if found else time.monotonic()
        return found

    def carry_out(self, found: Sequence[Request], cursor: int, reach: Reach, write: Write) -> BatchNotes:
        """Do what is asked; return what it has changed. Raises StoreUnavailable, after which the same comes again."""
        attempts = self._attempts(found)
        there = self._there(attempts)
        for one in attempts:
            one.read_again(there, self._parameters)
        changes = judge((one.readings for one in attempts), reach, self._store)
        _turn_back({one.seq: one for one in attempts}, changes.unjudged)
        _take_counts(attempts, changes)
        notes = BatchNotes(
            cursor, self._clock.now(), revisions=changes.revisions, spans=changes.spans, heard=_heard(attempts)
        )
        self._write(attempts, changes, notes, write)
        self._end(attempts, found, notes)
        return notes

    def _attempts(self, found: Sequence[Request]) -> list[Attempt]:
        rows: dict[int, dict[str, Refused]] = {}
        for row in self._quarantine.of({one.seq for one in found}):
            rows.setdefault(row.seq, {})[row.part] = row
        asked: dict[int, list[Request]] = {}
        for one in found:
            asked.setdefault(one.seq, []).append(one)
        with self._ledger.engine.connect() as connection:
            before = resolutions.outcomes_of(connection, list(asked))
        gave = {seq for seq, row in before.items() if row.outcome in GAVE}
        return [self._attempt(requests, rows.get(seq, {}), gave=seq in gave) for seq, requests in asked.items()]

    def _attempt(self, requests: list[Request], rows: dict[str, Refused], *, gave: bool) -> Attempt:
        if requests[0].act is Act.DISCARD:
            return Attempt(requests, rows, None, gave)
        message = self._journal.get(requests[0].seq)
        return Attempt(requests, rows, None if message is None else self._reader.read(message), gave)

    def _there(self, attempts: Iterable[Attempt]) -> dict[Identity, Reading]:
        """Return what is stored at the moments of messages of which a part was taken."""
        spans: dict[SeriesKey, tuple[datetime, datetime]] = {}
        for one in attempts:
            if one.understood is not None and one.gave and "" not in one.tried():
                for reading in one.understood.readings:
                    first, last = spans.get(reading.series, (reading.measured_at, reading.measured_at))
                    spans[reading.series] = (min(first, reading.measured_at), max(last, reading.measured_at))
        windows = {series: Window(first - _JUST_BEFORE, last) for series, (first, last) in spans.items()}
        # What it cannot be asked about comes back from `judge`, and stays refused.
        found, _ = stored_in(windows, self._store)
        return {(one.series, one.measured_at): one for one in found}

    def _write(self, attempts: Sequence[Attempt], changes: Changes, notes: BatchNotes, write: Write) -> None:
        readings = [*changes.readings.values()]
        if not (readings or changes.revisions):
            return
        counts = {one.seq: (one.stored, one.revised) for one in attempts if one.readings}
        resolutions.note(self._ledger.engine, self._ledger.worker, [one.requests[0] for one in attempts], counts)
        self._ledger.note(notes)
        of = {one.seq: one for one in attempts}
        culprits = write(readings)
        _turn_back(of, culprits)
        for reading, _ in culprits:
            attempt = of[reading.seq]
            changes.forget(reading)
            attempt.stored, attempt.revised = changes.stored.get(reading.seq, 0), changes.revised.get(reading.seq, 0)

    def _end(self, attempts: Sequence[Attempt], found: Sequence[Request], notes: BatchNotes) -> None:
        ended = {one.seq: one.ended(notes.at) for one in attempts}
        open_now = [row for one in attempts for row in one.refused.values()]
        self._quarantine.settle(open_now, [pair for pairs in ended.values() for pair in pairs])

        def close(connection: Connection) -> None:
            before = resolutions.outcomes_of(connection, [one.seq for one in attempts])
            after = [one.outcome(before[one.seq], ended[one.seq]) for one in attempts if one.seq in before]
            resolutions.close(connection, self._ledger.worker, found, after)

        self._ledger.release(notes, close)


def _turn_back(of: Mapping[int, Attempt], culprits: Iterable[tuple[Reading, str]]) -> None:
    """Leave refused what the store will not have, or cannot be asked about, so that it is not said to be stored."""
    for reading, why in culprits:
        log.warning("store refused a reading", station=reading.station, parameter=reading.parameter, why=why)
        of[reading.seq].turn_back(reading, refusals.store_refused(reading.parameter, why))


def _take_counts(attempts: Iterable[Attempt], changes: Changes) -> None:
    """Count what is new and changed; of a message tried before, as that attempt found it: it may have written it."""
    for one in attempts:
        first = one.requests[0]
        if one.readings and first.stored is not None and first.revised is not None:
            changes.stored[one.seq], changes.revised[one.seq] = first.stored, first.revised
        one.stored, one.revised = changes.stored.get(one.seq, 0), changes.revised.get(one.seq, 0)


def _heard(attempts: Iterable[Attempt]) -> dict[str, Heard]:
    """Return when stations were heard after all, by messages that say something now."""
    found: dict[str, Heard] = {}
    for one in attempts:
        if one.understood is not None and one.understood.station and one.readings and not one.understood.imported:
            received, station = one.understood.message.received_at, one.understood.station
            measured = max(reading.measured_at for reading in one.readings)
            before = found.get(station, Heard(received, measured, None))
            last = measured if before.measured_at is None else max(before.measured_at, measured)
            found[station] = Heard(max(before.heard_at, received), last, None)
    return found
