"""What an ingest worker has done with its journal, batch by batch, so that every step can be repeated."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeAlias

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from domain.cause import Cause
from domain.message import Outcome
from domain.moment import micros, moment
from domain.reading import Reading, SeriesKey
from storage.spans import merge
from storage.state import upsert, writing
from storage.tables import cursors, deferred, held, outcome_days, outcomes, revisions, series, stations_heard

# A change of readings concerns the flagger, behind whom figures are made, and the judge (rules on readings), who does
# not wait for it.
CONSUMERS = ("flag", "watch")
_SAMPLES = msgspec.json.Decoder(tuple[tuple[int, int], ...])

# How far the numbers of two messages are apart that were received a day apart (see storage.journal).
DAY_SEQS = 64 * 86_400_000_000
# Rows that are deleted together: some ten milliseconds.
_CHUNK = 5_000


class OutcomeRow(msgspec.Struct, frozen=True, gc=False):
    """What became of one message, and how many readings it brought or changed."""

    seq: int
    outcome: Outcome
    stored: int
    revised: int


@dataclass(frozen=True, slots=True)
class RevisionRow:
    """A reading that took the place of another with the same identity."""

    new: Reading
    old: Reading


# One minute in which a station spoke live: its number since 1970, and receipt minus stamp in µs.
Sample: TypeAlias = tuple[int, int]


class Heard(msgspec.Struct, frozen=True, gc=False):
    """When a station was last heard; `skew` is the median of receipt minus stamp over its last live minutes.

    `samples` are these minutes, oldest first; empty where none has been added, or they were not asked for.
    """

    heard_at: datetime
    measured_at: datetime | None
    skew: timedelta | None
    samples: tuple[Sample, ...] = ()


@dataclass(frozen=True, slots=True)
class BatchNotes:
    """All that a batch changes in the state; `cursor` is the number of the last message that it leads past.

    `deferred`: messages up to there that it leaves for later, and their senders. `caught_up`: the last message of those left by earlier
    batches that it is made of, 0 where it is made of new ones.
    """

    cursor: int
    at: datetime
    outcomes: list[OutcomeRow] = field(default_factory=list)
    revisions: list[RevisionRow] = field(default_factory=list)
    spans: dict[tuple[SeriesKey, int], tuple[datetime, datetime]] = field(default_factory=dict)
    heard: dict[str, Heard] = field(default_factory=dict)
    deferred: dict[int, str] = field(default_factory=dict)
    caught_up: int = 0


class Ledger:
    """One worker's cursor, and what it leaves for the jobs."""

    def __init__(self, engine: Engine, worker: str) -> None:
        """Keep the engine; nothing is read yet."""
        self._engine = engine
        self._worker = worker

    @property
    def engine(self) -> Engine:
        """The state that it is kept in."""
        return self._engine

    @property
    def worker(self) -> str:
        """Whose it is."""
        return self._worker

    def cursor(self) -> int:
        """Return the number of the last message whose batch is finished, 0 before the first."""
        query = sa.select(cursors.c.seq).where(cursors.c.worker == self._worker)
        with self._engine.connect() as connection:
            return connection.execute(query).scalar() or 0

    def others(self) -> dict[str, int]:
        """Return the cursors of all other workers: where they have changed, so may have the series."""
        query = sa.select(cursors).where(cursors.c.worker != self._worker)
        with self._engine.connect() as connection:
            return {row.worker: row.seq for row in connection.execute(query)}

    def series(self) -> dict[SeriesKey, tuple[datetime, datetime]]:
        """Return every series that has a reading, with its first and last moment."""
        with self._engine.connect() as connection:
            rows = connection.execute(sa.select(series)).all()
        return {SeriesKey(row.station, row.parameter): (moment(row.first_at), moment(row.last_at)) for row in rows}

    def samples(self) -> dict[str, tuple[Sample, ...]]:
        """Return the live minutes of every station that has spoken live."""
        table = stations_heard.c
        query = sa.select(table.station, table.samples).where(table.samples.is_not(None))
        with self._engine.connect() as connection:
            return {row.station: _SAMPLES.decode(row.samples) for row in connection.execute(query)}

    def note(self, notes: BatchNotes) -> None:
        """Before the readings are written: outcomes and revisions, each once, and the spans, held back."""
        with writing(self._engine) as connection:
            upsert(connection, outcomes, (self._outcome(row) for row in notes.outcomes))
            upsert(connection, revisions, (_revision(row, notes.at) for row in notes.revisions))
            upsert(connection, held, (self._held(*span) for span in notes.spans.items()), _wider(held))

    def release(self, notes: BatchNotes, also: Callable[[Connection], object] = lambda _: None) -> None:
        """After the readings are written: let the jobs see the spans, move the cursor, and do `also` with it."""
        with writing(self._engine) as connection:
            also(connection)
            self._release_spans(connection)
            self._count(connection, notes)
            left = ({"worker": self._worker, "seq": seq, "sender": sender} for seq, sender in notes.deferred.items())
            upsert(connection, deferred, left)
            widen(connection, _reaches(notes))
            upsert(connection, stations_heard, (_heard(*one) for one in notes.heard.items()), _newer)
            upsert(
                connection, cursors, [{"worker": self._worker, "seq": notes.cursor}],
                lambda new: {"seq": new.seq},
            )  # fmt: skip

    def correct(self, rows: Sequence[OutcomeRow]) -> None:
        """Say what became of messages after all, where the store of readings has refused what was noted as stored."""
        change = (
            sa
            .update(outcomes)
            .where(outcomes.c.seq == sa.bindparam("of_seq"))
            .values(outcome=sa.bindparam("to"), stored=sa.bindparam("new"), revised=sa.bindparam("changed"))
        )
        with writing(self._engine) as connection:
            for row in rows:
                values = {"of_seq": row.seq, "to": row.outcome.value, "new": row.stored, "changed": row.revised}
                connection.execute(change, values)

    def _count(self, connection: Connection, notes: BatchNotes) -> None:
        """Add the outcomes of what is finished now to the days' totals; in the transaction that says that it is."""
        mine, last = deferred.c.worker == self._worker, deferred.c.seq <= notes.caught_up
        cursor = sa.select(cursors.c.seq).where(cursors.c.worker == self._worker).scalar_subquery()
        finished = (
            outcomes.c.seq.in_(sa.select(deferred.c.seq).where(mine, last))
            if notes.caught_up
            else sa.and_(outcomes.c.seq > sa.func.coalesce(cursor, 0), outcomes.c.seq <= notes.cursor)
        )
        day = outcomes.c.seq // DAY_SEQS
        sums = (sa.func.count(), sa.func.sum(outcomes.c.stored), sa.func.sum(outcomes.c.revised))
        query = sa.select(day, outcomes.c.outcome, *sums).where(outcomes.c.worker == self._worker, finished)
        rows = connection.execute(query.group_by(day, outcomes.c.outcome)).all()
        names = ("day", "outcome", "messages", "stored", "revised")
        add(connection, ({"worker": self._worker, **dict(zip(names, row, strict=True))} for row in rows))
        if notes.caught_up:
            connection.execute(sa.delete(deferred).where(mine, last))

    def deferred(self, limit: int) -> list[int]:
        """Return the oldest messages that were left for later, at most `limit`."""
        mine = deferred.c.worker == self._worker
        query = sa.select(deferred.c.seq).where(mine).order_by(deferred.c.seq).limit(limit)
        with self._engine.connect() as connection:
            return list(connection.execute(query).scalars())

    def waiting(self) -> dict[str, int]:
        """Return of which senders messages were left for later, and how many."""
        query = sa.select(deferred.c.sender, sa.func.count()).where(deferred.c.worker == self._worker)
        with self._engine.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(query.group_by(deferred.c.sender))}

    def forget(self, first: int, after: int) -> None:
        """Delete what became of each message from the number `first` to before `after`; the days' totals stay."""
        pruned = (outcomes.c.worker == self._worker, outcomes.c.seq >= first, outcomes.c.seq < after)
        some = sa.delete(outcomes).where(outcomes.c.seq.in_(sa.select(outcomes.c.seq).where(*pruned).limit(_CHUNK)))
        deleted = _CHUNK
        while deleted == _CHUNK:  # a transaction each, so that ingest gets its turn
            with writing(self._engine) as connection:
                deleted = connection.execute(some).rowcount

    def _release_spans(self, connection: Connection) -> None:
        mine = held.c.worker == self._worker
        rows = connection.execute(sa.select(held).where(mine)).all()
        pieces = [
            (row.station, row.parameter, row.day, row.first_at, row.last_at, Cause.READINGS.value) for row in rows
        ]
        for consumer in CONSUMERS:
            merge(connection, consumer, pieces)
        connection.execute(sa.delete(held).where(mine))

    def _outcome(self, row: OutcomeRow) -> dict[str, Any]:
        return {
            "seq": row.seq, "worker": self._worker, "outcome": row.outcome.value,
            "stored": row.stored, "revised": row.revised,
        }  # fmt: skip

    def _held(self, key: tuple[SeriesKey, int], span: tuple[datetime, datetime]) -> dict[str, Any]:
        (station, parameter), day = key
        return {
            "worker": self._worker, "station": station, "parameter": parameter, "day": day,
            "first_at": micros(span[0]), "last_at": micros(span[1]),
        }  # fmt: skip


