"""The job that judges readings by what is around them, before figures are made of them.

A round takes the spans that wait of a few stations, widens them by the reach of the checks, and then

1. in one state transaction holds the spans in which flags change, for those who come after;
2. writes flags, reasons and version, where they differ: never value or status;
3. in one state transaction releases what was held, passes on what it took, and clears it.

A round that is stopped anywhere is done again: what it had written is then found unchanged, and is passed on all the
same. A station that cannot be judged stops no other: it is named, and tried again after a rest.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from analysis import upkeep
from analysis.affected import Affected, affected, by_station
from analysis.apart import apart
from analysis.assessing import Assessor, Judged
from analysis.check_days import CheckDays
from analysis.just_read import JustRead
from analysis.troubles import Troubles
from domain.cause import Cause
from domain.clock import Clock
from domain.flag import Flag, Reason
from domain.moment import micros, moment
from domain.reading import Reading, SeriesKey, Status
from quality.assess import CHECKS_VERSION
from registry.lookup import Registry
from storage import overrides, spans
from storage.overrides import Override
from storage.readings import ReadingStore
from storage.spans import DAY_US, DirtySpan, Piece
from storage.state import writing
from storage.tables import series as series_table

JOB = "flags"
# Who comes after: those that look at every reading that has come or changed, and those that have seen it at the door.
AFTER = ("derive", "roll")
AGAIN = ("watch",)
# The figures and the judge wait behind the flagger: a round and a run are bounded, what is left is done next.
SPANS = 1_000
READINGS = 300_000
ROUNDS = 4
# Spans in which flags change that are not written yet.
_HELD = "flagging"


@dataclass(slots=True)
class Round:
    """What one round does: `changed` are the readings to write, by station, `marks` where flags or reasons differ."""

    now: datetime
    taken: list[DirtySpan]
    widened: dict[str, Affected]
    words: Sequence[Override]
    reach: dict[str, tuple[int, int]]
    changed: dict[str, list[Reading]] = field(default_factory=dict)
    marks: dict[str, list[Piece]] = field(default_factory=dict)
    judged: dict[str, list[Judged]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    looked_at: int = 0

    @property
    def done(self) -> list[DirtySpan]:
        """The spans that need not be looked at again."""
        return [span for span in self.taken if span.series.station not in self.broken]

    def again(self) -> Iterator[tuple[SeriesKey, datetime, datetime]]:
        """Yield what is to be looked at of a station that failed, though it was another's span that asked for it."""
        for station in self.broken & self.widened.keys():
            for one in self.widened[station].lent:
                yield one.series, moment(one.first), moment(one.last)