def add(connection: Connection, rows: Iterable[dict[str, Any]]) -> None:
    """Add rows of the table `outcome_days` to what is counted; a difference may be below zero."""
    total = outcome_days.c
    upsert(
        connection, outcome_days, rows,
        lambda new: {name: total[name] + new[name] for name in ("messages", "stored", "revised")},
    )  # fmt: skip


def outcome_counts(engine: Engine) -> dict[Outcome, int]:
    """Return how many messages of all workers came to which outcome; every outcome is named."""
    query = sa.select(outcome_days.c.outcome, sa.func.sum(outcome_days.c.messages)).group_by(outcome_days.c.outcome)
    with engine.connect() as connection:
        found = {Outcome(name): int(count) for name, count in connection.execute(query)}
    return {outcome: found.get(outcome, 0) for outcome in Outcome}


def reading_counts(engine: Engine) -> tuple[int, int]:
    """Return how many readings were new, and how many changed one that was there."""
    sums = (sa.func.sum(outcome_days.c.stored), sa.func.sum(outcome_days.c.revised))
    with engine.connect() as connection:
        stored, revised = connection.execute(sa.select(*(sa.func.coalesce(one, 0) for one in sums))).one()
    return int(stored), int(revised)


def all_heard(engine: Engine) -> dict[str, Heard]:
    """Return when each station was last heard, without the samples behind its skew."""
    table = stations_heard.c
    with engine.connect() as connection:
        rows = connection.execute(sa.select(table.station, table.heard_at, table.measured_at, table.skew_us)).all()
    return {
        row.station: Heard(
            moment(row.heard_at),
            None if row.measured_at is None else moment(row.measured_at),
            None if row.skew_us is None else timedelta(microseconds=row.skew_us),
        )
        for row in rows
    }