class Flagger:
    """Judges every reading that has come or changed, and those around it, since the last run."""

    def __init__(
        self, registry: Registry, store: ReadingStore, engine: Engine, clock: Clock, just_read: JustRead | None = None
    ) -> None:
        """Nothing is read before the first run. What is read and judged is left in `just_read`, whoever clears that."""
        self._registry = registry
        self._store = store
        self._engine = engine
        self._clock = clock
        self._days = CheckDays(registry)
        self._assessor = Assessor(registry, store, self._days)
        self._just_read = just_read
        self._troubles = Troubles(store)
        self._begun = False

    def troubles(self) -> dict[SeriesKey, str]:
        """Return the series that cannot be judged, and why; may be asked from any thread."""
        return self._troubles.words()

    def run(self) -> int:
        """Judge what waits, as much as a run may; return how many readings are flagged otherwise than they were.

        Raises StoreUnavailable.
        """
        if not self._begun:
            upkeep.apply(self._engine, self._registry, self._clock.now())
            upkeep.note_checks(self._engine, self._registry, self._clock.now())
            self._begun = True
        changed, looked_at = 0, 0
        for _ in range(ROUNDS):
            resting = {series.station for series in self._troubles.resting(self._clock.now())}
            taken = spans.take_by_station(self._engine, "flag", SPANS, but=resting)
            if not taken:
                break
            done = self._round(taken)
            changed += sum(map(len, done.changed.values()))
            looked_at += done.looked_at
            if looked_at >= READINGS:
                break
        return changed

    def _round(self, taken: list[DirtySpan]) -> Round:
        self._assessor.learning.forget((span.series, span.day) for span in taken)
        for span in taken:
            self._assessor.tails.changed(span.series, micros(span.first_at))
        widened = by_station(taken, self._registry, self._days)
        stations = sorted(widened)
        words = overrides.in_force(self._engine, stations)
        this = Round(self._clock.now(), taken, widened, words, self._reach(stations))
        apart(stations, lambda some: self._judge(some, this), self._failing(this))
        self._hold(this)
        apart(sorted(this.changed), lambda some: self._write(some, this), self._failing(this))
        self._pass_on(this)
        self._note_successes(this)
        with writing(self._engine) as connection:
            self._finish(connection, this)
        return this

    def _reach(self, stations: Sequence[str]) -> dict[str, tuple[int, int]]:
        """Return from when to when (µs) there are readings of each station."""
        table = series_table.c
        ends = sa.select(table.station, sa.func.min(table.first_at), sa.func.max(table.last_at))
        with self._engine.connect() as connection:
            rows = connection.execute(ends.where(table.station.in_(stations)).group_by(table.station)).all()
        return {row[0]: (row[1], row[2]) for row in rows}

    def _judge(self, stations: Sequence[str], this: Round) -> None:
        for station in stations:
            if self._just_read is not None:
                self._just_read.forget(station)
            self._assessor.tails.begin(station)
            judged: list[Judged] = []
            changed: list[Reading] = []
            marks: list[Piece] = []
            words = [one for one in this.words if one.series.station == station]
            reach = this.reach.get(station)
            for first, last in affected(this.widened[station], self._days.reach(station), reach) if reach else ():
                for one in self._assessor.judged(station, first, last, words):
                    this.looked_at += len(one.stored)
                    judged.append(one)
                    changed.extend(_readings(one))
                    marks.extend(_marks(one))
            this.changed[station], this.marks[station], this.judged[station] = changed, marks, judged

    def _failing(self, this: Round) -> Callable[[str, Exception], None]:
        """Return what notes that a station has failed."""

        def failed(station: str, error: Exception) -> None:
            this.broken.add(station)
            this.changed.pop(station, None)
            for series in sorted({one.series for one in (*this.widened[station].own, *this.widened[station].lent)}):
                self._troubles.note(series, error, now=this.now)

        return failed

    def _hold(self, this: Round) -> None:
        marks = [piece for pieces in this.marks.values() for piece in pieces]
        if marks:
            with writing(self._engine) as connection:
                spans.merge(connection, _HELD, marks)

    def _write(self, stations: Sequence[str], this: Round) -> None:
        readings = [one for station in stations for one in this.changed[station]]
        if readings:
            self._store.write_flags(readings)

    def _pass_on(self, this: Round) -> None:
        """Remember the readings of stations whose flags are written, for the roller and for the next look."""
        for station in this.judged.keys() - this.broken:
            for one in this.judged[station]:
                one.write_in()
                if self._just_read is not None:
                    self._just_read.keep(one.series, one.window, one.said())
            if station in this.reach:
                self._assessor.tails.settle(station, this.reach[station][1] - sum(self._days.reach(station)))

    def _note_successes(self, this: Round) -> None:
        for series in self.troubles():
            if series.station in this.widened and series.station not in this.broken:
                self._troubles.over(series)

    def _finish(self, connection: Connection, this: Round) -> None:
        spans.hand_over(connection, _HELD, *AFTER, *AGAIN)
        for consumer in AFTER:
            spans.merge(connection, consumer, [span.piece for span in this.done if self._concerns(consumer, span)])
        spans.clear(connection, this.done)
        # Behind all others, which must not wait for them.
        spans.mark(connection, "flag", this.again())

    def _concerns(self, consumer: str, span: DirtySpan) -> bool:
        return consumer != "derive" or self._registry.feeds(span.series)


def _readings(judged: Judged) -> Iterator[Reading]:
    """Yield the readings whose flag, reasons or version are to be written."""
    stored, places = judged.stored, np.flatnonzero(judged.outdated())
    columns = (stored.times, stored.values, stored.status, judged.flags, judged.reasons)
    for at, value, status, flag, reasons in zip(*(column[places].tolist() for column in columns), strict=True):
        yield Reading(
            *judged.series, moment(at), None if flag == Flag.MISSING else value, Status(status), Flag(flag),
            Reason(reasons), CHECKS_VERSION,
        )  # fmt: skip


def _marks(judged: Judged) -> Iterator[Piece]:
    """Yield, for each UTC day, from when to when flags or reasons differ."""
    times = judged.stored.times[judged.differs()]
    days, first = np.unique(times // DAY_US, return_index=True)
    last = np.append(first[1:], len(times)) - 1
    for day, begin, end in zip(days.tolist(), times[first].tolist(), times[last[: len(first)]].tolist(), strict=True):
        yield (*judged.series, day, begin, end, int(Cause.FLAGS))