def _revision(row: RevisionRow, at: datetime) -> dict[str, Any]:
    return {
        "station": row.new.station, "parameter": row.new.parameter, "measured_at": micros(row.new.measured_at),
        "seq": row.new.seq, "value": row.new.value, "status": int(row.new.status),
        "old_seq": row.old.seq, "old_value": row.old.value, "old_status": int(row.old.status),
        "noticed_at": micros(at),
    }  # fmt: skip


def _reaches(notes: BatchNotes) -> dict[SeriesKey, tuple[datetime, datetime]]:
    reach: dict[SeriesKey, tuple[datetime, datetime]] = {}
    for (key, _), (first, last) in notes.spans.items():
        known = reach.get(key, (first, last))
        reach[key] = (min(known[0], first), max(known[1], last))
    return reach


def widen(connection: Connection, reaches: Mapping[SeriesKey, tuple[datetime, datetime]]) -> None:
    """Note from when to when series have readings now, as far as that is more than was known."""
    rows = (
        {"station": key.station, "parameter": key.parameter, "first_at": micros(first), "last_at": micros(last),
         "rolled_to": None}
        for key, (first, last) in reaches.items()
    )  # fmt: skip
    upsert(connection, series, rows, _wider(series))


def _heard(station: str, heard: Heard) -> dict[str, Any]:
    return {
        "station": station,
        "heard_at": micros(heard.heard_at),
        "measured_at": None if heard.measured_at is None else micros(heard.measured_at),
        "skew_us": None if heard.skew is None else heard.skew // timedelta(microseconds=1),
        "samples": msgspec.json.encode(heard.samples).decode() if heard.samples else None,
    }


def _wider(table: sa.Table) -> Any:
    """Return an update that widens first_at … last_at to hold what was to be inserted too."""

    def update(new: Any) -> dict[str, Any]:
        first, last = table.c.first_at, table.c.last_at
        return {
            "first_at": sa.case((new.first_at < first, new.first_at), else_=first),
            "last_at": sa.case((new.last_at > last, new.last_at), else_=last),
        }

    return update


def _newer(new: Any) -> dict[str, Any]:
    old = stations_heard.c
    return {
        "heard_at": sa.case((new.heard_at > old.heard_at, new.heard_at), else_=old.heard_at),
        "measured_at": sa.case(
            (old.measured_at.is_(None), new.measured_at),
            (new.measured_at > old.measured_at, new.measured_at),
            else_=old.measured_at,
        ),
        "skew_us": sa.func.coalesce(new.skew_us, old.skew_us),
        "samples": sa.func.coalesce(new.samples, old.samples),
    }
